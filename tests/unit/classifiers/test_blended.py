"""The embedded model's files are checked before any of them is used."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from moderation.classifiers.detoxify import load_embedded
from moderation.classifiers.files import file_digest
from moderation.classifiers.linear import load_linear, save_linear
from moderation.errors import CheckpointError
from tests.unit.classifiers.conftest import linear_model


def edit_manifest(folder: Path, change: Callable[[dict[str, Any]], object]) -> None:
    path = folder / "manifest.json"
    stored = json.loads(path.read_text(encoding="utf-8"))
    change(stored)
    path.write_text(json.dumps(stored), encoding="utf-8")


def sign(folder: Path, name: str) -> None:
    edit_manifest(folder, lambda stored: stored["files"].update({name: file_digest(folder / name)}))


def test_the_identity_comes_from_the_manifest(pristine: Path) -> None:
    identity = load_embedded(pristine).identity
    assert identity.name == "tiny"
    assert identity.languages == {"de", "en"}
    assert identity.labels == ("toxicity", "obscene", "insult", "identity_attack")
    assert identity.hold_thresholds == {"de": {"toxicity": 0.6}}
    assert len(identity.digest) == 64


def test_the_digest_follows_the_blend_but_not_the_thresholds(bundle: Path) -> None:
    before = load_embedded(bundle).identity.digest
    edit_manifest(bundle, lambda stored: stored["hold_thresholds"]["de"].update(toxicity=0.9))
    assert load_embedded(bundle).identity.digest == before
    edit_manifest(bundle, lambda stored: stored["blend"]["de"]["toxicity"].update(bias=0.2))
    assert load_embedded(bundle).identity.digest != before


@pytest.mark.parametrize("name", ["model.ckpt", "linear.npz", "config.json", "tokenizer.json", "tokenizer_config.json"])
def test_a_file_that_is_not_the_one_in_the_manifest_is_refused(bundle: Path, name: str) -> None:
    with (bundle / name).open("ab") as stream:
        stream.write(b" ")
    with pytest.raises(CheckpointError, match=f"{name}: wrong digest"):
        load_embedded(bundle)


def test_a_missing_file_is_refused(bundle: Path) -> None:
    (bundle / "linear.npz").unlink()
    with pytest.raises(CheckpointError, match=r"linear\.npz: can't be read"):
        load_embedded(bundle)


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (lambda stored: stored.pop("files"), "malformed"),
        (lambda stored: stored["files"].pop("linear.npz"), "no digest"),
        (lambda stored: stored["blend"]["de"]["toxicity"].pop("bias"), "malformed"),
        (lambda stored: stored["blend"]["de"].pop("toxicity"), "wrong label set for 'de'"),
        (lambda stored: stored["blend"]["en"].update(insult=stored["blend"]["de"]["insult"]), r"lacking|\['insult'\]"),
        (lambda stored: stored.update(hold_thresholds=[]), "malformed"),
        (lambda stored: stored["blend"].update(fr=stored["blend"]["de"]), "linear weights"),
    ],
)
def test_a_manifest_that_does_not_fit_is_refused(
    bundle: Path, change: Callable[[dict[str, Any]], object], complaint: str
) -> None:
    edit_manifest(bundle, change)
    with pytest.raises(CheckpointError, match=complaint):
        load_embedded(bundle)


def test_a_damaged_linear_half_is_refused(bundle: Path) -> None:
    (bundle / "linear.npz").write_bytes(b"PK\x03\x04 nothing")
    sign(bundle, "linear.npz")
    with pytest.raises(CheckpointError, match="linear weights"):
        load_embedded(bundle)


def test_linear_weights_of_another_shape_are_refused(tmp_path: Path) -> None:
    narrow = dataclasses.replace(linear_model(("toxicity",)), rarity=np.ones(3, np.float32))
    save_linear(tmp_path / "linear.npz", {"de": narrow})
    with pytest.raises(CheckpointError, match="another shape"):
        load_linear(tmp_path / "linear.npz", ["de"])
