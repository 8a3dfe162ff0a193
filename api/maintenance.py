"""What a process does besides answering: screen what was left over, send letters, forget what is over."""

from __future__ import annotations

import threading
from collections.abc import Callable

import structlog

from api import letters, mail
from api.services import Services
from moderation import (
    addresses,
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
_REMOVED_AT_ONCE = 50


class Maintenance:
    """A thread that looks around every ``interval_s`` seconds, beginning at once."""

    def __init__(self, services: Services, mailer: mail.Mailer, *, interval_s: float = 1.0) -> None:
        self._services = services
        self._mailer = mailer
        self._interval_s = interval_s
        self._stop = threading.Event()
        # A mail server that does not answer must not keep comments from being screened.
        self._threads = (
            threading.Thread(target=self._loop, name="maintenance", daemon=True),
            threading.Thread(target=self._repeat, args=(self.send_letters,), name="letters", daemon=True),
            # And neither must taking away what somebody wrote in ten years.
            threading.Thread(target=self._repeat, args=(self.go_on_removing,), name="removals", daemon=True),
        )

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join(timeout=10)

    def _repeat(self, work: Callable[[], None]) -> None:
        while not self._stop.is_set():
            self._survive(work)
            self._stop.wait(self._interval_s)

    def _loop(self) -> None:
        rounds = 0
        while not self._stop.is_set():
            self._survive(self.sweep)
            if rounds % _TIDY_EVERY == 0:
                self._survive(self.tidy)
            rounds += 1
            self._stop.wait(self._interval_s)

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
        erasure.finish(services.database, now=now)
        kept = retention.enforce(services.database, services.periods, now=now)
        if kept.refused or kept.forgotten:
            log.info("texts_forgotten", refused=kept.refused, forgotten=kept.forgotten)

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
