"""A checkpoint that is not what it claims to be is refused, by name of what is wrong with it."""

from __future__ import annotations

import json
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from moderation.classifiers.checkpoints import read_checkpoint
from moderation.classifiers.detoxify import DetoxifyClassifier, load_checkpoint
from moderation.classifiers.files import file_digest
from moderation.classifiers.protocol import ScoringInput
from moderation.errors import CheckpointError

Change = Callable[[dict[str, Any]], object]


def load(folder: Path) -> DetoxifyClassifier:
    path = folder / "model.ckpt"
    return load_checkpoint(path, file_digest(path), languages={"de"})


def rewrite(folder: Path, change: Change) -> None:
    path = folder / "model.ckpt"
    loaded = torch.load(path, weights_only=True)
    change(loaded)
    torch.save(loaded, path)


def edit_json(path: Path, **changes: object) -> None:
    stored = json.loads(path.read_text(encoding="utf-8")) | changes
    path.write_text(json.dumps({key: value for key, value in stored.items() if value is not None}), encoding="utf-8")


def test_a_sound_checkpoint_scores_and_says_what_it_is(bundle: Path) -> None:
    classifier = load(bundle)
    (scores,) = classifier.score([ScoringInput("Der Hund bellt.", "de")])
    assert set(scores) == {"toxicity", "obscene", "insult", "identity_attack"} == set(classifier.identity.labels)
    assert all(0 < score < 1 for score in scores.values())
    assert classifier.identity.languages == {"de"}
    assert classifier.identity.hold_thresholds == {"*": dict.fromkeys(classifier.identity.labels, 0.7)}
    assert classifier.identity.name == "model"


def test_without_languages_the_model_counts_as_english(bundle: Path) -> None:
    path = bundle / "model.ckpt"
    assert load_checkpoint(str(path), file_digest(path)).identity.languages == {"en"}


def test_another_tokenizer_is_another_identity(bundle: Path) -> None:
    before = load(bundle).identity.digest
    edit_json(bundle / "tokenizer_config.json", model_max_length=100)
    assert load(bundle).identity.digest != before


def test_a_wrong_digest_is_refused(bundle: Path) -> None:
    with pytest.raises(CheckpointError, match="wrong digest"):
        load_checkpoint(bundle / "model.ckpt", "0" * 64, languages={"de"})


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="can't be read"):
        load_checkpoint(tmp_path / "none.ckpt", "0" * 64)


def test_a_truncated_file_is_refused(bundle: Path) -> None:
    path = bundle / "model.ckpt"
    path.write_bytes(path.read_bytes()[:-1000])
    with pytest.raises(CheckpointError, match="damaged"):
        load(bundle)


class _Attack:
    def __reduce__(self) -> tuple[object, ...]:
        return (Path.touch, (Path("attacked"),))


def test_a_checkpoint_that_carries_code_is_refused_and_the_code_not_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for path, write in ((tmp_path / "a.ckpt", torch.save), (tmp_path / "b.ckpt", _plain_pickle)):
        write(_Attack(), path)
        with pytest.raises(CheckpointError):
            read_checkpoint(path, file_digest(path))
    assert not Path("attacked").exists()


def _plain_pickle(thing: object, path: Path) -> None:
    path.write_bytes(pickle.dumps(thing))


def _arch(**values: object) -> Change:
    return lambda loaded: loaded["config"]["arch"]["args"].update(values)


def _classes(*names: str) -> Change:
    return lambda loaded: loaded["config"]["dataset"]["args"].update(classes=list(names))


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (lambda loaded: loaded["state_dict"].pop("classifier.weight"), r"missing weights \['classifier.weight'\]"),
        (lambda loaded: loaded["state_dict"].update(extra=torch.zeros(1)), r"surplus weights \['extra'\]"),
        (lambda loaded: loaded["state_dict"].update({"classifier.bias": torch.zeros(5)}), "another shape"),
        (lambda loaded: loaded["state_dict"].update(extra=1), "other than weights"),
        (lambda loaded: loaded.pop("config"), "not a Detoxify checkpoint"),
        (_arch(model_name="GPT2ForSequenceClassification"), "unknown architecture"),
        (_arch(tokenizer_name="GPT2Tokenizer"), "does not go with tokenizer"),
        (_arch(num_classes=7), "4 labels for 7 outputs"),
        (_arch(model_type="bert-base-uncased"), "needs a local folder .* names 'bert-base-uncased'"),
        (_arch(model_name="BertForSequenceClassification", tokenizer_name="BertTokenizer"), "missing weights"),
        (_classes("toxicity", "obscene", "insult", "spam"), "wrong label set .* unknown are .'spam'."),
        (_classes("toxicity", "obscene", "insult", "insult"), "wrong label set"),
        (_classes("threat", "obscene", "insult", "identity_attack"), "wrong label set"),
        (_classes("toxicity"), "1 labels for 4 outputs"),
    ],
)
def test_a_checkpoint_with_other_contents_is_refused(bundle: Path, change: Change, complaint: str) -> None:
    rewrite(bundle, change)
    with pytest.raises(CheckpointError, match=complaint):
        load(bundle)


def test_the_names_of_older_checkpoints_are_understood(bundle: Path) -> None:
    rewrite(bundle, _classes("toxic", "obscene", "severe_toxic", "identity_hate"))
    assert load(bundle).identity.labels == ("toxicity", "obscene", "severe_toxicity", "identity_attack")


def test_outputs_for_identities_are_known_not_to_be_labels(bundle: Path) -> None:
    rewrite(
        bundle,
        lambda loaded: loaded["config"]["dataset"]["args"].update(
            classes=["toxicity", "insult"], identity_classes=["male", "female"]
        ),
    )
    assert load(bundle).identity.labels == ("toxicity", "insult")


def test_a_constant_that_older_versions_stored_is_no_surplus(bundle: Path) -> None:
    rewrite(bundle, lambda loaded: loaded["state_dict"].update({"model.embeddings.position_ids": torch.arange(3)}))
    assert load(bundle).identity.labels


@pytest.mark.parametrize(
    ("name", "changes", "complaint"),
    [
        ("tokenizer_config.json", {"model_max_length": None}, "sets no model_max_length"),
        ("tokenizer_config.json", {"model_max_length": 10**30}, "sets no model_max_length"),
        ("tokenizer_config.json", {"model_max_length": True}, "sets no model_max_length"),
        ("tokenizer_config.json", {"model_max_length": 4096}, "beyond the network's positions"),
        ("config.json", {"hidden_size": 32}, "another shape"),
        ("config.json", {"vocab_size": 10}, "another shape"),
        ("config.json", {"hidden_size": "wide"}, "fits no ModernBert"),
    ],
)
def test_a_folder_that_does_not_fit_is_refused(bundle: Path, name: str, changes: Any, complaint: str) -> None:
    edit_json(bundle / name, **changes)
    with pytest.raises(CheckpointError, match=complaint):
        load(bundle)


@pytest.mark.parametrize("contents", ["{", "[]"])
def test_a_folder_without_readable_json_is_refused(bundle: Path, contents: str) -> None:
    (bundle / "tokenizer_config.json").write_text(contents, encoding="utf-8")
    with pytest.raises(CheckpointError, match=r"not (a )?JSON"):
        load(bundle)


def test_a_damaged_tokenizer_is_refused(bundle: Path) -> None:
    (bundle / "tokenizer.json").write_text("{}", encoding="utf-8")
    with pytest.raises(CheckpointError, match=str(bundle)):
        load(bundle)


def test_a_tokenizer_with_more_words_than_the_network_is_refused(bundle: Path) -> None:
    path = bundle / "tokenizer.json"
    stored = json.loads(path.read_text(encoding="utf-8"))
    size = len(stored["model"]["vocab"])
    stored["model"]["vocab"]["überzählig"] = size
    path.write_text(json.dumps(stored), encoding="utf-8")
    with pytest.raises(CheckpointError, match="more words"):
        load(bundle)
