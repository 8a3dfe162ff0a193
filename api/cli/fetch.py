from __future__ import annotations

from pathlib import Path

import click

from api.cli.output import answer, as_json
from api.settings import PUBLISHED_MODELS


@click.command()
@click.argument("name", type=click.Choice(PUBLISHED_MODELS))
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
@as_json
def command(name: str, folder: Path, *, as_json: bool) -> None:
    """Fetch the Detoxify model NAME into FOLDER, and print the settings that use it from there.

    FOLDER can be carried to a machine without network. What is complete is not fetched again.
    """
    from moderation.classifiers import published

    path = published.fetch(name, folder)
    facts = {"model": str(path), "digest": published.recorded_digest(path)}
    answer(facts, f"VORAB_MODEL={path}\nVORAB_MODEL_DIGEST={facts['digest']}", as_json=as_json)
