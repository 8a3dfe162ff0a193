"""Labelled and neutral texts, as the recipe reads them from ``comments.jsonl.gz`` and ``neutral.jsonl.gz``."""

from __future__ import annotations

import gzip
import json
import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

LABELS = ("toxicity", "obscene", "insult", "identity_attack")
"""The labels that the data has positives for, in the order of the network's outputs."""

LANGUAGES = ("de", "en")
NEUTRAL_SETS = frozenset({"bundestag", "common_voice", "ud_gsd", "ud_ewt"})
WRITTEN = "written"
"""The set of the comments that were written for Vorab."""

BENCHMARKS = frozenset({("germeval2018", "test"), ("austrotox", "dev")})
"""Never trained on for a figure that is reported."""

UNKNOWN = math.nan


@dataclass(frozen=True, slots=True)
class Example:
    """One text and what is known of it: one target (0..1, or ``UNKNOWN``) for each of ``LABELS``."""

    text: str
    language: str
    source: str
    split: str
    targets: tuple[float, ...]

    @property
    def toxic(self) -> bool:
        return self.targets[0] >= 0.5

    @property
    def is_benchmark(self) -> bool:
        return (self.source, self.split) in BENCHMARKS

    @property
    def is_written(self) -> bool:
        """Whether it is nobody's comment, but one of our own."""
        return self.source == WRITTEN

    @property
    def is_neutral(self) -> bool:
        return self.source in NEUTRAL_SETS


def read_examples(folder: Path, normalise: Callable[[str], str]) -> list[Example]:
    """All usable rows of both files in the model's languages, in the order of the files, normalised.

    Rows whose 0 says only "not this narrow kind" are left out.
    """
    rows = (row for name in ("comments", "neutral") for row in _rows(folder / f"{name}.jsonl.gz"))
    return [
        Example(normalise(row["text"]), row["lang"], row["set"], row["split"], _targets(row))
        for row in rows
        if row["lang"] in LANGUAGES and (row["toxic"] or row["neg_reliable"])
    ]


def read_paragraphs(path: Path, limit: int | None = None) -> Iterator[str]:
    """The lines of a gzipped text file, the first ``limit`` of them."""
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        for number, line in enumerate(lines):
            if number == limit:
                return
            yield line.strip()


def _rows(path: Path) -> Iterator[dict[str, Any]]:
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        for line in lines:
            yield json.loads(line)


def _targets(row: Mapping[str, Any]) -> tuple[float, ...]:
    """What a row settles. A text that is harmless altogether is harmless under every label."""
    heads: Mapping[str, int] = row["heads"]
    harmless = not row["toxic"] and row["task"] != "hate"
    rest = (float(heads[label]) if label in heads else 0.0 if harmless else UNKNOWN for label in LABELS[1:])
    return (float(row["toxic"]), *rest)
