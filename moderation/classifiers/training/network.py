"""Training the transformer half: a small ModernBERT from scratch, noisy input, soft targets, averaged weights."""

from __future__ import annotations

import copy
import math
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from tokenizers import Tokenizer
from torch import Tensor
from transformers import ModernBertConfig, ModernBertForSequenceClassification, PreTrainedModel

from moderation.classifiers.training.corpus import LABELS, Example
from moderation.classifiers.training.noise import noisy
from moderation.classifiers.training.vocabulary import MAX_TOKENS

_ROLES = {"pad": "PAD", "cls": "CLS", "sep": "SEP", "bos": "CLS", "eos": "SEP"}

Progress = Callable[[str, int, int, float], None]
"""What is being done, steps done, steps in all, the latest loss."""


@dataclass(frozen=True, slots=True)
class Shape:
    layers: int = 2
    width: int = 192
    heads: int = 3
    inner: int = 384


@dataclass(frozen=True, slots=True)
class Schedule:
    """How long and how hard to train. ``tokens`` bounds a batch: the longer its texts, the fewer of them."""

    steps: int = 4000
    tokens: int = 3000
    peak_rate: float = 1.5e-3
    warmup: int = 200
    decay: float = 0.05
    average: float = 0.998
    dropout: float = 0.3
    subword_dropout: float = 0.1
    seed: int = 0


def build(shape: Shape, tokenizer: Tokenizer, dropout: float) -> PreTrainedModel:
    identifiers = {f"{role}_token_id": tokenizer.token_to_id(f"[{name}]") for role, name in _ROLES.items()}
    options: dict[str, Any] = {
        "vocab_size": tokenizer.get_vocab_size(),
        "hidden_size": shape.width,
        "intermediate_size": shape.inner,
        "num_hidden_layers": shape.layers,
        "num_attention_heads": shape.heads,
        "max_position_embeddings": MAX_TOKENS,
        "layer_types": ["full_attention"] * shape.layers,
        "classifier_pooling": "mean",
        "embedding_dropout": dropout,
        "mlp_dropout": dropout,
        "attention_dropout": 0.1,
        "classifier_dropout": dropout,
        "num_labels": len(LABELS),
        "problem_type": "multi_label_classification",
        **identifiers,
    }
    return ModernBertForSequenceClassification(ModernBertConfig(**options))


@dataclass(slots=True)
class Material:
    """What to learn from. An example is drawn with a chance that is proportional to its weight."""

    examples: Sequence[Example]
    weights: NDArray[np.float64]
    tokenizer: Tokenizer
    first_embeddings: NDArray[np.float32] | None = None


def train(material: Material, shape: Shape, schedule: Schedule, progress: Progress) -> PreTrainedModel:
    """The exponentially averaged network after ``schedule.steps`` steps. The same seed gives the same network."""
    torch.manual_seed(schedule.seed)
    model: Any = build(shape, material.tokenizer, schedule.dropout)
    if material.first_embeddings is not None:
        table = model.get_input_embeddings().weight
        with torch.no_grad():
            table.copy_(torch.from_numpy(material.first_embeddings) * float(table.std()))
    averaged: PreTrainedModel = copy.deepcopy(model)
    optimizer = torch.optim.AdamW(_groups(model, schedule.decay), lr=schedule.peak_rate, betas=(0.9, 0.98), eps=1e-8)
    batches = Batches(material, schedule)
    model.train()
    for step in range(schedule.steps):
        for group in optimizer.param_groups:
            group["lr"] = _rate(step, schedule)
        ids, mask, targets = batches.draw()
        loss = _loss(model(input_ids=ids, attention_mask=mask).logits, targets)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]  # torch left it out
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        _average(averaged, model, min(schedule.average, (1 + step) / (10 + step)))
        progress("network", step + 1, schedule.steps, float(loss.detach()))
    averaged.train(mode=False)
    return averaged


def _groups(model: torch.nn.Module, decay: float) -> list[dict[str, object]]:
    matrices = [weight for weight in model.parameters() if weight.ndim > 1]
    vectors = [weight for weight in model.parameters() if weight.ndim <= 1]
    return [{"params": matrices, "weight_decay": decay}, {"params": vectors, "weight_decay": 0.0}]


def _rate(step: int, schedule: Schedule) -> float:
    if step < schedule.warmup:
        return schedule.peak_rate * (step + 1) / schedule.warmup
    done = (step - schedule.warmup) / max(1, schedule.steps - schedule.warmup)
    return schedule.peak_rate * (0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * done)))


def _loss(logits: Tensor, targets: Tensor) -> Tensor:
    """Mean binary cross-entropy over the known targets; the first label counts as much as all others together."""
    known = ~torch.isnan(targets)
    weight = torch.where(torch.arange(targets.shape[1]) == 0, 1.0, 1.0 / max(1, targets.shape[1] - 1))
    losses = torch.nn.functional.binary_cross_entropy_with_logits(
        logits.float(), torch.nan_to_num(targets), reduction="none"
    )
    weighted = known * weight
    return (losses * weighted).sum() / weighted.sum().clamp(min=1e-6)


@torch.no_grad()
def _average(averaged: torch.nn.Module, model: torch.nn.Module, keep: float) -> None:
    for old, new in zip(averaged.parameters(), model.parameters(), strict=True):
        old.lerp_(new, 1 - keep)


class Batches:
    """Endless batches of examples of like length, each time with fresh noise."""

    def __init__(self, material: Material, schedule: Schedule) -> None:
        self._material, self._schedule = material, schedule
        self._random = random.Random(schedule.seed)  # noqa: S311 - for noise, not for secrets
        self._numpy = np.random.default_rng(schedule.seed)
        self._chances = material.weights / material.weights.sum()
        self._waiting: list[list[tuple[list[int], tuple[float, ...]]]] = []
        model = material.tokenizer.model
        model.dropout = schedule.subword_dropout or None

    def draw(self) -> tuple[Tensor, Tensor, Tensor]:
        if not self._waiting:
            self._waiting = self._refill()
        batch = self._waiting.pop()
        longest = max(len(ids) for ids, _ in batch)
        padding = self._material.tokenizer.token_to_id("[PAD]") or 0
        ids = torch.tensor([ids + [padding] * (longest - len(ids)) for ids, _ in batch])
        return ids, ids.ne(padding).long(), torch.tensor([targets for _, targets in batch])

    def _refill(self) -> list[list[tuple[list[int], tuple[float, ...]]]]:
        picks = self._numpy.choice(len(self._chances), 4096, p=self._chances)
        examples = [self._material.examples[pick] for pick in picks]
        encoded = self._material.tokenizer.encode_batch([noisy(example.text, self._random) for example in examples])
        pairs = sorted(
            ((row.ids[:MAX_TOKENS], example.targets) for row, example in zip(encoded, examples, strict=True)),
            key=lambda pair: len(pair[0]) + self._random.random() * 8,
        )
        batches: list[list[tuple[list[int], tuple[float, ...]]]] = [[]]
        for pair in pairs:
            if (len(batches[-1]) + 1) * len(pair[0]) > self._schedule.tokens:
                batches.append([])
            batches[-1].append(pair)
        batches = [batch for batch in batches if batch]
        self._random.shuffle(batches)
        return batches
