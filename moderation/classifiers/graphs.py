"""A network's forward pass as one graph: one call, where the library's own code makes hundreds.

Between any two of those calls a thread gives up Python's lock and has to wait for it again; in a server with many
threads that takes longer than the arithmetic. A graph gives it up once.
"""

from __future__ import annotations

import threading
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import structlog
import torch
from torch import Tensor

log = structlog.get_logger()

_TOLERANCE = 1e-5
"""In logits. A graph computes what the network does, in the same order but for a mask that may be left out."""


_LONG = 200
"""Tokens of the longest text that is tried: more than a network that looks only so far around a word looks."""


class Graph:
    """Stands in for a network where ``Detoxify.predict`` asks it. Safe to call from several threads."""

    device = torch.device("cpu")

    def __init__(self, traced: Any) -> None:
        self._traced = traced

    def eval(self) -> Graph:
        return self

    def __call__(self, *, input_ids: Tensor, attention_mask: Tensor) -> tuple[Tensor]:
        """Logits, by text and output."""
        return (self._traced(input_ids, attention_mask),)


class OneAtATime:
    """A tokenizer that several threads may call: a fast one that two threads share raises "Already borrowed"."""

    def __init__(self, tokenizer: Any) -> None:
        self._tokenizer, self._lock = tokenizer, threading.Lock()

    def __call__(self, *texts: Any, **options: Any) -> Any:
        with self._lock:
            return self._tokenizer(*texts, **options)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._tokenizer, name)


def traced(network: Any, window: int) -> Any:
    """The network's graph, or the network itself if its graph does not give the same at every size that is tried.

    ``network`` is in evaluation mode and takes ``input_ids`` and ``attention_mask``; it can't be trained any more.
    ``window`` is the most tokens that it will be given.
    """
    vocabulary = int(network.config.vocab_size)
    network.requires_grad_(requires_grad=False)  # only then its weights can be part of a graph

    def original(input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        found: Tensor = network(input_ids=input_ids, attention_mask=attention_mask)[0]
        return found

    try:
        with torch.no_grad(), warnings.catch_warnings():
            # TorchScript is to be replaced by what needs a compiler at run time, and warns of what tracing fixes:
            # whether that matters is what the comparison is for.
            warnings.simplefilter("ignore")
            example = _tokens(2, 5, vocabulary)
            graph = torch.jit.trace(original, example, check_trace=False, strict=False)  # type: ignore[no-untyped-call]
            # The first two calls of a graph are slow, too: it is optimized then.
            distances = [_distance(graph, original, tokens) for tokens in _sizes(window, vocabulary)]
    except Exception as error:  # noqa: BLE001 - a network can be untraceable in any way, and is as good without
        log.warning("network_without_graph", reason=type(error).__name__)
        return network
    if not all(distance <= _TOLERANCE for distance in distances):
        log.warning("network_without_graph", reason="other scores", distances=distances)
        return network
    return Graph(graph)


def _sizes(window: int, vocabulary: int) -> Iterator[tuple[Tensor, Tensor]]:
    yield _tokens(1, 1, vocabulary)
    yield _tokens(3, min(17, window), vocabulary)
    yield _tokens(1, min(_LONG, window), vocabulary)


def _tokens(count: int, length: int, vocabulary: int) -> tuple[Tensor, Tensor]:
    """Ids and mask of made-up texts, each shorter by one than the one before it, as far as that goes."""
    random = torch.Generator().manual_seed(length)
    ids = torch.randint(0, vocabulary, (count, length), generator=random)
    ends = (length - torch.arange(count).unsqueeze(1)).clamp(min=1)
    return ids, (torch.arange(length) < ends).long()


def _distance(graph: Any, original: Callable[..., Tensor], tokens: tuple[Tensor, Tensor]) -> float:
    return float((graph(*tokens) - original(*tokens)).abs().max())
