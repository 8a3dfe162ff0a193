from __future__ import annotations

import hashlib
import sys
from collections.abc import Sequence
from itertools import dropwhile
from pathlib import Path
from typing import Any

import click
from rich.console import Console

from api.charts import Report
from api.cli.output import Failure, read_settings
from api.cli.reports import publish
from api.cli.rows import bulk_screener, count_lines, lines_of, progress
from moderation import evaluating, screening, text
from moderation.bulk import BulkScreener, read_row
from moderation.evaluating import Record
from moderation.policies import Policy
from moderation.screening.assessment import thresholds_for


@click.command()
@click.argument("source", metavar="FILE.jsonl", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--truth", default="toxic", show_default=True, help="The field that says whether a row is toxic (1, 0).")
@click.option("--label", default="toxicity", show_default=True, help="The score to set thresholds on.")
@click.option("--language", default="de", show_default=True, help="What rows without `lang` are taken to be in.")
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), help="Default: var/evaluations/FILE.")
@click.option("--fresh", is_flag=True, help="Begin anew instead of going on where an earlier run was broken off.")
@click.option("--json", "as_json", is_flag=True, help="Answer with one JSON document.")
def command(
    source: Path, truth: str, label: str, language: str, out: Path | None, *, fresh: bool, as_json: bool
) -> None:
    """Screen the labelled comments of FILE.jsonl ({"text": …, "toxic": 0 or 1, "lang": …}) under the default policy.

    Prints precision, recall, false alarms and the size of the queue at each threshold with 95 % intervals, and writes
    chart.png, report.html and report.json. Run again after a break, it goes on where it was; no text is copied.
    """
    folder = out or Path("var/evaluations") / source.stem
    settings, console = read_settings(secret_needed=False), Console(stderr=True)
    with bulk_screener(settings, Policy(), console) as screener:
        identity = screener.classifier.identity
        if label not in identity.labels:
            raise Failure(f"{identity.name} has no label {label!r}; it has {', '.join(identity.labels)}")
        record = Record(folder / "scored.jsonl", _basis(source, identity.digest, [truth, label, language]))
        if fresh:
            record.path.unlink(missing_ok=True)
        _fill(record, screener, source, [truth, label, language], console)
    if not record.rows:
        raise Failure(f"no row of {source} has a text and a {truth!r} that is 0 or 1")
    report = Report(
        title=f"{source.name}: {len(record.rows)} labelled comments",
        model=identity.name,
        digest=identity.digest,
        label=label,
        limits={
            language: limits[label]
            for language in sorted(identity.languages)
            if label in (limits := thresholds_for({}, identity, language))
        },
        whole=evaluating.figures(record.rows),
        languages=evaluating.by_language(record.rows),
        left_out=record.left_out,
    )
    publish(report, folder, as_json=as_json)


def _basis(source: Path, digest: str, options: Sequence[str]) -> dict[str, Any]:
    """All that the rows depend on. The rules' own files count: a changed word list must not be measured by halves."""
    with source.open("rb") as stream:
        content = hashlib.file_digest(stream, "sha256").hexdigest()
    rules = hashlib.sha256()
    for package in (screening, text):
        for path in sorted(Path(package.__path__[0]).rglob("*")):
            if path.suffix in (".py", ".txt"):
                rules.update(path.read_bytes())
    return {"input": content, "model": digest, "options": list(options), "rules": rules.hexdigest()}


def _fill(record: Record, screener: BulkScreener, source: Path, options: Sequence[str], console: Console) -> None:
    truth, label, language = options
    with record, progress(console) as shown:
        done = sum(record.left_out.values()) + len(record.rows)
        if done:
            console.print(f"Going on after {done} rows that were scored before.")
        task = shown.add_task("Evaluating", total=count_lines(source), completed=done)
        wanted = dropwhile(lambda line: line[0] <= record.last, lines_of(source, sys.stdin.buffer))
        rows = (read_row(number, line, language=language) for number, line in wanted)
        for screened in screener.screen_all(rows):
            record.add(screened, truth=truth, label=label)
            shown.advance(task)
