"""Starts the actor process: `python -m modeltui.runner --config FILE --context NAME`."""

from __future__ import annotations

import sys

from modeltui.runner.main import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
