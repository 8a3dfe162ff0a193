"""Screening rows of a file instead of comments: what would become of each text under a policy. Nothing is stored.

A row is a JSON object with a ``text`` and, if it is known, a ``lang``. Whatever else it holds is handed through. A row
that cannot be screened gets an ``error`` in place of scores, and the outcome of a comment that could not be: ``hold``.
"""

from __future__ import annotations

import json
import math
import re
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, NoReturn

from moderation.classifiers.protocol import Classifier
from moderation.errors import ClassifierError, ClassifierUnavailableError, VorabError
from moderation.policies import Policy
from moderation.screening.pipeline import Material, Screening, screen
from moderation.screening.rules.protocol import Rule
from moderation.screening.verdicts import Outcome
from moderation.text.input import is_visible

MAX_CHARS = 100_000
"""No comment is longer. A row that is has come from a broken export, and would take minutes."""

_LANGUAGE = re.compile(r"([A-Za-z]{2,3})(?:[-_][A-Za-z0-9]+)*")
_SURROGATE = re.compile("[\ud800-\udfff]")


class RowError(VorabError):
    """A row cannot be screened. ``reason`` is a stable code, the message says what is wrong for a person."""

    code = "invalid_row"

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a file, as far as it could be read; with an ``error`` it cannot be screened."""

    number: int
    """Of the line, counted from 1."""
    fields: Mapping[str, Any]
    text: str = ""
    language: str = ""
    error: RowError | None = None


@dataclass(frozen=True, slots=True)
class ScreenedRow:
    row: Row
    screening: Screening | None
    error: RowError | None

    def as_json(self) -> dict[str, Any]:
        """The row's own fields, and what was found."""
        found = self.screening
        added: dict[str, Any] = {
            "scores": {label: round(score, 6) for label, score in found.scores.items()} if found else {},
            "language": found.language if found else None,
            "outcome": found.outcome.value if found else Outcome.HOLD.value,
            "reasons": list(found.reasons) if found else ["screening_failed"],
            "passages": _passages(found) if found else [],
        }
        if self.error is not None:
            added["error"] = {"code": self.error.reason, "message": str(self.error)}
        return {**self.row.fields, **added}


@dataclass(frozen=True, slots=True)
class BulkScreener:
    """Screens rows on several threads, whose texts a scoring service gathers into batches."""

    classifier: Classifier
    rules: Sequence[Rule]
    policy: Policy
    threads: int = 8

    def screen(self, row: Row) -> ScreenedRow:
        """One row.

        Raises:
            ClassifierUnavailableError: there is no model to ask, which is no row's fault.
        """
        if row.error is not None:
            return ScreenedRow(row, None, row.error)
        material = Material(text=row.text, site_language=row.language, policy=self.policy)
        try:
            return ScreenedRow(row, screen(material, self.rules, self.classifier), None)
        except ClassifierUnavailableError:
            raise
        except ClassifierError as error:
            return ScreenedRow(row, None, RowError("classifier_failed", f"the text could not be scored: {error}"))

    def screen_all(self, rows: Iterable[Row]) -> Iterator[ScreenedRow]:
        """All rows, in their order, each as soon as it and those before it are done. Reads ahead only a little."""
        with ThreadPoolExecutor(self.threads, thread_name_prefix="rows") as pool:
            yield from _in_order(pool, self.screen, rows, ahead=self.threads * 4)


def read_row(number: int, line: str, *, language: str) -> Row:
    """A row from a line of JSON, which is the ``number``-th of its file.

    ``language`` (ISO 639-1) is what a text without ``lang`` is taken to be in. As with a comment on a site in that
    language, it is what is expected, not what is believed: a text that is clearly in another language counts as that.
    """
    try:
        found = json.loads(line, parse_constant=_refuse, parse_float=_finite)
    except (ValueError, RecursionError) as error:
        return Row(number, {"row": line.rstrip("\r\n")}, error=RowError("not_json", f"the line is no JSON: {error}"))
    if not isinstance(found, dict):
        return Row(number, {"row": found}, error=RowError("not_an_object", "the line is no object with a 'text'"))
    try:
        return Row(number, found, _text_of(found), _language_of(found) or language)
    except RowError as error:
        return Row(number, found, error=error)


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is no number")


def _finite(digits: str) -> float:
    number = float(digits)
    return number if math.isfinite(number) else _refuse(digits)


def _text_of(fields: Mapping[str, Any]) -> str:
    if "text" not in fields:
        raise RowError("text_missing", "the row has no field 'text'")
    text = fields["text"]
    if not isinstance(text, str):
        raise RowError("text_not_a_string", "'text' is not a string")
    if not is_visible(text):
        raise RowError("text_empty", "'text' holds nothing that could be seen")
    if len(text) > MAX_CHARS:
        raise RowError("text_too_long", f"'text' has {len(text)} characters, {MAX_CHARS} are the most")
    return text


def _language_of(fields: Mapping[str, Any]) -> str | None:
    given = fields.get("lang")
    if given is None or given == "":
        return None
    named = _LANGUAGE.fullmatch(given) if isinstance(given, str) else None
    if named is None:
        raise RowError("lang_invalid", "'lang' is not a language code such as 'de'")
    return named.group(1).lower()


def as_line(fields: Mapping[str, Any]) -> str:
    """JSON in one line. What UTF-8 has no place for is escaped, as it was in the input."""
    text = json.dumps(fields, ensure_ascii=False)
    return text if _SURROGATE.search(text) is None else json.dumps(fields)


def _passages(screening: Screening) -> list[dict[str, Any]]:
    return [
        {"begin": passage.begin, "end": passage.end, "labels": list(passage.labels)} for passage in screening.passages
    ]


def _in_order(
    pool: ThreadPoolExecutor, work: Callable[[Row], ScreenedRow], rows: Iterable[Row], *, ahead: int
) -> Iterator[ScreenedRow]:
    running: deque[Future[ScreenedRow]] = deque()
    try:
        for row in rows:
            running.append(pool.submit(work, row))
            while len(running) >= ahead or (running and running[0].done()):
                yield running.popleft().result()
        while running:
            yield running.popleft().result()
    finally:
        for future in running:
            future.cancel()
