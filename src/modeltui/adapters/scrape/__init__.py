"""Reads `/metrics` of model servers directly, for teams without a Prometheus."""
