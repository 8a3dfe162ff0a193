"""From a checkpoint to a network with 8-bit weights. Done once by an operator, not on the server: it takes seven times
the checkpoint's size in memory.
"""

from __future__ import annotations

import json
import logging
import tempfile
import warnings
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from onnxruntime.quantization import QuantType, quantize_dynamic
from onnxruntime.quantization.shape_inference import quant_pre_process
from torch import Tensor

from moderation.classifiers.detoxify import DetoxifyClassifier
from moderation.classifiers.files import file_digest
from moderation.classifiers.onnx_int8 import MANIFEST, NETWORK, TOKENIZER, Description, digests
from moderation.classifiers.parity import Parity

_BATCH = 64

# It would warn of every package for images that is not there.
logging.getLogger("torch.onnx._internal.exporter._registration").setLevel(logging.ERROR)


class _Scoring(torch.nn.Module):
    """Token ids to probabilities."""

    def __init__(self, network: torch.nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        found: Tensor = self.network(input_ids=input_ids, attention_mask=attention_mask).logits
        return torch.sigmoid(found)


def quantize(source: DetoxifyClassifier, folder: Path) -> Description:
    """Write network and tokenizer into ``folder``. Without a manifest, which ``accept`` writes, nothing loads them."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / MANIFEST).unlink(missing_ok=True)
    tokenizer = source.model.tokenizer
    tokenizer.backend_tokenizer.save(str(folder / TOKENIZER))
    with tempfile.TemporaryDirectory(dir=folder) as begun, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the exporter's own, about its own insides
        whole, prepared = str(Path(begun) / "whole.onnx"), str(Path(begun) / "prepared.onnx")
        _export(source.model.model, tokenizer.model_max_length, whole)
        quant_pre_process(whole, prepared, skip_symbolic_shape=True)
        # Seven bits, for each column by itself: processors without VNNI add the products of eight up in 16 bits, which
        # overflow. What was accepted on one machine would then score otherwise on another.
        quantize_dynamic(
            prepared, str(folder / NETWORK), weight_type=QuantType.QInt8, reduce_range=True, per_channel=True
        )
    identity = source.identity
    return Description(
        name=identity.name,
        source=identity.digest,
        labels=identity.labels,
        languages=tuple(sorted(identity.languages)),
        hold_thresholds=identity.hold_thresholds,
        window=tokenizer.model_max_length,
        pad_id=tokenizer.pad_token_id,
        pad_token=tokenizer.pad_token,
    )


def accept(folder: Path, description: Description, parity: Parity) -> str:
    """Write the manifest, and return its SHA-256: what loads the folder from now on."""
    stored = {"model": asdict(description), "files": digests(folder), "parity": parity.as_json()}
    (folder / MANIFEST).write_text(json.dumps(stored, indent=2) + "\n", encoding="utf-8")
    return file_digest(folder / MANIFEST)


def _export(network: Any, window: int, path: str) -> None:
    wrapped = _Scoring(network).eval()
    ids = torch.randint(5, 20, (2, 9))
    sizes = {0: torch.export.Dim("batch", min=1, max=_BATCH), 1: torch.export.Dim("tokens", min=2, max=window)}
    program = torch.onnx.export(
        wrapped,
        (ids, torch.ones_like(ids)),
        dynamo=True,
        input_names=["input_ids", "attention_mask"],
        output_names=["scores"],
        dynamic_shapes=(sizes, sizes),
        verbose=False,
    )
    network.eval()  # the exporter leaves it in training mode
    assert program is not None
    program.save(path)
