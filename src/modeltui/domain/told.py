"""What everybody who was asked says of a version: also those who could not say it."""

from __future__ import annotations

from modeltui.domain.claims import joined
from modeltui.domain.fleet import Fleet, VersionKey
from modeltui.domain.lineage import Provenance
from modeltui.domain.names import NO_DATA, NoData


def told_of(fleet: Fleet, key: VersionKey) -> Provenance | NoData:
    """Return where a version comes from; no data when nobody has answered.

    A field that one source has no word of, and that another could not be asked for, is unreadable here: it is not
    known to be absent.
    """
    claims = fleet.claims_of(*key)
    if claims:
        return joined(claims)
    return fleet.provenance.get(key, NO_DATA)
