from __future__ import annotations

import io
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import click
from rich.console import Console

from api.cli.output import Failure, answer, as_json, read_settings
from api.cli.rows import bulk_screener, count_lines, lines_of, progress
from moderation.bulk import ScreenedRow, as_line, read_row
from moderation.policies import Policy

_COMPLAINTS_SHOWN = 10


@click.command()
@click.argument("source", metavar="IN.jsonl", type=click.Path(exists=True, dir_okay=False, allow_dash=True))
@click.argument("target", metavar="OUT.jsonl", type=click.Path(dir_okay=False, writable=True, allow_dash=True))
@click.option("--language", default="de", show_default=True, help="What rows without `lang` are taken to be in.")
@as_json
def command(source: str, target: str, language: str, *, as_json: bool) -> None:
    """Screen each row of IN.jsonl ({"text": …, "lang": …}) as a comment under the default policy, into OUT.jsonl.

    Rows keep their order and their other fields, and gain `scores`, `language`, `outcome`, `reasons` and `passages`;
    a row that cannot be screened gains an `error` that says why. "-" is standard input or output.
    """
    _demand_two_files(source, target)
    settings = read_settings(secret_needed=False)
    console = Console(stderr=True)
    tally: Counter[str] = Counter()
    with bulk_screener(settings, Policy(), console) as screener, _opened(target) as out, progress(console) as shown:
        path = None if source == "-" else Path(source)
        task = shown.add_task("Scoring", total=count_lines(path) if path else None)
        began = time.perf_counter()
        rows = (read_row(number, line, language=language) for number, line in lines_of(path, sys.stdin.buffer))
        for screened in screener.screen_all(rows):
            out.write(as_line(screened.as_json()) + "\n")
            _note(console, tally, screened)
            shown.advance(task)
    facts = {"rows": tally.total() - tally["errors"], **tally, "seconds": round(time.perf_counter() - began, 2)}
    if target == "-":
        console.print(_in_words(facts))
    else:
        answer(facts, _in_words(facts), as_json=as_json)


def _note(console: Console, tally: Counter[str], screened: ScreenedRow) -> None:
    tally[screened.as_json()["outcome"]] += 1
    if screened.error is None:
        return
    tally["errors"] += 1
    if tally["errors"] <= _COMPLAINTS_SHOWN:
        console.print(f"line {screened.row.number}: {screened.error}", markup=False, highlight=False)


def _in_words(facts: dict[str, float]) -> str:
    counts = ", ".join(f"{facts.get(outcome, 0)} {outcome}" for outcome in ("publish", "hold", "reject"))
    broken = f"; {facts['errors']} could not be screened, see their `error`" if facts.get("errors") else ""
    return f"{facts['rows']} rows in {facts['seconds']} s: {counts}{broken}."


def _demand_two_files(source: str, target: str) -> None:
    if source != "-" and Path(target).exists() and Path(target).samefile(source):
        raise Failure("OUT.jsonl is IN.jsonl: rows are written while they are read, so it must be another file")


@contextmanager
def _opened(target: str) -> Iterator[IO[str]]:
    """The file to write to; rows are there as they are done."""
    if target == "-":
        wrapper = io.TextIOWrapper(sys.stdout.buffer, encoding="utf-8", write_through=True)
        try:
            yield wrapper
        finally:
            wrapper.detach()
        return
    with Path(target).open("w", encoding="utf-8", newline="\n") as stream:
        yield stream
