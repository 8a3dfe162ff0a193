"""The network's subwords, learnt from the texts, and first embeddings for them from what stands beside what."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy import sparse  # type: ignore[import-untyped]  # it has no types
from sklearn.utils.extmath import randomized_svd
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers
from transformers import PreTrainedTokenizerFast

MAX_TOKENS = 512
"""The network's window. A window of the screening (400 characters) never has more."""
_PAD, _UNK, _CLS, _SEP, _MASK = _SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")


def learn_tokenizer(texts: Iterable[str], size: int) -> Tokenizer:
    """Byte-pair encoding over lower-cased text; what is outside the alphabet is unknown."""
    tokenizer = Tokenizer(models.BPE(unk_token=_UNK, fuse_unk=True))
    tokenizer.normalizer = normalizers.Lowercase()
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Punctuation(behavior="isolated"), pre_tokenizers.Digits(), pre_tokenizers.Metaspace()]
    )
    tokenizer.decoder = decoders.Metaspace()
    trainer = trainers.BpeTrainer(
        vocab_size=size, special_tokens=list(_SPECIAL), limit_alphabet=400, min_frequency=3, show_progress=False
    )
    tokenizer.train_from_iterator(texts, trainer)
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]",
        special_tokens=[(token, tokenizer.token_to_id(token)) for token in (_CLS, _SEP)],
    )
    return tokenizer


def save_tokenizer(tokenizer: Tokenizer, folder: Path) -> None:
    """Write the files that ``PreTrainedTokenizerFast.from_pretrained`` reads, with the model's window."""
    wrapped = PreTrainedTokenizerFast(  # type: ignore[no-untyped-call]  # the library left it out
        tokenizer_object=tokenizer,
        model_max_length=MAX_TOKENS,
        pad_token=_PAD,
        unk_token=_UNK,
        cls_token=_CLS,
        sep_token=_SEP,
        mask_token=_MASK,
    )
    wrapped.save_pretrained(str(folder))


def embeddings(token_ids: Sequence[Sequence[int]], size: int, width: int, *, reach: int = 4) -> NDArray[np.float32]:
    """Embeddings of unit scale for each subword: truncated SVD of shifted positive pointwise mutual information.

    Levy, Goldberg and Dagan 2015 (context distribution smoothed with 0.75, eigenvalues to the power 0.5).
    """
    flat = np.concatenate([np.array([*ids, *[-1] * reach], dtype=np.int64) for ids in token_ids])
    counts = sparse.csr_matrix((size, size), dtype=np.float64)
    for distance in range(1, reach + 1):
        left, right = flat[:-distance], flat[distance:]
        both = (left >= 0) & (right >= 0)
        pair = sparse.coo_matrix(
            (np.full(int(both.sum()), 1.0 / distance), (left[both], right[both])), shape=(size, size)
        ).tocsr()
        counts = counts + pair + pair.T
    ppmi = _positive_information(counts.tocoo())
    left_vectors, strengths, _ = randomized_svd(ppmi, width, n_iter=4, random_state=0)
    vectors = left_vectors * np.sqrt(strengths)
    scaled: NDArray[np.float32] = (vectors / (vectors.std() + 1e-9)).astype(np.float32)
    return scaled


def _positive_information(counts: sparse.coo_matrix) -> sparse.csr_matrix:
    total = counts.data.sum()
    row = np.asarray(counts.sum(axis=1)).ravel()
    context = row**0.75
    context /= context.sum()
    information = np.log(counts.data / total / (row[counts.row] / total * context[counts.col]))
    keep = information > 0
    return sparse.csr_matrix((information[keep], (counts.row[keep], counts.col[keep])), shape=counts.shape)
