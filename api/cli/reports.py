"""Figures on judged comments, for people and scripts: what ``vorab evaluate`` and ``vorab calibrate`` share."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click
from rich.box import SIMPLE
from rich.console import Console
from rich.table import Table

from api import charts
from api.charts import Report, percent
from moderation.evaluating import Figures
from moderation.measuring import Tally


def write_report(report: Report, folder: Path) -> dict[str, Any]:
    """Write chart.png, report.html and report.json, and return what the last one holds."""
    folder.mkdir(parents=True, exist_ok=True)
    facts = {**charts.as_json(report), "files": {name: str(folder / name) for name in ("chart.png", "report.html")}}
    charts.write_png(folder / "chart.png", report)
    charts.write_html(folder / "report.html", report)
    (folder / "report.json").write_text(json.dumps(facts, indent=1), encoding="utf-8")
    return facts


def publish(report: Report, folder: Path, *, as_json: bool) -> None:
    """Write the files, and say the figures."""
    facts = write_report(report, folder)
    if as_json:
        click.echo(json.dumps(facts))
    else:
        print_report(report, folder, Console())


def print_report(report: Report, folder: Path, console: Console) -> None:
    console.print(_table("all", report.whole, report))
    if len(report.languages) > 1:
        for language, figures in report.languages.items():
            console.print(_table(language, figures, report))
    for reason, count in report.left_out.items():
        console.print(f"{count} rows left out: {reason}")
    console.print(
        f"Written: {folder / 'chart.png'}, {folder / 'report.html'}, {folder / 'report.json'}", soft_wrap=True
    )


def _table(name: str, figures: Figures, report: Report) -> Table:
    area = f", AUC {figures.area}" if figures.area else ""
    # rich reads square brackets as markup.
    title = f"{name}, by {report.label}: {figures.rows} comments, {figures.toxic} toxic{area}".replace("[", r"\[")
    # Eighty columns are enough for it.
    table = Table(title=title, title_justify="left", box=SIMPLE, show_edge=False, padding=(0, 0))
    for head in ("threshold", "precision", "recall", "false alarms", "in queue", "queue"):
        table.add_column(head, justify="right", no_wrap=True)
    table.add_row("policy", *_cells(figures.screened), style="bold")
    for point in figures.points:
        table.add_row(f"{point.threshold:.2f}", *_cells(point.tally))
    return table


def _cells(tally: Tally) -> list[str]:
    shares = (tally.precision, tally.recall, tally.alarms, tally.queue)
    return [*map(percent, shares), str(tally.queue.hits)]
