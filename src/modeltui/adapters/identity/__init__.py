"""Who sits here: the operating system's user, and a key of the ssh agent where the policy knows it."""

from modeltui.adapters.identity.system_identity import SystemIdentity

__all__ = ["SystemIdentity"]
