"""Which coded reason a refusal would most likely have, from what the screening and readers found. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

_BY_LABEL = {
    # Most specific first: nearly everything that threatens or incites hatred is toxic as well.
    "threat": "threat",
    "identity_attack": "hate",
    "identity_hate": "hate",
    "insult": "insult",
    "obscene": "insult",
    "sexual_explicit": "other",
    "severe_toxicity": "insult",
    "toxicity": "insult",
}
_BY_RULE_REASON = {
    "blocked_link": "spam",
    "too_many_links": "spam",
    "repeated_text": "spam",
    "too_many_comments": "spam",
    "banned_word": "insult",
    "suspect_word": "insult",
}


def refusal_reason(passed_labels: Iterable[str], rule_reasons: Sequence[str], flags: Sequence[str]) -> str | None:
    """
    Args:
        passed_labels: labels at or above their threshold.
        rule_reasons: reasons of the rules' verdicts.
        flags: reasons that readers flagged the comment with.

    Returns: readers' most frequent word if they gave one, since they saw the context; else the most specific label's
        counterpart, else the rules'.
    """
    if flags:
        return Counter(sorted(flags)).most_common(1)[0][0]
    passed = set(passed_labels)
    by_label = (reason for label, reason in _BY_LABEL.items() if label in passed)
    by_rule = (_BY_RULE_REASON[reason] for reason in rule_reasons if reason in _BY_RULE_REASON)
    return next(by_label, None) or next(by_rule, None)
