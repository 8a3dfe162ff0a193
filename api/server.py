"""gunicorn with the application in it: threads that keep connections alive, workers that come back, a graceful end."""

from __future__ import annotations

import logging
import os
import re
import select
from collections import deque
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import click
from flask import Flask, Response
from gunicorn.app.base import BaseApplication
from gunicorn.glogging import Logger
from gunicorn.http.errors import (
    ConfigurationProblem,
    ExpectationFailed,
    ForbiddenProxyRequest,
    InvalidResponseHeader,
    InvalidResponseHeaderName,
    LimitRequestHeaders,
    LimitRequestLine,
    ParseException,
    UnsupportedTransferCoding,
)
from gunicorn.util import write_nonblock
from gunicorn.workers.gthread import ThreadWorker
from prometheus_client.multiprocess import mark_process_dead

from api import errors, logs
from api.app import create_app, start, stop
from api.settings import Settings

_LINGER_MS = 2
"""So long a thread waits with a connection for its next request, if no other one waits for a thread."""


@dataclass(frozen=True, slots=True)
class Listening:
    host: str
    port: int
    workers: int = 1
    threads: int = 16
    graceful_timeout_s: int = 30
    greeting: str | None = None
    """Said once the address is ours."""


_QUERY = re.compile(r"\?[^\s'\"]*")


def without_queries(record: logging.LogRecord) -> bool:
    """Take query strings out of what gunicorn says about a request: one may hold a key."""
    record.msg, record.args = _QUERY.sub("?…", record.getMessage()), ()
    return True


class DiscreetLogger(Logger):  # type: ignore[misc]  # gunicorn has no types.
    def setup(self, cfg: Any) -> None:
        super().setup(cfg)
        self.error_log.addFilter(without_queries)
        self.error_log.handlers = [logs.LibraryHandler()]


class Worker(ThreadWorker):  # type: ignore[misc]  # gunicorn has no types.
    """gunicorn's threads, that stay with a connection for a moment after an answer.

    A proxy, and a browser that opens a page, send their next request at once. Handing the connection back to the
    poller's thread and out again takes longer than the answer: both wait for their turn of Python's.

    What gunicorn cannot read is answered as the application answers errors: a problem, with all of our headers.
    """

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self._waiting: deque[Any] = deque()

    def enqueue_req(self, conn: Any) -> None:
        self._waiting.append(conn)
        super().enqueue_req(conn)

    def handle(self, conn: Any) -> Any:
        self._waiting.pop()
        kept = super().handle(conn)
        while kept is True and self.alive and not self._waiting and _says_more(conn):
            kept = super().handle(conn)
        return kept

    def handle_error(self, req: Any, client: Any, addr: Any, exc: BaseException) -> None:
        if not isinstance(exc, ParseException) or isinstance(exc, _OUR_FAULT):
            super().handle_error(req, client, addr, exc)
            return
        status = next((status for kind, status in _STATUS_OF.items() if isinstance(exc, kind)), 400)
        answer = errors.outside_of_requests(self.wsgi, status)
        logs.log.warning("unreadable_request", error=type(exc).__name__, status=status)
        with suppress(OSError):
            write_nonblock(client, _in_bytes(answer))


def _says_more(conn: Any) -> bool:
    """Whether the next request arrives within a moment, or is here already."""
    if conn.parser.unreader.buf.getvalue():
        return True
    poll = select.poll()
    poll.register(conn.sock, select.POLLIN)
    return bool(poll.poll(_LINGER_MS))


_OUR_FAULT = (ConfigurationProblem, InvalidResponseHeader, InvalidResponseHeaderName)
_STATUS_OF: dict[type[BaseException], int] = {
    ForbiddenProxyRequest: 403,
    LimitRequestLine: 414,
    ExpectationFailed: 417,
    LimitRequestHeaders: 431,
    UnsupportedTransferCoding: 501,
}


def _in_bytes(answer: Response) -> bytes:
    answer.headers["Connection"] = "close"
    return f"HTTP/1.1 {answer.status}\r\n{answer.headers}".encode("latin-1") + answer.get_data()


class Server(BaseApplication):  # type: ignore[misc]  # gunicorn has no types.
    """Each worker makes its own application after the fork: connections and threads do not survive one."""

    def __init__(self, settings: Settings, listening: Listening) -> None:
        self._settings = settings
        self._listening = listening
        super().__init__()

    def load_config(self) -> None:
        listening = self._listening
        options: dict[str, Any] = {
            "bind": f"{listening.host}:{listening.port}",
            "workers": listening.workers,
            "threads": listening.threads,
            "worker_class": Worker,
            "keepalive": 30,
            "graceful_timeout": listening.graceful_timeout_s,
            "timeout": 120,
            "loglevel": "warning",
            "logger_class": DiscreetLogger,
            "limit_request_line": 8190,
            "server_software": "vorab",
            "post_worker_init": _begin,
            "worker_exit": _end,
            "child_exit": _forget,
            "when_ready": self._greet,
        }
        for name, value in options.items():
            if name in self.cfg.settings:
                self.cfg.set(name, value)

    def _greet(self, _server: Any) -> None:
        if self._listening.greeting is not None:
            click.echo(self._listening.greeting)

    def load(self) -> Flask:
        return create_app(self._settings)


def _begin(worker: Any) -> None:
    worker.vorab_maintenance = start(worker.wsgi)


def _forget(_server: Any, worker: Any) -> None:
    if "PROMETHEUS_MULTIPROC_DIR" in os.environ:
        mark_process_dead(worker.pid)  # type: ignore[no-untyped-call]  # prometheus-client left it out.


def _end(_server: Any, worker: Any) -> None:
    maintenance = getattr(worker, "vorab_maintenance", None)
    if maintenance is not None:
        stop(worker.wsgi, maintenance)
