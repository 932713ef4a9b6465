"""Approvals and leases of one operator, or of several on one machine account: one SQLite file beside the journal."""

from modeltui.adapters.shared_files.approvals import FileApprovals
from modeltui.adapters.shared_files.leases import FileLeases

__all__ = ["FileApprovals", "FileLeases"]
