"""Thresholds for a wished share: exact on what is known, and refused where too little is."""

from __future__ import annotations

import math
import re

import pytest

from moderation.calibrating import Kind, Wish, effect, margin, propose
from moderation.judgements import Judgement

LIMITS = {"toxicity": 0.5, "insult": 0.8}


def text(score: float, *, insult: float = 0.0, toxic: bool | None = None, **more: bool) -> Judgement:
    return Judgement(language="de", scores={"toxicity": score, "insult": insult}, toxic=toxic, **more)


def spread(count: int, *, toxic: bool | None = None, **more: bool) -> list[Judgement]:
    """Scores evenly from 0 to 1."""
    return [text((place + 0.5) / count, toxic=toxic, **more) for place in range(count)]


@pytest.mark.parametrize("share", [0.05, 0.1, 0.5, 0.9])
def test_no_more_than_the_wished_share_is_held_and_hardly_less(share: float) -> None:
    found = propose(spread(1000), "de", LIMITS, Wish(Kind.HELD, share))
    assert found.proposed is not None
    assert found.proposed.held.hits == pytest.approx(share * 1000, abs=1)
    assert found.proposed.held.value <= share
    assert found.thresholds["toxicity"].proposed == pytest.approx(1 - share, abs=2e-3)


@pytest.mark.parametrize("share", [0.05, 0.2, 0.5])
def test_no_more_than_the_wished_share_is_missed_and_hardly_less(share: float) -> None:
    found = propose(spread(400, toxic=True) + spread(400, toxic=False), "de", LIMITS, Wish(Kind.MISSED, share))
    assert found.proposed is not None
    assert found.proposed.missed.hits == share * 400
    assert found.proposed.missed.of == 400
    assert found.thresholds["toxicity"].proposed == pytest.approx(share, abs=2e-3)


def test_the_interval_holds_the_proposal_and_shrinks_with_what_is_known() -> None:
    widths = []
    for count in (200, 5000):
        moved = propose(spread(count), "de", LIMITS, Wish(Kind.HELD, 0.1)).thresholds["toxicity"]
        assert moved.low < moved.proposed < moved.high
        widths.append(moved.high - moved.low)
    assert widths[1] < widths[0] / 3


def test_all_labels_move_together_in_log_odds() -> None:
    found = propose(spread(500), "de", LIMITS, Wish(Kind.HELD, 0.1)).thresholds
    distances = [
        math.log(moved.proposed / (1 - moved.proposed)) - math.log(moved.now / (1 - moved.now))
        for moved in found.values()
    ]
    assert distances[0] == pytest.approx(distances[1], abs=0.01)


def test_the_label_that_is_furthest_above_its_threshold_counts() -> None:
    assert margin(text(0.5), LIMITS) == 0
    assert margin(text(0.1, insult=0.9), LIMITS) == pytest.approx(math.log(9) - math.log(4))
    assert margin(text(0.0, held_otherwise=True), LIMITS) == math.inf
    assert margin(Judgement(language="de", scores={"threat": 0.9}, toxic=None), LIMITS) == math.inf


def test_what_other_rules_hold_counts_as_held_and_never_as_missed() -> None:
    listed = [text(0.0, toxic=True, held_otherwise=True) for _ in range(50)]
    found = propose(spread(950) + listed, "de", LIMITS, Wish(Kind.HELD, 0.1))
    assert found.proposed is not None
    assert found.proposed.held.hits in (99, 100)
    assert found.proposed.missed.hits == 0


@pytest.mark.parametrize(
    ("texts", "wish", "refusal"),
    [
        (spread(399), Wish(Kind.HELD, 0.05), "too few: 399 screened texts, it takes 400"),
        (spread(900, toxic=False), Wish(Kind.MISSED, 0.1), "too few: 0 texts that moderators refused"),
        (spread(400, held_otherwise=True), Wish(Kind.HELD, 0.05), "out of reach: .* hold 100.0%"),
        (spread(60, toxic=True, held_otherwise=True), Wish(Kind.MISSED, 0.1), "met already: .* hold 100.0%"),
    ],
)
def test_a_wish_that_nothing_can_be_said_about_is_refused(texts: list[Judgement], wish: Wish, refusal: str) -> None:
    found = propose(texts, "de", LIMITS, wish)
    assert (found.thresholds, found.proposed) == ({}, None)
    assert re.match(refusal, found.refusal)


def test_texts_of_other_languages_and_suggested_ones_are_not_part_of_what_comes_in() -> None:
    other = [Judgement(language="en", scores={"toxicity": 1.0}, toxic=True) for _ in range(100)]
    picked = spread(100, toxic=True, is_screened=False)
    found = propose(spread(400) + other + picked, "de", LIMITS, Wish(Kind.HELD, 0.1))
    assert found.proposed is not None
    assert (found.texts, found.judged, found.proposed.held.of, found.now.missed.of) == (400, 100, 400, 100)


def test_without_a_wish_what_is_now_is_measured() -> None:
    found = propose(
        [text(0.9, toxic=True), text(0.2, toxic=True), text(0.6, toxic=False), text(0.1)], "de", LIMITS, None
    )
    assert (found.proposed, found.refusal) == (None, "")
    assert (found.now.held.hits, found.now.held.of) == (2, 4)
    assert (found.now.missed.hits, found.now.missed.of) == (1, 2)
    assert (found.now.judged.precision.hits, found.now.judged.precision.of) == (1, 2)


def test_texts_with_equal_scores_are_all_held_or_none() -> None:
    texts = [text(0.3)] * 300 + [text(0.9)] * 100
    found = propose(texts, "de", LIMITS, Wish(Kind.HELD, 0.5))
    assert found.proposed is not None
    assert found.proposed.held.hits == 100
    none = propose(texts, "de", LIMITS, Wish(Kind.HELD, 0.1))
    assert none.proposed is not None
    assert none.proposed.held.hits == 0


def test_scores_that_no_threshold_judges_are_held_as_in_the_screening() -> None:
    assert effect([Judgement(language="de", scores={"threat": 0.1}, toxic=None)], LIMITS).held.hits == 1
