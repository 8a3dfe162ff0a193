"""Detoxify models as classifiers, by whatever name a setting gives them."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Collection, Sequence
from pathlib import Path

import torch

from moderation.classifiers.blended import EMBEDDED, BlendedClassifier, read_blended
from moderation.classifiers.checkpoints import Checkpoint, read_checkpoint
from moderation.classifiers.files import file_digest
from moderation.classifiers.inputs import batches_by_length
from moderation.classifiers.library import CheckedDetoxify, predicted
from moderation.classifiers.protocol import ModelIdentity, Scores, ScoringInput

RECOMMENDED_THRESHOLD = 0.7
"""What Detoxify's makers hold at, for every label."""

_ENGLISH = frozenset({"en"})
_SEVEN = frozenset({"en", "es", "fr", "it", "pt", "ru", "tr"})
"""What Detoxify's makers trained ``multilingual`` on and advise to use it for. German is not among them."""

_FILES = frozenset(
    {
        "config.json",
        "merges.txt",
        "sentencepiece.bpe.model",
        "special_tokens_map.json",
        "spiece.model",
        "tokenizer.json",
        "tokenizer_config.json",
        "vocab.json",
        "vocab.txt",
    }
)


class DetoxifyClassifier:
    """A Detoxify model as a ``Classifier``."""

    def __init__(self, model: CheckedDetoxify, identity: ModelIdentity) -> None:
        self.model = model
        self.identity = identity

    def score(self, inputs: Sequence[ScoringInput]) -> list[Scores]:
        """See ``Classifier.score``. Texts of like length go through the network together."""
        found: list[Scores] = [{}] * len(inputs)
        for places in batches_by_length([one.text for one in inputs]):
            by_label = predicted(self.model, [inputs[place].text for place in places])
            for row, place in enumerate(places):
                found[place] = {label: by_label[label][row] for label in self.identity.labels}
        return found


def load_embedded(folder: Path = EMBEDDED) -> BlendedClassifier:
    """The model that comes with Vorab, or another one that the same recipe wrote.

    Raises:
        CheckpointError: a file is missing, damaged, or not the one that the manifest names.
    """
    # So small a network gains little from a second thread, and loses everything where other work waits for the core:
    # the threads of one batch spin until all of them are done.
    torch.set_num_threads(1)
    return read_blended(folder)


def load_checkpoint(
    path: Path | str,
    digest: str,
    *,
    languages: Collection[str] = (),
    folder: Path | None = None,
    name: str | None = None,
) -> DetoxifyClassifier:
    """Load a checkpoint in Detoxify's format without any network.

    ``digest`` is the file's SHA-256 in hex. ``folder`` holds config.json and the tokenizer's files; without it, the
    checkpoint's own ``model_type`` is taken as a folder, seen from where the checkpoint lies. ``languages`` are the ISO
    639-1 codes that the model was trained for; without them, those of the published model of the same architecture.

    Raises:
        CheckpointError: names what is wrong.
    """
    use_cores()
    checkpoint = read_checkpoint(Path(path), digest)
    place = folder or checkpoint.path.parent / checkpoint.model_type
    model = CheckedDetoxify(checkpoint, place)
    identity = ModelIdentity(
        name=name or checkpoint.path.stem,
        digest=_digest_of(checkpoint, place),
        labels=checkpoint.labels,
        languages=frozenset(languages) or _languages_of(checkpoint),
        hold_thresholds={"*": dict.fromkeys(checkpoint.labels, RECOMMENDED_THRESHOLD)},
    )
    return DetoxifyClassifier(model, identity)


def use_cores() -> None:
    """Let torch use as many threads as this process may use cores."""
    torch.set_num_threads(len(os.sched_getaffinity(0)))


def _languages_of(checkpoint: Checkpoint) -> frozenset[str]:
    return _SEVEN if checkpoint.architecture.startswith("XLM") else _ENGLISH


def _digest_of(checkpoint: Checkpoint, folder: Path) -> str:
    """SHA-256 over the digests of all files that scores depend on, by name."""
    files = {entry.name: file_digest(entry) for entry in folder.iterdir() if entry.name in _FILES}
    lines = "".join(f"{name} {digest}\n" for name, digest in sorted({**files, "": checkpoint.digest}.items()))
    return hashlib.sha256(lines.encode()).hexdigest()
