"""One JSON line per event: constant names and ids, never a text, a password, a token or an address."""

from __future__ import annotations

import logging
import sys
import time
import traceback
from collections.abc import MutableMapping
from typing import Any

import structlog
from flask import Flask, Response, g, request

log = structlog.get_logger()


def configure(level: str) -> None:
    """Once a process. JSON escapes line ends and control characters, so no value can forge a line (ASVS 16.4.1)."""
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
