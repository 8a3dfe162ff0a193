"""What docs/openid-connect.md tells operators is so."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from api.cli import providers
from tests.integration.conftest import Vorab

DOCS = Path(__file__).parents[2] / "docs"
PAGE = (DOCS / "openid-connect.md").read_text(encoding="utf-8")
SOURCES = ("api/provider_client.py", "moderation/id_tokens.py", "api/blueprints/provider_pages.py")


def commands() -> list[list[str]]:
    """Every command of the page, with lines that go on put together."""
    blocks = re.findall(r"```sh\n(.*?)```", PAGE, re.DOTALL)
    lines = [line.strip() for block in blocks for line in block.replace("\\\n", " ").splitlines()]
    return [shlex.split(line) for line in lines if line.startswith("vorab ")]


@pytest.fixture
def site(vorab: Vorab) -> None:
    assert vorab("sites", "create", "--key", "demo", "--name", "Demo", "--origin", "https://zeitung.example").code == 0


@pytest.mark.usefixtures("site")
def test_the_worked_example_adds_a_provider(vorab: Vorab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("VORAB_BASE_URL", "https://comments.example.com")
    Path("secret.txt").write_text("ein Geheimnis\n", encoding="utf-8")
    adding, checking = commands()
    assert checking[:4] == ["vorab", "sites", "providers", "check"]

    ended = vorab(*adding[1:])

    assert ended.code == 0, ended.err
    callback = ended.out.rpartition(" ")[2].strip()
    assert callback == "https://comments.example.com/sign-in/demo/zeitung/callback"
    assert f"\n   {callback}\n" in PAGE


def test_the_page_has_every_option_but_those_of_the_example() -> None:
    there_are = {name for option in providers.add.params for name in option.opts if name.startswith("--")}
    said = set(re.findall(r"--[a-z][a-z-]+", PAGE))

    # Switched off by the second name of the same option.
    assert there_are - {"--readers", "--json"} <= said
    assert said - there_are <= {"--no-readers"}


def test_the_page_names_every_event_and_the_reasons_of_refusals() -> None:
    root = DOCS.parent
    source = "".join((root / name).read_text(encoding="utf-8") for name in SOURCES)
    events = set(re.findall(r'log\.(?:warning|error)\(\s*"(\w+)"', source))
    reasons = set(re.findall(r'IdTokenError\(reason="(\w+)"\)', source))
    told = set(re.findall(r"`(\w+)`", PAGE))

    assert events == {"provider_unavailable", "provider_refused", "provider_names_nobody"}
    assert events <= told
    assert reasons - {"malformed", "too_long"} <= told
