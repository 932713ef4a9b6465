"""Prometheus and what speaks its query API: VictoriaMetrics, Thanos, Mimir, Grafana's proxy.

`metrics.py` is the port. An answer's way: `wire` (bytes to rows) → `folding` (rows to measurements, by `groups`)
→ samples. A question's way: `profiles` (what a model server exports) → `plan` (what to measure) → `promql` (text).
"""
