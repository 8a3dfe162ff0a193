"""A real server for benchmarks: its own process, its own database, the embedded classifier."""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import create_engine, text
from sqlalchemy.engine import make_url

VORAB = Path(sys.executable).parent / "vorab"
ORIGIN = "https://zeitung.example"


@dataclass(frozen=True)
class Server:
    port: int
    database_url: str
    environment: dict[str, str]

    def command(self, *arguments: str, password: str | None = None) -> None:
        subprocess.run(
            [VORAB, *arguments], env=self.environment, input=password, text=True, check=True, capture_output=True
        )

    def client(self, token: str | None = None) -> Client:
        return Client(self.port, token)


class Client:
    """One connection that stays open, as a browser's or a proxy's does."""

    def __init__(self, port: int, token: str | None = None) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        self._headers = {"Content-Type": "application/json", "Origin": ORIGIN}
        if token:
            self._headers["Authorization"] = f"Bearer {token}"

    def call(self, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        sent = None if body is None else json.dumps(body)
        self._connection.request(method, f"/api/v1{path}", sent, self._headers)
        answer = self._connection.getresponse()
        content = answer.read()
        return answer.status, json.loads(content) if content else None


@contextmanager
def serving(
    folder: Path,
    database_url: str | None = None,
    *,
    workers: int = 1,
    fill: Callable[[str], None] | None = None,
    **settings: str,
) -> Iterator[Server]:
    """Start ``vorab serve`` on a free port, wait until it is ready, and stop it in the end.

    ``fill`` makes the database with what is to be in it; without one it is empty.
    """
    url = database_url or f"sqlite:///{folder / 'bench.db'}"
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("VORAB_")},
        "VORAB_SECRET_KEY": "b" * 32,
        "VORAB_DATABASE_URL": url,
        "VORAB_LOG_LEVEL": "warning",
        "VORAB_MAIL": f"folder:{folder / 'mail'}",
        **settings,
    }
    server = Server(_free_port(), url, environment)
    if fill is None:
        server.command("db", "upgrade")
    else:
        fill(url)
    command = [VORAB, "serve", "--port", str(server.port), "--workers", str(workers)]
    process = subprocess.Popen(command, env=environment)
    try:
        _wait(server)
        yield server
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=120)


@contextmanager
def postgresql(suffix: str = "") -> Iterator[str | None]:
    """The address of an empty database on the server on localhost, if there is one."""
    server = make_url("postgresql+psycopg://localhost:5432/postgres")
    name = f"vorab_bench_{os.getpid()}{suffix}"
    engine = create_engine(server, isolation_level="AUTOCOMMIT", connect_args={"connect_timeout": 2})
    try:
        with engine.connect() as connection:
            connection.execute(text(f'CREATE DATABASE "{name}"'))
    except Exception:  # noqa: BLE001  # Whatever the reason, there is none to measure on.
        yield None
        return
    yield server.set(database=name).render_as_string(hide_password=False)
    with engine.connect() as connection:
        connection.execute(text(f'DROP DATABASE "{name}" WITH (FORCE)'))
    engine.dispose()


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def _wait(server: Server) -> None:
    until = time.monotonic() + 300
    while time.monotonic() < until:
        try:
            connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=5)
            connection.request("GET", "/readyz")
            if connection.getresponse().status == 200:
                return
        except OSError:
            pass
        time.sleep(0.2)
    raise RuntimeError("the server did not become ready")
