"""Web process and workers, with a real broker between them: whatever dies, every comment is decided, and once."""

from __future__ import annotations

import dataclasses
import datetime as dt
import http.client
import itertools
import os
import threading
import uuid
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from api.app import Replacements, create_app, utc_now
from api.broker import SCREEN, celery_for
from api.services import Services
from api.settings import Settings
from moderation import screening_jobs
from moderation.db import Database
from moderation.models import Comment, Decision, Revision, Status
from moderation.passwords import Hasher
from tests.fakes import FakeClassifier
from tests.integrity import assert_whole
from tests.processes.mortal import wait_until
from tests.processes.working import BROKERS, NOWHERE, is_there, kill, working
from tests.sentences import CALM, insult, sentence
from tests.servers import free_port
from tests.world import ARTICLE, World, json_of

pytestmark = pytest.mark.processes

MakeWeb = Callable[..., World]


@pytest.fixture(params=BROKERS)
def broker(request: pytest.FixtureRequest) -> str:
    if not is_there(BROKERS[request.param]):
        pytest.skip(f"no {request.param} on this machine")
    return BROKERS[request.param]


@pytest.fixture
def any_broker() -> str:
    """For what does not depend on which broker it is."""
    found = [url for url in BROKERS.values() if is_there(url)]
    if not found:
        pytest.skip("neither RabbitMQ nor Redis on this machine")
    return found[0]


@pytest.fixture
def queue(tmp_path: Path) -> str:
    return f"vorab-test-{os.getpid()}-{tmp_path.name}"[-100:]


@pytest.fixture
def make_web(settings: Settings, database: Database, cheap_hasher: Hasher, queue: str) -> Iterator[MakeWeb]:
    """A web process, in this one, whose time is the workers' time."""
    made: list[World] = []

    def make(broker: str, **changes: Any) -> World:
        lease = dt.timedelta(seconds=2)
        chosen = {
            "screening": "celery",
            "broker_url": broker,
            "broker_queue": queue,
            "screening_lease": lease,
            **changes,
        }
        replaced = Replacements(database=database, hasher=cheap_hasher, clock=utc_now)
        app = create_app(dataclasses.replace(settings, **chosen), replaced)
        services: Services = app.extensions["vorab"]
        world = World(app, services, utc_now, FakeClassifier())  # type: ignore[arg-type]  # A clock that goes.
        world.site(policy=CALM)
        made.append(world)
        return world

    yield make
    for world in made:
        world.services.runner.close()


def is_ready(world: World) -> bool:
    return world.call("GET", "/readyz").status_code == 200


def statuses(world: World) -> list[str]:
    with world.database.read() as session:
        return list(session.scalars(select(Comment.status).order_by(Comment.id)))


def decisions(world: World) -> int:
    with world.database.read() as session:
        return session.scalar(select(func.count()).select_from(Decision)) or 0


def test_a_worker_screens_for_the_web_process(make_web: MakeWeb, broker: str, queue: str, tmp_path: Path) -> None:
    world = make_web(broker)
    reader = world.person()

    with working(world.database, tmp_path, broker, queue):
        wait_until(lambda: is_ready(world))
        answers = [json_of(world.post(reader, text)) for text in (sentence(0), insult(1))]
        tried = world.call(
            "POST", f"/sites/demo/articles/{ARTICLE}/comments/preview", {"body": insult(2)}, by=reader,
            headers={"Origin": "https://zeitung.example"},
        )  # fmt: skip

    assert [own["status"] for own in answers] == ["published", "held"]
    assert json_of(tried)["outcome"] == "hold"
    assert decisions(world) == 2
    assert_whole(world.database)


def test_k_a_workers_figures_are_served_where_it_was_told(
    make_web: MakeWeb, any_broker: str, queue: str, tmp_path: Path
) -> None:
    world, address = make_web(any_broker), ("127.0.0.2", free_port())

    with working(world.database, tmp_path, any_broker, queue, metrics_at=address):
        wait_until(lambda: is_ready(world))
        world.post(world.person(), sentence(0))
        wait_until(lambda: statuses(world) == [Status.PUBLISHED])
        with closing(http.client.HTTPConnection(*address, timeout=10)) as connection:
            connection.request("GET", "/metrics")
            figures = connection.getresponse().read().decode()

    assert 'vorab_screening_outcomes_total{outcome="publish"} 1.0' in figures


def test_without_a_worker_posts_wait_and_readiness_says_so(
    make_web: MakeWeb, any_broker: str, queue: str, tmp_path: Path
) -> None:
    world = make_web(any_broker, screening_deadline=dt.timedelta(seconds=0.2))
    reader = world.person()

    own = json_of(world.post(reader, sentence(0)))
    ready = world.call("GET", "/readyz")

    assert own["status"] == "screening"
    assert json_of(ready)["checks"]["classifier"] == {"ok": False, "reason": "no worker is there"}
    with working(world.database, tmp_path, any_broker, queue):
        wait_until(lambda: statuses(world) == [Status.PUBLISHED])
    assert decisions(world) == 1


def test_g11_after_one_that_waited_in_vain_nobody_waits_until_workers_are_in_time_again(
    make_web: MakeWeb, any_broker: str, queue: str, tmp_path: Path
) -> None:
    world = make_web(any_broker, screening_deadline=dt.timedelta(seconds=1))
    reader, numbers = world.person(), itertools.count()
    runner = world.services.runner
    waiting_in: list[str] = []
    wait = runner._wait

    def noted(revision_id: uuid.UUID) -> bool:
        waiting_in.append(threading.current_thread().name)
        return bool(wait(revision_id))

    runner._wait = noted

    def post() -> str:
        return str(json_of(world.post(reader, sentence(next(numbers))))["status"])

    assert [post() for _ in range(3)] == ["screening"] * 3
    asking = threading.current_thread().name
    assert waiting_in.count(asking) == 1
    assert set(waiting_in) == {asking, "watching_0"}
    with working(world.database, tmp_path, any_broker, queue):
        wait_until(lambda: is_ready(world))
        # Each of these is watched, until one is done in time; whoever comes next waits again.
        for _ in range(20):
            post()
            runner._watched.result(timeout=30)
            if runner._is_patient:
                break
        assert post() == "published"
    assert waiting_in.count(asking) >= 2


def test_i4_without_a_broker_posting_works_and_workers_find_what_waits(
    make_web: MakeWeb, queue: str, tmp_path: Path
) -> None:
    world = make_web(NOWHERE)
    reader = world.person()

    with working(world.database, tmp_path, NOWHERE, queue):
        wait_until(lambda: is_ready(world))
        answers = [json_of(world.post(reader, sentence(number))) for number in range(3)]

    assert [own["status"] for own in answers] == ["published"] * 3
    assert decisions(world) == 3
    assert_whole(world.database)


def test_g2_a_worker_killed_in_the_middle_leaves_its_work_to_another(
    make_web: MakeWeb, any_broker: str, queue: str, tmp_path: Path
) -> None:
    world = make_web(any_broker, screening_deadline=dt.timedelta(seconds=0.2))
    reader = world.person()

    with working(world.database, tmp_path, any_broker, queue) as doomed:
        wait_until(lambda: is_ready(world))
        world.post(reader, "Das geht mir hier alles zu langsam.")
        wait_until((tmp_path / "asked").exists)
        kill(doomed)
    assert statuses(world) == [Status.SCREENING]
    (tmp_path / "go").touch()
    with working(world.database, tmp_path, any_broker, queue):
        wait_until(lambda: statuses(world) == [Status.PUBLISHED])

    assert decisions(world) == 1
    assert_whole(world.database)


def test_g8_a_text_that_kills_the_worker_goes_to_the_moderators_and_its_neighbours_are_published(
    make_web: MakeWeb, any_broker: str, queue: str, tmp_path: Path
) -> None:
    world = make_web(any_broker, screening_deadline=dt.timedelta(seconds=0.1))
    reader = world.person()
    for text in (sentence(0), "Das ist eine giftige Pflanze.".replace("giftige", "giftig"), sentence(1)):
        world.post(reader, text)

    def settled() -> bool:
        return statuses(world) == [Status.PUBLISHED, Status.HELD, Status.PUBLISHED]

    for _ in range(6):
        with working(world.database, tmp_path, any_broker, queue) as worker:
            wait_until(lambda: settled() or worker.poll() is not None)
        if settled():
            break

    assert settled()
    with world.database.read() as session:
        reasons = session.scalars(select(Decision.reasons).where(Decision.to_status == Status.HELD)).one()
        assert session.scalar(select(func.max(Revision.attempts))) == screening_jobs.MAX_ATTEMPTS + 1
    assert reasons == ["screening_failed"]
    assert_whole(world.database)


def test_messages_that_come_twice_or_late_change_nothing(
    make_web: MakeWeb, any_broker: str, queue: str, tmp_path: Path
) -> None:
    world = make_web(any_broker, screening_deadline=dt.timedelta(seconds=0.1))
    reader = world.person()
    world.post(reader, sentence(0))
    with world.database.read() as session:
        revision = session.scalars(select(Revision)).one()
    for token in (revision.lease_token, revision.lease_token, revision.id):
        celery_for(world.services.settings).send_task(SCREEN, (str(revision.id), str(token)))

    with working(world.database, tmp_path, any_broker, queue):
        wait_until(lambda: statuses(world) == [Status.PUBLISHED])
        world.post(reader, sentence(1))
        wait_until(lambda: statuses(world) == [Status.PUBLISHED] * 2)

    assert decisions(world) == 2
    assert_whole(world.database)
