"""A network's graph stands in for it only where it gives the same, whatever the size of what it is given."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from transformers import ModernBertConfig, ModernBertForSequenceClassification

from moderation.classifiers.blended import CHECKPOINT, EMBEDDED, read_blended
from moderation.classifiers.checkpoints import read_checkpoint
from moderation.classifiers.files import file_digest
from moderation.classifiers.graphs import Graph, OneAtATime, traced
from moderation.classifiers.library import CheckedDetoxify

LENGTHS = (1, 2, 3, 16, 17, 63, 64, 65, 127, 128, 129, 130, 255, 512)


def network(**options: object) -> Any:
    torch.manual_seed(0)
    sizes = {"vocab_size": 50, "hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2}
    others = {"intermediate_size": 32, "pad_token_id": 0, "cls_token_id": 1, "sep_token_id": 2, "num_labels": 3}
    return ModernBertForSequenceClassification(ModernBertConfig(**(sizes | others | options))).eval()


def made_up(count: int, length: int, vocabulary: int) -> dict[str, Tensor]:
    """Ids and mask of texts of which the first is as long as can be and the others end anywhere before that."""
    random = torch.Generator().manual_seed(count * 1000 + length)
    ends = torch.randint(1, length + 1, (count, 1), generator=random)
    ends[0] = length
    ids = torch.randint(3, vocabulary, (count, length), generator=random)
    mask = (torch.arange(length) < ends).long()
    return {"input_ids": ids * mask, "attention_mask": mask}


@torch.no_grad()
def assert_alike(graph: Any, original: Any, counts: tuple[int, ...]) -> None:
    for length in LENGTHS:
        for count in counts:
            tokens = made_up(count, length, original.config.vocab_size)
            torch.testing.assert_close(graph(**tokens)[0], original(**tokens)[0], rtol=0, atol=1e-5)


def test_the_embedded_network_is_asked_as_a_graph_which_gives_the_same_at_every_size() -> None:
    path = EMBEDDED / CHECKPOINT
    graph = read_blended(EMBEDDED)._network.model
    assert isinstance(graph, Graph)
    assert_alike(graph, CheckedDetoxify(read_checkpoint(path, file_digest(path)), EMBEDDED).model, counts=(1, 3))


def test_a_network_that_looks_only_so_far_around_a_word_has_a_graph_too() -> None:
    original = network(layer_types=["full_attention", "sliding_attention"], local_attention=32)
    graph = traced(original, 512)
    assert isinstance(graph, Graph)
    assert_alike(graph, original, counts=(1, 2, 16))


class Stubborn(nn.Module):
    """Its graph would always answer as it answered to the text that it was made with."""

    def __init__(self, answer: Any) -> None:
        super().__init__()
        self.config, self._answer = SimpleNamespace(vocab_size=50), answer

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> tuple[Tensor]:
        return (self._answer(input_ids),)


def test_a_network_whose_graph_gives_something_else_is_asked_itself() -> None:
    stubborn = Stubborn(lambda ids: torch.tensor([[float(sum(ids[0].tolist()))]]))
    assert traced(stubborn, 512) is stubborn


def test_a_network_that_gives_no_number_for_a_single_size_is_asked_itself() -> None:
    nothing = Stubborn(lambda ids: torch.zeros(1, 1) / (ids.shape[1] - 17))
    assert traced(nothing, 512) is nothing


def test_a_network_that_has_no_graph_is_asked_itself() -> None:
    def fails_while_traced(ids: Tensor) -> Tensor:
        if torch.jit.is_tracing():
            raise RuntimeError("not traceable")
        return ids.float()

    untraceable = Stubborn(fails_while_traced)
    assert traced(untraceable, 512) is untraceable


def test_a_tokenizer_is_never_entered_twice_at_a_time() -> None:
    class Reentered:
        model_max_length = 12

        def __call__(self, texts: list[str]) -> str:
            assert tokenizer._lock.locked()
            return texts[0]

    tokenizer = OneAtATime(Reentered())
    assert tokenizer(["text"]) == "text"
    assert not tokenizer._lock.locked()
    assert tokenizer.model_max_length == 12


@pytest.mark.parametrize("window", [1, 5])
def test_a_short_window_is_no_obstacle(window: int) -> None:
    assert isinstance(traced(network(), window), Graph)
