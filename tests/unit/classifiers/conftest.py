"""A complete embedded model with random weights, so small that it is made in a moment."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
import torch

from moderation.classifiers.blended import Mixture
from moderation.classifiers.linear import LinearModel
from moderation.classifiers.ngrams import WIDTH
from moderation.classifiers.signs import SIGNS
from moderation.classifiers.training.bundle import Trained, write_bundle
from moderation.classifiers.training.network import Shape, build
from moderation.classifiers.training.vocabulary import learn_tokenizer
from moderation.lexicons.entries import Entry, Kind

TEXTS = [
    "Der Hund bellt laut.",
    "Du bist ein Trottel!",
    "Ein schöner Tag, an dem die Sonne scheint, und niemand streitet.",
    "Was für ein Unsinn",
    "the quick brown fox jumps over the lazy dog",
]
LABELS = ("toxicity", "obscene", "insult", "identity_attack")


def linear_model(labels: tuple[str, ...] = LABELS) -> LinearModel:
    numbers = np.random.default_rng(0)
    weights = numbers.normal(size=(len(labels), WIDTH)).astype(np.float16).astype(np.float32)
    for_signs = np.ones((len(labels), len(SIGNS)), np.float32)
    entries = (Entry(Kind.SUSPECT, "*trottel"),)
    return LinearModel(
        labels, np.ones(WIDTH, np.float32), weights, for_signs, np.zeros(len(labels), np.float32), entries
    )


@pytest.fixture(scope="session")
def pristine(tmp_path_factory: pytest.TempPathFactory) -> Path:
    torch.manual_seed(0)
    tokenizer = learn_tokenizer(TEXTS * 5, size=120)
    network = build(Shape(layers=1, width=16, heads=2, inner=16), tokenizer, dropout=0.1)
    blend = {
        "de": {label: Mixture(0.5, 0.5, 0.1) for label in LABELS},
        "en": {"toxicity": Mixture(1.0, 0.0, 0.0)},
    }
    trained = Trained(
        name="tiny",
        network=network,
        tokenizer=tokenizer,
        linear={"de": linear_model(), "en": linear_model(("toxicity",))},
        blend=blend,
        hold_thresholds={"de": {"toxicity": 0.6}},
    )
    folder = tmp_path_factory.mktemp("pristine")
    write_bundle(folder, trained)
    return folder


@pytest.fixture
def bundle(pristine: Path, tmp_path: Path) -> Path:
    """A copy that a test may damage."""
    return Path(shutil.copytree(pristine, tmp_path / "bundle"))
