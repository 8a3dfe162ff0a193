"""One JSON line per event: constant names and ids, never a text, a password, a token or an address."""

from __future__ import annotations

import logging
import sys
import time
import traceback
from collections.abc import Callable, Mapping, MutableMapping
from typing import Any, TypeVar

import structlog
from flask import Flask, Response, g, request

log = structlog.get_logger()

_T = TypeVar("_T")


def configure(level: str, *, libraries: bool = False) -> None:
    """Once a process. JSON escapes line ends and control characters, so no value can forge a line (ASVS 16.4.1).

    With ``libraries``, what they say by way of :mod:`logging` comes out as lines of the same kind.
    """
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            _format_exception,
            structlog.processors.JSONRenderer(ensure_ascii=True),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(getattr(logging, level.upper())),
        logger_factory=structlog.WriteLoggerFactory(file=sys.stderr),
        cache_logger_on_first_use=False,
    )
    if libraries:
        logging.basicConfig(handlers=[LibraryHandler()], level=logging.WARNING, force=True)
        logging.captureWarnings(capture=True)


class LibraryHandler(logging.Handler):
    """Makes a line of ours out of one of a library's, without what it quotes: that may be what a reader wrote."""

    def emit(self, record: logging.LogRecord) -> None:
        error = record.exc_info[1] if record.exc_info else None
        log.log(record.levelno, "library", logger=record.name, message=_discreet_message(record), exc_info=error)


def _discreet_message(record: logging.LogRecord) -> str:
    given = record.args
    try:
        if isinstance(given, Mapping):
            return str(record.msg) % {name: _discreet(value) for name, value in given.items()}
        return str(record.msg) % tuple(map(_discreet, given)) if given else str(record.msg)
    except (TypeError, ValueError):  # A placeholder for a number, and no number to put there.
        return str(record.msg)


def _discreet(value: object) -> object:
    if isinstance(value, BaseException):
        return type(value).__name__
    return value if isinstance(value, int | float) else "…"


def carrying(work: Callable[[], _T]) -> Callable[[], _T]:
    """The same work, to be done on another thread, whose lines bear the id of the request that asked for it."""
    held = structlog.contextvars.get_contextvars()

    def carried() -> _T:
        with structlog.contextvars.bound_contextvars(**held):
            return work()

    return carried


def _format_exception(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Which errors came of which, and where. Not what they say: libraries quote what they were given, and that may be
    what a reader wrote."""
    given = event.pop("exc_info", None)
    error = sys.exc_info()[1] if given is True else given
    if isinstance(error, BaseException):
        event["exception"] = _chain(error)
    return event


def _chain(error: BaseException) -> str:
    frames = traceback.StackSummary.extract(traceback.walk_tb(error.__traceback__), lookup_lines=False)
    places = "".join(f"\n  {frame.filename}:{frame.lineno} in {frame.name}" for frame in frames)
    told = f"{type(error).__module__}.{type(error).__qualname__}{places}"
    before = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    return f"{_chain(before)}\nthen {told}" if before else told


def route() -> str | None:
    """The path's pattern, not the path: it names no article, and no key that a path or a query may hold."""
    return request.url_rule.rule if request.url_rule else None


def register(app: Flask) -> None:
    app.before_request(_begin)
    app.after_request(_finish)


def _begin() -> None:
    g.began = time.perf_counter()


def _finish(answer: Response) -> Response:
    log.info(
        "request",
        method=request.method,
        route=route(),
        status=answer.status_code,
        duration_ms=round((time.perf_counter() - g.get("began", time.perf_counter())) * 1000, 1),
    )
    return answer
