"""Control I11: clocks that jump an hour forth or back break no session, no lease and no limit."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import func, select

from moderation import screening_jobs, workers
from moderation.errors import ClassifierUnavailableError
from moderation.models import Comment, Decision, Revision, Status, Worker
from tests.fakes import IDENTITY
from tests.integrity import assert_whole
from tests.sentences import CALM, sentence
from tests.world import World, json_of

JUMPS = (dt.timedelta(hours=1), dt.timedelta(hours=-1), dt.timedelta(days=-400))
PASSWORD = "Ahornblatt am Fenster"


@pytest.fixture
def world(world: World) -> World:
    world.set_policy(CALM)
    return world


def jump(world: World, by: dt.timedelta) -> None:
    world.clock.now += by


def lease_of(world: World) -> dt.timedelta:
    return world.services.settings.screening_lease


def due(world: World) -> list[uuid.UUID]:
    with world.database.read() as session:
        return screening_jobs.due(session, lease=lease_of(world), now=world.clock())


def abandoned(world: World) -> uuid.UUID:
    """A comment whose process died as soon as it had claimed it."""
    runner = world.services.runner
    run, runner.run = runner.run, lambda job: None  # type: ignore[method-assign]
    world.post(world.person(), sentence(0))
    runner.run = run  # type: ignore[method-assign]
    with world.database.read() as session:
        return session.scalars(select(Revision.id)).one()


def status(world: World) -> str:
    with world.database.read() as session:
        return session.scalars(select(Comment.status)).one()


@pytest.mark.parametrize("by", JUMPS)
def test_i11_a_comment_whose_process_died_is_decided_in_time_however_the_clock_jumped(
    world: World, by: dt.timedelta
) -> None:
    revision_id = abandoned(world)
    assert due(world) == []

    jump(world, by)
    world.clock.now += lease_of(world)
    assert due(world) == [revision_id]
    for _ in range(2):
        world.services.runner.screener.screen_revision(revision_id)

    assert status(world) == Status.PUBLISHED
    assert_whole(world.database)


@pytest.mark.parametrize(("leases", "is_free"), [(1.0, False), (2.0, False), (2.001, True), (1000.0, True)])
def test_i11_only_a_lease_that_no_right_clock_can_have_given_is_not_believed(
    world: World, leases: float, is_free: bool
) -> None:
    revision_id = abandoned(world)
    with world.database.write() as session:
        session.get_one(Revision, revision_id).lease_until = world.clock() + leases * lease_of(world)

    with world.database.write() as session:
        claimed = screening_jobs.claim(session, revision_id, lease=lease_of(world), now=world.clock())

    assert (claimed is not None) is is_free
    assert due(world) == []


def test_i11_the_clock_jumps_back_in_the_middle_of_a_screening_and_it_is_decided_once(world: World) -> None:
    revision_id = abandoned(world)
    world.clock.now += lease_of(world)
    screener = world.services.runner.screener
    score = world.classifier.score

    def jumps(inputs: Any) -> Any:
        world.classifier.score = score  # type: ignore[method-assign]
        jump(world, dt.timedelta(hours=-1))
        assert due(world) == [revision_id]
        screener.screen_revision(revision_id)
        return score(inputs)

    world.classifier.score = jumps  # type: ignore[method-assign]
    screener.screen_revision(revision_id)

    assert status(world) == Status.PUBLISHED
    with world.database.read() as session:
        assert session.scalar(select(func.count()).select_from(Decision)) == 1
    assert_whole(world.database)


@pytest.mark.parametrize("by", JUMPS[:2])
def test_i11_who_is_signed_in_stays_signed_in(world: World, by: dt.timedelta) -> None:
    reader = world.person()

    for number, step in enumerate((by, -by, -by, by)):
        jump(world, step)
        assert world.call("GET", "/accounts/me", by=reader).status_code == 200
        assert world.post(reader, sentence(number)).status_code == 201


@pytest.mark.parametrize("by", JUMPS)
def test_i11_nobody_is_shut_out_for_longer_than_the_window_and_no_guess_is_given_away(
    make_world: Callable[..., World], by: dt.timedelta
) -> None:
    world = make_world(sign_in_per_account=2)
    wrong = {"email": "nobody@example.org", "password": "falsch falsch"}

    def attempts(number: int) -> list[int]:
        return [world.call("POST", "/sessions", wrong).status_code for _ in range(number)]

    assert attempts(3) == [401, 401, 429]
    jump(world, by)

    # The window that was is over, and the next one counts as strictly.
    assert attempts(3) == [401, 401, 429]
    answer = world.call("POST", "/sessions", wrong)
    assert json_of(answer)["code"] == "rate_limited"
    assert 0 < int(answer.headers["Retry-After"]) <= 900


def test_i11_clocks_that_differ_a_little_count_in_the_same_window(make_world: Callable[..., World]) -> None:
    world = make_world(sign_in_per_account=4)
    wrong = {"email": "nobody@example.org", "password": "falsch falsch"}

    statuses = []
    for number in range(6):
        jump(world, dt.timedelta(seconds=20 if number % 2 else -20))
        statuses.append(world.call("POST", "/sessions", wrong).status_code)

    assert statuses == [401] * 4 + [429] * 2


@pytest.mark.parametrize("by", JUMPS)
def test_i11_a_worker_that_is_gone_is_not_taken_to_be_there(world: World, by: dt.timedelta) -> None:
    with world.database.write() as session:
        workers.beat(session, uuid.uuid4(), IDENTITY, now=world.clock())
    with world.database.read() as session:
        assert workers.identity(session, now=world.clock()) == IDENTITY
        assert workers.present(session, now=world.clock()) == {"ready": 1, "unready": 0}

    jump(world, by)

    with world.database.read() as session, pytest.raises(ClassifierUnavailableError):
        workers.identity(session, now=world.clock())
    with world.database.read() as session:
        assert workers.present(session, now=world.clock()) == {"ready": 0, "unready": 0}


def test_workers_that_are_long_gone_are_forgotten(world: World) -> None:
    from tests.functional.test_faults import maintenance

    with world.database.write() as session:
        workers.beat(session, uuid.uuid4(), IDENTITY, now=world.clock())
    jump(world, dt.timedelta(minutes=6))

    maintenance(world).tidy()

    with world.database.read() as session:
        assert session.scalar(select(func.count()).select_from(Worker)) == 0
