"""What can go wrong with the classifier: nothing is lost, nothing is published unscreened."""

from __future__ import annotations

import dataclasses
import datetime as dt
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from sqlalchemy import Connection, event, func, select
from sqlalchemy.exc import OperationalError

from api.app import Replacements, create_app
from api.mail import ConsoleMailer
from api.maintenance import Maintenance
from api.settings import Settings
from moderation import screening_jobs
from moderation.classifiers.protocol import Classifier
from moderation.classifiers.service import ScoringService
from moderation.db import Database
from moderation.errors import CheckpointError
from moderation.models import Comment, Decision, Revision, Role, ScreeningRecord, SitePolicy
from tests.fakes import FakeClassifier
from tests.integrity import assert_whole
from tests.parallel import at_once
from tests.sentences import CALM, insult, sentence
from tests.world import ARTICLE, ORIGIN, Person, World, json_of

MakeWorld = Callable[..., World]


@pytest.fixture
def world(world: World) -> World:
    world.set_policy(CALM)
    return world


def maintenance(world: World) -> Maintenance:
    return Maintenance(world.services, ConsoleMailer(world.services.settings))


def settle(world: World, *, but: int = 0) -> None:
    """Wait until no more screenings than that are under way in this process."""
    deadline = time.monotonic() + 60
    while len(world.services.runner._pending) > but and time.monotonic() < deadline:
        time.sleep(0.005)
    assert len(world.services.runner._pending) == but


def status_of(world: World, comment_id: str, by: Person) -> str:
    return str(json_of(world.call("GET", f"/comments/{comment_id}", by=by))["status"])


def count(world: World, model: type[Any]) -> int:
    with world.database.read() as session:
        return session.scalar(select(func.count()).select_from(model)) or 0


@pytest.mark.parametrize("failures", [1, 2])
def test_g8_a_classifier_that_breaks_once_or_twice_is_asked_again(world: World, failures: int) -> None:
    world.classifier.failures = failures

    own = json_of(world.post(world.person(), sentence(0)))

    assert own["status"] == "published"
    assert count(world, Decision) == 1
    assert_whole(world.database)


def test_g8_a_text_that_breaks_the_classifier_three_times_goes_to_the_moderators(world: World) -> None:
    reader, moderator = world.person(), world.person(Role.MODERATOR, "demo")
    world.classifier.failures = 3

    own = json_of(world.post(reader, sentence(0)))
    fine = json_of(world.post(world.person(), sentence(1)))

    assert (own["status"], [reason["code"] for reason in own["reasons"]]) == ("held", ["screening_failed"])
    assert fine["status"] == "published"
    item = world.queue_item(own["id"], moderator)
    assert (item["model"], item["scores"], item["verdicts"][0]["rule"]) == (None, {}, "screening")
    assert world.review(own, "publish", moderator).status_code == 200
    assert_whole(world.database)


def test_g3_without_a_classifier_posts_wait_and_readiness_says_why(world: World) -> None:
    reader = world.person()
    world.classifier.available = False

    own = json_of(world.post(reader, sentence(0)))
    ready = world.call("GET", "/readyz")
    maintenance(world).sweep()
    settle(world)

    assert own["status"] == "screening"
    assert ready.status_code == 503
    assert json_of(ready)["checks"]["classifier"] == {"ok": False, "reason": "the weights are missing"}
    assert (world.thread()["total"], status_of(world, own["id"], reader)) == (0, "screening")
    assert world.call("GET", "/healthz").status_code == 200


def test_g3_what_waited_is_screened_as_soon_as_there_is_a_classifier(world: World) -> None:
    reader = world.person()
    world.classifier.available = False
    harmless = json_of(world.post(reader, sentence(0)))
    toxic = json_of(world.post(reader, insult(1)))
    for _ in range(5):
        maintenance(world).sweep()

    world.classifier.available = True
    maintenance(world).sweep()
    settle(world)

    assert status_of(world, harmless["id"], reader) == "published"
    assert status_of(world, toxic["id"], reader) == "held"
    assert world.call("GET", "/readyz").status_code == 200
    assert_whole(world.database)


def test_g3_a_classifier_that_goes_away_during_the_screening_costs_no_try(world: World) -> None:
    reader = world.person()
    world.classifier.gate = threading.Event()

    def take_away() -> None:
        assert world.classifier.entered.wait(timeout=10)
        world.classifier.available = False
        world.classifier.gate.set()

    own, _ = at_once([lambda: json_of(world.post(reader, sentence(0))), take_away])

    assert own["status"] == "screening"
    with world.database.read() as session:
        revision = session.scalars(select(Revision)).one()
        assert (revision.attempts, revision.lease_until, revision.screened_at) == (0, None, None)


@pytest.mark.parametrize("error", [CheckpointError("wrong digest"), FileNotFoundError("model.ckpt")])
def test_g3_a_checkpoint_that_is_refused_leaves_posts_waiting_and_readiness_red_with_the_reason(
    settings: Settings, world: World, error: Exception
) -> None:
    def load() -> Classifier:
        raise error

    service = ScoringService(load)
    replacements = Replacements(database=world.database, classifier=service, clock=world.clock)
    app = create_app(settings, replacements)
    service.start()
    service.wait_until_loaded(10)
    broken = World(app, app.extensions["vorab"], world.clock, world.classifier)
    reader = world.person()

    own = json_of(broken.post(reader, sentence(0)))
    ready = broken.call("GET", "/readyz")
    broken.services.runner.close()
    service.close()

    assert own["status"] == "screening"
    assert ready.status_code == 503
    assert str(error) in json_of(ready)["checks"]["classifier"]["reason"]
    assert count(world, Decision) == 0


def test_g3_without_a_classifier_a_preview_says_when_to_come_back(world: World) -> None:
    reader = world.person()
    world.classifier.available = False

    answer = world.call(
        "POST", f"/sites/demo/articles/{ARTICLE}/comments/preview", {"body": sentence(0)}, by=reader,
        headers={"Origin": ORIGIN},
    )  # fmt: skip

    assert (answer.status_code, json_of(answer)["code"]) == (503, "classifier_unavailable")
    assert int(answer.headers["Retry-After"]) > 0


def test_i5_a_session_whose_use_cannot_be_noted_is_valid_all_the_same(
    world: World, monkeypatch: pytest.MonkeyPatch, log_lines: Callable[[], list[dict[str, Any]]]
) -> None:
    reader = world.person()
    world.clock.move(hours=1)

    def no_room(*_: object, **__: object) -> None:
        raise OperationalError("UPDATE", {}, OSError("no space left"))

    monkeypatch.setattr("moderation.sessions.touch", no_room)

    assert world.call("GET", "/accounts/me", by=reader).status_code == 200
    (line,) = [line for line in log_lines() if line["event"] == "session_not_touched"]
    assert line["error"] == "OSError"


@pytest.fixture
def slow_world(make_world: MakeWorld) -> World:
    """A classifier that hangs, a request that waits a fifth of a second."""
    made = make_world(screening_deadline=dt.timedelta(seconds=0.2), screening_backlog=3, screening_threads=1)
    made.site(policy=CALM)
    made.classifier.gate = threading.Event()
    return made


def test_g11_a_classifier_that_hangs_past_the_deadline_leaves_the_comment_as_screening_and_decides_later(
    slow_world: World,
) -> None:
    reader = slow_world.person()

    answer = slow_world.post(reader, sentence(0))

    own = json_of(answer)
    assert (answer.status_code, own["status"], own["decided_by"]) == (201, "screening", None)
    assert slow_world.call("GET", f"/comments/{own['id']}").status_code == 404
    slow_world.classifier.gate.set()
    settle(slow_world)
    assert status_of(slow_world, own["id"], reader) == "published"
    assert_whole(slow_world.database)


@pytest.fixture
def endings(database: Database) -> Iterator[list[bool]]:
    """Of each writing transaction that comes to its end: whether that waits for the disk."""
    found: list[bool] = []

    def note(connection: Connection) -> None:
        options = connection.get_execution_options()
        if not options.get("vorab_read_only", False):
            found.append(not options.get("vorab_hasty", False))

    def note_waiting(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if "pg_logical_emit_message" in statement:
            found.append(True)

    event.listen(database.engine, "commit", note)
    event.listen(database.engine, "before_cursor_execute", note_waiting)
    yield found
    event.remove(database.engine, "commit", note)
    event.remove(database.engine, "before_cursor_execute", note_waiting)


def test_i2_a_comment_that_waits_is_on_the_disk_before_its_author_is_told(
    slow_world: World, endings: list[bool]
) -> None:
    reader = slow_world.person()
    endings.clear()

    assert json_of(slow_world.post(reader, sentence(0)))["status"] == "screening"

    assert endings == [False, False, True]
    assert slow_world.classifier.gate is not None
    slow_world.classifier.gate.set()


def test_i2_a_comment_that_is_decided_about_is_on_the_disk_with_its_decision(world: World, endings: list[bool]) -> None:
    reader = world.person()
    endings.clear()

    assert json_of(world.post(reader, sentence(0)))["status"] == "published"

    # On PostgreSQL the decision's rows are let go first, and the disk is waited for then.
    assert endings == ([False, False, True] if world.database.is_sqlite else [False, False, False, True])


def test_g11_a_slow_classifier_does_not_make_every_post_wait(
    slow_world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    reader = slow_world.person()
    slow_world.post(reader, sentence(0))
    monkeypatch.setattr("api.screening_runner.wait_for", lambda *_, **__: pytest.fail("it waited"))

    second = slow_world.post(reader, sentence(1))

    assert (second.status_code, json_of(second)["status"]) == (201, "screening")
    slow_world.classifier.gate.set()


def test_i9_what_waits_in_line_when_a_process_ends_is_screened_by_the_next(slow_world: World) -> None:
    reader = slow_world.person()
    begun, waiting = (json_of(slow_world.post(reader, sentence(number)))["id"] for number in range(2))
    assert slow_world.classifier.entered.wait(timeout=60)

    closing = threading.Thread(target=slow_world.services.runner.close)
    closing.start()
    settle(slow_world, but=1)
    slow_world.classifier.gate.set()
    closing.join()
    late = slow_world.post(reader, sentence(2))

    assert (late.status_code, json_of(late)["status"]) == (201, "screening")
    statuses = [status_of(slow_world, one, reader) for one in (begun, waiting, json_of(late)["id"])]
    assert statuses == ["published", "screening", "screening"]
    slow_world.clock.move(minutes=5)
    for revision_id in due(slow_world):
        slow_world.services.runner.screener.screen_revision(revision_id)
    assert [status_of(slow_world, one, reader) for one in (waiting, json_of(late)["id"])] == ["published"] * 2
    assert_whole(slow_world.database)


def due(world: World) -> list[uuid.UUID]:
    with world.database.read() as session:
        return screening_jobs.due(session, lease=world.services.settings.screening_lease, now=world.clock())


def test_g11_patience_comes_back_with_the_first_that_is_done_in_time(slow_world: World) -> None:
    reader = slow_world.person()
    slow_world.post(reader, sentence(0))
    slow_world.classifier.gate.set()
    settle(slow_world)
    slow_world.post(reader, sentence(1))
    settle(slow_world)

    assert json_of(slow_world.post(reader, sentence(2)))["status"] == "published"


def test_g11_more_posts_than_can_wait_are_turned_away_before_anything_is_stored(slow_world: World) -> None:
    reader = slow_world.person()
    waiting = [json_of(slow_world.post(reader, sentence(number)))["id"] for number in range(3)]

    refused = slow_world.post(reader, sentence(3))
    edit = slow_world.call("PATCH", f"/comments/{waiting[0]}", {"body": sentence(4)}, by=reader)

    for answer in (refused, edit):
        assert (answer.status_code, json_of(answer)["code"]) == (503, "too_busy")
        assert int(answer.headers["Retry-After"]) >= 1
    assert (count(slow_world, Comment), count(slow_world, Revision)) == (3, 3)
    slow_world.classifier.gate.set()
    settle(slow_world)
    assert [status_of(slow_world, one, reader) for one in waiting] == ["published"] * 3
    assert slow_world.post(reader, sentence(3)).status_code == 201


def test_g11_a_sweep_leaves_alone_what_this_process_is_at_and_takes_on_no_more_than_it_can(slow_world: World) -> None:
    reader = slow_world.person()
    slow_world.post(reader, sentence(0))
    slow_world.clock.move(minutes=5)

    maintenance(slow_world).sweep()

    assert len(slow_world.services.runner._pending) == 1
    for number in (1, 2):
        slow_world.post(reader, sentence(number))
    slow_world.services.runner.screen_later(uuid.uuid4())
    assert len(slow_world.services.runner._pending) == 3
    slow_world.classifier.gate.set()


def test_g2_a_job_whose_process_died_is_taken_up_after_its_lease_and_decided_once(world: World) -> None:
    reader = world.person()
    world.services.runner.run = lambda job: None  # type: ignore[method-assign]  # The process ends right here.
    own = json_of(world.post(reader, sentence(0)))
    maintenance(world).sweep()
    settle(world)
    assert status_of(world, own["id"], reader) == "screening"

    world.clock.move(seconds=world.services.settings.screening_lease.total_seconds() + 1)
    for _ in range(3):
        maintenance(world).sweep()
    settle(world)

    assert status_of(world, own["id"], reader) == "published"
    assert (count(world, Decision), count(world, ScreeningRecord)) == (1, 1)
    assert_whole(world.database)


def test_g8_a_text_that_takes_its_process_with_it_three_times_goes_to_the_moderators_unscored(world: World) -> None:
    reader = world.person()
    world.services.runner.run = lambda job: None  # type: ignore[method-assign]  # The first process ends here.
    own = json_of(world.post(reader, sentence(0)))
    for _ in range(2):  # And two more that took the job up.
        world.clock.move(minutes=1)
        with world.database.write() as session:
            lease = dt.timedelta(seconds=5)
            (revision_id,) = screening_jobs.due(session, lease=lease, now=world.clock())
            assert screening_jobs.claim(session, revision_id, lease=lease, now=world.clock())
    world.clock.move(minutes=1)

    maintenance(world).sweep()
    settle(world)

    assert world.classifier.calls == []
    told = json_of(world.call("GET", f"/comments/{own['id']}", by=reader))
    assert (told["status"], told["reasons"][0]["code"]) == ("held", "screening_failed")


def test_an_error_between_screening_and_finish_is_logged_and_the_comment_taken_up_again(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    reader = world.person()
    real = screening_jobs.finish

    def breaks(*_: Any, **__: Any) -> bool:
        raise OSError("the disk is full")

    monkeypatch.setattr(screening_jobs, "finish", breaks)
    own = json_of(world.post(reader, sentence(0)))
    assert own["status"] == "screening"

    monkeypatch.setattr(screening_jobs, "finish", real)
    world.clock.move(minutes=1)
    maintenance(world).sweep()
    settle(world)

    assert status_of(world, own["id"], reader) == "published"
    assert_whole(world.database)


@pytest.mark.parametrize(("action", "status"), [("publish", "published"), ("reject", "rejected")])
@pytest.mark.parametrize("body", [sentence(0), insult(0)])
def test_g12_a_moderator_who_decides_during_the_screening_wins(
    world: World, action: str, status: str, body: str
) -> None:
    reader, moderator = world.person(), world.person(Role.MODERATOR, "demo")
    world.classifier.gate = threading.Event()

    def decide() -> None:
        assert world.classifier.entered.wait(timeout=10)
        with world.database.read() as session:
            comment = session.scalars(select(Comment)).one()
        answer = world.review({"id": str(comment.id)}, action, moderator)
        assert answer.status_code == 200
        world.classifier.gate.set()

    own, _ = at_once([lambda: json_of(world.post(reader, body)), decide])

    assert (own["status"], own["decided_by"]) == (status, "moderator")
    with world.database.read() as session:
        (decision,) = session.scalars(select(Decision))
        assert decision.actor_id == moderator.account.id
        # What the machine would have done stays on record.
        assert session.scalars(select(ScreeningRecord.outcome)).one() == ("publish" if body == sentence(0) else "hold")
    assert_whole(world.database)


def test_g12_overtaken_screenings_are_logged(world: World, log_lines: Callable[[], list[dict[str, Any]]]) -> None:
    reader, moderator = world.person(), world.person(Role.MODERATOR, "demo")
    world.classifier.gate = threading.Event()

    def decide() -> None:
        assert world.classifier.entered.wait(timeout=10)
        with world.database.read() as session:
            comment = session.scalars(select(Comment)).one()
        world.review({"id": str(comment.id)}, "reject", moderator)
        world.classifier.gate.set()

    at_once([lambda: world.post(reader, sentence(0)), decide])

    assert [line["status"] for line in log_lines() if line["event"] == "screening_overtaken"] == ["rejected"]


def test_g12_the_machine_before_the_moderator_makes_the_moderators_view_stale(world: World) -> None:
    reader, moderator = world.person(), world.person(Role.MODERATOR, "demo")
    world.classifier.available = False
    own = json_of(world.post(reader, sentence(0)))
    version = world.queue_item(own["id"], moderator)["version"]
    world.classifier.available = True
    maintenance(world).sweep()
    settle(world)

    assert world.review(own, "reject", moderator, version=version).status_code == 409


def test_g10_a_decision_rests_on_a_record_of_model_scores_thresholds_and_time(world: World) -> None:
    world.comment(world.person(), insult(0))

    with world.database.read() as session:
        decision = session.scalars(select(Decision)).one()
        record = session.get_one(ScreeningRecord, decision.screening_id)
        assert decision.actor_id is None
        assert (record.model_name, record.model_digest) == ("fake", "f" * 64)
        assert record.scores == {"toxicity": 0.9, "insult": 0.8}
        assert record.thresholds == {"toxicity": 0.5, "insult": 0.5}
        assert record.duration_ms > 0
        assert record.policy_id is not None


def test_g10_new_thresholds_are_on_record_and_change_nothing_that_was_decided(world: World) -> None:
    reader = world.person()
    before = world.comment(reader, insult(0))
    world.set_policy(dataclasses.replace(CALM, hold_thresholds={"de": {"toxicity": 0.95, "insult": 0.95}}))

    after = world.comment(reader, insult(1))

    assert (status_of(world, before["id"], reader), after["status"]) == ("held", "published")
    with world.database.read() as session:
        records = session.scalars(select(ScreeningRecord).order_by(ScreeningRecord.id)).all()
        assert [record.thresholds["toxicity"] for record in records] == [0.5, 0.95]
        assert records[0].policy_id != records[1].policy_id
        assert count(world, SitePolicy) == 3


def test_g4_an_insult_behind_six_hundred_harmless_words_is_found_and_shown(world: World) -> None:
    reader, moderator = world.person(), world.person(Role.MODERATOR, "demo")
    opening = " ".join(sentence(number) for number in range(70))
    assert len(opening.split()) > 500
    body = f"{opening} Du bist ein Murrkopf."

    own = json_of(world.post(reader, body))

    assert own["status"] == "held"
    (passage,) = world.queue_item(own["id"], moderator)["passages"]
    assert body[passage["begin"] : passage["end"]] == "Du bist ein Murrkopf."
    longest = max(len(one.text) for call in world.classifier.calls for one in call)
    assert longest <= 400


def test_i6_twenty_parallel_writers_never_find_the_database_locked(world: World) -> None:
    people = [world.person() for _ in range(20)]
    target = world.comment(world.person(), sentence(99))

    def write(number: int) -> list[int]:
        by = people[number]
        statuses = []
        for turn in range(3):
            statuses.append(world.post(by, sentence(turn * 20 + number)).status_code)
            statuses.append(world.call("PUT", f"/comments/{target['id']}/vote", {"value": 1}, by=by).status_code)
        return statuses

    statuses = at_once([lambda number=number: write(number) for number in range(20)])

    assert [set(one) for one in statuses] == [{200, 201}] * 20
    assert count(world, Comment) == 61
    assert world.thread(sort="top")["items"][0]["score"] == 20
    assert_whole(world.database)


@pytest.mark.parametrize("sort", ["oldest", "newest"])
def test_i10_pages_under_concurrent_inserts_have_no_duplicate_and_no_gap(world: World, sort: str) -> None:
    reader = world.person()
    there = {world.comment(reader, sentence(number))["id"] for number in range(12)}
    done = threading.Event()

    def insert() -> None:
        number = 20
        while not done.is_set() and number < 60:
            world.post(reader, sentence(number))
            number += 1

    def read() -> list[str]:
        seen: list[str] = []
        cursor: dict[str, str] = {}
        while True:
            page = world.thread(sort=sort, limit=2, **cursor)
            seen += [item["id"] for item in page["items"]]
            if page["next_cursor"] is None or len(seen) > 200:
                done.set()
                return seen
            cursor = {"cursor": page["next_cursor"]}

    seen, _ = at_once([read, insert])  # type: ignore[list-item]

    assert len(seen) == len(set(seen))
    assert there <= set(seen)


@pytest.mark.parametrize("kind", ["forgetful", "overdoing", "silent"])
def test_a_classifier_that_answers_for_another_number_of_texts_publishes_nothing(world: World, kind: str) -> None:
    class Forgetful(FakeClassifier):
        def score(self, inputs: Any) -> Any:
            return super().score(inputs)[:-1]

    class Overdoing(FakeClassifier):
        def score(self, inputs: Any) -> Any:
            return [*super().score(inputs), {"toxicity": 0.0}]

    class Silent(FakeClassifier):
        def score(self, inputs: Any) -> Any:
            return [{} for _ in inputs]

    classifier = {"forgetful": Forgetful, "overdoing": Overdoing, "silent": Silent}[kind]()
    app = create_app(
        world.services.settings, Replacements(database=world.database, classifier=classifier, clock=world.clock)
    )
    broken = World(app, app.extensions["vorab"], world.clock, world.classifier)

    own = json_of(broken.post(world.person(), sentence(0)))
    broken.services.runner.close()

    assert (own["status"], own["reasons"][0]["code"]) == ("held", "screening_failed")


@pytest.mark.parametrize("score", [float("nan"), float("inf"), -0.1, None, "viel"])
def test_a_classifier_that_answers_nonsense_publishes_nothing(world: World, score: Any) -> None:
    class Confused(FakeClassifier):
        def score(self, inputs: Any) -> Any:
            return [{"toxicity": score, "insult": score} for _ in inputs]

    app = create_app(
        world.services.settings, Replacements(database=world.database, classifier=Confused(), clock=world.clock)
    )
    broken = World(app, app.extensions["vorab"], world.clock, world.classifier)

    own = json_of(broken.post(world.person(), sentence(0)))
    broken.services.runner.close()

    assert (own["status"], own["reasons"][0]["code"]) == ("held", "screening_failed")
