"""``vorab train``: the embedded classifier from labelled comments."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import click
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

from api.cli.output import Failure, as_json
from moderation.text.normalising import normalise


@click.command()
@click.argument("data", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
@click.option(
    "--work",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("var/training"),
    show_default=True,
    help="What is half finished is kept here; the same command goes on from it.",
)
@click.option("--seeds", type=click.IntRange(1, 20), default=2, show_default=True, help="Networks to average.")
@as_json
def command(*, data: Path, folder: Path, work: Path, seeds: int, as_json: bool) -> None:
    """Train the embedded classifier.

    DATA holds comments.jsonl.gz, neutral.jsonl.gz and bundestag.txt.gz. The model is written into FOLDER.
    """
    from moderation.classifiers.training import recipe
    from moderation.classifiers.training.corpus import read_examples
    from moderation.classifiers.training.split import split
    from moderation.classifiers.training.written import read_written

    missing = [name for name in ("comments.jsonl.gz", "neutral.jsonl.gz", recipe.DEBATES) if not (data / name).exists()]
    if missing:
        raise Failure(f"{data} lacks {', '.join(missing)}.")
    plan = dataclasses.replace(recipe.Plan(), seeds=tuple(range(seeds)))
    with _progress() as progress:
        examples = [*read_examples(data, _normalised), *read_written(_normalised)]
        parts = split(examples)
        report = recipe.run(recipe.Run(data, work, plan, parts, progress), folder)
    found = {"folder": str(folder), "hold_thresholds": report.hold_thresholds, "figures": report.figures}
    click.echo(json.dumps(found, ensure_ascii=False, indent=None if as_json else 2))


def _normalised(text: str) -> str:
    return normalise(text).text


@contextmanager
def _progress() -> Iterator[Callable[[str, int, int, float], None]]:
    """Bars on standard error, one for each stage."""
    from rich.console import Console

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    tasks: dict[str, TaskID] = {}
    with Progress(*columns, console=Console(stderr=True)) as bars:

        def tell(stage: str, done: int, total: int, loss: float) -> None:
            if stage not in tasks:
                tasks[stage] = bars.add_task(stage, total=total)
            bars.update(tasks[stage], completed=done, description=f"{stage}, loss {loss:.3f}" if loss else stage)

        yield tell
