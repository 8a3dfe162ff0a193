"""A whole server for the browser to visit: gunicorn in a process of its own, with the fake classifier.

    python -m tests.browser.server DATABASE_URL PORT [HOST]

It differs from ``vorab serve`` in three things: its classifier is the fake one, its passwords cost little to check, and
its limits on how often something may be tried are out of the way.
"""

from __future__ import annotations

import datetime as dt
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from flask import Flask

from api import logs
from api.app import Replacements, create_app
from api.server import Listening, Server
from api.settings import Settings
from moderation.classifiers.protocol import Scores, ScoringInput
from moderation.passwords import Hasher
from moderation.text import languages
from tests.fakes import FakeClassifier

SLOW_WORD = "gemächlich"
"""A text with this word takes the classifier two seconds: longer than the server waits."""
_MANY = 100_000


@dataclass
class UnhurriedClassifier(FakeClassifier):
    def score(self, inputs: Sequence[ScoringInput]) -> list[Scores]:
        if any(SLOW_WORD in one.text for one in inputs):
            time.sleep(2)
        return super().score(inputs)


def letters_of(database_url: str) -> Path:
    """Where the server puts its letters: beside its database."""
    return Path(database_url.removeprefix("sqlite:///")).parent / "letters"


def settings_for(database_url: str, port: int, host: str = "127.0.0.1") -> Settings:
    return Settings(
        secret_key="b" * 32,
        database_url=database_url,
        base_url=f"http://{host}:{port}",
        mail=f"folder:{letters_of(database_url)}",
        verify_addresses=False,
        log_level="error",
        demo=True,
        screening_deadline=dt.timedelta(seconds=1),
        sign_in_per_account=_MANY,
        sign_in_per_address=_MANY,
        registrations_per_address=_MANY,
        previews_per_account=_MANY,
        mails_per_address=_MANY,
    )


def replacements() -> Replacements:
    return Replacements(classifier=UnhurriedClassifier(), hasher=Hasher(memory_kib=8))


class BrowserServer(Server):
    def load(self) -> Flask:
        # The first text of a process waits until the languages are loaded: here, nobody's test does.
        languages.detect("Ein Satz, der lang genug ist, um erkannt zu werden.", expected="de")
        return create_app(self._settings, replacements())


if __name__ == "__main__":
    logs.configure("error")
    url, port = sys.argv[1], int(sys.argv[2])
    BrowserServer(settings_for(url, port, *sys.argv[3:]), Listening("127.0.0.1", port)).run()
