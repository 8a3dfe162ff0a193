"""Measuring a classifier on labelled rows, in a way that can be broken off and taken up again."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

import numpy as np

from moderation.bulk import ScreenedRow
from moderation.classifiers.training.metrics import Interval, auc, bootstrap
from moderation.measuring import Judged, Operating, Tally, as_screened, at_thresholds
from moderation.screening.verdicts import Outcome

THRESHOLDS = tuple(round(0.05 * step, 2) for step in range(1, 20))
_TRUE, _FALSE = (True, 1, "1", "true"), (False, 0, "0", "false")


@dataclass(frozen=True, slots=True)
class Measured:
    """One labelled row, without its text."""

    number: int
    language: str
    judged: Judged


@dataclass(frozen=True, slots=True)
class Figures:
    """What was measured on some rows."""

    rows: int
    toxic: int
    area: Interval | None
    """Under the ROC curve, with its bootstrap interval; ``None`` where one kind is missing."""
    screened: Tally
    points: tuple[Operating, ...]

    def as_json(self) -> dict[str, Any]:
        area = self.area
        return {
            "rows": self.rows,
            "toxic": self.toxic,
            "auc": {name: round(getattr(area, name), 4) for name in ("value", "low", "high")} if area else None,
            "default_policy": self.screened.as_json(),
            "thresholds": [{"threshold": point.threshold, **point.tally.as_json()} for point in self.points],
        }


@dataclass(slots=True)
class Record:
    """Rows that were measured, in a file to which each is added as soon as it is done.

    The first line says what they depend on: the input, the model and the policy. A record of anything else is begun
    anew. A line that was cut off when the process died is dropped.
    """

    path: Path
    basis: Mapping[str, Any]
    rows: list[Measured] = field(default_factory=list)
    left_out: Counter[str] = field(default_factory=Counter)
    last: int = 0
    _stream: IO[str] | None = None

    def __enter__(self) -> Record:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        kept = _kept(self.path, self.basis)
        with self.path.open("w", encoding="utf-8") as stream:
            stream.write(json.dumps(dict(self.basis)) + "\n" + "".join(json.dumps(entry) + "\n" for entry in kept))
        for entry in kept:
            self._take(entry)
        self._stream = self.path.open("a", encoding="utf-8", buffering=1)
        return self

    def __exit__(self, *_: object) -> None:
        assert self._stream is not None
        self._stream.close()

    def add(self, screened: ScreenedRow, *, truth: str, label: str) -> None:
        """``truth`` names the field that says whether a row is toxic, ``label`` the score that is measured."""
        entry = _entry(screened, truth, label)
        assert self._stream is not None
        self._stream.write(json.dumps(entry) + "\n")
        self._take(entry)

    def _take(self, entry: Mapping[str, Any]) -> None:
        self.last = entry["number"]
        if "left_out" in entry:
            self.left_out[entry["left_out"]] += 1
            return
        judged = Judged(entry["toxic"], entry["score"], entry["held"])
        self.rows.append(Measured(entry["number"], entry["language"], judged))


def _kept(path: Path, basis: Mapping[str, Any]) -> list[dict[str, Any]]:
    if not path.exists():
        return []
    lines = list(_whole_lines(path))
    return lines[1:] if lines and lines[0] == dict(basis) else []


def _whole_lines(path: Path) -> Iterator[dict[str, Any]]:
    with path.open(encoding="utf-8") as stream:
        for line in stream:
            if not line.endswith("\n"):
                return
            yield json.loads(line)


def _entry(screened: ScreenedRow, truth: str, label: str) -> dict[str, Any]:
    number, toxic = screened.row.number, truth_of(screened.row.fields, truth)
    found = screened.screening
    if found is None:
        return {"number": number, "left_out": "broken"}
    if toxic is None:
        return {"number": number, "left_out": "unlabelled"}
    return {
        "number": number,
        "language": found.language,
        "toxic": toxic,
        "held": found.outcome is not Outcome.PUBLISH,
        "score": found.scores.get(label),
    }


def truth_of(fields: Mapping[str, Any], name: str) -> bool | None:
    """What a row's label says: 1, true or their opposites; ``None`` where it says nothing."""
    value = fields.get(name)
    value = value.casefold() if isinstance(value, str) else value
    if value in _TRUE:
        return True
    return False if value in _FALSE else None


def figures(rows: Sequence[Measured]) -> Figures:
    judged = [row.judged for row in rows]
    toxic = sum(one.toxic for one in judged)
    return Figures(
        rows=len(judged),
        toxic=toxic,
        area=_area(judged) if 0 < toxic < len(judged) else None,
        screened=as_screened(judged),
        points=tuple(at_thresholds(judged, THRESHOLDS)),
    )


def by_language(rows: Sequence[Measured], *, at_least: int = 20) -> dict[str, Figures]:
    """Figures for every language that has enough rows to say anything, the commonest first."""
    counts = Counter(row.language for row in rows)
    return {
        language: figures([row for row in rows if row.language == language])
        for language, count in counts.most_common()
        if count >= at_least
    }


def _area(judged: Sequence[Judged]) -> Interval:
    truths = np.array([one.toxic for one in judged])
    scores = np.array([2.0 if one.score is None else one.score for one in judged])
    return bootstrap(auc, truths, scores, draws=500)
