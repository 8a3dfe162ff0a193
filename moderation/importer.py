"""Carries an export from its staging to decisions, some comments at a time."""

from __future__ import annotations

import datetime as dt
import time
import uuid
from collections import Counter, deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field

from sqlalchemy.exc import IntegrityError, OperationalError

from moderation import importing, publication
from moderation.classifiers.protocol import Classifier
from moderation.db import Database
from moderation.errors import ClassifierError, ClassifierUnavailableError
from moderation.importing import Origin, Stored
from moderation.imports.staging import Stage, Staged
from moderation.models import Site
from moderation.publication import Change
from moderation.screener import Screener
from moderation.screening.pipeline import Material, default_rules, screen

BATCH = 50
"""So many comments are stored in one transaction, which others wait for on SQLite."""
_THREADS = 8
_TRIES = 3
_PATIENCE_S = 60.0
"""So long for comments that another process screens, or that a killed one had claimed."""

Progress = Callable[[int], None]


@dataclass(slots=True)
class Tally:
    """``outcomes`` counts by status what was decided in this run, ``known`` what an earlier one had stored, ``places``
    what is only there for its replies, ``waiting`` what is stored and still to be screened."""

    outcomes: Counter[str] = field(default_factory=Counter)
    known: int = 0
    places: int = 0
    waiting: int = 0


@dataclass(frozen=True, slots=True)
class Importer:
    """Stores an export's comments on a site and has them screened, each like a new one."""

    database: Database
    screener: Screener
    site: Site
    origin: Origin
    clock: Callable[[], dt.datetime]

    def run(self, stage: Stage, progress: Progress) -> Tally:
        """Store and screen whatever is not there yet. A run that was killed is gone on with by running again."""
        tally, left = Tally(), deque[uuid.UUID]()
        with ThreadPoolExecutor(_THREADS, thread_name_prefix="import") as pool:
            running: deque[tuple[uuid.UUID, Future[Change | None]]] = deque()
            for batch in stage.batches(BATCH):
                stored = self._store(stage, batch)
                tally.known += stored.known
                tally.places += stored.places
                running.extend((job.revision_id, pool.submit(self.screener.run, job)) for job in stored.jobs)
                running.extend((one, pool.submit(self.screener.screen_revision, one)) for one in stored.waiting)
                while len(running) > BATCH:
                    _note(running.popleft(), tally, left)
                progress(len(batch))
            while running:
                _note(running.popleft(), tally, left)
        self._see_to(left, tally)
        return tally

    def _store(self, stage: Stage, batch: list[Staged]) -> Stored:
        about = stage.articles(row.article for row in batch)
        for attempt in range(1, _TRIES + 1):
            now = self.clock()
            try:
                with self.database.write() as session:
                    return importing.store(
                        session, self.site, batch, about, origin=self.origin, lease=self.screener.lease, now=now
                    )
            except (IntegrityError, OperationalError):
                # Somebody else imports the same at the same time and was faster with some of it, or PostgreSQL chose
                # this transaction to end one that waited for it.
                if attempt == _TRIES:
                    raise
        raise AssertionError

    def _see_to(self, left: deque[uuid.UUID], tally: Tally) -> None:
        """What somebody else had claimed, who may have died: try again until its lease is over."""
        until = time.monotonic() + _PATIENCE_S
        while left and time.monotonic() < until:
            for _ in range(len(left)):
                revision_id = left.popleft()
                change = self.screener.screen_revision(revision_id)
                status = publication.status_after(change) if change else self._status(revision_id)
                if status is None:
                    left.append(revision_id)
                else:
                    tally.outcomes[status] += 1
            if left:
                time.sleep(0.5)
        tally.waiting += len(left)

    def _status(self, revision_id: uuid.UUID) -> str | None:
        with self.database.read() as session:
            return importing.settled_status(session, revision_id)


def _note(job: tuple[uuid.UUID, Future[Change | None]], tally: Tally, left: deque[uuid.UUID]) -> None:
    revision_id, future = job
    change = future.result()
    if change is None:
        left.append(revision_id)
    else:
        tally.outcomes[publication.status_after(change)] += 1


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """Screens an export as an import would, and changes nothing."""

    database: Database
    classifier: Classifier
    site: Site
    origin: Origin

    def run(self, stage: Stage, progress: Progress) -> Tally:
        """What an import would come to.

        Raises:
            ClassifierUnavailableError: there is no model to ask.
        """
        tally = Tally()
        with ThreadPoolExecutor(_THREADS, thread_name_prefix="import") as pool:
            for batch in stage.batches(BATCH):
                materials = list(self._materials(batch, tally))
                tally.outcomes.update(pool.map(self._outcome, materials))
                progress(len(batch))
        return tally

    def _materials(self, batch: list[Staged], tally: Tally) -> Iterator[Material]:
        with self.database.read() as session:
            there = importing.known(session, self.site, self.origin.source, [row.id for row in batch])
            for row in batch:
                if row.id in there:
                    tally.known += 1
                elif row.was is None:
                    tally.places += 1
                else:
                    yield importing.material(session, self.site, row)

    def _outcome(self, material: Material) -> str:
        try:
            outcome = screen(material, default_rules(), self.classifier).outcome.value
        except ClassifierUnavailableError:
            raise
        except ClassifierError:
            outcome = "hold"
        return publication.status_after(Change(outcome)).value
