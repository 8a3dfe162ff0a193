"""Labelled and neutral texts, and what the shipped pipeline makes of them, for the benchmarks of the screening."""

from __future__ import annotations

import gzip
import json
import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from moderation.classifiers import detoxify
from moderation.classifiers.protocol import Classifier
from moderation.policies import Policy, WordLists
from moderation.screening.pipeline import Material, Screening, default_rules, screen

DATA = Path(os.environ.get("VORAB_DATA", "../shared/data"))


@dataclass(frozen=True)
class Row:
    set: str
    split: str
    language: str
    toxic: bool
    text: str


@cache
def classifier() -> Classifier:
    return detoxify.load_embedded()


def rows(name: str, wanted: Callable[[Row], bool]) -> list[Row]:
    """Rows of ``comments`` or ``neutral``; none, with a line that says so, where the data is absent."""
    path = DATA / f"{name}.jsonl.gz"
    if not path.exists():
        print(f"skipped: {path} is absent (VORAB_DATA names the folder)")
        return []
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        found = map(json.loads, lines)
        made = (Row(one["set"], one["split"], one["lang"], bool(one["toxic"]), one["text"]) for one in found)
        return [row for row in made if wanted(row)]


def screened(text: str, language: str, *, with_lists: bool = True) -> Screening:
    """At the shipped policy, by the content rules: word lists and classifier."""
    rules = [rule for rule in default_rules() if rule.name in {"word_lists", "toxicity"}]
    policy = Policy(word_lists=WordLists(use_default=with_lists))
    return screen(Material(text, language, policy), rules, classifier())


def share(values: Iterable[bool]) -> float:
    known: Sequence[bool] = list(values)
    return sum(known) / len(known) if known else float("nan")
