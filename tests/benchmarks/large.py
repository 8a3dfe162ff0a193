"""A checkpoint of the exact architecture of Detoxify's ``multilingual``, with random weights, in Detoxify's format."""

from __future__ import annotations

import hashlib
import itertools
import string
import sys
from pathlib import Path

import torch
from transformers import XLMRobertaConfig, XLMRobertaForSequenceClassification, XLMRobertaTokenizer

from moderation.classifiers.detoxify import load_checkpoint
from moderation.classifiers.parity import Parity
from moderation.classifiers.quantizing import accept, quantize
from tests.sentences import sentence

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
    """As many subwords as the real one has: the benchmark's own words, and others that fill it up."""
    whole = {f"▁{word}" for number in range(110) for word in sentence(number).rstrip(".").split()}
    signs = string.ascii_lowercase + "äöüß" + string.ascii_uppercase + string.digits + string.punctuation + "▁"
    short = ["".join(parts) for size in (2, 3) for parts in itertools.product(string.ascii_lowercase, repeat=size)]
    long = ("".join(parts) for parts in itertools.product(string.ascii_lowercase, repeat=4))
    fixed = ["<s>", "<pad>", "</s>", "<unk>", *signs, *short, *sorted(whole)]
    pieces = [*fixed, *itertools.islice(long, _VOCABULARY - 1 - len(fixed))]
    return [(piece, -10.0) for piece in pieces] + [("<mask>", 0.0)]


def write_int8(folder: Path) -> None:
    """What ``vorab convert`` makes of it. With random weights there is nothing to compare."""
    path = folder / "large.ckpt"
    original = load_checkpoint(path, path.with_suffix(".sha256").read_text(encoding="ascii"))
    parity = Parity(texts=0, largest_difference=0.0, flips=0, auc_before=None, auc_after=None)
    digest = accept(folder / "int8", quantize(original, folder / "int8"), parity)
    (folder / "int8.sha256").write_text(digest, encoding="ascii")


if __name__ == "__main__":
    write_large(Path(sys.argv[1]))
    write_int8(Path(sys.argv[1]))
