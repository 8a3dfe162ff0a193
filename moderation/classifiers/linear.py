"""The linear half of the embedded model: one logistic regression for each language and label.

It looks at hashed n-grams, and at which words of the lists stand in a text. The lists are those it was trained with, so
that an entry that is added to the screening's changes no score.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from moderation.classifiers.ngrams import CHAR_BITS, WIDTH, SparseRows, features
from moderation.classifiers.signs import FORMER_SIGNS, SIGNS, signs
from moderation.errors import CheckpointError
from moderation.lexicons.entries import Entry, Kind
from moderation.lexicons.lexicon import Lexicon


@dataclass(frozen=True, slots=True)
class LinearModel:
    """Weights of one language.

    ``rarity`` (inverse document frequency) is by feature, ``weights`` by label and feature, ``sign_weights`` by label
    and sign; ``entries`` are those of the lists that the signs come from, ``sign_names`` what the signs are.
    """

    labels: tuple[str, ...]
    rarity: NDArray[np.float32]
    weights: NDArray[np.float32]
    sign_weights: NDArray[np.float32]
    bias: NDArray[np.float32]
    entries: tuple[Entry, ...] = ()
    sign_names: tuple[str, ...] = SIGNS
    _lexicon: Lexicon = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_lexicon", Lexicon(self.entries))

    def logits(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """One row for each text, one column for each label."""
        rows = weighted(features(texts), self.rarity)
        found: NDArray[np.float32] = signs(texts, self._lexicon, self.sign_names) @ self.sign_weights.T + self.bias
        for place in range(len(self.labels)):
            parts = rows.values * self.weights[place, rows.columns]
            found[:, place] += np.bincount(rows.rows, parts, minlength=rows.count)
        return found


def weighted(rows: SparseRows, rarity: NDArray[np.float32]) -> SparseRows:
    """The rows times the rarity, scaled so that a text's characters and its words each have length 1."""
    values = rows.values * rarity[rows.columns]
    block = rows.rows * 2 + (rows.columns >= 2**CHAR_BITS)
    lengths = np.sqrt(np.bincount(block, values * values, minlength=rows.count * 2))
    scaled = values / np.maximum(lengths[block], 1e-9)
    return SparseRows(rows.count, rows.rows, rows.columns, scaled.astype(np.float32))


def save_linear(path: Path, models: Mapping[str, LinearModel]) -> None:
    """Write the models by language, weights in half precision."""
    arrays: dict[str, NDArray[np.generic]] = {}
    for language, model in models.items():
        arrays[f"{language}.labels"] = np.array(model.labels)
        arrays[f"{language}.rarity"] = model.rarity.astype(np.float16)
        arrays[f"{language}.weights"] = model.weights.astype(np.float16)
        arrays[f"{language}.sign_weights"] = model.sign_weights.astype(np.float32)
        arrays[f"{language}.sign_names"] = np.array(model.sign_names)
        arrays[f"{language}.bias"] = model.bias.astype(np.float32)
        arrays[f"{language}.entries"] = np.array(
            [f"{one.kind.value} {one.written}" for one in model.entries], dtype=np.str_
        )
    np.savez_compressed(path, allow_pickle=False, **arrays)


def load_linear(path: Path, languages: Sequence[str]) -> dict[str, LinearModel]:
    """Read what ``save_linear`` wrote, without unpickling.

    Raises:
        CheckpointError: the file is damaged, or its arrays don't fit.
    """
    try:
        with path.open("rb") as stream, np.load(stream, allow_pickle=False) as arrays:
            return {language: _read(arrays, language) for language in languages}
    except CheckpointError:
        raise
    except Exception as error:  # a damaged archive raises whatever zip, zlib or numpy stumble over
        raise CheckpointError(f"{path}: damaged, or not linear weights: {type(error).__name__}: {error}") from error


def _read(arrays: Mapping[str, NDArray[np.generic]], language: str) -> LinearModel:
    model = LinearModel(
        labels=tuple(str(label) for label in arrays[f"{language}.labels"]),
        rarity=arrays[f"{language}.rarity"].astype(np.float32),
        weights=arrays[f"{language}.weights"].astype(np.float32),
        sign_weights=arrays[f"{language}.sign_weights"].astype(np.float32),
        bias=arrays[f"{language}.bias"].astype(np.float32),
        entries=tuple(_entry(line) for line in arrays[f"{language}.entries"].tolist()),
        sign_names=_sign_names(arrays, language),
    )
    count = len(model.labels)
    wanted = [(WIDTH,), (count, WIDTH), (count, len(model.sign_names)), (count,)]
    if [part.shape for part in (model.rarity, model.weights, model.sign_weights, model.bias)] != wanted:
        raise CheckpointError(f"linear weights for {language!r} have another shape")
    return model


def _sign_names(arrays: Mapping[str, NDArray[np.generic]], language: str) -> tuple[str, ...]:
    name = f"{language}.sign_names"
    return tuple(str(sign) for sign in arrays[name]) if name in arrays else FORMER_SIGNS


def _entry(line: str) -> Entry:
    kind, written = line.split(" ", 1)
    return Entry(Kind(kind), written)
