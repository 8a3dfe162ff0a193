"""Passwords: which are acceptable, and how they are kept.

Argon2id with 46 MiB, one pass and one lane, the first of the equivalent settings of OWASP ASVS 5.0, appendix C: about
60 ms on the machines that this was measured on.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

from argon2 import PasswordHasher, Type
from argon2.exceptions import InvalidHashError, VerificationError
from zxcvbn.frequency_lists import FREQUENCY_LISTS

from moderation.errors import InvalidInputError, TooBusyError

MIN_LENGTH = 8
MAX_LENGTH = 1024

_GERMAN = tuple(
    """
    passwort kennwort geheim geheimnis losung zugang einloggen willkommen hallo halloo qwertz qwertzu qwertzui
    qwertzuiop asdfghjklö yxcvbnm schatz schatzi schätzchen liebling mausi hasi engel engelchen sonnenschein
    ichliebedich prinzessin einhorn schmetterling schnuffel schnecke sternchen baerchen bärchen katze hund pferd
    tiger drache fussball fußball bayern fcbayern dortmund borussia schalke werder deutschland österreich
    oesterreich schweiz berlin hamburg münchen muenchen köln koeln frankfurt stuttgart leipzig dresden wien
    zürich zuerich bern familie mama papa sommer winter herbst frühling fruehling weihnachten ostern januar
    februar märz april juni juli august september oktober november dezember montag freitag sonntag arschloch
    scheisse scheiße ficken hitler zeitung kommentar kommentare computer internet
    """.split()  # noqa: SIM905 - as words they are easier to read
)
"""What German passwords are mostly made of, with digits behind: the common list is of English ones."""


def check_acceptable(password: str, *, forbidden: tuple[str, ...] = ()) -> None:
    """Refuse what is too short, absurdly long, among the commonest passwords, or made of what is ``forbidden``.

    There are no rules about kinds of characters (ASVS 6.2.5). The list of common passwords is that of zxcvbn: 30,000,
    offline, mostly English; what is common in German counts as forbidden.

    Raises:
        InvalidInputError: for field ``password``.
    """
    if len(password) < MIN_LENGTH:
        raise InvalidInputError("password", "password_too_short", minimum=MIN_LENGTH)
    if len(password) > MAX_LENGTH:
        raise InvalidInputError("password", "password_too_long", maximum=MAX_LENGTH)
    if password.casefold() in _common() or _is_made_of(password, (*forbidden, *_GERMAN)):
        raise InvalidInputError("password", "password_too_common")


def _is_made_of(password: str, words: tuple[str, ...]) -> bool:
    """Whether nothing is left of the password but digits and signs when a forbidden word is taken out."""
    folded = password.casefold()
    return any(
        len(word) >= 3 and word in folded and not any(sign.isalpha() for sign in folded.replace(word, ""))
        for word in (entry.casefold() for entry in words)
    )


@cache
def _common() -> frozenset[str]:
    return frozenset(FREQUENCY_LISTS["passwords"])


class Hasher:
    """Hashes and verifies, ``at_once`` at a time: each costs ``memory_kib`` and a core, and a flood must not take all.

    So many more as ``waiting`` says wait for their turn. Those beyond are turned away at once: whoever waits holds one
    of the process's threads, and there must be some left for everything that has nothing to do with passwords. For that
    a place has to be held from before the first thing that is waited for (:meth:`room`), not only while hashing.
    """

    def __init__(self, *, memory_kib: int = 47_104, time_cost: int = 1, at_once: int = 2, waiting: int = 8) -> None:
        self._hasher = PasswordHasher(time_cost=time_cost, memory_cost=memory_kib, parallelism=1, type=Type.ID)
        self._places = threading.BoundedSemaphore(at_once + waiting)
        self._turns = threading.BoundedSemaphore(at_once)
        self._of_this_thread = threading.local()
        self._dummy = self._hasher.hash("nobody has this password")

    def hash(self, password: str) -> str:
        with self._slot():
            return self._hasher.hash(password)

    def verify(self, stored: str | None, password: str) -> bool:
        """Whether the password is the right one. ``None`` takes as long as a wrong password does.

        Raises:
            TooBusyError: too many wait already.
        """
        if len(password) > MAX_LENGTH:
            return False
        with self._slot():
            try:
                matches = self._hasher.verify(stored or self._dummy, password)
            except (VerificationError, InvalidHashError):
                return False
        return matches and stored is not None

    def is_outdated(self, stored: str) -> bool:
        """Whether the hash was made at a cost other than today's, and should be made anew."""
        return self._hasher.check_needs_rehash(stored)

    @contextmanager
    def room(self) -> Iterator[None]:
        """A place for all that a block does: counting, hashing, storing. What it hashes takes no other.

        Raises:
            TooBusyError: too many wait already.
        """
        if getattr(self._of_this_thread, "has_place", False):
            yield
            return
        if not self._places.acquire(blocking=False):
            raise TooBusyError
        self._of_this_thread.has_place = True
        try:
            yield
        finally:
            self._of_this_thread.has_place = False
            self._places.release()

    @contextmanager
    def _slot(self) -> Iterator[None]:
        with self.room(), self._turns:
            yield
