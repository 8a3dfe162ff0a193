"""``vorab score`` as a person or a script calls it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from api import cli
from api.cli import rows, score
from moderation.errors import CheckpointError
from tests.fakes import FakeClassifier


@pytest.fixture(autouse=True)
def a_fake_classifier(monkeypatch: pytest.MonkeyPatch) -> None:
    @contextmanager
    def service(*_: object, **__: object) -> Iterator[FakeClassifier]:
        yield FakeClassifier()

    monkeypatch.setattr(rows, "running_service", service)
    monkeypatch.delenv("VORAB_SECRET_KEY", raising=False)


def vorab(*arguments: object, stdin: bytes | None = None) -> Result:
    return CliRunner().invoke(score.command, [str(one) for one in arguments], input=stdin, catch_exceptions=False)


def written(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def test_a_file_becomes_a_file_with_a_row_for_each_row(tmp_path: Path) -> None:
    source, target = tmp_path / "in.jsonl", tmp_path / "out.jsonl"
    source.write_bytes('\ufeff{"text": "Schön."}\r\n\r\nkaputt\n{"text": "Murrkopf"}'.encode())
    answer = vorab(source, target)
    assert answer.exit_code == 0
    assert [row["outcome"] for row in written(target)] == ["publish", "hold", "hold"]
    assert "line 3: the line is no JSON" in answer.stderr
    assert "3 rows" in answer.stdout
    assert "1 could not be screened" in answer.stdout


def test_a_script_gets_the_counts_as_json(tmp_path: Path) -> None:
    source = tmp_path / "in.jsonl"
    source.write_text('{"text": "Schön."}\n{"text": "Murrkopf"}\n', encoding="utf-8")
    facts = json.loads(vorab(source, tmp_path / "out.jsonl", "--json").stdout)
    assert (facts["rows"], facts["publish"], facts["hold"]) == (2, 1, 1)


def test_a_pipe_is_read_and_written_without_anything_else_in_it() -> None:
    answer = vorab("-", "-", "--language", "en", stdin=b'{"text": "Fine."}\n\xff\xfe\n')
    first, second = (json.loads(line) for line in answer.stdout.splitlines())
    assert first["language"] == "en"
    assert second["error"]["code"] == "not_json"


def test_an_empty_file_gives_an_empty_file(tmp_path: Path) -> None:
    (tmp_path / "in.jsonl").touch()
    assert vorab(tmp_path / "in.jsonl", tmp_path / "out.jsonl").exit_code == 0
    assert written(tmp_path / "out.jsonl") == []


def test_the_input_is_never_overwritten(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    source = tmp_path / "in.jsonl"
    source.write_text('{"text": "Schön."}\n', encoding="utf-8")
    (tmp_path / "link.jsonl").symlink_to(source)
    for target in (source, tmp_path / "link.jsonl"):
        with pytest.raises(SystemExit, match="1"):
            cli.main(["score", str(source), str(target)])
    assert "must be another file" in capsys.readouterr().err
    assert source.read_text(encoding="utf-8") == '{"text": "Schön."}\n'


def test_many_broken_rows_are_not_all_complained_about(tmp_path: Path) -> None:
    source = tmp_path / "in.jsonl"
    source.write_text("x\n" * 50, encoding="utf-8")
    answer = vorab(source, tmp_path / "out.jsonl")
    assert answer.stderr.count("no JSON") == 10
    assert "50 could not be screened" in answer.stdout


def test_a_model_that_cannot_be_loaded_leaves_no_output(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    @contextmanager
    def refuses(*_: object, **__: object) -> Iterator[FakeClassifier]:
        raise CheckpointError("wrong digest")
        yield

    monkeypatch.setattr(rows, "running_service", refuses)
    (tmp_path / "in.jsonl").write_text('{"text": "a"}', encoding="utf-8")
    with pytest.raises(SystemExit, match="1"):
        cli.main(["score", str(tmp_path / "in.jsonl"), str(tmp_path / "out.jsonl")])
    assert "wrong digest" in capsys.readouterr().err
    assert not (tmp_path / "out.jsonl").exists()
