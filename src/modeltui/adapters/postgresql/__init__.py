"""Journal, approvals and leases of several operators in one PostgreSQL database.

The driver is imported when the first question is asked: nothing of it is loaded where no shared URL is configured.
"""

from modeltui.adapters.postgresql.shared import Shared, open_shared

__all__ = ["Shared", "open_shared"]
