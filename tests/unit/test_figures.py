from __future__ import annotations

import datetime as dt
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from moderation.figures import Appeals, Fact, Period, agreement, by_day, compute, curve, shares, waits

NOON = dt.datetime(2026, 3, 29, 12, 0, tzinfo=dt.UTC)


def fact(**changes: Any) -> Fact:
    values: dict[str, Any] = {
        "created_at": NOON,
        "status": "published",
        "machine": "publish",
        "judgement": None,
        "scores": {"toxicity": 0.1},
        "thresholds": {"toxicity": 0.5},
    }
    return Fact(**{**values, **changes})


def judged(score: float, judgement: str | None, **changes: Any) -> Fact:
    status = "rejected" if judgement == "reject" else "published"
    return fact(scores={"toxicity": score}, judgement=judgement, status=status, **changes)


def period(since: dt.datetime = NOON, until: dt.datetime = NOON, zone: str = "Europe/Berlin") -> Period:
    return Period(site=None, since=since, until=until, zone=ZoneInfo(zone))


@pytest.mark.parametrize(
    ("status", "judgement", "outcome"),
    [
        ("published", None, "published"),
        ("published", "publish", "cleared"),
        ("rejected", "reject", "refused"),
        ("rejected", None, "refused_by_machine"),
        ("held", None, "waiting"),
        ("screening", None, "waiting"),
        ("withdrawn", "publish", "withdrawn"),
    ],
)
def test_every_comment_has_one_outcome(status: str, judgement: str | None, outcome: str) -> None:
    assert fact(status=status, judgement=judgement).outcome == outcome


def test_days_begin_at_midnight_where_the_moderators_are_also_when_clocks_change() -> None:
    # Berlin is an hour ahead of UTC on the 28th, and two hours ahead in the evening of the 29th.
    moments = [
        dt.datetime(2026, 3, day, hour, 30, tzinfo=dt.UTC) for day, hour in ((28, 22), (28, 23), (29, 21), (29, 22))
    ]

    days = by_day([fact(created_at=moment) for moment in moments], period(moments[0], moments[-1]))

    assert [(day.day.day, day.counts["published"]) for day in days] == [(28, 1), (29, 2), (30, 1)]


def test_days_without_a_comment_are_there_too() -> None:
    days = by_day([], period(NOON - dt.timedelta(days=6)))

    assert len(days) == 7
    assert all(set(day.counts.values()) == {0} for day in days)


def test_shares_are_of_all_comments() -> None:
    found = shares([fact(machine="hold", status="held"), fact(machine="hold", status="rejected"), fact(), fact()])

    assert (found.comments, found.held, found.refused) == (4, 0.5, 0.25)


def test_waits_are_those_of_decisions() -> None:
    found = waits([fact(waits_s=(60.0,)), fact(waits_s=(120.0, 600.0)), fact()])

    assert (found.decisions, found.median_s, found.longest_s) == (3, 120.0, 600.0)


def test_nothing_gives_no_figures_and_no_error() -> None:
    found = compute([], period(), appeals=Appeals(0, 0, 0, 0, 0, None))

    assert (found.shares.held, found.waits.median_s, found.waits.longest_s) == (None, None, None)
    assert (found.agreement, found.thresholds) == ((), ())


def test_machine_and_moderators_agree_where_they_say_the_same() -> None:
    found = agreement(
        [
            judged(0.9, "reject"),
            judged(0.5, "reject"),
            judged(0.9, "publish"),
            judged(0.1, "reject"),
            judged(0.1, "publish"),
            judged(0.9, None),
        ],
        "toxicity",
    )

    assert (found.confirmed, found.overruled, found.missed, found.agreed) == (2, 1, 1, 1)
    assert found.share == 0.6
    assert agreement([], "toxicity").share is None


def test_a_higher_threshold_lets_more_wait_less_and_more_bad_ones_through() -> None:
    facts = [
        judged(0.9, "reject"),
        judged(0.6, "reject"),
        judged(0.6, "publish"),
        judged(0.2, "reject"),
        judged(0.3, None),
        judged(0.1, "reject", is_held_otherwise=True),
    ]

    found = curve(facts, "toxicity")

    def at(threshold: int) -> tuple[int, int, int]:
        point = found.points[threshold]
        return point.waiting, point.slipping, point.needless

    assert (found.current, found.refused, len(found.points)) == (0.5, 4, 101)
    assert at(0) == (6, 0, 1)
    assert at(50) == (4, 1, 1)
    assert at(60) == (4, 1, 1)
    assert at(61) == (2, 2, 0)
    assert at(100) == (1, 3, 0)


def test_another_label_above_its_threshold_holds_all_the_same() -> None:
    both = fact(
        scores={"toxicity": 0.6, "threat": 0.8}, thresholds={"toxicity": 0.5, "threat": 0.5}, judgement="reject"
    )

    assert curve([both], "toxicity").points[100].waiting == 1
