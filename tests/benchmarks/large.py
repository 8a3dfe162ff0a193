"""A checkpoint of the exact architecture of Detoxify's ``multilingual``, with random weights, in Detoxify's format."""

from __future__ import annotations

import hashlib
import itertools
import string
from pathlib import Path

import torch
from transformers import XLMRobertaConfig, XLMRobertaForSequenceClassification, XLMRobertaTokenizer

_VOCABULARY = 250_002
_LABELS = ["toxicity", "severe_toxicity", "obscene", "threat", "insult", "identity_attack", "sexual_explicit"]
_IDENTITIES = 9
"""Outputs that the published model has beside its labels."""


def write_large(folder: Path) -> None:
    """``large.ckpt``, its SHA-256 beside it, and the folder with configuration and tokenizer that it names."""
    words = folder / "xlm-roberta-base"
    config = XLMRobertaConfig(
        vocab_size=_VOCABULARY,
        max_position_embeddings=514,
        type_vocab_size=1,
        layer_norm_eps=1e-5,
        num_labels=len(_LABELS) + _IDENTITIES,
    )
    config.save_pretrained(words)
    XLMRobertaTokenizer(vocab=_pieces(), model_max_length=512).save_pretrained(words)
    torch.manual_seed(0)
    arch = {"num_classes": config.num_labels, "model_type": words.name, "tokenizer_name": "XLMRobertaTokenizer"}
    stored = {
        "state_dict": XLMRobertaForSequenceClassification(config).state_dict(),
        "config": {
            "arch": {"args": {**arch, "model_name": "XLMRobertaForSequenceClassification"}},
            "dataset": {"args": {"classes": _LABELS, "identity_classes": ["x"] * _IDENTITIES}},
        },
    }
    path = folder / "large.ckpt"
    torch.save(stored, path)
    with path.open("rb") as stream:
        path.with_suffix(".sha256").write_text(hashlib.file_digest(stream, "sha256").hexdigest(), encoding="ascii")


def _pieces() -> list[tuple[str, float]]:
    """As many subwords as the real one has, of up to four letters, which is about as long as its are in use."""
    signs = string.ascii_lowercase + "äöüß" + string.ascii_uppercase + string.digits + string.punctuation + "▁"
    short = ["".join(parts) for size in (2, 3) for parts in itertools.product(string.ascii_lowercase, repeat=size)]
    long = ("".join(parts) for parts in itertools.product(string.ascii_lowercase, repeat=4))
    fixed = ["<s>", "<pad>", "</s>", "<unk>", *signs, *short]
    pieces = [*fixed, *itertools.islice(long, _VOCABULARY - 1 - len(fixed))]
    return [(piece, -10.0) for piece in pieces] + [("<mask>", 0.0)]
