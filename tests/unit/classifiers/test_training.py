"""The recipe from data to model, on data and a network so small that it takes seconds."""

from __future__ import annotations

import gzip
import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

from api.cli import train as train_command
from api.cli.output import Failure
from moderation.classifiers.blended import read_blended
from moderation.classifiers.protocol import ScoringInput
from moderation.classifiers.training import recipe
from moderation.classifiers.training.blending import blended, fit_blend
from moderation.classifiers.training.corpus import Example, read_examples
from moderation.classifiers.training.logistic import cross_fitted, table_of
from moderation.classifiers.training.metrics import auc, bootstrap, bootstrap_gain, macro_f1, share_caught
from moderation.classifiers.training.network import Schedule, Shape
from moderation.classifiers.training.pace import Pace, rate
from moderation.classifiers.training.pretraining import Reading
from moderation.classifiers.training.report import Halves, measure
from moderation.classifiers.training.split import Split, halves, linear_examples, linear_weights, split
from moderation.classifiers.training.thresholds import Allowance, hold_thresholds, spread_like

_NOUNS = ("Haus", "Baum", "Zug", "Brot", "Buch", "Hund", "Tisch", "Weg", "Amt", "Bild", "Fest", "Jahr")


def _text(number: int, *, toxic: bool) -> str:
    said = "so ein dummer Trottel, du Idiot" if toxic else "ein guter Gedanke, vielen Dank"
    return f"{_NOUNS[number % 12]} {_NOUNS[number // 12 % 12]} {said} {number}"


def _row(source: str, place: str, language: str, number: int, *, toxic: bool, **more: Any) -> dict[str, Any]:
    text = f"{source} {place} {_text(number, toxic=toxic)}"
    heads = {"insult": int(toxic)} if language == "de" else {}
    return {
        "set": source, "split": place, "lang": language, "text": text, "toxic": int(toxic), "heads": heads,
        "neg_reliable": True, "task": "offence", **more,
    }  # fmt: skip


def _write(path: Path, rows: list[dict[str, Any]]) -> None:
    with gzip.open(path, "wt", encoding="utf-8") as lines:
        lines.writelines(json.dumps(row) + "\n" for row in rows)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("data")
    sets = [("germeval2018", "train", "de", 280), ("fox_news", "train", "en", 280)]
    sets += [("austrotox", "dev", "de", 20), ("davidson", "test", "en", 20)]
    comments = [_row(*one[:3], number, toxic=number % 2 == 0) for one in sets for number in range(one[3])]
    comments.append({**_row("germeval2018", "train", "de", 0, toxic=False), "text": comments[560]["text"]})
    comments.append(_row("iwg", "test", "de", 1, toxic=False, neg_reliable=False))
    _write(folder / "comments.jsonl.gz", comments)
    neutral = [
        _row("common_voice", place, language, number, toxic=False)
        for language in ("de", "en")
        for place in ("train", "dev")
        for number in range(30)
    ]
    _write(folder / "neutral.jsonl.gz", neutral)
    with gzip.open(folder / recipe.DEBATES, "wt", encoding="utf-8") as lines:
        lines.writelines(f"Herr Präsident, {_text(number, toxic=False)}\n" for number in range(60))
    return folder


@pytest.fixture
def tiny(monkeypatch: pytest.MonkeyPatch) -> None:
    plan = recipe.Plan(
        name="tiny",
        vocabulary=200,
        shape=Shape(layers=1, width=16, heads=2, inner=16),
        reading=Reading(pace=Pace(steps=3, peak_rate=1e-3, warmup=1), rows=2, length=16, save_every=2),
        schedule=Schedule(pace=Pace(steps=2, peak_rate=1e-3, warmup=1), tokens=400),
        paragraphs=50,
    )
    monkeypatch.setattr(recipe, "Plan", lambda: plan)


@pytest.mark.usefixtures("tiny")
def test_training_writes_a_model_that_loads_and_goes_on_from_what_is_done(data: Path, tmp_path: Path) -> None:
    arguments = [str(data), str(tmp_path / "made"), "--work", str(tmp_path / "work"), "--seeds", "2", "--json"]

    first = CliRunner().invoke(train_command.command, arguments, catch_exceptions=False)
    kept = {path.name: path.stat().st_mtime_ns for path in (tmp_path / "work").iterdir()}
    digest = read_blended(tmp_path / "made").identity.digest
    second = CliRunner().invoke(train_command.command, arguments, catch_exceptions=False)

    found = json.loads(second.stdout)
    assert json.loads(first.stdout) == found
    assert found["figures"].keys() == {
        "austrotox (de)", "davidson (en)", "common_voice (de), neutral", "common_voice (en), neutral",
    }  # fmt: skip
    assert {path.name: path.stat().st_mtime_ns for path in (tmp_path / "work").iterdir()} == kept
    model = read_blended(tmp_path / "made")
    assert model.identity.digest == digest
    insult, thanks = model.score([ScoringInput(_text(7, toxic=toxic), "de") for toxic in (True, False)])
    assert insult["toxicity"] > thanks["toxicity"]
    assert insult.keys() == {"toxicity", "insult"}


@pytest.mark.usefixtures("tiny")
def test_an_interrupted_reading_ends_where_an_uninterrupted_one_does(data: Path, tmp_path: Path) -> None:
    import torch

    whole, broken = tmp_path / "whole", tmp_path / "broken"
    parts = split(read_examples(data, str))

    def interrupt(stage: str, done: int, _total: int, _loss: float) -> None:
        if stage == "reading" and done == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        recipe.run(recipe.Run(data, broken, recipe.Plan(), parts, interrupt), tmp_path / "made")
    assert not (broken / "body.pt").exists()
    for work in (broken, whole):
        recipe.run(recipe.Run(data, work, recipe.Plan(), parts, lambda *_told: None), tmp_path / "made")

    bodies = [torch.load(work / "body.pt", weights_only=True) for work in (broken, whole)]
    assert all(torch.equal(bodies[0][key], weight) for key, weight in bodies[1].items())


def test_a_folder_that_lacks_a_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(Failure, match=r"lacks comments\.jsonl\.gz, neutral\.jsonl\.gz"):
        CliRunner().invoke(train_command.command, [str(tmp_path), str(tmp_path)], catch_exceptions=False)


def test_nothing_that_is_measured_on_is_learnt_under_any_name(data: Path) -> None:
    parts = split(read_examples(data, str))

    measured = {example.text.lower() for example in parts.benchmark}
    assert len(measured) == 40
    assert not measured & {example.text.lower() for example in parts.learnt + parts.held_back + parts.neutral}
    assert not any(example.source == "iwg" for example in parts.learnt)


def test_halves_depend_on_the_text_alone() -> None:
    examples = [Example(f"Text {number}", "de", "ud_gsd", "dev", (0.0,)) for number in range(40)]
    first, second = halves(examples)
    assert halves(examples[::-1]) == (first[::-1], second[::-1])
    assert min(len(first), len(second)) > 8


def test_plentiful_neutral_texts_that_are_kept_stand_for_those_that_are_not() -> None:
    learnt = [Example(f"Satz {number}", "de", "common_voice", "train", (0.0,)) for number in range(1000)]
    learnt += [Example("Hallo", "en", "common_voice", "train", (0.0,)), Example("x", "de", "iwg", "train", (1.0,))]
    kept = linear_examples(learnt, "de")
    weights = linear_weights(kept)
    assert 150 < len(kept) < 250
    assert (kept[-1].source, weights[-1]) == ("iwg", 0.5)
    assert weights[:-1].sum() == pytest.approx(10, rel=0.2)


def test_a_label_of_one_kind_is_mixed_evenly() -> None:
    examples = [Example("x", "de", "austrotox", "train", (float(place % 2), math.nan, 1.0, 0.0)) for place in range(6)]
    logits = np.arange(24.0).reshape(6, 4)
    blend = fit_blend(examples, logits, logits, ("toxicity", "insult"))
    assert (blend["insult"].network, blend["insult"].linear, blend["insult"].bias) == (0.5, 0.5, 0.0)


def test_figures_agree_with_what_is_counted_by_hand() -> None:
    truths, scores = [True, True, False, False], [0.9, 0.4, 0.4, 0.1]
    assert auc(truths, scores) == pytest.approx(0.875)
    assert math.isnan(auc([True, True], [0.1, 0.2]))
    assert macro_f1([True, False], [True, True]) == pytest.approx(1 / 3)
    assert macro_f1([False], [False]) == pytest.approx(0.5)
    assert share_caught(truths, scores, held_clean=0.5) == 1.0
    spread = bootstrap(auc, truths * 20, scores * 20, draws=100)
    assert spread.low < spread.value < spread.high
    assert str(spread).startswith("0.875 [0.")
    assert bootstrap_gain(truths * 9, scores * 9, scores * 9, draws=20).high == 0.0


def test_the_learning_rate_warms_up_and_cools_down() -> None:
    pace = Pace(steps=100, peak_rate=1.0, warmup=10)
    rates = [rate(step, pace) for step in range(100)]
    assert rates[0] == pytest.approx(0.1)
    assert max(rates) == pytest.approx(1.0)
    assert rates[-1] < 0.03


def test_thresholds_keep_within_every_allowance() -> None:
    chances = np.random.default_rng(0).random((3, 2000))
    neutral = [{"toxicity": float(one) / 2, "insult": float(one) / 2} for one in chances[0]]
    clean = [
        {"toxicity": float(one), "insult": float(other)} for one, other in zip(chances[1], chances[2], strict=True)
    ]
    newspaper = [{"toxicity": float(one)} for one in chances[2]]
    limits = hold_thresholds(
        [Allowance(neutral, 0.02), Allowance(clean, 0.05), Allowance(newspaper, 0.06), Allowance([], 0.01)]
    )

    def held(texts: list[dict[str, float]]) -> float:
        return sum(any(score >= limits[label] for label, score in one.items()) for one in texts) / len(texts)

    assert (held(neutral), held(newspaper)) <= (0.02, 0.06)
    assert 0.04 < held(clean) <= 0.05
    assert limits["toxicity"] < limits["insult"]


def test_scores_are_spread_like_others_and_keep_their_order() -> None:
    chances = np.random.default_rng(0).random(300)
    found = spread_like(chances[:200].tolist(), (0.4 + chances[200:] / 10).tolist())
    assert np.array_equal(np.argsort(found), np.argsort(chances[:200]))
    assert np.mean(found) == pytest.approx(0.45, abs=0.01)
    assert np.std(found) == pytest.approx(0.03, abs=0.01)
    assert spread_like([0.2], [0.7, 0.8]) == [0.2]


def test_thresholds_of_nothing_hold_next_to_nothing() -> None:
    assert hold_thresholds([]) == {"toxicity": 0.999}


def test_cross_fitted_scores_come_from_models_that_have_not_seen_the_text() -> None:
    chance = np.random.default_rng(0)
    words = ["".join(chr(97 + letter) for letter in chance.integers(0, 26, 8)) for _ in range(240)]
    comments = [
        Example(f"{word} {word}", "de", "austrotox", "train", (float(at % 2),)) for at, word in enumerate(words)
    ]
    neutral = [Example("Der Zug kommt an.", "de", "common_voice", "train", (0.0,))] * 3
    table = table_of(comments + neutral, np.ones(243), ())
    truths = [example.toxic for example in comments]

    logits = cross_fitted(table, ["toxicity"], folds=3)

    assert np.isnan(logits[240:]).all()
    assert auc(truths, logits[:240, 0]) < 0.65
    twice = table_of(comments * 2, np.ones(480), ())
    assert auc(truths * 2, cross_fitted(twice, ["toxicity"], folds=3)[:, 0]) > 0.75


def test_cross_fitted_scores_have_a_column_for_each_label() -> None:
    comments = [
        Example(_text(number, toxic=toxic), "de", "austrotox", "train", (float(toxic), float(not toxic)))
        for number in range(60)
        for toxic in (True, False)
    ]
    truths = np.array([example.toxic for example in comments])

    logits = cross_fitted(table_of(comments, np.ones(120), ()), ["toxicity", "obscene"], folds=3)

    assert logits.shape == (120, 2)
    assert (auc(truths, logits[:, 0]), auc(~truths, logits[:, 1])) > (0.9, 0.9)


class _Linear:
    """A linear half that looks its logits up."""

    labels = ("toxicity", "obscene")

    def __init__(self, known: dict[str, tuple[float, float]]) -> None:
        self._known = known

    def logits(self, texts: list[str]) -> Any:
        return np.array([self._known[text] for text in texts])


class _Halves(Halves):
    def network_logits(self, examples: Any) -> Any:
        return np.zeros((len(examples), 4))


@pytest.mark.parametrize("language", ["de", "en"])
def test_under_newspapers_every_label_keeps_within_what_may_be_held(language: str) -> None:
    """Comments kept back are too few to show how many clean ones under newspapers sound obscene."""
    chance = np.random.default_rng(0)
    newspaper, kept = (
        (drawn - drawn.mean(0)) / drawn.std(0) for drawn in (chance.normal(size=(2000, 2)), chance.normal(size=(40, 2)))
    )
    tweets = np.column_stack([chance.normal(0, 1, 900), np.full(900, -4.0)])
    known = {f"Kommentar {at}": tuple(row) for at, row in enumerate(kept)}
    known |= {f"Tweet {at}": tuple(row) for at, row in enumerate(tweets)}
    learnt, held_back = [], []
    for one in ("de", "en"):
        learnt += [Example(f"Satz {at}", one, "austrotox", "train", (0.0, 0.0)) for at in range(len(newspaper))]
        for text, (toxicity, obscenity) in known.items():
            source = "austrotox" if text.startswith("Kommentar") else "germeval2018"
            held_back.append(Example(text, one, source, "train", (float(toxicity > 1), float(obscenity > 1))))
    linear, crossed = dict.fromkeys(("de", "en"), _Linear(known)), dict.fromkeys(("de", "en"), newspaper)

    report = measure(_Halves(None, None, linear, crossed), Split(learnt, held_back, [], []), lambda *_told: None)

    scores = blended(report.blend[language], np.zeros((2000, 4)), newspaper, _Linear.labels)
    limits = report.hold_thresholds[language]
    assert sum(one["obscene"] >= limits["obscene"] for one in scores) < 0.005 * 2000
    assert sum(any(one[label] >= limit for label, limit in limits.items()) for one in scores) < 0.05 * 2000
