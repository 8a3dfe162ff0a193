"""The embedded network is built without the compiler, and is the same network."""

from __future__ import annotations

import subprocess
import sys

import pytest

from moderation.classifiers import library
from moderation.classifiers.blended import CHECKPOINT, EMBEDDED
from moderation.classifiers.checkpoints import read_checkpoint
from moderation.classifiers.files import file_digest
from moderation.classifiers.library import CheckedDetoxify

_IN_A_FRESH_PROCESS = """
import sys
from moderation.classifiers.blended import CHECKPOINT, EMBEDDED
from moderation.classifiers.checkpoints import read_checkpoint
from moderation.classifiers.files import file_digest
from moderation.classifiers.library import CheckedDetoxify

checkpoint = read_checkpoint(EMBEDDED / CHECKPOINT, file_digest(EMBEDDED / CHECKPOINT))
lean = CheckedDetoxify(checkpoint, EMBEDDED, as_graph=True)
texts = ["Guten Morgen!", "Du dummer Idiot, hau endlich ab.", "You stupid moron " * 40]
found = [lean.predict(text) for text in texts]
print(sorted({"torch._dynamo", "torch.distributed.tensor", "sympy", "scipy.optimize"} & sys.modules.keys()))

import torch
from torch._dynamo._trace_wrapped_higher_order_op import TransformGetItemToIndex
from transformers import masking_utils

assert torch._dynamo.config is not None  # The real one.
with masking_utils.TransformGetItemToIndex() as real:
    assert isinstance(real, TransformGetItemToIndex)

plain = CheckedDetoxify(checkpoint, EMBEDDED)
for text, scores in zip(texts, found):
    for label, wanted in plain.predict(text).items():
        assert abs(scores[label][0] - wanted[0]) < 1e-5, (text, label, scores[label], wanted)
"""


def test_what_only_compiling_needs_is_not_imported_and_the_scores_are_those_of_the_whole_library() -> None:
    done = subprocess.run([sys.executable, "-c", _IN_A_FRESH_PROCESS], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split("\n")[0] == "[]"


@pytest.mark.parametrize(
    "wrong", [ImportError("no such name"), AttributeError("no such mark"), TypeError("other arguments")]
)
def test_libraries_that_are_no_longer_as_they_were_load_the_network_all_the_same(
    wrong: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    def lean_loading() -> None:
        raise wrong

    monkeypatch.setattr(library, "lean_loading", lean_loading)
    path = EMBEDDED / CHECKPOINT
    model = CheckedDetoxify(read_checkpoint(path, file_digest(path)), EMBEDDED, as_graph=True)
    assert model.predict("Guten Morgen!")["toxicity"][0] < 0.5
