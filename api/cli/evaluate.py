from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Sequence
from itertools import dropwhile
from pathlib import Path
from typing import Any

import click
from rich.box import SIMPLE
from rich.console import Console
from rich.table import Table

from api import charts
from api.charts import Report, percent
from api.cli.output import Failure, read_settings
from api.cli.rows import bulk_screener, count_lines, lines_of, progress
from moderation import evaluating, screening, text
from moderation.bulk import BulkScreener, read_row
from moderation.evaluating import Figures, Record
from moderation.measuring import Tally
from moderation.policies import Policy
from moderation.screening.assessment import thresholds_for


@click.command(help="Measure a classifier on labelled comments.")
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
    _publish(report, folder, as_json=as_json)


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


def _publish(report: Report, folder: Path, *, as_json: bool) -> None:
    facts = {**charts.as_json(report), "files": {name: str(folder / name) for name in ("chart.png", "report.html")}}
    charts.write_png(folder / "chart.png", report)
    charts.write_html(folder / "report.html", report)
    (folder / "report.json").write_text(json.dumps(facts, indent=1), encoding="utf-8")
    if as_json:
        click.echo(json.dumps(facts))
        return
    console = Console()
    console.print(_table("all", report.whole, report.label))
    if len(report.languages) > 1:
        for language, figures in report.languages.items():
            console.print(_table(language, figures, report.label))
    for reason, count in report.left_out.items():
        console.print(f"{count} rows left out: {reason}")
    console.print(
        f"Written: {folder / 'chart.png'}, {folder / 'report.html'}, {folder / 'report.json'}", soft_wrap=True
    )


def _table(name: str, figures: Figures, label: str) -> Table:
    area = f", AUC {figures.area}" if figures.area else ""
    # rich reads square brackets as markup.
    title = f"{name}: {figures.rows} comments, {figures.toxic} toxic{area}".replace("[", r"\[")
    table = Table(title=title, title_justify="left", box=SIMPLE)
    for head in (f"{label} ≥", "precision", "recall", "false alarms", "in queue", "queue"):
        table.add_column(head, justify="right", no_wrap=True)
    table.add_row("policy", *_cells(figures.screened), style="bold")
    for point in figures.points:
        table.add_row(f"{point.threshold:.2f}", *_cells(point.tally))
    return table


def _cells(tally: Tally) -> list[str]:
    shares = (tally.precision, tally.recall, tally.alarms, tally.queue)
    return [*map(percent, shares), str(tally.queue.hits)]
