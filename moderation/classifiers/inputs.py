"""Texts as a network takes them. Imports no torch."""

from __future__ import annotations

import re
from collections.abc import Sequence

MAX_CHARS = 8192
"""More of a text than this is never looked at. Callers cut long texts into windows that are far shorter."""

BATCH = 16
"""Larger batches gain nothing on a CPU and cost memory."""

_LONE_SURROGATE = re.compile("[\ud800-\udfff]")


def presentable(text: str) -> str:
    """The text as a tokenizer takes it: lone surrogates replaced, no longer than ``MAX_CHARS``."""
    return _LONE_SURROGATE.sub("\ufffd", text[:MAX_CHARS])


def batches_by_length(texts: Sequence[str]) -> list[list[int]]:
    """The places of the texts, in batches of like length, so that little is spent on padding."""
    order = sorted(range(len(texts)), key=lambda place: len(texts[place]))
    return [order[start : start + BATCH] for start in range(0, len(order), BATCH)]
