"""Reading a Detoxify checkpoint without trusting it: its digest, no unpickled code, known architectures and labels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from moderation.classifiers.files import demand_digest
from moderation.errors import CheckpointError

LABELS = frozenset({"toxicity", "severe_toxicity", "obscene", "threat", "insult", "identity_attack", "sexual_explicit"})
"""Every label that Detoxify knows."""

ARCHITECTURES: Mapping[str, frozenset[str]] = {
    "BertForSequenceClassification": frozenset({"BertTokenizer", "BertTokenizerFast"}),
    "RobertaForSequenceClassification": frozenset({"RobertaTokenizer", "RobertaTokenizerFast"}),
    "XLMRobertaForSequenceClassification": frozenset({"XLMRobertaTokenizer", "XLMRobertaTokenizerFast"}),
    "AlbertForSequenceClassification": frozenset({"AlbertTokenizer", "AlbertTokenizerFast"}),
    "ModernBertForSequenceClassification": frozenset({"PreTrainedTokenizerFast"}),
}
"""The networks that are loaded, each with the tokenizers that go with it."""

_RENAMED = {"toxic": "toxicity", "identity_hate": "identity_attack", "severe_toxic": "severe_toxicity"}


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """What a checkpoint file holds, after it was checked. ``model_type`` is a folder or the name of a hub's model."""

    path: Path
    digest: str
    weights: Mapping[str, Tensor]
    labels: tuple[str, ...]
    outputs: int
    architecture: str
    tokenizer: str
    model_type: str


def read_checkpoint(path: Path, digest: str) -> Checkpoint:
    """Read a checkpoint whose SHA-256 is known. The weights stay mapped to the file until they are used.

    Raises:
        CheckpointError: names what is wrong with it.
    """
    demand_digest(path, digest)
    loaded = _unpickled(path)
    try:
        weights, arch = loaded["state_dict"], loaded["config"]["arch"]["args"]
        dataset = loaded["config"]["dataset"]["args"]
        names = [str(arch[key]) for key in ("model_name", "tokenizer_name", "model_type")]
        classes, outputs = list(dataset["classes"]), int(arch["num_classes"])
    except (KeyError, TypeError, ValueError) as error:
        raise CheckpointError(f"{path}: not a Detoxify checkpoint: {error!r} is missing or malformed") from error
    if not isinstance(weights, dict) or not all(isinstance(weight, Tensor) for weight in weights.values()):
        raise CheckpointError(f"{path}: not a Detoxify checkpoint: state_dict holds something other than weights")
    _demand_known(path, names[0], names[1])
    labels = _labels(path, classes, outputs, extra=len(dataset.get("identity_classes") or ()))
    return Checkpoint(path, digest.lower(), weights, labels, outputs, names[0], names[1], names[2])


def _unpickled(path: Path) -> Any:
    try:
        return torch.load(path, map_location="cpu", weights_only=True, mmap=True)
    except Exception as error:  # torch raises whatever the damaged part of the file led it to
        raise CheckpointError(f"{path}: damaged, or not plain weights: {type(error).__name__}: {error}") from error


def _demand_known(path: Path, architecture: str, tokenizer: str) -> None:
    if architecture not in ARCHITECTURES:
        raise CheckpointError(f"{path}: unknown architecture {architecture!r}; known are {sorted(ARCHITECTURES)}")
    if tokenizer not in ARCHITECTURES[architecture]:
        raise CheckpointError(f"{path}: {architecture} does not go with tokenizer {tokenizer!r}")


def _labels(path: Path, classes: Sequence[object], outputs: int, *, extra: int) -> tuple[str, ...]:
    """The labels by Detoxify's names. ``extra`` outputs beside them are known to be something else."""
    labels = tuple(_RENAMED.get(str(name), str(name)) for name in classes)
    unknown = sorted(set(labels) - LABELS)
    if unknown or "toxicity" not in labels or len(set(labels)) != len(labels):
        raise CheckpointError(f"{path}: wrong label set {list(labels)}: unknown are {unknown}")
    if outputs not in (len(labels), len(labels) + extra):
        raise CheckpointError(f"{path}: wrong label set: {len(labels)} labels for {outputs} outputs")
    return labels
