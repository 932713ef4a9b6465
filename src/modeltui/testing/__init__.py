"""Clock, fakes and conformance suites for authors of adapters."""
