"""What somebody shows as a second factor: a code of the app, a recovery code, or a passkey. One of them is enough."""

from __future__ import annotations

import datetime as dt
import uuid
from dataclasses import dataclass

from sqlalchemy.orm import Session

from moderation import passkeys, second_factor
from moderation.db import Database
from moderation.errors import PasskeysUnavailableError, SecondFactorRequiredError
from moderation.models import Account
from moderation.passkeys import Answer, Question, RelyingParty, Shown
from moderation.sealing import Sealer


@dataclass(frozen=True, slots=True)
class Proof:
    """As it was sent. Nothing in it means that nothing was shown yet."""

    code: str | None = None
    passkey: Shown | None = None

    @property
    def is_empty(self) -> bool:
        return self.code is None and self.passkey is None


@dataclass(frozen=True, slots=True)
class Presented:
    """As it can be checked in a transaction: the passkey's challenge is used up already."""

    code: str | None
    answer: Answer | None


@dataclass(frozen=True, slots=True)
class Choice:
    """How somebody can go on who has given a password: ``question`` is for a passkey."""

    has_app: bool
    question: Question | None


@dataclass(frozen=True, slots=True)
class Checker:
    """What it takes to check a second factor. Without a ``party`` there are no passkeys here."""

    sealer: Sealer
    party: RelyingParty | None

    def present(self, database: Database, account_id: uuid.UUID, proof: Proof, *, now: dt.datetime) -> Presented:
        """
        Raises:
            SecondFactorRequiredError: nothing was shown.
        """
        if proof.is_empty:
            raise SecondFactorRequiredError
        shown = proof.passkey
        answer = passkeys.take(database, account_id, shown, "show", now=now) if shown is not None else None
        return Presented(proof.code, answer)

    def demand(self, session: Session, account: Account, presented: Presented, *, now: dt.datetime) -> None:
        """
        Raises:
            WrongCodeError, PasskeyRefusedError: it is not right.
            PasskeysUnavailableError: a passkey, where there are none.
        """
        if presented.answer is not None:
            passkeys.use(session, account, self.demand_party(), presented.answer, now=now)
        else:
            second_factor.use(session, self.sealer, account, presented.code or "", now=now)

    def choice(self, session: Session, account_id: uuid.UUID, *, now: dt.datetime) -> Choice:
        """What may be shown now, with a question to a passkey if there is one."""
        has_passkey = self.party is not None and second_factor.has_passkey(session, account_id)
        question = passkeys.ask(session, account_id, self.demand_party(), now=now) if has_passkey else None
        return Choice(second_factor.has_app(session, account_id), question)

    def demand_party(self) -> RelyingParty:
        """
        Raises:
            PasskeysUnavailableError: the installation's address is a number.
        """
        if self.party is None:
            raise PasskeysUnavailableError
        return self.party
