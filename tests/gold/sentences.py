"""Harmless German sentences about groups, and their hateful twins: a test set, written for it, never trained on.

Each pair is about one group. The harmless one *names* it without hostility, *quotes* hate in order to refute it, or
*negates* it; the twin keeps its words as far as that goes and is hateful.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

FILE = Path(__file__).parent / "twins.jsonl"


@dataclass(frozen=True)
class Sentence:
    pair: int
    group: str
    kind: str
    harmless: bool
    text: str


def sentences() -> list[Sentence]:
    return [Sentence(**json.loads(line)) for line in FILE.read_text(encoding="utf-8").splitlines()]
