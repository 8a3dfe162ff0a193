"""What a release is made of: one version of each package, each file by its hash, and a list that says so."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from importlib.metadata import distribution
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

LOCK = Path(__file__).parents[2] / "docs" / "deployment" / "requirements.txt"
ENTRY = re.compile(
    r"^(?P<name>[a-z0-9._-]+)==(?P<version>\S+) \\\n(?P<hashes>(?:    --hash=sha256:[0-9a-f]{64}[ \\]*\n)+)", re.M
)
FROM_AN_INDEX_OF_THE_OPERATORS_CHOICE = "torch"


@pytest.fixture(scope="module")
def locked() -> dict[str, str]:
    return {canonicalize_name(found["name"]): found["version"] for found in ENTRY.finditer(LOCK.read_text())}


def needed(name: str, extras: frozenset[str] = frozenset(), seen: set[str] | None = None) -> Iterator[Requirement]:
    """What a package asks for in this environment, and what that asks for."""
    seen = set() if seen is None else seen
    for text in distribution(name).requires or ():
        requirement = Requirement(text)
        wanted = any(
            requirement.marker is None or requirement.marker.evaluate({"extra": extra}) for extra in extras | {""}
        )
        if not wanted:
            continue
        yield requirement
        key = f"{canonicalize_name(requirement.name)}{sorted(requirement.extras)}"
        if key not in seen:
            seen.add(key)
            yield from needed(requirement.name, frozenset(requirement.extras), seen)


def test_k7_every_line_of_the_lock_names_one_version_and_its_hashes() -> None:
    lines = [line for line in LOCK.read_text().splitlines() if not line.startswith(("#", "    --hash=sha256:"))]
    whole = [f"{found['name']}=={found['version']} \\" for found in ENTRY.finditer(LOCK.read_text())]
    assert lines == whole


def test_k7_whatever_vorab_needs_is_locked_at_a_version_that_satisfies_everybody(locked: dict[str, str]) -> None:
    asked = [one for one in needed("vorab") if canonicalize_name(one.name) != FROM_AN_INDEX_OF_THE_OPERATORS_CHOICE]
    assert len({canonicalize_name(one.name) for one in asked}) > 80
    unmet = {
        str(one)
        for one in asked
        if not one.specifier.contains(locked.get(canonicalize_name(one.name), "0.dev0"), prereleases=True)
    }
    assert unmet == set()


def test_k7_the_bill_of_materials_lists_what_is_locked(locked: dict[str, str], tmp_path: Path) -> None:
    target = tmp_path / "sbom.json"
    command = [Path(sys.executable).parent / "cyclonedx-py", "requirements", "--output-file", target, LOCK]
    subprocess.run(command, check=True, capture_output=True)

    document = json.loads(target.read_text())

    assert document["bomFormat"] == "CycloneDX"
    assert {canonicalize_name(part["name"]): part["version"] for part in document["components"]} == locked
    assert all(part["externalReferences"][0]["hashes"] for part in document["components"])
