"""Word lists and classifier together, at the shipped policy: toxic and clean comments, and neutral text.

Goals: of toxic austrotox comments at least 55 % are held or rejected while at most 8 % of the clean ones are, and at
most 2 % of neutral text in either register and language. ``VORAB_BENCH_ROWS`` limits the rows of each set.
"""

from __future__ import annotations

import os
from collections import defaultdict

import numpy as np
from rich.console import Console
from rich.progress import track
from rich.table import Table

from moderation.classifiers.training.metrics import bootstrap
from moderation.screening.pipeline import Screening
from moderation.screening.verdicts import Outcome
from tests.benchmarks.measuring import Row, rows, screened, share

LABELLED = {("austrotox", "dev"), ("germeval2018", "test"), ("austrotox_en", "dev"), ("davidson", "dev")}


def main() -> None:
    most = int(os.environ.get("VORAB_BENCH_ROWS", "1000"))
    groups: dict[tuple[str, str, str], list[Row]] = defaultdict(list)
    labelled = rows("comments", lambda row: (row.set, row.split) in LABELLED or row.set == "ud_gsd")
    neutral = rows("neutral", lambda row: row.split == "dev")
    for row in labelled + neutral:
        is_neutral = row in neutral or row.set == "ud_gsd"
        groups[row.language, row.set, "neutral" if is_neutral else "toxic" if row.toxic else "clean"].append(row)
    table = Table(title="held or rejected at the shipped policy", title_justify="left")
    for head in ("language", "set", "label", "texts", "stopped", "by lists", "by the classifier", "rejected"):
        table.add_column(head, justify="left" if head in {"language", "set", "label"} else "right")
    outcomes: dict[tuple[str, str], list[tuple[bool, bool]]] = defaultdict(list)
    for key, members in sorted(groups.items()):
        step = max(1, len(members) // most)
        found = [screened(row.text, row.language) for row in track(members[::step], " ".join(key), transient=True)]
        table.add_row(*key, str(len(found)), *_figures(found))
        if key[2] != "neutral":
            outcomes[key[:2]] += [(key[2] == "toxic", one.outcome is not Outcome.PUBLISH) for one in found]
    Console().print(table)
    Console().print(_joint(outcomes))


def _joint(outcomes: dict[tuple[str, str], list[tuple[bool, bool]]]) -> Table:
    """Lists and classifier together, with the middle 95 % of what chance could have made of it."""
    table = Table(title="stopped, with bootstrap intervals", title_justify="left")
    for head in ("language", "set", "toxic", "clean"):
        table.add_column(head, justify="left" if head in {"language", "set"} else "right")
    for key, found in sorted(outcomes.items()):
        truths, stopped = (np.array(column) for column in zip(*found, strict=True))
        shares = [
            bootstrap(lambda wanted, held: held[wanted].mean(), truths == label, stopped) for label in (True, False)
        ]
        table.add_row(*key, *map(str, shares))
    return table


def _figures(found: list[Screening]) -> list[str]:
    def by(rule: str) -> float:
        return share(any(verdict.rule == rule for verdict in one.verdicts) for one in found)

    stopped = share(one.outcome is not Outcome.PUBLISH for one in found)
    rejected = share(one.outcome is Outcome.REJECT for one in found)
    return [f"{value:.1%}" for value in (stopped, by("word_lists"), by("toxicity"), rejected)]
