"""A program that appends to a journal again and again, as one of several at once.

python -m tests.adapters.journal.crowd DIRECTORY NAME TIMES
"""

from __future__ import annotations

import sys
from pathlib import Path

from modeltui.adapters.journal.files import Files
from modeltui.domain.journal.record import RecordKind
from tests.adapters.journal.stage import appender, entry


def main() -> None:
    """Append, and print each place that was given."""
    directory, name, times = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
    one = appender(directory, Files())
    for number in range(times):
        record, _ = one.append(entry(RecordKind.ACTION_STEP, plan=f"{name}-{number}", step=number))
        print(record.seq, record.hash)


if __name__ == "__main__":
    main()
