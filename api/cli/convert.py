from __future__ import annotations

import importlib.util
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import click
from rich.console import Console
from rich.progress import track

from api.classifying import load
from api.cli.output import Failure, answer, as_json, read_settings
from api.cli.rows import lines_of
from moderation.bulk import Row, read_row
from moderation.classifiers.parity import Pair, Parity, compare
from moderation.classifiers.protocol import Classifier, Scores
from moderation.evaluating import truth_of
from moderation.screening.assessment import assess
from moderation.text.languages import detect

_LEAST = 100
"""Labelled texts: fewer show nothing."""
_AREA_LOST = 0.005


@dataclass(frozen=True, slots=True)
class _Labelled:
    text: str
    language: str
    toxic: bool


@click.command()
@click.argument("source", metavar="LABELLED.jsonl", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
@click.option("--truth", default="toxic", show_default=True, help="The field that says whether a row is toxic (1, 0).")
@click.option("--language", default="de", show_default=True, help="What rows without `lang` are taken to be in.")
@click.option(
    "--allow-flips",
    type=click.FloatRange(0, 100),
    default=0,
    show_default=True,
    help="Accept that the decision changes for this percentage of the texts.",
)
@as_json
def command(source: Path, folder: Path, truth: str, language: str, allow_flips: float, *, as_json: bool) -> None:
    """Convert the checkpoint that VORAB_MODEL names to 8-bit weights for ONNX Runtime, in FOLDER.

    Both models score the comments of LABELLED.jsonl ({"text": …, "toxic": 0 or 1}). If a decision at the thresholds
    differs, or the AUC falls by more than 0.005, the result is not accepted: nothing can load it. Otherwise prints the
    settings that use it. Takes memory of seven times the checkpoint's size; the server then takes a quarter of it.
    """
    if not all(importlib.util.find_spec(name) for name in ("onnx", "onnxscript")):
        raise Failure("onnx and onnxscript are not installed: pip install '.[convert]' in a checkout")
    console = Console(stderr=True)
    original = load(read_settings(secret_needed=False))
    rows = list(_labelled(source, truth, language, original))
    if len(rows) < _LEAST:
        raise Failure(f"{source} has {len(rows)} labelled texts in the model's languages; it takes {_LEAST}")
    digest, parity = _converted(original, rows, folder, allow_flips, console)
    facts = {"model": str(folder), "digest": digest, "parity": parity.as_json()}
    settings = f"VORAB_MODEL={folder}\nVORAB_MODEL_DIGEST={digest}"
    answer(facts, f"{_in_words(parity)} Use it with:\n{settings}", as_json=as_json)


def _labelled(source: Path, truth: str, language: str, classifier: Classifier) -> Iterator[_Labelled]:
    covered = classifier.identity.languages
    for number, line in lines_of(source, sys.stdin.buffer):
        row: Row = read_row(number, line, language=language)
        toxic = truth_of(row.fields, truth)
        if row.error is None and toxic is not None:
            spoken = detect(row.text, expected=row.language)
            if spoken in covered or "*" in covered:
                yield _Labelled(row.text, spoken, toxic)


def _converted(
    original: Classifier, rows: list[_Labelled], folder: Path, allow_flips: float, console: Console
) -> tuple[str, Parity]:
    from moderation.classifiers import quantizing
    from moderation.classifiers.detoxify import DetoxifyClassifier
    from moderation.classifiers.onnx_int8 import QuantizedClassifier

    if not isinstance(original, DetoxifyClassifier):
        raise Failure("VORAB_MODEL must name a checkpoint or a published model; the embedded one is small as it is")
    before = _scores(original, rows, "Scoring with the original", console)
    with console.status("Converting …"):
        description = quantizing.quantize(original, folder)
    after = _scores(QuantizedClassifier(folder, description, ""), rows, "Scoring with 8-bit weights", console)
    pairs = [Pair(row.language, row.toxic, *both) for row, *both in zip(rows, before, after, strict=True)]
    parity = compare(pairs, original.identity.hold_thresholds)
    if parity.flips > allow_flips / 100 * parity.texts or parity.area_lost > _AREA_LOST:
        raise Failure(f"not accepted: {_in_words(parity)} --allow-flips accepts some")
    return quantizing.accept(folder, description, parity), parity


def _scores(classifier: Classifier, rows: list[_Labelled], what: str, console: Console) -> list[Scores]:
    shown = track(rows, what, console=console, transient=True, disable=not console.is_terminal)
    return [assess(row.text, row.language, classifier, {}).scores for row in shown]


def _in_words(parity: Parity) -> str:
    areas = (
        f", AUC {parity.auc_before:.4f} before and {parity.auc_after:.4f} after"
        if parity.auc_before is not None
        else ""
    )
    return (
        f"{parity.texts} texts: {parity.flips} decisions differ, "
        f"no score by more than {parity.largest_difference:.3f}{areas}."
    )
