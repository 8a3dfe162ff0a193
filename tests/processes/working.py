"""A worker with the fake classifier that can be told to die or to wait, and the brokers to try it on."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from urllib.parse import urlsplit

from api import logs, settings, worker
from api.app import Replacements
from moderation.classifiers.protocol import Scores, ScoringInput
from moderation.db import Database
from moderation.passwords import Hasher
from tests.processes.mortal import GatedClassifier

BROKERS = {"rabbitmq": "amqp://guest:guest@127.0.0.1:5672//", "redis": "redis://127.0.0.1:6379/5"}
NOWHERE = "amqp://guest:guest@127.0.0.1:9//"


def is_there(broker: str) -> bool:
    parts = urlsplit(broker)
    with contextlib.suppress(OSError), socket.create_connection((parts.hostname or "", parts.port or 0), timeout=2):
        return True
    return False


@contextlib.contextmanager
def working(
    database: Database, folder: Path, broker: str, queue: str, *, metrics_at: tuple[str, int] | None = None
) -> Iterator[subprocess.Popen[bytes]]:
    """A worker of its own; whatever is left of it is killed in the end."""
    environment = {
        **os.environ,
        "VORAB_SECRET_KEY": "t" * 32,
        "VORAB_DATABASE_URL": database.engine.url.render_as_string(hide_password=False),
        "VORAB_MAIL": "console",
        "VORAB_LOG_LEVEL": "error",
        "VORAB_SCREENING_LEASE_S": "2",
        "VORAB_BROKER_URL": broker,
        "VORAB_BROKER_QUEUE": queue,
        "OMP_NUM_THREADS": "1",
    }
    command = [sys.executable, "-m", "tests.processes.working", str(folder), *map(str, metrics_at or ())]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    process = subprocess.Popen(command, env=environment, start_new_session=True, **quiet)  # type: ignore[call-overload]
    try:
        yield process
    finally:
        kill(process)


def kill(process: subprocess.Popen[bytes]) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait(timeout=60)


class PoisonedClassifier(GatedClassifier):
    """Dies of a text with ``giftig`` in it."""

    def score(self, inputs: Sequence[ScoringInput]) -> list[Scores]:
        if any("giftig" in one.text for one in inputs):
            os.kill(os.getpid(), signal.SIGKILL)
        return super().score(inputs)


if __name__ == "__main__":
    logs.configure("error")
    classifier = PoisonedClassifier(Path(sys.argv[1]), mortal=False)
    worker.run(
        settings.read(),
        threads=4,
        metrics_at=(sys.argv[2], int(sys.argv[3])) if len(sys.argv) > 2 else None,
        replacements=Replacements(classifier=classifier, hasher=Hasher(memory_kib=8)),
    )
