"""Texts as counts of hashed character n-grams and words: what the linear half of the embedded model looks at.

Everything is computed with numpy over a whole batch. The hash is a polynomial over code points, finished by a
multiplication and two shifts (the finaliser of SplitMix64), so the same text has the same features on every machine.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

CHAR_BITS = 18
WORD_BITS = 16
WIDTH = 2**CHAR_BITS + 2**WORD_BITS
"""Number of features: first those of the characters, then those of the words."""

_LONGEST = 6
_BASE = np.uint64(1_000_003)
_MIX = np.uint64(0xBF58476D1CE4E5B9)
_TOKEN = re.compile(r"\w+|[^\w\s]")


@dataclass(frozen=True, slots=True)
class SparseRows:
    """A sparse matrix of ``count`` rows: ``values[k]`` stands in row ``rows[k]`` and column ``columns[k]``."""

    count: int
    rows: NDArray[np.int64]
    columns: NDArray[np.int64]
    values: NDArray[np.float32]


def features(texts: Sequence[str]) -> SparseRows:
    """Log-scaled counts (1 + ln n) of each text's n-grams and words, before any weighting; case is ignored."""
    lowered = [text.lower() for text in texts]
    chars_in, chars = _character_grams(lowered)
    words_in, words = _word_grams(lowered)
    offset = np.uint64(2**CHAR_BITS)
    rows = np.concatenate([chars_in, words_in])
    columns = np.concatenate([_bucket(chars, CHAR_BITS), _bucket(words, WORD_BITS) + offset])
    keys, counts = np.unique(rows.astype(np.uint64) * np.uint64(WIDTH) + columns, return_counts=True)
    return SparseRows(
        count=len(texts),
        rows=(keys // np.uint64(WIDTH)).astype(np.int64),
        columns=(keys % np.uint64(WIDTH)).astype(np.int64),
        values=(1.0 + np.log(counts)).astype(np.float32),
    )


def _character_grams(texts: Sequence[str]) -> tuple[NDArray[np.int64], NDArray[np.uint64]]:
    """Row and hash of every run of 2 to 6 characters within a word, the blanks before and after it included."""
    words = [(row, f" {word} ") for row, text in enumerate(texts) for word in text.split()]
    codes = _codes("".join(word for _, word in words))
    lengths = np.array([len(word) for _, word in words], dtype=np.int64)
    row_of = np.repeat(np.array([row for row, _ in words], dtype=np.int64), lengths)
    room = np.repeat(np.cumsum(lengths), lengths) - np.arange(len(codes))
    rows, hashes, rolling = [], [], codes.copy()
    for size in range(2, _LONGEST + 1):
        rolling = rolling[:-1] * _BASE + codes[size - 1 :]
        fits = room[: len(rolling)] >= size
        rows.append(row_of[: len(rolling)][fits])
        hashes.append(rolling[fits] + (_MIX >> np.uint64(size)))
    return np.concatenate(rows), np.concatenate(hashes)


def _word_grams(texts: Sequence[str]) -> tuple[NDArray[np.int64], NDArray[np.uint64]]:
    """Row and hash of every word or sign, and of every two that follow each other in one text."""
    tokens = [(row, token) for row, text in enumerate(texts) for token in _TOKEN.findall(text)]
    rows = np.array([row for row, _ in tokens], dtype=np.int64)
    hashes = _word_hashes([token for _, token in tokens])
    follows = rows[:-1] == rows[1:]
    pairs = (hashes[:-1] * _MIX + hashes[1:] + np.uint64(1))[follows]
    return np.concatenate([rows, rows[:-1][follows]]), np.concatenate([hashes, pairs])


def _word_hashes(tokens: Sequence[str]) -> NDArray[np.uint64]:
    if not tokens:
        return np.zeros(0, dtype=np.uint64)
    codes = _codes("".join(tokens))
    lengths = np.array([len(token) for token in tokens], dtype=np.int64)
    starts = np.cumsum(lengths) - lengths
    position = np.arange(len(codes)) - np.repeat(starts, lengths)
    powers = np.multiply.accumulate(np.full(int(lengths.max()), _BASE))
    return np.add.reduceat(_mixed(codes) * powers[position], starts)


def _codes(text: str) -> NDArray[np.uint64]:
    return np.frombuffer(text.encode("utf-32-le", "surrogatepass"), dtype="<u4").astype(np.uint64)


def _mixed(hashes: NDArray[np.uint64]) -> NDArray[np.uint64]:
    hashes = (hashes ^ (hashes >> np.uint64(30))) * _MIX
    return hashes ^ (hashes >> np.uint64(31))


def _bucket(hashes: NDArray[np.uint64], bits: int) -> NDArray[np.uint64]:
    return _mixed(hashes) >> np.uint64(64 - bits)
