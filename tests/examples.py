"""How many examples a property is tried with: fewer where the broad tests are left out."""

from __future__ import annotations

from hypothesis import settings

MOST = 100
"""What Hypothesis tries when nobody says otherwise; the profile of a quick run says otherwise."""
QUICKLY = 25
_FEWEST = 10


def examples(most: int) -> int:
    """Return `most`, or a share of it as the loaded profile has it, but never so few that nothing is tried."""
    return min(most, max(_FEWEST, most * settings().max_examples // MOST))
