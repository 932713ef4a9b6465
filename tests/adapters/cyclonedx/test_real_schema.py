"""The documents of our tests are valid: the reference library's own schemas say so, of every release that we read."""

from __future__ import annotations

import json

import pytest

from tests.adapters.cyclonedx.bills import bill, model
from tests.servers.clients import CYCLONEDX, run_python

pytestmark = [pytest.mark.servers, pytest.mark.broad, pytest.mark.timeout(900)]

VALIDATE = """
import sys
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
error = JsonStrictValidator(SchemaVersion.from_version(sys.argv[1])).validate_str(sys.argv[2])
print("valid" if error is None else f"invalid: {error.data}")
"""


@pytest.mark.parametrize("release", ["1.5", "1.6", "1.7"])
def test_our_documents_are_what_the_standard_says(release: str) -> None:
    """The bill that our tests read is valid; with a key that the standard does not know it is not."""
    document = bill(spec=release)
    assert run_python(CYCLONEDX, release, json.dumps(document), program=VALIDATE).strip() == "valid"
    wrong = bill(model(madeUp=1), spec=release)
    assert run_python(CYCLONEDX, release, json.dumps(wrong), program=VALIDATE).startswith("invalid")
