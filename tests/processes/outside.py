"""What looks at real processes from outside: people who call them, and the database behind them."""

from __future__ import annotations

import contextlib
import http.client
import json
from typing import Any

from api.app import Replacements, create_app, utc_now
from api.settings import Settings
from moderation.db import Database
from moderation.passwords import Hasher
from tests.fakes import FakeClassifier
from tests.sentences import CALM
from tests.world import ARTICLE, ORIGIN, Person, World

THREAD = f"/api/v1/sites/demo/articles/{ARTICLE}/comments"
MANY = {f"VORAB_POSTS_PER_{scope}": "100000" for scope in ("ACCOUNT", "ADDRESS", "SITE")}


def world_on(database: Database) -> World:
    """People and a site, whose time is that of the processes."""
    chosen = Settings(secret_key="t" * 32, database_url=database.engine.url.render_as_string(hide_password=False))
    replaced = Replacements(database=database, classifier=FakeClassifier(), hasher=Hasher(memory_kib=8), clock=utc_now)
    app = create_app(chosen, replaced)
    made = World(app, app.extensions["vorab"], utc_now, FakeClassifier())  # type: ignore[arg-type]  # A clock that goes.
    made.site(policy=CALM)
    return made


def asked(
    port: int, method: str, path: str, body: Any = None, by: Person | None = None, **given: str
) -> tuple[int, Any, dict[str, str]]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    with contextlib.closing(connection):
        headers = {"Content-Type": "application/json", "Origin": ORIGIN, **(by.headers if by else {}), **given}
        connection.request(method, path, None if body is None else json.dumps(body), headers)
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read() or b"null"), dict(answer.getheaders())
