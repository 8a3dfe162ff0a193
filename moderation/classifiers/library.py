"""Detoxify, made safe: its own model-building and ``predict``, behind checks. ``published`` alone imports it too.

What differs from the library (0.5.4): a checkpoint is never unpickled, its digest is demanded, a missing or surplus
weight is an error instead of a random value, nothing is fetched, and answers are lists whatever was asked.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
import transformers
from detoxify import Detoxify
from detoxify.detoxify import get_model_and_tokenizer
from torch import Tensor
from transformers.initialization import no_init_weights
from transformers.utils.logging import disable_progress_bar

from moderation.classifiers.checkpoints import Checkpoint
from moderation.classifiers.files import read_json
from moderation.classifiers.graphs import OneAtATime, traced
from moderation.classifiers.inputs import presentable
from moderation.classifiers.lean import lean_loading
from moderation.errors import CheckpointError, ClassifierError


class CheckedDetoxify(Detoxify):  # type: ignore[misc]  # the library has no types
    """A ``Detoxify`` built from a checked checkpoint and a local folder with configuration and tokenizer."""

    def __init__(self, checkpoint: Checkpoint, folder: Path, *, as_graph: bool = False) -> None:
        """``as_graph`` makes a small network faster; a large one gains nothing that pays for the start."""
        # Detoxify's own __init__ would unpickle the file and ask the hub: it is left out on purpose.
        self.device = "cpu"
        self.class_names = list(checkpoint.labels)
        build = _built_leanly if as_graph else _checked_and_built
        window, self.model, self.tokenizer = build(checkpoint, folder)
        self.model.float().eval()
        _demand_vocabulary(folder, self.model, self.tokenizer)
        self.tokenizer.model_max_length = window
        self.tokenizer = OneAtATime(self.tokenizer)
        if as_graph:
            self.model = traced(self.model, window)

    def predict(self, text: str | Sequence[str]) -> dict[str, list[float]]:
        """Scores by label, always as lists in the order of the texts; ``[]`` gives empty lists."""
        texts = [presentable(one) for one in ([text] if isinstance(text, str) else text)]
        if not texts:
            return {label: [] for label in self.class_names}
        found = super().predict(texts)
        return {label: [scores] if isinstance(scores, float) else scores for label, scores in found.items()}


def predicted(model: CheckedDetoxify, texts: Sequence[str]) -> Mapping[str, list[float]]:
    """``model.predict``, where whatever goes wrong inside, and any score that is not a number, is a ClassifierError."""
    try:
        found = model.predict(texts)
    except Exception as error:  # tokenizers and torch raise anything; the text must wait for a person then
        raise ClassifierError(f"scoring failed: {type(error).__name__}") from error
    if not all(math.isfinite(score) for scores in found.values() for score in scores):
        raise ClassifierError("the model gave a score that is not a number")
    return found


def _built_leanly(checkpoint: Checkpoint, folder: Path) -> tuple[int, Any, Any]:
    try:
        with lean_loading():
            return _checked_and_built(checkpoint, folder, place="cpu")
    except Exception:  # noqa: BLE001
        # Either the files are wrong, and the libraries say it again; or the libraries are no longer as they were.
        return _checked_and_built(checkpoint, folder)


def _checked_and_built(checkpoint: Checkpoint, folder: Path, place: str = "meta") -> tuple[int, Any, Any]:
    """The window in tokens, the network and its tokenizer. The weights are compared with those of a network there."""
    window = _demand_folder(checkpoint, folder)
    _demand_weights(checkpoint, folder, place)
    return window, *_built(checkpoint, folder)


def _demand_folder(checkpoint: Checkpoint, folder: Path) -> int:
    """The model's window in tokens, once the folder is known to fit the checkpoint."""
    if not folder.is_dir():
        raise CheckpointError(
            f"{checkpoint.path}: needs a local folder with config.json and the tokenizer's files; {folder} is none "
            f"(the checkpoint itself names {checkpoint.model_type!r})"
        )
    window = read_json(folder / "tokenizer_config.json").get("model_max_length")
    if not isinstance(window, int) or isinstance(window, bool) or not 0 < window <= 100_000:
        raise CheckpointError(f"{folder}: tokenizer_config.json sets no model_max_length: long texts would crash")
    config = read_json(folder / "config.json")
    if window > int(config.get("max_position_embeddings", 0)):
        raise CheckpointError(f"{folder}: model_max_length {window} is beyond the network's positions")
    return window


def _demand_weights(checkpoint: Checkpoint, folder: Path, place: str) -> None:
    """Every weight of the architecture, in its shape, and none besides."""
    try:
        model_class = getattr(transformers, checkpoint.architecture)
        config = model_class.config_class.from_pretrained(
            str(folder), num_labels=checkpoint.outputs, local_files_only=True
        )
        with torch.device(place), no_init_weights():
            wanted: Mapping[str, Tensor] = model_class(config).state_dict()
    except Exception as error:  # a configuration can be wrong in as many ways as there are architectures
        raise CheckpointError(f"{folder}: config.json fits no {checkpoint.architecture}: {error}") from error
    # Older versions of the library stored this constant with the weights.
    found = {key: weight for key, weight in checkpoint.weights.items() if not key.endswith(".position_ids")}
    missing, surplus = sorted(wanted.keys() - found.keys()), sorted(found.keys() - wanted.keys())
    if missing or surplus:
        raise CheckpointError(f"{checkpoint.path}: missing weights {missing[:5]}, surplus weights {surplus[:5]}")
    misshapen = [key for key, weight in found.items() if weight.shape != wanted[key].shape]
    if misshapen:
        raise CheckpointError(f"{checkpoint.path}: weights of another shape: {misshapen[:5]}")


def _demand_vocabulary(folder: Path, model: Any, tokenizer: Any) -> None:
    if len(tokenizer) > model.config.vocab_size:
        raise CheckpointError(f"{folder}: the tokenizer knows more words than the network")


def _built(checkpoint: Checkpoint, folder: Path) -> tuple[Any, Any]:
    disable_progress_bar()  # type: ignore[no-untyped-call]  # the library left it out
    try:
        model, tokenizer = get_model_and_tokenizer(
            model_type=str(folder),
            model_name=checkpoint.architecture,
            tokenizer_name=checkpoint.tokenizer,
            num_classes=checkpoint.outputs,
            state_dict=dict(checkpoint.weights),
        )
    except Exception as error:  # the library's own loader has no errors of its own
        raise CheckpointError(f"{folder}: {type(error).__name__}: {error}") from error
    return model, tokenizer
