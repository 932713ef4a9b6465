"""Runs the program `git`, and nothing that a repository brings along: for the adapters that read repositories.

`address` where a repository is, without its credentials · `program` runs git within bounds · `failures` says what its
words mean for the operator · `objects` reads what git prints · `mirror` keeps a copy of what is elsewhere ·
`repository` is what adapters ask · `history` what lies between two commits.
"""

from modeltui.adapters._git.address import Address, RepositorySettings, address_of
from modeltui.adapters._git.history import code_log, shown_path
from modeltui.adapters._git.objects import Entry, Found, Listing
from modeltui.adapters._git.program import MEBIBYTE, Git, Output
from modeltui.adapters._git.repository import Head, Repository, open_repository

__all__ = [
    "MEBIBYTE",
    "Address",
    "Entry",
    "Found",
    "Git",
    "Head",
    "Listing",
    "Output",
    "Repository",
    "RepositorySettings",
    "address_of",
    "code_log",
    "open_repository",
    "shown_path",
]
