"""Building a network without what only training on many machines and compiling need: a second of processor time.

While transformers' modules are imported, and while torch builds a network without memory, both load torch's compiler,
and with it tensors for many machines, in order to mark functions for it. Nothing is compiled here. So stand-ins take
the marks meanwhile; whoever wants the compiler afterwards imports the real one.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any

import torch
from transformers.initialization import no_init_weights
from transformers.utils import import_utils as known_packages

_COMPILER = "torch._dynamo"
_SELDOM_USED = {
    "torch._dynamo._trace_wrapped_higher_order_op": "TransformGetItemToIndex",
    "scipy.optimize": "linear_sum_assignment",
}
"""By module, what is imported for other networks than ours (masks, losses), and taken from there when it is used."""


@contextmanager
def lean_loading() -> Iterator[None]:
    """Within this block transformers imports and builds a network with as little of torch as that takes.

    For weights that have the network's own names, and not for two threads at once. A later version of the libraries
    may want more than is there: that raises some error, and the same goes without this block.
    """
    with _replaced(torch.distributed, "is_available", lambda: False):
        # Asked once in a process: the answer is kept.
        known_packages.is_torch_distributed_available()
    stand_ins = _stand_ins()
    sys.modules.update(stand_ins)
    try:
        with _built_plainly():
            yield
    finally:
        for name in stand_ins:
            del sys.modules[name]


@contextmanager
def _built_plainly() -> Iterator[None]:
    """In memory, left unfilled, and without the list of how weights are called in other files.

    transformers would compute the shapes of a network without memory, for which torch needs symbolic algebra, and
    compile a thousand patterns for the names in files of all networks there are.
    """
    building = importlib.import_module("transformers.modeling_utils")
    network, contexts = building.PreTrainedModel, building.PreTrainedModel.get_init_context.__func__

    def in_memory(cls: Any, *given: Any, **named: Any) -> list[Any]:
        found = contexts(cls, *given, **named)
        return [no_init_weights() if isinstance(one, torch.device) else one for one in found]

    with (
        _replaced(network, "get_init_context", classmethod(in_memory)),
        _replaced(building, "get_model_conversion_mapping", lambda *_, **__: []),
    ):
        yield


@contextmanager
def _replaced(owner: Any, name: str, value: object) -> Iterator[None]:
    before = vars(owner)[name]
    setattr(owner, name, value)
    try:
        yield
    finally:
        setattr(owner, name, before)


def _stand_ins() -> dict[str, ModuleType]:
    marks = dict.fromkeys(("disable", "allow_in_graph", "assume_constant_result"), _unmarked)
    contents: dict[str, dict[str, Any]] = {_COMPILER: marks}
    for module, name in _SELDOM_USED.items():
        contents[module] = {name: _when_used(module, name)}
    return {name: _module(name, inside) for name, inside in contents.items() if name not in sys.modules}


def _module(name: str, contents: dict[str, Any]) -> ModuleType:
    made = ModuleType(name)
    vars(made).update(contents)
    return made


def _unmarked(function: Any = None, *_arguments: Any, **_options: Any) -> Any:
    """A decorator with or without options, that changes nothing."""
    return function if callable(function) else _unmarked


def _when_used(module: str, name: str) -> Any:
    def used(*given: Any, **named: Any) -> Any:
        return getattr(importlib.import_module(module), name)(*given, **named)

    return used
