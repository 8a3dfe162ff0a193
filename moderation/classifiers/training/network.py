"""Training the transformer half: a small ModernBERT from scratch, noisy input, soft targets, averaged weights."""

from __future__ import annotations

import copy
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from tokenizers import Tokenizer
from torch import Tensor
from transformers import ModernBertConfig, ModernBertForSequenceClassification, PreTrainedModel

from moderation.classifiers.training.corpus import LABELS, Example
from moderation.classifiers.training.noise import noisy
from moderation.classifiers.training.pace import Pace, Progress, groups, rate
from moderation.classifiers.training.vocabulary import MAX_TOKENS

_ROLES = {"pad": "PAD", "cls": "CLS", "sep": "SEP", "bos": "CLS", "eos": "SEP"}


@dataclass(frozen=True, slots=True)
class Shape:
    layers: int = 2
    width: int = 192
    heads: int = 3
    inner: int = 384


@dataclass(frozen=True, slots=True)
class Schedule:
    """How long and how hard to train. ``tokens`` bounds a batch: the longer its texts, the fewer of them."""

    pace: Pace = Pace(steps=1500, peak_rate=5e-4, warmup=100)
    tokens: int = 3000
    decay: float = 0.05
    average: float = 0.995
    dropout: float = 0.3
    subword_dropout: float = 0.1
    seed: int = 0

    def with_seed(self, seed: int) -> Schedule:
        return replace(self, seed=seed)


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


@dataclass(frozen=True, slots=True)
class Material:
    """What to learn from. An example is drawn with a chance that is proportional to its weight."""

    examples: Sequence[Example]
    weights: NDArray[np.float64]
    tokenizer: Tokenizer


def train(
    material: Material, shape: Shape, schedule: Schedule, body: Mapping[str, Tensor], progress: Progress
) -> PreTrainedModel:
    """The exponentially averaged network after all steps. The same seed and body give the same network.

    ``body`` are the weights of ``base_model`` to begin with; empty for random ones.
    """
    torch.manual_seed(schedule.seed)
    model: Any = build(shape, material.tokenizer, schedule.dropout)
    if body:
        model.base_model.load_state_dict(body)
    averaged: PreTrainedModel = copy.deepcopy(model)
    optimizer = torch.optim.AdamW(groups(model, schedule.decay), lr=schedule.pace.peak_rate, betas=(0.9, 0.98))
    batches = Batches(material, schedule)
    model.train()
    for step in range(schedule.pace.steps):
        for group in optimizer.param_groups:
            group["lr"] = rate(step, schedule.pace)
        ids, mask, targets = batches.draw()
        with torch.autocast("cpu", dtype=torch.bfloat16):
            logits = model(input_ids=ids, attention_mask=mask).logits
        loss = _loss(logits, targets)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]  # torch left it out
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        _average(averaged, model, min(schedule.average, (1 + step) / (10 + step)))
        progress(f"learning, seed {schedule.seed}", step + 1, schedule.pace.steps, float(loss.detach()))
    averaged.train(mode=False)
    return averaged


def mean_of(networks: Sequence[PreTrainedModel]) -> PreTrainedModel:
    """One network whose weights are the means of networks that began with the same body (Wortsman et al. 2022)."""
    mean = copy.deepcopy(networks[0])
    states = [network.state_dict() for network in networks]
    mean.load_state_dict({key: torch.stack([state[key] for state in states]).mean(dim=0) for key in states[0]})
    return mean


@torch.no_grad()
def logits_of(network: Any, tokenizer: Tokenizer, texts: Sequence[str]) -> NDArray[np.float64]:
    """One row for each text, one column for each of ``LABELS``."""
    padding = network.config.pad_token_id
    order = sorted(range(len(texts)), key=lambda place: len(texts[place]))
    found = np.zeros((len(texts), len(LABELS)))
    for start in range(0, len(order), 32):
        places = order[start : start + 32]
        rows = [row.ids[:MAX_TOKENS] for row in tokenizer.encode_batch([texts[place] for place in places])]
        longest = max(len(row) for row in rows)
        ids = torch.tensor([row + [padding] * (longest - len(row)) for row in rows])
        found[places] = network(input_ids=ids, attention_mask=ids.ne(padding).long()).logits.double().numpy()
    return found


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
        # A copy: the tokenizer that is shipped must not drop anything.
        self._tokenizer = Tokenizer.from_str(material.tokenizer.to_str())
        self._tokenizer.model.dropout = schedule.subword_dropout or None

    def draw(self) -> tuple[Tensor, Tensor, Tensor]:
        if not self._waiting:
            self._waiting = self._refill()
        batch = self._waiting.pop()
        longest = max(len(ids) for ids, _ in batch)
        padding = self._tokenizer.token_to_id("[PAD]") or 0
        ids = torch.tensor([ids + [padding] * (longest - len(ids)) for ids, _ in batch])
        return ids, ids.ne(padding).long(), torch.tensor([targets for _, targets in batch])

    def _refill(self) -> list[list[tuple[list[int], tuple[float, ...]]]]:
        picks = self._numpy.choice(len(self._chances), 4096, p=self._chances)
        examples = [self._material.examples[pick] for pick in picks]
        encoded = self._tokenizer.encode_batch([noisy(example.text, self._random) for example in examples])
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
