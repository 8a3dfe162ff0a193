"""Published models: fetched once from hosts that answer, an error that helps where they don't.

A server of the test's own stands for both hosts. What it publishes is a tiny network in Detoxify's format.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import torch
from click.testing import CliRunner
from transformers import BertConfig, BertForSequenceClassification, BertTokenizer

from api import classifying
from api.cli import fetch as fetch_command
from api.settings import PUBLISHED_MODELS, Settings
from moderation.classifiers import published
from moderation.classifiers.protocol import ScoringInput
from moderation.errors import CheckpointError

LABELS = ["toxic", "severe_toxic", "obscene", "threat", "insult", "identity_hate"]
WORDS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "you", "fool", "dear"]


@dataclass
class Host:
    """What was asked of the server, and where it takes its files from."""

    folder: Path
    asked: list[str] = field(default_factory=list)
    checkpoint: Path = Path()


class Handler(SimpleHTTPRequestHandler):
    def __init__(self, host: Host, *arguments: object) -> None:
        self.host = host
        super().__init__(*arguments, directory=str(host.folder))  # type: ignore[arg-type]  # as the server gives them

    def log_request(self, *_: object) -> None:
        self.host.asked.append(f"{self.command} {self.path}")

    def log_message(self, *_: object) -> None: ...


@pytest.fixture
def host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Host]:
    """Publishes ``original``; its configuration and tokenizer are where the checkpoint says they are."""
    found = Host(tmp_path / "host")
    hub = tmp_path / "somewhere" / "tiny-bert"
    for folder in (found.folder, hub):
        folder.mkdir(parents=True)
    monkeypatch.chdir(hub.parent)
    config = BertConfig(
        vocab_size=len(WORDS),
        hidden_size=8,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=8,
        max_position_embeddings=32,
    )
    config.save_pretrained(hub)
    (hub / "vocab.txt").write_text("\n".join(WORDS), encoding="utf-8")
    BertTokenizer.from_pretrained(hub).save_pretrained(hub)
    config.num_labels = len(LABELS)
    arch = {"num_classes": 6, "model_type": "tiny-bert", "model_name": "BertForSequenceClassification"}
    stored = {
        "state_dict": BertForSequenceClassification(config).state_dict(),
        "config": {
            "arch": {"args": {**arch, "tokenizer_name": "BertTokenizer"}},
            "dataset": {"args": {"classes": LABELS}},
        },
    }
    torch.save(stored, found.folder / "made.ckpt")
    digest = hashlib.sha256((found.folder / "made.ckpt").read_bytes()).hexdigest()
    found.checkpoint = (found.folder / "made.ckpt").rename(found.folder / f"toxic_original-{digest[:8]}.ckpt")
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, found)) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        address = f"http://127.0.0.1:{server.server_address[1]}"
        monkeypatch.setitem(published.MODEL_URLS, "original", f"{address}/{found.checkpoint.name}")
        monkeypatch.setattr(published.constants, "ENDPOINT", f"{address}/hub")
        yield found
        server.shutdown()


def test_the_names_are_detoxifys_own() -> None:
    assert published.NAMES == PUBLISHED_MODELS


def test_a_published_model_is_fetched_once_and_then_needs_no_network(
    host: Host, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    classifier = published.load_published("original", tmp_path / "models")
    (scores,) = classifier.score([ScoringInput("you fool " * 100, "en")])
    assert set(scores) == {"toxicity", "severe_toxicity", "obscene", "threat", "insult", "identity_attack"}
    assert classifier.identity.name == "detoxify-original"
    assert classifier.identity.languages == {"en"}
    assert "100%" in capsys.readouterr().err

    shutil.rmtree(host.folder)
    shutil.rmtree("tiny-bert")
    host.asked.clear()
    again = published.load_published("original", tmp_path / "models")
    assert again.identity == classifier.identity
    assert host.asked == []


def test_the_setting_takes_a_published_name(host: Host, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(classifying, "_FETCHED", tmp_path / "models")
    settings = Settings(secret_key="", database_url="", model="original", model_languages=("en", "de"))
    assert classifying.load(settings).identity.languages == {"de", "en"}


def test_what_was_fetched_elsewhere_loads_as_a_local_checkpoint(host: Host, tmp_path: Path) -> None:
    answer = CliRunner().invoke(fetch_command.command, ["original", str(tmp_path / "stick"), "--json"])
    facts = json.loads(answer.stdout)
    carried = shutil.move(tmp_path / "stick", tmp_path / "here")
    shutil.rmtree("tiny-bert")
    settings = Settings(
        secret_key="",
        database_url="",
        model=str(Path(carried) / Path(facts["model"]).name),
        model_digest=facts["digest"],
    )
    assert classifying.load(settings).identity.labels[0] == "toxicity"


def test_the_command_prints_the_settings_to_use(host: Host, tmp_path: Path) -> None:
    lines = CliRunner().invoke(fetch_command.command, ["original", str(tmp_path)]).stdout.splitlines()
    digest = hashlib.sha256(host.checkpoint.read_bytes()).hexdigest()
    assert lines == [f"VORAB_MODEL={tmp_path / host.checkpoint.name}", f"VORAB_MODEL_DIGEST={digest}"]


def test_a_closed_network_is_said_at_once_with_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(published.MODEL_URLS, "multilingual", "http://127.0.0.1:9/multilingual-0b549669.ckpt")
    with pytest.raises(CheckpointError) as refused:
        published.load_published("multilingual", tmp_path)
    assert "multilingual: can't be fetched from http://127.0.0.1:9/" in str(refused.value)
    assert "Connection refused" in str(refused.value)
    assert "`vorab fetch multilingual FOLDER`" in str(refused.value)


def test_nothing_is_fetched_where_only_one_of_the_two_hosts_answers(
    host: Host, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(published.constants, "ENDPOINT", "http://127.0.0.1:9")
    with pytest.raises(CheckpointError, match=r"can't be fetched from http://127\.0\.0\.1:9"):
        published.fetch("original", tmp_path / "models")
    assert not any(line.startswith("GET") for line in host.asked)


def test_an_operator_who_forbids_the_network_is_heeded(
    host: Host, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(published.constants, "HF_HUB_OFFLINE", True)
    with pytest.raises(CheckpointError, match="HF_HUB_OFFLINE forbids it"):
        published.fetch("original", tmp_path / "models")
    assert host.asked == []


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (lambda path: path.write_bytes(path.read_bytes()[:-50]), "invalid hash value"),
        (lambda path: path.unlink(), "404"),
    ],
    ids=["cut off", "gone"],
)
def test_what_is_not_what_was_published_is_refused_and_not_taken_for_fetched(
    host: Host, tmp_path: Path, change: object, complaint: str
) -> None:
    whole = host.checkpoint.read_bytes()
    change(host.checkpoint)  # type: ignore[operator]  # one of the two above
    with pytest.raises(CheckpointError, match=complaint):
        published.fetch("original", tmp_path / "models")
    host.checkpoint.write_bytes(whole)
    assert published.fetch("original", tmp_path / "models").exists()


def test_a_fetched_file_that_was_changed_since_is_refused(host: Host, tmp_path: Path) -> None:
    path = published.fetch("original", tmp_path / "models")
    with path.open("ab") as stream:
        stream.write(b" ")
    with pytest.raises(CheckpointError, match="wrong digest"):
        published.load_published("original", tmp_path / "models")


def test_a_digest_of_the_operators_own_is_demanded(host: Host, tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="wrong digest"):
        published.load_published("original", tmp_path / "models", digest="0" * 64)
