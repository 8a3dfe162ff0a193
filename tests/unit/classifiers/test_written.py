"""Comments of our own to learn from."""

from __future__ import annotations

import math
from collections import Counter
from pathlib import Path

import pytest

from moderation.classifiers.training import written
from moderation.classifiers.training.corpus import LANGUAGES, Example
from moderation.classifiers.training.split import HELD_BACK, split
from moderation.classifiers.training.written import read_written
from moderation.text.normalising import normalise
from tests.gold.sentences import sentences


def bare(text: str) -> str:
    return " ".join(normalise(text).text.casefold().split())


@pytest.mark.parametrize("language", LANGUAGES)
def test_they_are_as_often_toxic_as_clean_and_none_is_there_twice(language: str) -> None:
    found = [example for example in read_written(str) if example.language == language]
    kinds = Counter(example.toxic for example in found)
    assert len(found) > 1000
    assert 0.8 < kinds[True] / kinds[False] < 1.25
    assert len({bare(example.text) for example in found}) == len(found)
    assert all(math.isnan(target) for example in found for target in example.targets[1:])


def test_nothing_of_the_test_set_of_twins_is_learnt() -> None:
    twins = {bare(sentence.text) for sentence in sentences()}
    assert not twins & {bare(example.text) for example in read_written(str)}


def test_they_are_learnt_from_and_nothing_is_chosen_by_them() -> None:
    examples = [Example(f"Text {number}", "de", "written", "train", (1.0,)) for number in range(100)]
    assert HELD_BACK > 0.05
    parts = split(examples)
    assert (len(parts.learnt), len(parts.held_back)) == (100, 0)


@pytest.mark.parametrize("line", ["böse\tDu Wicht", "toxic Du Wicht", "clean\t ", ""])
def test_a_line_of_another_form_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, line: str) -> None:
    for language in LANGUAGES:
        (tmp_path / f"{language}.txt").write_text(f"toxic\tDu Wicht\n{line}\n", encoding="utf-8")
    monkeypatch.setattr(written, "_FOLDER", tmp_path)
    with pytest.raises(ValueError, match="neither toxic nor clean"):
        read_written(str)
