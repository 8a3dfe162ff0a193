"""Screening inside the web process: a few threads, and a request that waits for the outcome only so long."""

from __future__ import annotations

import datetime as dt
import threading
import time
import uuid
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import wait as wait_for
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Protocol

import structlog

from api import logs
from moderation.errors import TooBusyError
from moderation.publication import Change
from moderation.screener import Screener
from moderation.screening_jobs import Job

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class RunnerLimits:
    threads: int
    backlog: int
    """So many jobs may wait in this process; more posts are turned away before anything is stored."""
    deadline: dt.timedelta


class Runner(Protocol):
    """Gets claimed jobs screened, here or elsewhere."""

    screener: Screener

    def demand_room(self) -> None: ...

    def expecting(self) -> AbstractContextManager[None]:
        """Within this block a job is made and run: what is run meanwhile may wait a moment to be scored with it."""
        ...

    def run(self, job: Job) -> Change | None:
        """Get a claimed job screened; what was decided, if that is known in time."""
        ...

    def missing(self) -> str | None:
        """What is away that would have carried the work sooner."""
        ...

    def screen_later(self, revision_id: uuid.UUID) -> None: ...

    def close(self) -> None: ...


def tell_of(job: Job) -> None:
    """The line that ties a request to the revision which it stored, whoever screens it and whenever."""
    log.info("screening_asked_for", comment_id=str(job.comment_id), revision_id=str(job.revision_id))


class ScreeningRunner:
    """Runs claimed jobs on threads of its own. A job that a request no longer waits for goes on all the same."""

    def __init__(self, screener: Screener, limits: RunnerLimits) -> None:
        self.screener = screener
        self._limits = limits
        self._pool = ThreadPoolExecutor(limits.threads, thread_name_prefix="screening")
        # One after the other: a text that takes the process with it must not use up its neighbours' tries too.
        self._late = ThreadPoolExecutor(1, thread_name_prefix="late-screening")
        self._pending: set[Future[Change | None]] = set()
        self._known: set[uuid.UUID] = set()
        self._lock = threading.Lock()
        self._is_patient = True
        self._closed = False

    def demand_room(self) -> None:
        """
        Raises:
            TooBusyError: so much waits that one more comment would only wait longer.
        """
        if len(self._pending) >= self._limits.backlog:
            raise TooBusyError

    def expecting(self) -> AbstractContextManager[None]:
        """See ``Runner.expecting``. Only a service that gathers texts has a use for it."""
        expecting = getattr(self.screener.classifier, "expecting", None)
        return expecting() if expecting is not None else nullcontext()

    def run(self, job: Job) -> Change | None:
        """Screen a claimed job, and wait for the outcome until the deadline at the most.

        After a job that missed the deadline nobody waits until one is done in time again: a slow classifier must not
        make every reader wait for nothing.
        """
        tell_of(job)
        began = time.monotonic()
        future = self._submit(self._pool, job.revision_id, lambda: self.screener.run(job))
        if future is None:
            return None
        future.add_done_callback(lambda _: self._judge(time.monotonic() - began))
        if self._is_patient:
            done, _ = wait_for([future], timeout=self._limits.deadline.total_seconds())
            self._is_patient = bool(done)
        return _outcome(future)

    def _judge(self, taken_s: float) -> None:
        if taken_s <= self._limits.deadline.total_seconds():
            self._is_patient = True

    def missing(self) -> str | None:
        """Nothing: all that it takes is in this process."""
        return None

    def screen_later(self, revision_id: uuid.UUID) -> None:
        """Screen a revision that a sweep found, unless this process is at it already or has enough to do."""
        with self._lock:
            if revision_id in self._known or len(self._pending) >= self._limits.backlog:
                return
        self._submit(self._late, revision_id, lambda: self.screener.screen_revision(revision_id))

    def close(self) -> None:
        """Finish what was begun, take on nothing more. What waits in line is stored: another process takes it up."""
        with self._lock:
            self._closed = True
        for pool in (self._pool, self._late):
            pool.shutdown(wait=True, cancel_futures=True)

    def _submit(
        self, pool: ThreadPoolExecutor, revision_id: uuid.UUID, work: Callable[[], Change | None]
    ) -> Future[Change | None] | None:
        with self._lock:
            if self._closed:
                # The process ends. The row waits, and after its lease another process takes it up.
                return None
            self._known.add(revision_id)
            future = pool.submit(logs.carrying(work))
            self._pending.add(future)
        future.add_done_callback(lambda done: self._forget(revision_id, done))
        return future

    def _forget(self, revision_id: uuid.UUID, done: Future[Change | None]) -> None:
        with self._lock:
            self._pending.discard(done)
            self._known.discard(revision_id)
        error = None if done.cancelled() else done.exception()
        if error is not None:
            # The row still says that it waits: the lease runs out and the next sweep takes it up.
            log.error("screening_interrupted", revision_id=str(revision_id), exc_info=error)


def _outcome(future: Future[Change | None]) -> Change | None:
    """What a future has brought by now; nothing if it was cut short or broke, which is logged elsewhere."""
    if not future.done() or future.cancelled() or future.exception() is not None:
        return None
    return future.result()
