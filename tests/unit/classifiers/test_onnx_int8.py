"""8-bit weights: close to the original, refused where decisions flip, and loaded only as what was accepted."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from api import classifying, cli
from api.settings import Settings
from moderation.classifiers import detoxify
from moderation.classifiers.detoxify import DetoxifyClassifier, load_checkpoint
from moderation.classifiers.files import file_digest
from moderation.classifiers.onnx_int8 import MANIFEST, NETWORK, QuantizedClassifier, read_quantized
from moderation.classifiers.parity import Pair, Parity, compare
from moderation.classifiers.protocol import ScoringInput
from moderation.classifiers.quantizing import accept, quantize
from moderation.errors import CheckpointError, ClassifierError
from tests.sentences import insult, sentence

SAME = Parity(texts=1, largest_difference=0.0, flips=0, auc_before=None, auc_after=None)
TEXTS = ["Der Hund bellt.", "", "Unsinn " * 400, "ein\ud83d Ersatz", "Was für ein Unsinn 😀"] * 5


def german(*texts: str) -> list[ScoringInput]:
    return [ScoringInput(text, "de") for text in texts]


@pytest.fixture(scope="module")
def original(pristine: Path) -> DetoxifyClassifier:
    path = pristine / "model.ckpt"
    return load_checkpoint(path, file_digest(path), languages={"de", "en"})


@pytest.fixture(scope="module")
def accepted(original: DetoxifyClassifier, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("int8")
    accept(folder, quantize(original, folder), SAME)
    return folder


@pytest.fixture
def folder(accepted: Path, tmp_path: Path) -> Path:
    """A copy that a test may damage."""
    return Path(shutil.copytree(accepted, tmp_path / "int8"))


def load(folder: Path) -> QuantizedClassifier:
    return read_quantized(folder, file_digest(folder / MANIFEST))


def test_scores_are_close_to_the_originals_whatever_the_text(original: DetoxifyClassifier, accepted: Path) -> None:
    converted = load(accepted)
    for before, after in zip(original.score(german(*TEXTS)), converted.score(german(*TEXTS)), strict=True):
        assert after == pytest.approx(before, abs=0.05)
    assert converted.score([]) == []


def test_the_identity_is_the_originals_under_another_name_and_digest(
    original: DetoxifyClassifier, accepted: Path
) -> None:
    before, after = original.identity, load(accepted).identity
    assert after.name == "model (int8)"
    assert (after.labels, after.languages, after.hold_thresholds) == (
        before.labels,
        before.languages,
        before.hold_thresholds,
    )
    assert after.digest == file_digest(accepted / MANIFEST)
    assert json.loads((accepted / MANIFEST).read_text(encoding="utf-8"))["model"]["source"] == before.digest


def test_the_setting_takes_the_folder_and_its_digest(accepted: Path) -> None:
    settings = Settings(
        secret_key="", database_url="", model=str(accepted), model_digest=file_digest(accepted / MANIFEST)
    )
    assert isinstance(classifying.load(settings), QuantizedClassifier)


def test_a_process_that_scores_this_way_loads_no_torch(accepted: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from api import classifying; from api.settings import Settings;"
        f"s = Settings(secret_key='', database_url='', model={str(accepted)!r},"
        f"model_digest={file_digest(accepted / MANIFEST)!r});"
        "classifying.warmed(classifying.load(s)); print('torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"


def test_a_folder_whose_conversion_was_not_accepted_is_not_loaded(original: DetoxifyClassifier, tmp_path: Path) -> None:
    quantize(original, tmp_path)
    with pytest.raises(CheckpointError, match=r"onnx\.json: can't be read"):
        read_quantized(tmp_path, "0" * 64)


@pytest.mark.parametrize("name", [NETWORK, "tokenizer.json"])
def test_a_file_that_is_not_the_accepted_one_is_refused(folder: Path, name: str) -> None:
    with (folder / name).open("ab") as stream:
        stream.write(b" ")
    with pytest.raises(CheckpointError, match=f"{name}: wrong digest"):
        load(folder)


def change_manifest(folder: Path, change: Any) -> None:
    stored = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    change(stored)
    (folder / MANIFEST).write_text(json.dumps(stored), encoding="utf-8")


@pytest.mark.parametrize(
    "change",
    [
        lambda stored: stored.pop("files"),
        lambda stored: stored["model"].pop("window"),
        lambda stored: stored["model"].update(hold_thresholds=[]),
    ],
)
def test_a_manifest_that_lacks_something_is_refused(folder: Path, change: Any) -> None:
    change_manifest(folder, change)
    with pytest.raises(CheckpointError, match="malformed"):
        load(folder)


def test_a_damaged_network_is_refused(folder: Path) -> None:
    (folder / NETWORK).write_bytes(b"nothing")
    change_manifest(folder, lambda stored: stored["files"].update({NETWORK: file_digest(folder / NETWORK)}))
    with pytest.raises(CheckpointError, match="damaged"):
        load(folder)


@pytest.mark.parametrize(
    ("answers", "complaint"),
    [([np.array([[float("nan")] * 4])], "not a number"), ([], "ValueError")],
)
def test_what_goes_wrong_inside_is_our_error(
    accepted: Path, monkeypatch: pytest.MonkeyPatch, answers: list[Any], complaint: str
) -> None:
    classifier = load(accepted)

    class Session:
        def run(self, *_: object) -> list[Any]:
            return answers

    monkeypatch.setattr(classifier, "_session", Session())
    with pytest.raises(ClassifierError, match=complaint):
        classifier.score(german("Text"))


def pair(before: float, after: float, *, toxic: bool = False, language: str = "de") -> Pair:
    return Pair(language, toxic, {"toxicity": before}, {"toxicity": after})


def test_parity_counts_decisions_that_flip_at_the_thresholds() -> None:
    limits = {"*": {"toxicity": 0.7}, "en": {"toxicity": 0.2}}
    found = compare(
        [pair(0.69, 0.71, toxic=True), pair(0.5, 0.6), pair(0.3, 0.1, language="en"), pair(0.9, 0.8)], limits
    )
    assert (found.texts, found.flips) == (4, 2)
    assert found.largest_difference == pytest.approx(0.2)
    assert found.auc_before == pytest.approx(2 / 3)
    assert found.area_lost == pytest.approx(0.0)


def test_parity_without_both_kinds_of_text_has_no_auc() -> None:
    found = compare([pair(0.1, 0.2)], {})
    assert (found.auc_before, found.area_lost, found.flips) == (None, 0.0, 0)


def always(score: float) -> Any:
    return lambda self, inputs: [dict.fromkeys(self.identity.labels, score)] * len(inputs)


class TestCommand:
    @pytest.fixture
    def labelled(self, tmp_path: Path) -> Path:
        texts = [insult(number) if number % 2 else sentence(number) for number in range(110)]
        rows = [{"text": text, "toxic": number % 2} for number, text in enumerate(texts)]
        path = tmp_path / "labelled.jsonl"
        english = "The council plans to rebuild the old library next year."
        useless = [
            '{"text": "Ein Satz ohne Urteil."}',
            json.dumps({"text": english, "lang": "en", "toxic": 1}),
            "kaputt",
        ]
        path.write_text("\n".join([*map(json.dumps, rows), *useless]), encoding="utf-8")
        return path

    @pytest.fixture(autouse=True)
    def settings(self, pristine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("VORAB_MODEL", str(pristine / "model.ckpt"))
        monkeypatch.setenv("VORAB_MODEL_DIGEST", file_digest(pristine / "model.ckpt"))
        monkeypatch.setenv("VORAB_MODEL_LANGUAGES", "de")

    def run(self, *arguments: object) -> int:
        with pytest.raises(SystemExit) as ended:
            cli.main(["convert", *map(str, arguments)])
        return int(ended.value.code or 0)

    def test_a_model_that_decides_alike_is_accepted(
        self, labelled: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        monkeypatch.setattr(detoxify, "RECOMMENDED_THRESHOLD", 0.999)
        labelled.write_text(labelled.read_text(encoding="utf-8").replace('"toxic": 1', '"toxic": 0'), encoding="utf-8")
        assert self.run(labelled, tmp_path / "made", "--json") == 0
        facts = json.loads(capsys.readouterr().out)
        assert (facts["parity"]["texts"], facts["parity"]["flips"]) == (110, 0)
        assert read_quantized(tmp_path / "made", facts["digest"]).identity.languages == {"de"}

    def test_a_model_that_decides_otherwise_is_not_and_replaces_nothing(
        self, labelled: Path, folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        monkeypatch.setattr(QuantizedClassifier, "score", always(0.9))
        assert self.run(labelled, folder) == 1
        assert re.search(r"not accepted: 110 texts: [1-9]\d* decisions differ", capsys.readouterr().err)
        assert not (folder / MANIFEST).exists()

    def test_a_model_that_tells_toxic_from_clean_less_well_is_not_accepted_either(
        self, labelled: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        monkeypatch.setattr(QuantizedClassifier, "score", always(0.5))
        assert self.run(labelled, tmp_path / "made", "--allow-flips", "100") == 1
        assert "and 0.5000 after" in capsys.readouterr().err

    @pytest.mark.parametrize(
        ("environment", "complaint"),
        [({"VORAB_MODEL": "embedded"}, "the embedded one is small"), ({"VORAB_MODEL_LANGUAGES": "fr"}, "it takes 100")],
    )
    def test_what_cannot_be_converted_is_said(
        self, labelled: Path, tmp_path: Path, environment: dict[str, str], complaint: str,
        monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str],
    ) -> None:  # fmt: skip
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        assert self.run(labelled, tmp_path / "made") == 1
        assert complaint in capsys.readouterr().err

    def test_without_the_converters_packages_it_says_how_to_get_them(
        self, labelled: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        monkeypatch.setattr("importlib.util.find_spec", lambda name: None if name == "onnx" else object())
        assert self.run(labelled, tmp_path / "made") == 1
        assert "pip install '.[convert]'" in capsys.readouterr().err
