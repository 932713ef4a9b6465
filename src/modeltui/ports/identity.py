"""Who sits here, and how that is shown to others."""

from __future__ import annotations

from typing import Protocol

from modeltui.domain.identity import Actor, SignedBy
from modeltui.domain.names import Unknown
from modeltui.domain.text import SafeText


class Identity(Protocol):
    """The operator of this process."""

    async def actor(self) -> Actor:
        """Return who it is, with the strongest assurance that can be had without asking anything."""
        ...

    async def sign(self, message: bytes, namespace: str) -> SafeText | Unknown:
        """Return an armoured SSH signature by a key of the agent; unknown when there is no agent or no key."""
        ...

    async def signer(self, message: bytes, namespace: str, signature: str) -> SignedBy | Unknown:
        """Return whose key made `signature`, and which, by the policy's allowed signers; unknown for nobody's."""
        ...
