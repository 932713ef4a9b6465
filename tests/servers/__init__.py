"""Real servers for the tests: MLflow, Prometheus and small model servers, all on loopback.

`fixtures.py` says what a test can ask for; the other modules can be used alone, from a script too.
"""
