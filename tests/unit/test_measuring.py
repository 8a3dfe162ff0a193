"""Counting what is caught, missed and held for nothing, with intervals."""

from __future__ import annotations

import math

import pytest

from moderation.measuring import Judged, Share, as_screened, at_thresholds, tally


@pytest.mark.parametrize(
    ("hits", "of", "low", "high"),
    # The last one is the example of Newcombe (1998), method 3.
    [(0, 10, 0.0, 0.2775), (5, 10, 0.2366, 0.7634), (10, 10, 0.7225, 1.0), (81, 263, 0.2553, 0.3662)],
)
def test_an_interval_is_wilsons(hits: int, of: int, low: float, high: float) -> None:
    assert Share(hits, of).interval == pytest.approx((low, high), abs=5e-5)


def test_a_share_of_nothing_leaves_everything_open() -> None:
    assert math.isnan(Share(0, 0).value)
    assert Share(0, 0).as_json() == {"value": None, "low": 0.0, "high": 1.0, "hits": 0, "of": 0}


def test_each_text_is_counted_once() -> None:
    counted = tally([(True, True), (True, False), (False, True), (False, True), (False, False)])
    assert (counted.caught, counted.missed, counted.false_alarms, counted.passed) == (1, 1, 2, 1)
    assert (counted.precision, counted.recall) == (Share(1, 3), Share(1, 2))
    assert (counted.alarms, counted.queue) == (Share(2, 3), Share(3, 5))
    assert set(counted.as_json()) == {"precision", "recall", "false_alarms", "queue"}


def test_a_score_at_the_threshold_holds_and_a_text_without_one_is_always_held() -> None:
    judged = [Judged(True, 0.5, True), Judged(False, 0.4, False), Judged(False, None, True)]
    low, middle, high = at_thresholds(judged, [0.4, 0.5, 0.51])
    assert low.tally.queue.hits == 3
    assert middle.tally.queue.hits == 2
    assert (high.tally.queue.hits, high.tally.caught, high.threshold) == (1, 0, 0.51)
    assert as_screened(judged).queue.hits == 2
