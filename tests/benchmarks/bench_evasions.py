"""What each evasion costs: AUC of the classifier on disguised comments, as written and as the pipeline scores them.

Goal: after normalising at most 0.02 below the undisguised comments. Every comment is disguised, the clean ones too.
"""

from __future__ import annotations

import os
import random

import numpy as np
from rich.console import Console
from rich.table import Table
from sklearn.metrics import roc_auc_score

from moderation.classifiers.protocol import ScoringInput
from moderation.screening.assessment import assess
from tests.benchmarks.evasions import EVASIONS
from tests.benchmarks.measuring import Row, classifier, rows

SETS = (("austrotox", "dev"), ("germeval2018", "test"))


def main() -> None:
    most = int(os.environ.get("VORAB_BENCH_ROWS", "1000"))
    for name, split in SETS:
        found = rows("comments", lambda row, wanted=(name, split): (row.set, row.split) == wanted)
        if found:
            Console().print(_table(f"{name} {split}", found[:: max(1, len(found) // most)]))


def _table(title: str, found: list[Row]) -> Table:
    table = Table(title=title, title_justify="left")
    for head in ("evasion", "as written", "as screened", "cost"):
        table.add_column(head, justify="left" if head == "evasion" else "right")
    plain = _auc(found, [row.text for row in found])
    table.add_row("none", f"{_auc_raw(found, [row.text for row in found]):.3f}", f"{plain:.3f}", "")
    for name, disguise in EVASIONS.items():
        chance = random.Random(7)  # noqa: S311  # The same disguises in every run.
        texts = [disguise(row.text, chance) for row in found]
        screened = _auc(found, texts)
        table.add_row(name, f"{_auc_raw(found, texts):.3f}", f"{screened:.3f}", f"{plain - screened:+.3f}")
    return table


def _auc(found: list[Row], texts: list[str]) -> float:
    scores = [assess(text, row.language, classifier(), {}).scores for row, text in zip(found, texts, strict=True)]
    return _area(found, [one["toxicity"] for one in scores])


def _auc_raw(found: list[Row], texts: list[str]) -> float:
    inputs = [ScoringInput(text[:400], row.language) for row, text in zip(found, texts, strict=True)]
    return _area(found, [one["toxicity"] for one in classifier().score(inputs)])


def _area(found: list[Row], scores: list[float]) -> float:
    return float(roc_auc_score(np.array([row.toxic for row in found]), np.array(scores)))
