"""A server that can be told to die, or to wait, at a chosen point of a comment's way; and how to start and kill it."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flask import Flask

from api import logs, settings
from api.app import Replacements, create_app
from api.classifying import warmed
from api.server import Listening, Server
from api.services import Services
from moderation.classifiers.protocol import Scores, ScoringInput
from moderation.db import Database
from moderation.passwords import Hasher
from tests.fakes import FakeClassifier
from tests.servers import free_port
from tests.world import ORIGIN, Person

POINTS = ("before screening", "during screening", "after screening")


@dataclass
class Running:
    """A server's process group with its address."""

    process: subprocess.Popen[bytes]
    address: str

    def kill(self) -> None:
        """``kill -9``, master and worker alike."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(timeout=60)

    def terminate(self) -> int:
        """SIGTERM to the master; its exit status."""
        self.process.terminate()
        return self.process.wait(timeout=60)

    def call(self, method: str, path: str, body: Any = None, *, by: Person | None = None) -> tuple[int, Any]:
        headers = {"Content-Type": "application/json", "Origin": ORIGIN, **(by.headers if by else {})}
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"{self.address}{path}", data, headers, method=method)  # noqa: S310  # Ours.
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310  # As above.
                return answer.status, json.loads(answer.read())
        except urllib.error.HTTPError as error:
            with error:
                return error.code, json.loads(error.read())

    def post(self, by: Person, body: str) -> tuple[int, Any]:
        return self.call("POST", "/api/v1/sites/demo/articles/artikel-1/comments", {"body": body}, by=by)


@contextlib.contextmanager
def running(database: Database, folder: Path, *, dies: str = "never", **changes: str) -> Iterator[Running]:
    """The server, once it answers; whatever is left of it is killed in the end."""
    command = [sys.executable, "-m", "tests.processes.mortal", str(port := free_port()), dies, str(folder)]
    with started(database, command, port, **changes) as found:
        yield found


@contextlib.contextmanager
def started(database: Database, command: Sequence[str], port: int, **changes: str) -> Iterator[Running]:
    environment = {
        **os.environ,
        "VORAB_SECRET_KEY": "t" * 32,
        "VORAB_DATABASE_URL": database.engine.url.render_as_string(hide_password=False),
        "VORAB_MAIL": "console",
        "VORAB_LOG_LEVEL": "error",
        "VORAB_SCREENING_LEASE_S": "1",
        "OMP_NUM_THREADS": "1",
        **changes,
    }
    process = subprocess.Popen(
        command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
    )
    found = Running(process, f"http://127.0.0.1:{port}")
    try:
        wait_until(lambda: answers(found))
        yield found
    finally:
        found.kill()


def answers(server: Running) -> bool:
    assert server.process.poll() is None, "the server ended at once"
    with contextlib.suppress(OSError):
        return server.call("GET", "/healthz")[0] == 200
    return False


def wait_until(happened: Callable[[], bool], *, patience_s: float = 90) -> None:
    until = time.monotonic() + patience_s
    while not happened():
        assert time.monotonic() < until, "it never happened"
        time.sleep(0.05)


def _die() -> None:
    os.killpg(0, signal.SIGKILL)


class GatedClassifier(FakeClassifier):
    """Says in a file that it was asked; answers a text with ``langsam`` in it only once another file is there."""

    def __init__(self, folder: Path, *, mortal: bool) -> None:
        super().__init__()
        self._folder, self._mortal = folder, mortal

    def score(self, inputs: Sequence[ScoringInput]) -> list[Scores]:
        if self._mortal:
            _die()
        if any("langsam" in one.text for one in inputs):
            (self._folder / "asked").touch()
            wait_until((self._folder / "go").exists)
        return super().score(inputs)


class SlowClassifier(FakeClassifier):
    """Takes five seconds for whatever it is asked."""

    def score(self, inputs: Sequence[ScoringInput]) -> list[Scores]:
        time.sleep(5)
        return super().score(inputs)


class MortalServer(Server):
    """Dies where its command line says; or its classifier is ``slow`` or ``gone``, or it has ``costly passwords``."""

    def load(self) -> Flask:
        dies, folder = sys.argv[2], Path(sys.argv[3])
        classifier: FakeClassifier = GatedClassifier(folder, mortal=dies == "during screening")
        if dies in ("slow", "gone"):
            classifier = SlowClassifier(available=dies == "slow")
        hasher = Hasher() if dies == "costly passwords" else Hasher(memory_kib=8)
        # What is read on first use would look like a slow model.
        warmed(FakeClassifier())
        app = create_app(self._settings, Replacements(classifier=classifier, hasher=hasher))
        services: Services = app.extensions["vorab"]
        run = services.runner.run

        def die_around(job: Any) -> None:
            if dies == "before screening":
                _die()
            run(job)
            if dies == "after screening":
                _die()

        services.runner.run = die_around  # type: ignore[method-assign]
        return app


if __name__ == "__main__":
    logs.configure("error")
    MortalServer(settings.read(), Listening("127.0.0.1", int(sys.argv[1]))).run()
