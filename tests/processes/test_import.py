"""An import that is killed at any moment and run again comes to the same as one that was not."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import func, select

from moderation.db import Database
from moderation.models import Comment, Decision, ImportedComment, Revision, Status
from tests.integrity import assert_whole
from tests.processes.mortal import wait_until
from tests.sentences import CALM, insult, sentence
from tests.world import World

pytestmark = pytest.mark.processes

COMMENTS = 300
_RUN = """
import sys, time
from contextlib import contextmanager
from api import cli
from api.cli import importing
from tests.fakes import FakeClassifier

class Slow(FakeClassifier):
    def score(self, inputs):
        time.sleep(0.005)
        return super().score(inputs)

@contextmanager
def service(*_arguments, **_options):
    yield Slow()

importing.running_service = service
cli.main(["import", "demo", sys.argv[1], "--json"])
"""


@pytest.fixture
def world(make_world: Callable[..., World]) -> World:
    made = make_world()
    made.site(policy=CALM)
    return made


def export(tmp_path: Path) -> Path:
    path = tmp_path / "export.jsonl"
    rows = [
        {
            "id": number,
            "parent_id": number // 3 or None,
            "article": {"id": f"a{number % 1}"},
            "author": {"id": number % 10, "name": f"Leser {number % 10}"},
            "body": insult(number) if number % 7 == 0 else sentence(number),
            "created_at": f"2015-03-04T10:{number // 60:02}:{number % 60:02}Z",
            "status": "deleted" if number % 11 == 0 else "published",
        }
        for number in range(1, COMMENTS + 1)
    ]
    path.write_text("\n".join(json.dumps(row) for row in reversed(rows)), "utf-8")
    return path


def started(database: Database, path: Path) -> subprocess.Popen[str]:
    environment = {
        **os.environ,
        "VORAB_SECRET_KEY": "t" * 32,
        "VORAB_DATABASE_URL": database.engine.url.render_as_string(hide_password=False),
        "VORAB_SCREENING_LEASE_S": "1",
    }
    command = [sys.executable, "-c", _RUN, str(path)]
    return subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, start_new_session=True
    )


def stored(database: Database) -> int:
    with database.read() as session:
        return session.scalar(select(func.count()).select_from(ImportedComment)) or 0


def test_an_import_that_is_killed_again_and_again_loses_and_doubles_nothing(world: World, tmp_path: Path) -> None:
    path, database = export(tmp_path), world.database

    for least in (1, 100, 200):
        process = started(database, path)
        wait_until(lambda least=least: stored(database) >= least)  # type: ignore[misc]  # Bound now.
        time.sleep(0.05)
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate(timeout=60)
    with database.read() as session:
        between = Counter(session.scalars(select(Comment.status)))
    assert sum(between.values()) < COMMENTS or between[Status.SCREENING], "it was over before it was killed"
    process = started(database, path)
    said, _ = process.communicate(timeout=120)

    facts = json.loads(said)
    assert (process.returncode, facts["bad"], facts["waiting"]) == (0, 0, 0)
    expected = Counter(
        Status.WITHDRAWN if number % 11 == 0 else Status.HELD if number % 7 == 0 else Status.PUBLISHED
        for number in range(1, COMMENTS + 1)
        if number % 11 or number * 3 <= COMMENTS
    )
    with database.read() as session:
        assert Counter(session.scalars(select(Comment.status))) == expected
        assert session.scalar(select(func.count()).select_from(Revision)) == expected.total()
        assert session.scalar(select(func.count()).select_from(Decision)) == expected.total()
    assert_whole(database)
