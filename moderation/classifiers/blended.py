"""The embedded model: per language and label a weighted sum of two logits, the network's and the linear model's."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from moderation.classifiers.checkpoints import read_checkpoint
from moderation.classifiers.files import demand_digest, read_json
from moderation.classifiers.inputs import batches_by_length, presentable
from moderation.classifiers.library import CheckedDetoxify, predicted
from moderation.classifiers.linear import LinearModel, load_linear
from moderation.classifiers.protocol import ModelIdentity, Scores, ScoringInput
from moderation.errors import CheckpointError, ClassifierError

CHECKPOINT = "model.ckpt"
LINEAR = "linear.npz"
MANIFEST = "manifest.json"
EMBEDDED = Path(__file__).parent / "embedded"

Blend = Mapping[str, Mapping[str, "Mixture"]]
"""Language to label to how its two logits become one."""


@dataclass(frozen=True, slots=True)
class Mixture:
    """``sigmoid(network * network's logit + linear * linear logit + bias)`` is the score."""

    network: float
    linear: float
    bias: float


class BlendedClassifier:
    """A ``Classifier`` of two halves. The texts of one language are scored together."""

    def __init__(
        self, network: CheckedDetoxify, linear: Mapping[str, LinearModel], blend: Blend, identity: ModelIdentity
    ) -> None:
        self._network, self._linear, self._blend = network, linear, blend
        self.identity = identity

    def score(self, inputs: Sequence[ScoringInput]) -> list[Scores]:
        """See ``Classifier.score``.

        Raises:
            ClassifierError: a text can't be scored, or is in a language that the model was not trained for.
        """
        found: list[Scores] = [{}] * len(inputs)
        for places in batches_by_length([one.text for one in inputs]):
            for language in sorted({inputs[place].language for place in places}):
                chosen = [place for place in places if inputs[place].language == language]
                rows = self._scores([presentable(inputs[place].text) for place in chosen], language)
                for place, scores in zip(chosen, rows, strict=True):
                    found[place] = scores
        return found

    def _scores(self, texts: Sequence[str], language: str) -> list[Scores]:
        if language not in self._blend:
            raise ClassifierError(f"the model was not trained for {language!r}")
        by_label = predicted(self._network, texts)
        linear = self._linear[language]
        linear_logits = linear.logits(texts)
        columns = {
            label: _mixed(mixture, by_label[label], linear_logits[:, linear.labels.index(label)])
            for label, mixture in self._blend[language].items()
        }
        return [{label: column[row] for label, column in columns.items()} for row in range(len(texts))]


def read_blended(folder: Path) -> BlendedClassifier:
    """Load both halves from a folder that the recipe wrote.

    Raises:
        CheckpointError: a file is missing, damaged, or not the one that the manifest names.
    """
    manifest = read_json(folder / MANIFEST)
    try:
        files = {str(name): str(digest) for name, digest in manifest["files"].items()}
        blend = _read_blend(manifest["blend"])
        identity = _identity(manifest, blend)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise CheckpointError(f"{folder / MANIFEST}: incomplete or malformed: {error!r}") from error
    for name, digest in files.items():
        demand_digest(folder / name, digest)
    if not {CHECKPOINT, LINEAR, "config.json", "tokenizer.json", "tokenizer_config.json"} <= files.keys():
        raise CheckpointError(f"{folder / MANIFEST}: names no digest for a file that the model needs")
    network = CheckedDetoxify(read_checkpoint(folder / CHECKPOINT, files[CHECKPOINT]), folder, as_graph=True)
    linear = load_linear(folder / LINEAR, sorted(blend))
    _demand_labels(folder, blend, network.class_names, linear)
    return BlendedClassifier(network, linear, blend, identity)


def _read_blend(stored: Mapping[str, Mapping[str, Mapping[str, float]]]) -> Blend:
    return {
        language: {
            label: Mixture(**{part: float(mix[part]) for part in ("network", "linear", "bias")})
            for label, mix in labels.items()
        }
        for language, labels in stored.items()
    }


def _identity(manifest: Mapping[str, Any], blend: Blend) -> ModelIdentity:
    """The digest covers the files by their digests, and the blend; thresholds don't change scores."""
    basis = json.dumps([manifest["files"], manifest["blend"]], sort_keys=True)
    thresholds: Mapping[str, Mapping[str, float]] = {
        str(language): {str(label): float(limit) for label, limit in labels.items()}
        for language, labels in manifest["hold_thresholds"].items()
    }
    labels = dict.fromkeys(label for language in blend.values() for label in language)
    return ModelIdentity(
        name=str(manifest["name"]),
        digest=hashlib.sha256(basis.encode()).hexdigest(),
        labels=tuple(labels),
        languages=frozenset(blend),
        hold_thresholds=thresholds,
    )


def _demand_labels(folder: Path, blend: Blend, network: Sequence[str], linear: Mapping[str, LinearModel]) -> None:
    for language, labels in blend.items():
        lacking = sorted(set(labels) - (set(network) & set(linear[language].labels)))
        if lacking or "toxicity" not in labels:
            raise CheckpointError(f"{folder}: wrong label set for {language!r}: without weights are {lacking}")


def _mixed(mixture: Mixture, network_scores: Sequence[float], linear_logits: NDArray[np.float32]) -> list[float]:
    scores = np.clip(np.asarray(network_scores, dtype=np.float64), 1e-7, 1 - 1e-7)
    network_logits = np.log(scores / (1 - scores))
    mixed = mixture.network * network_logits + mixture.linear * linear_logits + mixture.bias
    found = [1 / (1 + math.exp(-min(max(float(logit), -50.0), 50.0))) for logit in mixed]
    if not all(math.isfinite(score) for score in found):
        raise ClassifierError("the model gave a score that is not a number")
    return found
