"""Speed and memory, measured beside references; run apart: `python -m tests.bench`."""
