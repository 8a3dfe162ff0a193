"""The timeline is data; these tests are its schema."""

from __future__ import annotations

import datetime as dt
import itertools

import pytest

from moderation.policies import Policy
from moderation.reactions import FLAG_REASONS
from moderation.review_queue import REASON_CODES
from moderation.text.input import clean
from seeds.demo import _SPAN
from seeds.people import people
from seeds.timeline import Editing, Flagging, Posting, Ruling, Voting, steps

TIMELINE = steps()
POSTINGS = {step.key: step for step in TIMELINE if isinstance(step, Posting)}
KINDS = {
    "friendly", "factual", "sharp", "ironic", "quoting", "people", "insult", "threat", "obfuscated", "spam", "english"
}  # fmt: skip


def test_the_steps_are_in_the_order_in_which_they_happen() -> None:
    times = [step.at for step in TIMELINE]

    assert times == sorted(times)
    assert dt.timedelta(minutes=times[-1]) < _SPAN


def test_the_last_step_is_a_comment_of_its_own() -> None:
    last = TIMELINE[-1]

    assert isinstance(last, Posting)
    assert last.reply_to is None


def test_every_kind_that_the_screening_has_to_tell_apart_is_there() -> None:
    assert {step.kind for step in POSTINGS.values()} >= KINDS
    assert {step.expected for step in POSTINGS.values()} == {"publish", "hold", "reject"}


def test_every_key_is_there_once() -> None:
    assert len(POSTINGS) == sum(isinstance(step, Posting) for step in TIMELINE)
    assert len({(step.author, clean(step.body)) for step in POSTINGS.values()}) == len(POSTINGS)


def test_everybody_who_is_named_exists() -> None:
    known = {person.key for person in people()}
    named = {step.author for step in POSTINGS.values()}
    named |= {step.by for step in TIMELINE if isinstance(step, Flagging)}
    named |= {key for step in TIMELINE if isinstance(step, Voting) for key in (*step.up, *step.down)}

    assert named <= known


def test_every_step_is_about_a_comment_that_was_written_before_it() -> None:
    for number, step in enumerate(TIMELINE):
        about = step.reply_to if isinstance(step, Posting) else getattr(step, "comment", None)
        assert about is None or POSTINGS[about] in TIMELINE[:number], step


def test_a_thread_is_four_deep() -> None:
    def depth(step: Posting) -> int:
        return 1 + (depth(POSTINGS[step.reply_to]) if step.reply_to else 0)

    assert max(depth(step) for step in POSTINGS.values()) == 4


def test_edits_come_within_the_window() -> None:
    edits = [step for step in TIMELINE if isinstance(step, Editing)]

    assert edits
    assert all((step.at - POSTINGS[step.comment].at) * 60 <= Policy().edit_window_s for step in edits)


def test_reasons_are_ones_that_the_domain_knows() -> None:
    assert {step.reason for step in TIMELINE if isinstance(step, Flagging)} <= set(FLAG_REASONS)
    assert {step.reason_code for step in TIMELINE if isinstance(step, Ruling) and step.reason_code} <= set(REASON_CODES)


@pytest.mark.parametrize("author", sorted({step.author for step in POSTINGS.values()}))
def test_nobody_writes_so_fast_that_it_looks_like_a_burst(author: str) -> None:
    times = [step.at for step in POSTINGS.values() if step.author == author]

    assert all((later - earlier) * 60 > Policy().burst_window_s for earlier, later in itertools.pairwise(times))
