"""A real server in processes of its own, for what only several processes can show.

It differs from ``vorab serve`` in its classifier, which is the fake one, and in passwords that cost little to check.
"""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator

from flask import Flask

from api import logs, settings
from api.app import Replacements, create_app
from api.server import Listening, Server
from moderation.db import Database
from moderation.passwords import Hasher
from tests.fakes import FakeClassifier

_MEMORY_KIB = int(os.environ.get("VORAB_TEST_MEMORY_KIB", "8"))
"""What a password's hash costs; 47104 is the real cost."""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextlib.contextmanager
def serving(database: Database, *, workers: int = 1, **changes: str) -> Iterator[str]:
    """A server on this database; gives its address, and ends it at the end."""
    port = free_port()
    address = f"http://127.0.0.1:{port}"
    environment = {
        **os.environ,
        "VORAB_SECRET_KEY": "t" * 32,
        "VORAB_DATABASE_URL": database.engine.url.render_as_string(hide_password=False),
        "VORAB_BASE_URL": address,
        "VORAB_MAIL": "console",
        "VORAB_LOG_LEVEL": "error",
        "OMP_NUM_THREADS": "1",
        **changes,
    }
    command = [sys.executable, "-m", "tests.servers", str(port), str(workers)]
    process = subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, stdout=subprocess.PIPE)
    try:
        _wait_for(address, process)
        yield address
    finally:
        process.terminate()
        process.communicate(timeout=60)


def _wait_for(address: str, process: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + 60
    while time.monotonic() < until:
        if process.poll() is not None:
            raise AssertionError((process.stderr.read() if process.stderr else b"").decode())
        with (
            contextlib.suppress(urllib.error.URLError, ConnectionError),
            urllib.request.urlopen(  # noqa: S310  # Our own address.
                f"{address}/healthz"
            ),
        ):
            return
        time.sleep(0.1)
    raise AssertionError("the server did not start")


class CheapServer(Server):
    def load(self) -> Flask:
        return create_app(
            self._settings, Replacements(classifier=FakeClassifier(), hasher=Hasher(memory_kib=_MEMORY_KIB))
        )


if __name__ == "__main__":
    logs.configure("error")
    CheapServer(settings.read(), Listening("127.0.0.1", int(sys.argv[1]), workers=int(sys.argv[2]))).run()
