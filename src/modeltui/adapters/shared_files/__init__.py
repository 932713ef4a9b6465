"""Approvals and leases of one operator, or of several on one machine account: one SQLite file beside the journal."""
