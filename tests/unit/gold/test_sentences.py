"""The gold set is what it says it is: balanced, in pairs, no sentence twice. What it measures, a benchmark says."""

from __future__ import annotations

from collections import Counter

from moderation.policies import Policy
from moderation.screening.context import ArticleFacts, AuthorFacts, RuleContext
from moderation.screening.rules.word_lists import WordListsRule
from moderation.screening.verdicts import Outcome, strictest
from moderation.text.normalising import normalise
from tests.gold.sentences import sentences


def test_every_harmless_sentence_has_a_hateful_twin_about_the_same_group() -> None:
    by_pair = Counter((one.pair, one.group, one.kind) for one in sentences())
    assert len(by_pair) >= 300
    assert set(by_pair.values()) == {2}
    assert Counter(one.harmless for one in sentences()) == {True: len(by_pair), False: len(by_pair)}


def test_groups_and_kinds_are_balanced() -> None:
    cells = Counter((one.group, one.kind) for one in sentences() if one.harmless)
    assert len({group for group, _ in cells}) >= 20
    assert {kind for _, kind in cells} == {"names", "quotes", "negates"}
    assert len(set(cells.values())) == 1


def test_no_sentence_is_there_twice() -> None:
    texts = Counter(one.text for one in sentences())
    assert texts.most_common(1)[0][1] == 1
    assert all(text == text.strip() and text for text in texts)


def test_the_lists_alone_reject_no_harmless_sentence() -> None:
    """Somebody who reports what they were called is never turned away by a machine."""
    assert [one.text for one in sentences() if one.harmless and _by_lists(one.text) is Outcome.REJECT] == []


def _by_lists(text: str) -> Outcome:
    context = RuleContext(text, normalise(text), "de", Policy(), AuthorFacts(), ArticleFacts(), None)
    return strictest(WordListsRule().check(context))
