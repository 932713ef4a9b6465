"""The journal on one machine: JSON lines in a hash chain, one file a month.

journal-2026-11.jsonl   the truth: one record a line, each with the hash of the one before
index.sqlite            where to find which record; may be deleted, is made again
checkpoints.jsonl       what the journal looked like at moments, signed where somebody could sign
tombstones.jsonl        what is left of segments that were dropped after their time
reserve                 room on the disk, given back when it is full
lock                    held by whoever appends
bringing-over           held by whoever brings what is kept here into another journal
"""

from modeltui.adapters.journal.journal import JsonlJournal, open_journal

__all__ = ["JsonlJournal", "open_journal"]
