"""Writing a trained model as the files that ``read_blended`` reads, with their digests."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
from tokenizers import Tokenizer
from transformers import PreTrainedModel

from moderation.classifiers.blended import CHECKPOINT, LINEAR, MANIFEST, Blend
from moderation.classifiers.files import file_digest
from moderation.classifiers.linear import LinearModel, save_linear
from moderation.classifiers.training.corpus import LABELS
from moderation.classifiers.training.vocabulary import save_tokenizer


@dataclass(frozen=True, slots=True)
class Trained:
    """Everything that makes up the embedded model."""

    name: str
    network: PreTrainedModel
    tokenizer: Tokenizer
    linear: Mapping[str, LinearModel]
    blend: Blend
    hold_thresholds: Mapping[str, Mapping[str, float]]


def write_bundle(folder: Path, trained: Trained) -> None:
    """Write checkpoint, configuration, tokenizer, linear weights and manifest into the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    save_checkpoint(folder, trained.network, trained.tokenizer)
    save_linear(folder / LINEAR, trained.linear)
    names = [CHECKPOINT, LINEAR, "config.json", "tokenizer.json", "tokenizer_config.json"]
    manifest = {
        "name": trained.name,
        "files": {name: file_digest(folder / name) for name in names},
        "blend": {
            language: {label: asdict(mixture) for label, mixture in labels.items()}
            for language, labels in trained.blend.items()
        },
        "hold_thresholds": trained.hold_thresholds,
    }
    text = json.dumps(manifest, indent=2, ensure_ascii=False) + "\n"
    (folder / MANIFEST).write_text(text, encoding="utf-8")


def save_checkpoint(folder: Path, network: PreTrainedModel, tokenizer: Tokenizer) -> None:
    """A Detoxify checkpoint in half precision that names its own folder, with what the folder needs beside it.

    Detoxify itself loads it from within the folder: ``Detoxify(checkpoint="model.ckpt")``.
    """
    network.config.dtype = "float32"  # what Detoxify computes in, whatever the file holds
    network.config.save_pretrained(folder)
    save_tokenizer(tokenizer, folder)
    arch = {
        "num_classes": len(LABELS),
        "model_type": ".",
        "model_name": type(network).__name__,
        "tokenizer_name": "PreTrainedTokenizerFast",
    }
    weights = {key: weight.detach().half().contiguous() for key, weight in network.state_dict().items()}
    config = {"arch": {"args": arch}, "dataset": {"args": {"classes": list(LABELS)}}}
    torch.save({"state_dict": weights, "config": config}, folder / CHECKPOINT)
