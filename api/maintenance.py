"""What a process does besides answering: screen what was left over, send letters, forget what is over."""

from __future__ import annotations

import threading
from collections.abc import Callable

import structlog

from api import letters, mail
from api.services import Services
from moderation import (
    addresses,
    appeals,
    erasure,
    limits,
    outbox,
    passkeys,
    removals,
    retention,
    screening_jobs,
    sessions,
    site_sign_in,
    submissions,
    workers,
)
from moderation.errors import ClassifierUnavailableError

log = structlog.get_logger()

_TIDY_EVERY = 600
"""So many times the interval, that is ten minutes."""
_REMOVED_AT_ONCE = 50


class Maintenance:
    """Threads that look around every ``interval_s`` seconds, beginning at once; what only gets old, more rarely."""

    def __init__(self, services: Services, mailer: mail.Mailer, *, interval_s: float = 1.0) -> None:
        self._services = services
        self._mailer = mailer
        self._stop = threading.Event()
        self._threads = (
            self._thread("maintenance", self.sweep, interval_s),
            # A mail server that does not answer must not keep comments from being screened.
            self._thread("letters", self.send_letters, interval_s),
            # And neither must taking away what somebody wrote in ten years, or deleting ten thousand accounts.
            self._thread("removals", self.go_on_removing, interval_s),
            self._thread("tidying", self.tidy, interval_s * _TIDY_EVERY),
        )

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join(timeout=10)

    def _thread(self, name: str, work: Callable[[], None], pause_s: float) -> threading.Thread:
        return threading.Thread(target=self._repeat, args=(work, pause_s), name=name, daemon=True)

    def _repeat(self, work: Callable[[], None], pause_s: float) -> None:
        while not self._stop.is_set():
            self._survive(work)
            self._stop.wait(pause_s)

    def sweep(self) -> None:
        """Take up revisions that nobody screens: their process died, or there was no classifier when they came."""
        services = self._services
        if not is_ready(services):
            return
        with services.database.read() as session:
            waiting = screening_jobs.due(session, lease=services.settings.screening_lease, now=services.clock())
        for revision_id in waiting:
            services.runner.screen_later(revision_id)

    def send_letters(self) -> None:
        letters.send_due(self._services, self._mailer)

    def go_on_removing(self) -> None:
        """A few comments of each removal that is not finished, until none is left."""
        services = self._services
        with services.database.read() as session:
            unfinished = removals.unfinished(session)
        for removal_id in unfinished:
            while not self._stop.is_set() and removals.go_on(
                services.database, removal_id, now=services.clock(), steps=_REMOVED_AT_ONCE
            ):
                pass

    def tidy(self) -> None:
        services = self._services
        now = services.clock()
        with services.database.write() as session:
            limits.forget_ended(session, now=now)
            addresses.forget_expired(session, now=now)
            outbox.forget_sent(session, now=now)
            passkeys.forget_challenges(session, now=now)
            sessions.forget_expired(session, lifetimes=services.lifetimes, now=now)
            site_sign_in.forget_used_tokens(session, now=now)
            submissions.forget_old_keys(session, now=now)
            workers.forget_gone(session, now=now)
        with services.database.write() as session:
            appeals.reconcile(session, now=now)
        erasure.finish(services.database, now=now)
        kept = retention.enforce(services.database, services.periods, now=now)
        if kept.refused or kept.forgotten:
            log.info("texts_forgotten", refused=kept.refused, forgotten=kept.forgotten)
        if kept.erased:
            log.info("unconfirmed_accounts_erased", accounts=kept.erased)

    @staticmethod
    def _survive(work: Callable[[], None]) -> None:
        try:
            work()
        except Exception:  # A database that is away for a minute must not end the thread for good.
            log.exception("maintenance_failed", work=work.__name__)


def is_ready(services: Services) -> bool:
    try:
        services.classifier.identity  # noqa: B018  # Asking is the test.
    except ClassifierUnavailableError:
        return False
    return True
