"""A network with 8-bit weights in ONNX Runtime: a fraction of the time and memory, and slightly other scores.

``vorab convert`` makes the folder (``quantizing``) and writes its manifest only if no decision flips. Imports no torch:
a process that scores this way never loads it.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
from numpy.typing import NDArray
from tokenizers import Tokenizer

from moderation.classifiers.files import demand_digest, file_digest, read_json
from moderation.classifiers.inputs import batches_by_length, presentable
from moderation.classifiers.protocol import ModelIdentity, Scores, ScoringInput
from moderation.errors import CheckpointError, ClassifierError

MANIFEST = "onnx.json"
NETWORK = "network.onnx"
TOKENIZER = "tokenizer.json"


@dataclass(frozen=True, slots=True)
class Description:
    """All that is not in the network's file. ``source`` is the digest of the model that it was made from."""

    name: str
    source: str
    labels: tuple[str, ...]
    languages: tuple[str, ...]
    hold_thresholds: Mapping[str, Mapping[str, float]]
    window: int
    """In tokens."""
    pad_id: int
    pad_token: str


class QuantizedClassifier:
    """A ``Classifier``. Safe to call from several threads: ONNX Runtime's sessions and these tokenizers are."""

    def __init__(self, folder: Path, description: Description, digest: str) -> None:
        self._session, self._tokenizer = _opened(folder, description)
        self.identity = ModelIdentity(
            name=f"{description.name} (int8)",
            digest=digest,
            labels=description.labels,
            languages=frozenset(description.languages),
            hold_thresholds=description.hold_thresholds,
        )

    def score(self, inputs: Sequence[ScoringInput]) -> list[Scores]:
        """See ``Classifier.score``. Texts of like length go through the network together."""
        found: list[Scores] = [{}] * len(inputs)
        for places in batches_by_length([one.text for one in inputs]):
            rows = self._run([presentable(inputs[place].text) for place in places])
            for place, row in zip(places, rows, strict=True):
                found[place] = dict(zip(self.identity.labels, map(float, row), strict=False))
        return found

    def _run(self, texts: Sequence[str]) -> NDArray[np.float32]:
        try:
            tokens = self._tokenizer.encode_batch(texts)
            fed = {
                "input_ids": np.array([one.ids for one in tokens], dtype=np.int64),
                "attention_mask": np.array([one.attention_mask for one in tokens], dtype=np.int64),
            }
            (scores,) = self._session.run(None, fed)
        except Exception as error:  # both libraries raise anything; the text must wait for a person then
            raise ClassifierError(f"scoring failed: {type(error).__name__}") from error
        found: NDArray[np.float32] = scores
        if not np.isfinite(found).all():
            raise ClassifierError("the model gave a score that is not a number")
        return found


def read_quantized(folder: Path, digest: str) -> QuantizedClassifier:
    """Load what ``vorab convert`` wrote. ``digest`` is the manifest's SHA-256 in hex, which covers the other files.

    Raises:
        CheckpointError: a file is missing, damaged, or not the one that the manifest names.
    """
    demand_digest(folder / MANIFEST, digest)
    manifest = read_json(folder / MANIFEST)
    try:
        files: dict[str, str] = {name: str(manifest["files"][name]) for name in (NETWORK, TOKENIZER)}
        description = _described(manifest["model"])
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise CheckpointError(f"{folder / MANIFEST}: incomplete or malformed: {error!r}") from error
    for name, expected in files.items():
        demand_digest(folder / name, expected)
    return QuantizedClassifier(folder, description, digest.lower())


def digests(folder: Path) -> dict[str, str]:
    return {name: file_digest(folder / name) for name in (NETWORK, TOKENIZER)}


def _described(stored: Mapping[str, Any]) -> Description:
    return Description(
        name=str(stored["name"]),
        source=str(stored["source"]),
        labels=tuple(map(str, stored["labels"])),
        languages=tuple(map(str, stored["languages"])),
        hold_thresholds={
            str(language): {str(label): float(limit) for label, limit in limits.items()}
            for language, limits in stored["hold_thresholds"].items()
        },
        window=int(stored["window"]),
        pad_id=int(stored["pad_id"]),
        pad_token=str(stored["pad_token"]),
    )


def _opened(folder: Path, description: Description) -> tuple[Any, Tokenizer]:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = len(os.sched_getaffinity(0))
    # Threads that wait must not burn the cores that requests need.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    try:
        network = str(folder / NETWORK)
        session = onnxruntime.InferenceSession(network, options, providers=["CPUExecutionProvider"])
        tokenizer = Tokenizer.from_file(str(folder / TOKENIZER))
    except Exception as error:  # a damaged file can be wrong in any way
        raise CheckpointError(f"{folder}: damaged: {type(error).__name__}: {error}") from error
    tokenizer.enable_truncation(description.window)
    tokenizer.enable_padding(pad_id=description.pad_id, pad_token=description.pad_token)
    return session, tokenizer
