"""``vorab evaluate``: figures that are right, a run that can be broken off, files that stand for themselves."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from api import cli
from api.cli import evaluate, rows
from moderation.bulk import BulkScreener, Row
from moderation.evaluating import truth_of
from tests.fakes import FakeClassifier
from tests.sentences import sentence


@pytest.fixture(autouse=True)
def classifier(monkeypatch: pytest.MonkeyPatch) -> FakeClassifier:
    fake = FakeClassifier()

    @contextmanager
    def service(*_: object, **__: object) -> Iterator[FakeClassifier]:
        yield fake

    monkeypatch.setattr(rows, "running_service", service)
    return fake


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """30 toxic rows of which 20 are found, 70 clean ones of which 7 are held; 25 in English, two without use."""
    wanted = []
    for number in range(100):
        toxic, found = number < 30, number < 20 or number >= 93
        text = f"{sentence(number)} {'Murrkopf' if found else ''}"
        wanted.append({"text": text, "toxic": int(toxic)})
    for number in range(25, 50):
        wanted[number] = {
            "text": f"The council plans to rebuild the old library next year, number {number}.",
            "toxic": wanted[number]["toxic"],
            "lang": "en",
        }
    lines = [*map(json.dumps, wanted), '{"text": "Ein Satz ohne Urteil."}', "kaputt"]
    path = tmp_path / "labelled.jsonl"
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


def vorab(*arguments: object) -> Result:
    return CliRunner().invoke(evaluate.command, [str(one) for one in arguments], catch_exceptions=False)


def test_the_figures_are_those_of_the_rows(source: Path, tmp_path: Path) -> None:
    facts = json.loads(vorab(source, "--out", tmp_path / "out", "--json").stdout)
    assert (facts["rows"], facts["toxic"]) == (100, 30)
    half = next(point for point in facts["thresholds"] if point["threshold"] == 0.5)
    assert half["recall"]["value"] == pytest.approx(20 / 30, abs=1e-4)
    assert half["precision"]["value"] == pytest.approx(20 / 27, abs=1e-4)
    assert half["false_alarms"] == {"value": 0.1, "low": 0.0493, "high": 0.1923, "hits": 7, "of": 70}
    assert half["queue"]["hits"] == 27
    assert facts["default_policy"]["queue"]["hits"] == 27
    assert facts["auc"]["low"] < facts["auc"]["value"] < facts["auc"]["high"]
    assert facts["left_out"] == {"unlabelled": 1, "broken": 1}
    assert {language: part["rows"] for language, part in facts["languages"].items()} == {"de": 75, "en": 25}


def test_a_person_gets_tables_and_the_names_of_the_files(source: Path, tmp_path: Path) -> None:
    answer = vorab(source, "--out", tmp_path / "out").stdout
    assert "all, by toxicity: 100 comments, 30 toxic, AUC" in answer
    assert "1 rows left out: unlabelled" in answer
    assert (tmp_path / "out" / "chart.png").read_bytes()[:8] == b"\x89PNG\r\n\x1a\n"


def test_the_page_needs_nothing_but_itself(source: Path, tmp_path: Path) -> None:
    vorab(source, "--out", tmp_path / "out")
    page = (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    assert "<svg" in page
    assert "<script" not in page
    assert not re.search(r"""(?:src|href)=["'](?!#)|url\((?!#)|@import""", page)


def test_no_text_is_copied_into_the_results(source: Path, tmp_path: Path) -> None:
    vorab(source, "--out", tmp_path / "out")
    for path in (tmp_path / "out").iterdir():
        assert b"Murrkopf" not in path.read_bytes()


def test_a_run_that_was_broken_off_goes_on_where_it_was(
    source: Path, tmp_path: Path, classifier: FakeClassifier, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = json.loads(vorab(source, "--out", tmp_path / "whole", "--json").stdout)
    screen = BulkScreener.screen

    def breaks(self: BulkScreener, row: Row) -> Any:
        if row.number == 60:
            raise KeyboardInterrupt
        return screen(self, row)

    monkeypatch.setattr(BulkScreener, "screen", breaks)
    CliRunner().invoke(evaluate.command, [str(source), "--out", str(tmp_path / "out")])
    record = tmp_path / "out" / "scored.jsonl"
    with record.open("a", encoding="utf-8") as stream:
        stream.write('{"number": 60, "tox')  # the process died while it wrote this
    monkeypatch.setattr(BulkScreener, "screen", screen)
    classifier.calls.clear()

    answer = vorab(source, "--out", tmp_path / "out", "--json")

    facts = json.loads(answer.stdout)
    assert {**facts, "files": None} == {**whole, "files": None}
    assert "Going on after" in answer.stderr
    assert 0 < sum(any("Murrkopf" not in one.text for one in call) for call in classifier.calls) < 60


def test_a_changed_file_and_a_wish_for_it_begin_anew(source: Path, tmp_path: Path, classifier: FakeClassifier) -> None:
    out = tmp_path / "out"
    vorab(source, "--out", out)
    classifier.calls.clear()
    vorab(source, "--out", out)
    assert not classifier.calls
    vorab(source, "--out", out, "--fresh")
    assert len(classifier.calls) >= 100
    source.write_text(source.read_text(encoding="utf-8") + '\n{"text": "Neu.", "toxic": 0}', encoding="utf-8")
    assert json.loads(vorab(source, "--out", out, "--json").stdout)["rows"] == 101


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [(["--label", "threat"], "has no label 'threat'"), (["--truth", "gift"], "no row of")],
)
def test_what_cannot_be_measured_is_said(
    source: Path, tmp_path: Path, arguments: list[str], complaint: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit, match="1"):
        cli.main(["evaluate", str(source), "--out", str(tmp_path / "out"), *arguments])
    assert complaint in capsys.readouterr().err


def test_rows_of_one_kind_have_no_auc(tmp_path: Path) -> None:
    (tmp_path / "clean.jsonl").write_text('{"text": "Schön.", "toxic": 0}', encoding="utf-8")
    assert "clean.jsonl" not in vorab(tmp_path / "clean.jsonl", "--out", tmp_path / "out").stderr
    assert json.loads((tmp_path / "out" / "report.json").read_text(encoding="utf-8"))["auc"] is None


@pytest.mark.parametrize(
    ("value", "truth"),
    [(1, True), (True, True), ("1", True), ("TRUE", True), (0, False), ("false", False), (2, None), ([], None)],
)
def test_labels_are_read_as_people_write_them(value: object, truth: bool | None) -> None:
    assert truth_of({"toxic": value}, "toxic") is truth
