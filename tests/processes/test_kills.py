"""Real processes, killed and ended: nothing acknowledged is lost, nothing is published unscreened or decided twice."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from moderation.models import Comment, Decision, Revision, Status
from tests.integrity import assert_whole
from tests.processes.mortal import POINTS, Running, running, started, wait_until
from tests.processes.parts import children_of
from tests.sentences import CALM, sentence
from tests.servers import free_port
from tests.world import World

pytestmark = pytest.mark.processes


@pytest.fixture
def world(make_world: Callable[..., World]) -> World:
    made = make_world()
    made.site(policy=CALM)
    return made


def only_comment(world: World) -> Comment:
    with world.database.read() as session:
        return session.scalars(select(Comment)).one()


def decided_once(world: World) -> bool:
    with world.database.read() as session:
        statuses = session.scalars(select(Comment.status)).all()
        decisions = session.scalar(select(func.count()).select_from(Decision))
    return set(statuses) == {Status.PUBLISHED} and decisions == len(statuses)


@pytest.mark.parametrize("point", POINTS)
def test_g2_a_server_killed_around_a_screening_decides_once_after_its_restart(
    world: World, tmp_path: Path, point: str
) -> None:
    reader = world.person()

    doomed_server = running(world.database, tmp_path, dies=point, VORAB_SCREENING_DEADLINE_S="60")
    with doomed_server as doomed, pytest.raises(OSError):  # noqa: PT011  # Cut off.
        doomed.post(reader, sentence(0))

    stored = only_comment(world)
    assert (stored.status, stored.published_number) == (
        (Status.PUBLISHED, 1) if point == "after screening" else (Status.SCREENING, None)
    )
    with running(world.database, tmp_path):
        wait_until(lambda: decided_once(world))
    assert_whole(world.database)


def test_i2_what_was_acknowledged_is_there_after_kill_9(world: World, tmp_path: Path) -> None:
    reader = world.person()
    texts = [sentence(0), "Das geht mir hier alles zu langsam."]

    with running(world.database, tmp_path, VORAB_SCREENING_DEADLINE_S="0.2") as server:
        acknowledged = [server.post(reader, text) for text in texts]
        server.kill()

    assert [status for status, _ in acknowledged] == [201, 201]
    assert acknowledged[1][1]["status"] == "screening"
    with world.database.read() as session:
        assert set(session.scalars(select(Revision.body))) == set(texts)
    (tmp_path / "go").touch()
    with running(world.database, tmp_path):
        wait_until(lambda: decided_once(world))
    assert_whole(world.database)


def test_i9_a_server_that_is_told_to_end_finishes_what_it_began(world: World, tmp_path: Path) -> None:
    reader = world.person()
    answers: list[tuple[int, Any]] = []

    with running(world.database, tmp_path, VORAB_SCREENING_DEADLINE_S="60") as server:
        posting = threading.Thread(
            target=lambda: answers.append(server.post(reader, "Das geht mir hier alles zu langsam."))
        )
        posting.start()
        wait_until((tmp_path / "asked").exists)
        server.process.terminate()
        (tmp_path / "go").touch()
        posting.join(timeout=60)
        assert server.terminate() == 0

    assert [(status, own["status"]) for status, own in answers] == [(201, "published")]
    assert decided_once(world)
    assert_whole(world.database)


def test_g11_a_classifier_that_hangs_keeps_no_reader_from_reading(world: World, tmp_path: Path) -> None:
    reader = world.person()

    with running(world.database, tmp_path, VORAB_SCREENING_DEADLINE_S="0.2") as server:
        assert server.post(reader, sentence(0))[0] == 201
        wait_until(lambda: decided_once(world))
        hanging = [server.post(reader, f"{sentence(number)} Das geht langsam.") for number in range(1, 4)]
        status, page = server.call("GET", "/api/v1/sites/demo/articles/artikel-1/comments")
        (tmp_path / "go").touch()
        wait_until(lambda: decided_once(world))

    assert [own["status"] for _, own in hanging] == ["screening"] * 3
    assert (status, page["total"]) == (200, 1)


def ready(server: Running) -> tuple[int, Any]:
    return server.call("GET", "/readyz")


def test_g3_missing_weights_are_named_by_readiness_and_posts_wait(world: World, tmp_path: Path) -> None:
    reader = world.person()
    vorab = str(Path(sys.executable).parent / "vorab")
    command = [vorab, "serve", "--port", str(port := free_port())]
    broken = {"VORAB_MODEL": str(tmp_path / "nowhere.ckpt"), "VORAB_MODEL_DIGEST": "0" * 64}

    with started(world.database, command, port, **broken) as server:
        wait_until(lambda: "nowhere.ckpt" in ready(server)[1]["checks"]["classifier"].get("reason", ""))
        assert ready(server)[0] == 503
        status, own = server.post(reader, sentence(0))

    assert (status, own["status"]) == (201, "screening")
    with running(world.database, tmp_path):
        wait_until(lambda: decided_once(world))


def test_the_folder_of_the_counters_outlives_a_worker_and_not_the_server(world: World, tmp_path: Path) -> None:
    vorab = str(Path(sys.executable).parent / "vorab")
    command = [vorab, "serve", "--workers", "2", "--port", str(port := free_port())]
    # Without a model it starts sooner.
    changes = {"VORAB_MODEL": str(tmp_path / "nowhere.ckpt"), "VORAB_MODEL_DIGEST": "0" * 64}
    token = {"VORAB_METRICS_TOKEN": "m" * 16, "TMPDIR": str(tmp_path)}

    with started(world.database, command, port, **changes, **token) as server:
        wait_until(lambda: len(children_of(server.process.pid)) == 2)
        first = children_of(server.process.pid)
        os.kill(first[0], signal.SIGTERM)
        wait_until(
            lambda: len(children_of(server.process.pid)) == 2 and first[0] not in children_of(server.process.pid)
        )
        while_serving = list(tmp_path.glob("vorab-metrics-*/*.db"))
        assert server.terminate() == 0

    assert while_serving != []
    assert list(tmp_path.glob("vorab-metrics-*")) == []
