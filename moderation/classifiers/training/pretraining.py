"""Teaching the network the languages before the task: guessing hidden subwords of running text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from tokenizers import Tokenizer
from torch import Tensor, nn
from transformers import PreTrainedModel

from moderation.classifiers.training.pace import Pace, Progress, groups, rate

_HIDDEN = 0.25
"""Share of subwords to guess."""


@dataclass(frozen=True, slots=True)
class Reading:
    """How much to read, in rows of ``length`` subwords, and where to keep what an interruption must not lose."""

    pace: Pace = Pace(steps=8000, peak_rate=1.5e-3, warmup=300)
    rows: int = 24
    length: int = 128
    save_every: int = 500
    seed: int = 0


class _Guesser(nn.Module):
    """The network's body, and on top of it a guess at each hidden subword; the table of embeddings serves both ways."""

    def __init__(self, body: Any, width: int, vocabulary: int) -> None:
        super().__init__()
        self.body = body
        self.head = nn.Sequential(nn.Linear(width, width), nn.GELU(), nn.LayerNorm(width))
        self.bias = nn.Parameter(torch.zeros(vocabulary))

    def forward(self, ids: Tensor, hidden: Tensor) -> Tensor:
        states: Tensor = self.body(input_ids=ids, attention_mask=torch.ones_like(ids)).last_hidden_state
        table: Tensor = self.body.get_input_embeddings().weight
        guesses: Tensor = self.head(states[hidden]) @ table.T + self.bias
        return guesses


def stream_of(texts: Sequence[str], tokenizer: Tokenizer) -> NDArray[np.int32]:
    """All texts in one row of subwords, each closed by the tokenizer's own sign."""
    parts: list[NDArray[np.int32]] = []
    for start in range(0, len(texts), 4096):
        encoded = tokenizer.encode_batch(list(texts[start : start + 4096]))
        parts.extend(np.array(row.ids[1:], dtype=np.int32) for row in encoded)
    return np.concatenate(parts)


def pretrain(
    network: PreTrainedModel,
    stream: NDArray[np.int32],
    tokenizer: Tokenizer,
    reading: Reading,
    state: Path,
    progress: Progress,
) -> None:
    """Train the network's body in place. Goes on from ``state`` where that file exists, and keeps it up to date."""
    torch.manual_seed(reading.seed)
    body: Any = network.base_model
    model = _Guesser(body, body.config.hidden_size, body.config.vocab_size)
    optimizer = torch.optim.AdamW(groups(model, 0.01), lr=reading.pace.peak_rate, betas=(0.9, 0.98))
    first = _resume(state, model, optimizer)
    masked = tokenizer.token_to_id("[MASK]")
    assert masked is not None
    model.train()
    for step in range(first, reading.pace.steps):
        # What dropout leaves out depends on the step alone: a run that was interrupted ends like one that was not.
        torch.manual_seed(reading.seed * 1_000_003 + step)
        for group in optimizer.param_groups:
            group["lr"] = rate(step, reading.pace)
        ids, hidden = _rows(stream, reading, step)
        with torch.autocast("cpu", dtype=torch.bfloat16):
            guesses = model(torch.where(hidden, masked, ids), hidden)
        loss = nn.functional.cross_entropy(guesses.float(), ids[hidden])
        optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]  # torch left it out
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        if (step + 1) % reading.save_every == 0 or step + 1 == reading.pace.steps:
            _save(state, model, optimizer, step + 1)
        progress("reading", step + 1, reading.pace.steps, float(loss.detach()))


def _rows(stream: NDArray[np.int32], reading: Reading, step: int) -> tuple[Tensor, Tensor]:
    """The rows of one step, which depend on the seed and the step only, and which of their subwords are hidden."""
    numbers = np.random.default_rng((reading.seed, step))
    starts = numbers.integers(0, len(stream) - reading.length, reading.rows)
    ids = np.stack([stream[start : start + reading.length] for start in starts]).astype(np.int64)
    return torch.from_numpy(ids), torch.from_numpy(numbers.random(ids.shape) < _HIDDEN)


def _resume(state: Path, model: nn.Module, optimizer: torch.optim.Optimizer) -> int:
    if not state.exists():
        return 0
    saved = torch.load(state, weights_only=True)
    model.load_state_dict(saved["model"])
    optimizer.load_state_dict(saved["optimizer"])
    return int(saved["step"])


def _save(state: Path, model: nn.Module, optimizer: torch.optim.Optimizer, step: int) -> None:
    beside = state.with_suffix(".part")
    torch.save({"model": model.state_dict(), "optimizer": optimizer.state_dict(), "step": step}, beside)
    beside.replace(state)
