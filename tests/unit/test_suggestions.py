from __future__ import annotations

import pytest

from moderation.suggestions import refusal_reason


@pytest.mark.parametrize(
    ("labels", "rules", "flags", "expected"),
    [
        ([], [], [], None),
        (["toxicity"], [], [], "insult"),
        (["toxicity", "insult", "threat"], [], [], "threat"),
        (["toxicity", "identity_attack"], [], [], "hate"),
        (["unheard_of"], ["too_short"], [], None),
        ([], ["too_short", "blocked_link"], [], "spam"),
        (["insult"], ["blocked_link"], [], "insult"),
        (["insult"], [], ["off_topic"], "off_topic"),
        ([], [], ["spam", "hate", "spam"], "spam"),
        ([], [], ["spam", "hate"], "hate"),
    ],
)
def test_a_refusal_would_most_likely_have_this_reason(
    labels: list[str], rules: list[str], flags: list[str], expected: str | None
) -> None:
    assert refusal_reason(labels, rules, flags) == expected
