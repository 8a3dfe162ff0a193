"""What Prometheus is told, and that nobody else is told it."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable

import pytest
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy.exc import OperationalError

from moderation import outbox, screening_jobs, workers
from moderation.models import Role
from tests.fakes import IDENTITY
from tests.sentences import insult, sentence
from tests.world import World

TOKEN = "ein langes Wort für Prometheus".replace("ü", "ue")
HEADERS = {"Authorization": f"Bearer {TOKEN.replace(' ', '-')}"}


@pytest.fixture
def watched(make_world: Callable[..., World]) -> World:
    world = make_world(metrics_token=TOKEN.replace(" ", "-"))
    world.site()
    return world


def figures(world: World) -> dict[str, float]:
    """Each sample by its name and labels, as Prometheus itself reads them."""
    answer = world.client.get("/metrics", headers=HEADERS)
    assert answer.status_code == 200
    return {
        sample.name + "".join(f",{value}" for _, value in sorted(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(answer.get_data(as_text=True))
        for sample in family.samples
    }


def gained(before: dict[str, float], after: dict[str, float], name: str) -> float:
    return after.get(name, 0.0) - before.get(name, 0.0)


@pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer falsch"}, {"Authorization": f"Basic {TOKEN}"}])
def test_k5_metrics_are_not_public(watched: World, headers: dict[str, str]) -> None:
    assert watched.client.get("/metrics", headers=headers).status_code == 404


def test_k5_without_a_token_of_its_own_there_are_no_metrics_for_anybody(world: World) -> None:
    assert world.client.get("/metrics", headers=HEADERS).status_code == 404


def test_screenings_are_counted_by_outcome_and_timed_by_stage(watched: World) -> None:
    before = figures(watched)

    watched.comment(watched.person(), sentence(0))
    watched.comment(watched.person(), insult(1))

    after = figures(watched)
    assert gained(before, after, "vorab_screening_outcomes_total,publish") == 1
    assert gained(before, after, "vorab_screening_outcomes_total,hold") == 1
    for stage in ("wait", "rules", "model", "store"):
        assert gained(before, after, f"vorab_screening_seconds_count,{stage}") == 2
    assert gained(before, after, "vorab_screening_retries_total") == 0


def test_a_try_that_broke_is_counted(watched: World) -> None:
    before = figures(watched)
    watched.classifier.failures = 1

    watched.comment(watched.person(), sentence(0))

    assert gained(before, figures(watched), "vorab_screening_retries_total") == 1


def test_what_waits_is_counted_with_the_age_of_the_oldest(watched: World) -> None:
    watched.post(watched.person(), insult(0))
    watched.classifier.available = False
    watched.post(watched.person(), sentence(1))
    watched.clock.move(seconds=90)

    after = figures(watched)

    assert after["vorab_waiting,review"] == after["vorab_waiting,screening"] == 1
    assert after["vorab_waiting_oldest_seconds,review"] == pytest.approx(90)
    assert after["vorab_waiting_oldest_seconds,screening"] == pytest.approx(90)
    assert after["vorab_waiting,mail"] == 0


def test_appeals_are_counted_by_how_they_stand(watched: World) -> None:
    author, moderator = watched.person(), watched.person(Role.MODERATOR, "demo")
    comments = [watched.comment(author, insult(number)) for number in range(2)]
    for comment in comments:
        watched.review(comment, "reject", moderator)
        watched.call("POST", f"/comments/{comment['id']}/appeal", {}, by=author)
    watched.review(comments[0], "publish", moderator)

    after = figures(watched)

    found = {status: after[f"vorab_appeals,{status}"] for status in ("waiting", "granted", "denied", "closed")}
    assert found == {"waiting": 1, "granted": 1, "denied": 0, "closed": 0}


def test_leases_that_ran_out_are_counted_and_clocks_that_went_back_make_no_wait_negative(watched: World) -> None:
    before = figures(watched)
    lease = watched.services.settings.screening_lease
    runner = watched.services.runner
    run, runner.run = runner.run, lambda job: None  # type: ignore[method-assign]
    watched.post(watched.person(), sentence(0))
    runner.run = run  # type: ignore[method-assign]
    watched.clock.now -= 3 * lease

    with watched.database.read() as session:
        (revision_id,) = screening_jobs.due(session, lease=lease, now=watched.clock())
    runner.screener.screen_revision(revision_id)

    after = figures(watched)
    assert gained(before, after, "vorab_screening_leases_expired_total") == 1
    assert gained(before, after, "vorab_screening_seconds_count,wait") == 1
    assert gained(before, after, "vorab_screening_seconds_sum,wait") == 0


def test_a_letter_that_has_to_be_sent_again_still_waits(watched: World) -> None:
    reader = watched.person()
    with watched.database.write() as session:
        outbox.promise(session, "password_changed", reader.account, now=watched.clock())
    with watched.database.write() as session:
        (letter,) = outbox.claim(session, now=watched.clock())
        outbox.finish(session, letter.id, sent=False, now=watched.clock())

    after = figures(watched)

    assert after["vorab_waiting,mail"] == 1


def test_workers_are_counted_by_whether_they_have_a_model(watched: World) -> None:
    with watched.database.write() as session:
        for model in (IDENTITY, None, None):
            workers.beat(session, uuid.uuid4(), model, now=watched.clock())

    after = figures(watched)

    assert (after["vorab_workers,ready"], after["vorab_workers,unready"]) == (1, 2)


def test_requests_are_counted_by_pattern_never_by_address(watched: World) -> None:
    before = figures(watched)

    watched.call("GET", "/sites/demo/counts?articles=geheim")
    watched.client.get("/irgendwo/geheim")

    after = figures(watched)
    assert gained(before, after, "vorab_request_seconds_count,GET,/api/v1/sites/<site>/counts,200") == 1
    assert gained(before, after, "vorab_request_seconds_count,GET,none,404") == 1
    assert not [name for name in after if re.search("geheim|irgendwo", name)]


def test_public_answers_are_counted_by_where_they_came_from(watched: World) -> None:
    path = "/sites/demo/counts?articles=a"
    before = figures(watched)

    etag = watched.call("GET", path).headers["ETag"]
    watched.call("GET", path)
    watched.call("GET", path, headers={"If-None-Match": etag})

    after = figures(watched)
    assert [gained(before, after, f"vorab_public_pages_total,{how}") for how in ("made", "kept", "unchanged")] == [
        1,
        1,
        1,
    ]


def test_without_a_database_there_is_a_gap_and_no_zero(watched: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def unreachable(_session: object) -> None:
        raise OperationalError("SELECT 1", {}, ConnectionRefusedError())

    monkeypatch.setattr("moderation.waiting.all_kinds", unreachable)

    after = figures(watched)

    assert not [name for name in after if name.startswith("vorab_waiting")]
    assert "vorab_screening_retries_total" in after
