from __future__ import annotations

import io
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from api import cli
from moderation.db import Database


@dataclass(frozen=True)
class Ended:
    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


Vorab = Callable[..., Ended]


@pytest.fixture
def vorab(database: Database, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Vorab:
    """The command, with its settings in the environment and its end caught."""
    monkeypatch.setenv("VORAB_SECRET_KEY", "k" * 32)
    monkeypatch.setenv("VORAB_DATABASE_URL", database.engine.url.render_as_string(hide_password=False))

    def run(*arguments: str, stdin: str = "") -> Ended:
        monkeypatch.setattr("sys.stdin", io.StringIO(stdin))
        capsys.readouterr()
        try:
            cli.main(list(arguments))
        except SystemExit as ended:
            code = ended.code if isinstance(ended.code, int) else 0 if ended.code is None else 1
        else:
            code = 0
        caught = capsys.readouterr()
        return Ended(code, caught.out, caught.err)

    return run
