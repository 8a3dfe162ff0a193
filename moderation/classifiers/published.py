"""The models that Detoxify's makers publish, by name: fetched once where the network allows, then local files like any.

The addresses and the way to fetch them are Detoxify's own. Its loader would go on to unpickle the file, and would ask a
hub at every start; here a fetched model becomes a folder that is checked and loaded as any other checkpoint is, and
that can be carried to a machine without network.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Collection
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import torch
import transformers
from detoxify.detoxify import MODEL_URLS
from filelock import FileLock
from huggingface_hub import constants

from moderation.classifiers.checkpoints import Checkpoint, read_checkpoint
from moderation.classifiers.detoxify import DetoxifyClassifier, load_checkpoint
from moderation.classifiers.files import file_digest
from moderation.errors import CheckpointError

NAMES = tuple(MODEL_URLS)

_WINDOW = 512
"""Tokens that every published model can read at most."""
_PATIENCE_S = 5.0


def load_published(
    name: str, folder: Path, *, digest: str | None = None, languages: Collection[str] = ()
) -> DetoxifyClassifier:
    """Load one of ``NAMES`` from ``folder``, and fetch it into that folder before if it isn't there.

    Raises:
        CheckpointError: it can't be fetched, or what is there is not what it should be.
    """
    path = fetch(name, folder)
    return load_checkpoint(path, digest or recorded_digest(path), languages=languages, name=f"detoxify-{name}")


def fetch(name: str, folder: Path) -> Path:
    """Make ``folder`` hold a published model, and return its checkpoint's path. Shows the progress on standard error.

    Processes that ask at the same time fetch once. What is complete is not fetched again.

    Raises:
        CheckpointError: the network does not allow it, or what came is not what was published.
    """
    url: str = MODEL_URLS[name]
    path = folder / url.rsplit("/", 1)[1]
    folder.mkdir(parents=True, exist_ok=True)
    with FileLock(folder / ".lock"):
        if not _record_of(path).exists():
            _demand_reachable(name, url, constants.ENDPOINT)
            try:
                _fetch_all(url, path)
            except Exception as error:  # three libraries' ways to say that a connection broke or a disk is full
                raise CheckpointError(_advice(name, url, f"{type(error).__name__}: {error}")) from error
    return path


def recorded_digest(path: Path) -> str:
    """The SHA-256 that a fetched checkpoint had when it came."""
    return _record_of(path).read_text(encoding="ascii").split()[0]


def _record_of(path: Path) -> Path:
    return path.with_name(f"{path.name}.sha256")


def _fetch_all(url: str, path: Path) -> None:
    """The record is written last: without it nothing counts as fetched."""
    # The end of the published file's name is the beginning of its SHA-256.
    torch.hub.download_url_to_file(url, str(path), hash_prefix=path.stem.rsplit("-", 1)[1], progress=True)
    checkpoint = read_checkpoint(path, file_digest(path))
    _fetch_words(checkpoint, path.parent)
    _record_of(path).write_text(f"{checkpoint.digest}  {path.name}\n", encoding="ascii")


def _fetch_words(checkpoint: Checkpoint, folder: Path) -> None:
    """Configuration and tokenizer, from the hub that the checkpoint names, into the folder of that name."""
    config = getattr(transformers, checkpoint.architecture).config_class.from_pretrained(checkpoint.model_type)
    tokenizer: Any = getattr(transformers, checkpoint.tokenizer).from_pretrained(checkpoint.model_type)
    tokenizer.model_max_length = min(tokenizer.model_max_length, config.max_position_embeddings, _WINDOW)
    target = folder / checkpoint.model_type
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder) as begun:
        config.save_pretrained(begun)
        tokenizer.save_pretrained(begun)
        shutil.rmtree(target, ignore_errors=True)
        shutil.copytree(begun, target)


def _demand_reachable(name: str, *urls: str) -> None:
    """Ask both hosts before a gigabyte is fetched from one of them, and end soon where there is no network."""
    if constants.HF_HUB_OFFLINE or os.environ.get("TRANSFORMERS_OFFLINE") == "1":
        raise CheckpointError(_advice(name, urls[0], "HF_HUB_OFFLINE forbids it"))
    for url in urls:
        try:
            with urlopen(Request(url, method="HEAD"), timeout=_PATIENCE_S):  # noqa: S310  # Detoxify's own https addresses.
                pass
        except HTTPError:
            pass  # The host is there. What it refuses is said when the file itself is asked for.
        except OSError as error:
            raise CheckpointError(_advice(name, url, str(getattr(error, "reason", error)))) from error


def _advice(name: str, url: str, reason: str) -> str:
    return (
        f"{name}: can't be fetched from {url} ({reason}). On a machine that reaches it, "
        f"run `vorab fetch {name} FOLDER`; bring FOLDER here, and set VORAB_MODEL and "
        "VORAB_MODEL_DIGEST to what that command prints. "
        "Or leave VORAB_MODEL unset: the model that comes with Vorab needs no network"
    )
