"""The whole recipe. What a stage made is kept in a working folder, so that an interrupted run goes on where it was."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from tokenizers import Tokenizer
from torch import Tensor

from moderation.classifiers.blended import LINEAR
from moderation.classifiers.linear import LinearModel, load_linear, save_linear
from moderation.classifiers.training.bundle import Trained, write_bundle
from moderation.classifiers.training.corpus import LANGUAGES, read_paragraphs
from moderation.classifiers.training.logistic import cross_fitted, fit_linear, table_of
from moderation.classifiers.training.network import Material, Schedule, Shape, build, mean_of, train
from moderation.classifiers.training.pace import Pace, Progress
from moderation.classifiers.training.pretraining import Reading, pretrain, stream_of
from moderation.classifiers.training.report import Halves, Report, measure
from moderation.classifiers.training.split import Split, linear_examples, linear_weights, network_weights
from moderation.classifiers.training.vocabulary import embeddings, learn_tokenizer
from moderation.lexicons.lists import shipped
from moderation.lexicons.tones import toned

DEBATES = "bundestag.txt.gz"
_COMMENTS_READ = 3
"""Comments are few and what it is about: they are read this often for each debate."""

_FOLDS = 3
"""Of the comments, for scores by a linear half that has not seen them."""


@dataclass(frozen=True, slots=True)
class Plan:
    """Sizes and lengths. The defaults are those of the model that is shipped."""

    name: str = "vorab-embedded-4"
    vocabulary: int = 12_000
    shape: Shape = Shape(layers=2, width=256, heads=4, inner=512)
    reading: Reading = Reading(pace=Pace(steps=7000, peak_rate=1.5e-3, warmup=200), save_every=250)
    schedule: Schedule = Schedule(pace=Pace(steps=1500, peak_rate=5e-4, warmup=100))
    seeds: tuple[int, ...] = (0, 1)
    paragraphs: int = 180_000
    """Of the debates, drawn at random; a third of them for the vocabulary."""


@dataclass(frozen=True, slots=True)
class Run:
    """One run of the recipe: where its data and its half-finished work lie, and whom it tells how far it is."""

    data: Path
    work: Path
    plan: Plan
    parts: Split
    progress: Progress = field(repr=False)


def run(job: Run, folder: Path) -> Report:
    """Do what is not done yet, write the model into ``folder`` and say how good it is."""
    job.work.mkdir(parents=True, exist_ok=True)
    tokenizer = _tokenizer(job)
    body = _body(job, tokenizer)
    linear, crossed = _linear(job)
    network: Any = mean_of([_network(job, tokenizer, body, seed) for seed in job.plan.seeds])
    report = measure(Halves(network, tokenizer, linear, crossed), job.parts, job.progress)
    write_bundle(folder, Trained(job.plan.name, network, tokenizer, linear, report.blend, report.hold_thresholds))
    return report


def _tokenizer(job: Run) -> Tokenizer:
    path = job.work / "tokenizer.json"
    if not path.exists():
        debates = _debates(job)
        texts = [*_comments(job), *_neutral(job), *debates[: len(debates) // 3]]
        learn_tokenizer(texts, job.plan.vocabulary).save(str(path))
        job.progress("vocabulary", 1, 1, 0.0)
    return Tokenizer.from_file(str(path))


def _body(job: Run, tokenizer: Tokenizer) -> Mapping[str, Tensor]:
    path = job.work / "body.pt"
    if not path.exists():
        torch.manual_seed(job.plan.reading.seed)
        network: Any = build(job.plan.shape, tokenizer, 0.0)
        comments, rest = _comments(job), [*_neutral(job), *_debates(job)]
        network.base_model.get_input_embeddings().weight.data.copy_(
            torch.from_numpy(_vectors(job, tokenizer, [*comments, *comments, *rest])) * 0.02
        )
        stream = stream_of([*(comments * _COMMENTS_READ), *rest], tokenizer)
        pretrain(network, stream, tokenizer, job.plan.reading, job.work / "reading.pt", job.progress)
        torch.save(network.base_model.state_dict(), path)
    weights: Mapping[str, Tensor] = torch.load(path, weights_only=True)
    return weights


def _vectors(job: Run, tokenizer: Tokenizer, texts: Sequence[str]) -> NDArray[np.float32]:
    path = job.work / "embeddings.npy"
    if not path.exists():
        encoded = tokenizer.encode_batch(list(texts))
        rows = [row.ids[1:-1] for row in encoded]
        np.save(path, embeddings(rows, tokenizer.get_vocab_size(), job.plan.shape.width))
        job.progress("embeddings", 1, 1, 0.0)
    vectors: NDArray[np.float32] = np.load(path)
    return vectors


def _linear(job: Run) -> tuple[Mapping[str, LinearModel], Mapping[str, NDArray[np.float64]]]:
    path, crossed_path = job.work / LINEAR, job.work / "cross-fitted.npz"
    if not (path.exists() and crossed_path.exists()):
        models: dict[str, LinearModel] = {}
        crossed: dict[str, NDArray[np.float64]] = {}
        for language in LANGUAGES:
            examples = linear_examples(job.parts.learnt, language)
            table = table_of(examples, linear_weights(examples), (*shipped(language), *toned(language)))
            models[language] = fit_linear(table)
            crossed[language] = cross_fitted(table, models[language].labels, folds=_FOLDS)
            job.progress("linear", len(models), len(LANGUAGES), 0.0)
        np.savez(crossed_path, allow_pickle=False, **crossed)
        save_linear(path, models)
    with np.load(crossed_path, allow_pickle=False) as stored:
        return load_linear(path, LANGUAGES), {language: stored[language] for language in LANGUAGES}


def _network(job: Run, tokenizer: Tokenizer, body: Mapping[str, Tensor], seed: int) -> Any:
    path = job.work / f"network-{seed}.pt"
    schedule = job.plan.schedule.with_seed(seed)
    if not path.exists():
        material = Material(job.parts.learnt, network_weights(job.parts.learnt), tokenizer)
        torch.save(train(material, job.plan.shape, schedule, body, job.progress).state_dict(), path)
    network: Any = build(job.plan.shape, tokenizer, schedule.dropout)
    network.load_state_dict(torch.load(path, weights_only=True))
    network.train(mode=False)
    return network


def _comments(job: Run) -> list[str]:
    texts = [example.text for example in job.parts.learnt if not example.is_neutral]
    random.Random(1).shuffle(texts)  # noqa: S311 - an order, not a secret
    return texts


def _neutral(job: Run) -> list[str]:
    texts = [example.text for example in job.parts.learnt if example.is_neutral and example.source != "bundestag"]
    random.Random(2).shuffle(texts)  # noqa: S311 - an order, not a secret
    return texts


def _debates(job: Run) -> list[str]:
    paragraphs = list(read_paragraphs(job.data / DEBATES))
    random.Random(0).shuffle(paragraphs)  # noqa: S311 - an order, not a secret
    return paragraphs[: job.plan.paragraphs]
