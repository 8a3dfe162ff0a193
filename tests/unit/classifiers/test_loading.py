"""Which model a setting means, and what becomes of a setting that means none."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from api import classifying, logs
from api.settings import Settings
from moderation.classifiers.files import file_digest
from moderation.classifiers.service import ScoringService, ServiceState
from moderation.errors import CheckpointError, ClassifierUnavailableError


def chosen(model: Path | str, digest: str | None) -> Settings:
    return Settings(secret_key="", database_url="", model=str(model), model_digest=digest, model_languages=("de",))


def test_a_checkpoint_is_named_by_path_and_digest(pristine: Path) -> None:
    path = pristine / "model.ckpt"
    assert classifying.load(chosen(path, file_digest(path))).identity.languages == {"de"}


def test_a_path_without_a_digest_is_refused(pristine: Path) -> None:
    with pytest.raises(CheckpointError, match="VORAB_MODEL_DIGEST"):
        classifying.load(chosen(pristine / "model.ckpt", None))


def test_the_service_of_a_model_that_does_not_load_says_so_in_the_log(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    logs.configure("error")
    service = classifying.classifier_for(chosen(tmp_path / "none.ckpt", "0" * 64))
    assert isinstance(service, ScoringService)
    service.start()
    assert service.wait_until_loaded(60) is ServiceState.FAILED
    logged = json.loads(capsys.readouterr().err)
    assert logged["event"] == "classifier_not_loaded"
    assert logged["reason"].endswith("none.ckpt: can't be read (No such file or directory)")


def test_a_service_of_ones_own_is_warm_or_not_there(pristine: Path, tmp_path: Path) -> None:
    path = pristine / "model.ckpt"
    with classifying.running_service(chosen(path, file_digest(path)), patience_s=60, queue_limit=10) as service:
        assert service.identity.name == "model"
    with (
        pytest.raises(ClassifierUnavailableError, match="can't be read"),
        classifying.running_service(chosen(tmp_path / "none.ckpt", "0" * 64), patience_s=60, queue_limit=10),
    ):
        pass
