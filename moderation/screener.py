"""Carries a job from claim to decision."""

from __future__ import annotations

import datetime as dt
import time
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import structlog

from moderation import screening_jobs
from moderation.classifiers.protocol import Classifier
from moderation.db import Database
from moderation.errors import ClassifierUnavailableError
from moderation.publication import Change
from moderation.screening.pipeline import Screening, failed, screen
from moderation.screening.rules.protocol import Rule
from moderation.screening_jobs import MAX_ATTEMPTS, Job

log = structlog.get_logger()


class Observer(Protocol):
    """Told how the work goes; has to return at once and must not raise."""

    def began(self, *, waited_s: float, attempt: int, was_lost: bool) -> None:
        """A text that was stored ``waited_s`` seconds ago is looked at, for the ``attempt``-th time.

        ``was_lost`` if whoever had it before let the lease run out.
        """

    def ended(self, outcome: str, *, model_s: float, rules_s: float, store_s: float) -> None:
        """It was screened, and the outcome stored."""


class Nobody:
    """An observer who is not there."""

    def began(self, *, waited_s: float, attempt: int, was_lost: bool) -> None:
        pass

    def ended(self, outcome: str, *, model_s: float, rules_s: float, store_s: float) -> None:
        pass


@dataclass(frozen=True, slots=True)
class Screener:
    """Screens revisions, each in a claim, a stretch without any transaction, and a finish."""

    database: Database
    classifier: Classifier
    rules: Sequence[Rule]
    clock: Callable[[], dt.datetime]
    lease: dt.timedelta = dt.timedelta(seconds=5)
    observer: Observer = Nobody()

    def screen_revision(self, revision_id: uuid.UUID) -> Change | None:
        """Claim a revision and screen it. Does nothing if it is screened already or somebody else is at it."""
        with self.database.write() as session:
            job = screening_jobs.claim(session, revision_id, lease=self.lease, now=self.clock())
        return self.run(job) if job is not None else None

    def take_over(self, revision_id: uuid.UUID, token: uuid.UUID) -> None:
        """Screen a revision that another process claimed. Does nothing if somebody else was faster."""
        with self.database.write() as session:
            job = screening_jobs.take_over(session, revision_id, token, lease=self.lease, now=self.clock())
        if job is not None:
            self.run(job)

    def run(self, job: Job) -> Change | None:
        """Screen a claimed revision; after three tries that break it goes to the moderators.

        Returns what was decided, here and now.
        """
        waited_s = (self.clock() - job.stored_at).total_seconds()
        self.observer.began(waited_s=waited_s, attempt=job.attempt, was_lost=job.was_lost)
        if job.was_lost:
            log.warning("lease_ran_out", revision_id=str(job.revision_id), attempt=job.attempt)
        began = time.perf_counter()
        try:
            screening = self._attempt(job)
        except ClassifierUnavailableError:
            log.warning("screening_waits_for_classifier", revision_id=str(job.revision_id))
            with self.database.write() as session:
                screening_jobs.release(session, job)
            return None
        if screening is None:
            return self._expire(job)
        looked = time.perf_counter()
        with self.database.write_among_many() as session:
            finished = screening_jobs.finish(session, job, screening, now=self.clock())
        if finished is None:
            return None
        model_s = screening.duration_ms / 1000
        rules_s, store_s = max(looked - began - model_s, 0.0), time.perf_counter() - looked
        self.observer.ended(screening.outcome.value, model_s=model_s, rules_s=rules_s, store_s=store_s)
        return finished.change

    def _attempt(self, job: Job) -> Screening | None:
        began = time.perf_counter()
        if job.attempt > MAX_ATTEMPTS:
            # The tries before this one took their process with them.
            return failed("und", "screening_failed")
        try:
            screening = screen(job.material, self.rules, self.classifier)
        except ClassifierUnavailableError:
            raise
        except Exception:  # The one broad except: whatever a check trips over, the comment is held, never let through.
            log.exception("screening_attempt_failed", revision_id=str(job.revision_id), attempt=job.attempt)
            return failed("und", "screening_failed") if job.attempt >= MAX_ATTEMPTS else None
        log.info(
            "screened",
            revision_id=str(job.revision_id),
            outcome=screening.outcome.value,
            language=screening.language,
            model_ms=round(screening.duration_ms, 1),
            total_ms=round((time.perf_counter() - began) * 1000, 1),
        )
        return screening

    def _expire(self, job: Job) -> Change | None:
        """End the lease of a try that broke, and try again."""
        with self.database.write() as session:
            screening_jobs.expire(session, job, now=self.clock())
        return self.screen_revision(job.revision_id)
