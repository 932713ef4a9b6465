"""The one import of the HTTP library; every file of this package takes it from here."""

import logging
import sys

# Importing httpx imports its own command line, and with it click, rich and pygments: 40 ms of CPU for nothing.
# None here makes that one import fail, which httpx foresees (httpx/__init__.py, "except ImportError").
sys.modules.setdefault("httpx._main", None)  # type: ignore[arg-type]  # as documented for sys.modules

import httpx  # noqa: E402 - after the line above

for _name in ("httpx", "httpcore"):
    # They log addresses and answered headers below this level, and servers echo secrets in both.
    logging.getLogger(_name).setLevel(logging.WARNING)

__all__ = ["httpx"]
