"""Passkeys (WebAuthn) as a second factor beside the password: several, each with a name.

Verified by the package ``webauthn`` (W3C Web Authentication Level 3, sections 7.1 and 7.2). A challenge is good for one
answer and five minutes; relying party and origin come from the installation's own address, never from a request.
"""

from __future__ import annotations

import datetime as dt
import ipaddress
import secrets
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import urlsplit

import structlog
import webauthn
from sqlalchemy import delete, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session
from webauthn.helpers import base64url_to_bytes, bytes_to_base64url, options_to_json_dict
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from moderation import outbox, second_factor
from moderation.db import Database
from moderation.errors import AlreadyExistsError, InvalidInputError, NotFoundError, PasskeyRefusedError
from moderation.models import Account, Passkey, PasskeyChallenge
from moderation.text.input import clean_name

log = structlog.get_logger()

CHALLENGE_LIFE = dt.timedelta(minutes=5)
MOST = 10
"""Passkeys of one account."""
Purpose = Literal["register", "show"]

_CHALLENGE_BYTES = 32
_MOST_QUESTIONS = 5
_MALFORMED = (WebAuthnException, ValueError, TypeError, KeyError, IndexError, OverflowError, AttributeError)
"""What the library raises for input that is none; its own kind is not all of it."""


@dataclass(frozen=True, slots=True)
class RelyingParty:
    """As whom we ask browsers: the host's name, and the one origin whose pages may."""

    id: str
    origin: str


def relying_party(base_url: str) -> RelyingParty | None:
    """From the installation's public address; ``None`` where that is a number, for which browsers make no passkeys."""
    parts = urlsplit(base_url)
    host = (parts.hostname or "").lower()
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return RelyingParty(host, f"{parts.scheme}://{parts.netloc}".lower())
    return None


@dataclass(frozen=True, slots=True)
class Question:
    """What the browser is asked: ``options`` are those of the Web Authentication API, as JSON."""

    challenge_id: uuid.UUID
    options: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Shown:
    """The browser's answer."""

    challenge_id: uuid.UUID
    credential: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Answer:
    """The browser's answer, with the challenge that it must be an answer to: ``None`` if that one is no more."""

    challenge: bytes | None
    credential: Mapping[str, Any]


def ask_for_new(session: Session, account: Account, party: RelyingParty, *, now: dt.datetime) -> Question:
    """The question that makes a passkey. Nothing is stored of it before :func:`register`."""
    row = _new_challenge(session, account.id, "register", now=now)
    name = account.email or account.display_name
    options = webauthn.generate_registration_options(
        rp_id=party.id,
        rp_name="Vorab",
        user_id=account.id.bytes,
        user_name=name,
        user_display_name=account.display_name or name,
        challenge=base64url_to_bytes(row.challenge),
        exclude_credentials=_known(session, account.id),
        authenticator_selection=AuthenticatorSelectionCriteria(
            resident_key=ResidentKeyRequirement.PREFERRED,
            user_verification=UserVerificationRequirement.PREFERRED,
        ),
    )
    return Question(row.id, options_to_json_dict(options))


def register(
    session: Session, account: Account, party: RelyingParty, name: str, answer: Answer, *, now: dt.datetime
) -> Passkey:
    """Keep a new passkey. Its holder gets a letter.

    Raises:
        InvalidInputError: the name is not acceptable, or there are too many.
        PasskeyRefusedError: the answer is not to this question, or from another page, or is none.
        AlreadyExistsError: this passkey is known.
    """
    cleaned = clean_name(name, field="name")
    if len(_known(session, account.id)) >= MOST:
        raise InvalidInputError("name", "too_many")
    try:
        verified = webauthn.verify_registration_response(
            credential=dict(answer.credential),
            expected_challenge=_demand(answer.challenge),
            expected_rp_id=party.id,
            expected_origin=party.origin,
        )
    except _MALFORMED as error:
        raise _refused(account.id, "registration") from error
    row = Passkey(
        account_id=account.id,
        credential_id=bytes_to_base64url(verified.credential_id),
        public_key=bytes_to_base64url(verified.credential_public_key),
        sign_count=verified.sign_count,
        name=cleaned,
        created_at=now,
    )
    try:
        with session.begin_nested():
            session.add(row)
    except IntegrityError as error:
        raise AlreadyExistsError("passkey") from error
    outbox.promise(session, "passkey_added", account, now=now, passkey=cleaned)
    log.info("passkey_added", account_id=str(account.id), passkey_id=str(row.id))
    return row


def ask(session: Session, account_id: uuid.UUID, party: RelyingParty, *, now: dt.datetime) -> Question:
    """The question that shows one of the account's passkeys."""
    row = _new_challenge(session, account_id, "show", now=now)
    options = webauthn.generate_authentication_options(
        rp_id=party.id,
        challenge=base64url_to_bytes(row.challenge),
        allow_credentials=_known(session, account_id),
        user_verification=UserVerificationRequirement.PREFERRED,
    )
    return Question(row.id, options_to_json_dict(options))


def take(database: Database, account_id: uuid.UUID, shown: Shown, purpose: Purpose, *, now: dt.datetime) -> Answer:
    """Use the challenge up, in a transaction of its own: an answer that turns out wrong has used it too."""
    with database.write() as session:
        row = session.execute(
            delete(PasskeyChallenge)
            .where(
                PasskeyChallenge.id == shown.challenge_id,
                PasskeyChallenge.account_id == account_id,
                PasskeyChallenge.purpose == purpose,
            )
            .returning(PasskeyChallenge.challenge, PasskeyChallenge.expires_at)
        ).one_or_none()
    is_good = row is not None and now < row.expires_at
    return Answer(base64url_to_bytes(row.challenge) if row is not None and is_good else None, shown.credential)


def use(session: Session, account: Account, party: RelyingParty, answer: Answer, *, now: dt.datetime) -> None:
    """Accept what one of the account's passkeys has signed.

    Raises:
        PasskeyRefusedError: it is none of them, the answer is to something else, or the key was used less often than
            before: then there are two of it.
    """
    row = session.scalar(
        select(Passkey).where(
            Passkey.account_id == account.id, Passkey.credential_id == str(answer.credential.get("id"))
        )
    )
    if row is None:
        raise _refused(account.id, "unknown")
    try:
        verified = webauthn.verify_authentication_response(
            credential=dict(answer.credential),
            expected_challenge=_demand(answer.challenge),
            expected_rp_id=party.id,
            expected_origin=party.origin,
            credential_public_key=base64url_to_bytes(row.public_key),
            credential_current_sign_count=row.sign_count,
        )
    except _MALFORMED as error:
        raise _refused(account.id, "counter" if "sign count" in str(error) else "answer") from error
    _count(session, row, verified.new_sign_count, now=now)


def remove(session: Session, account: Account, passkey_id: uuid.UUID, *, now: dt.datetime) -> None:
    """Accept a passkey no more. Its holder gets a letter.

    Raises:
        NotFoundError: the account has no such passkey.
    """
    name = session.scalar(
        delete(Passkey).where(Passkey.id == passkey_id, Passkey.account_id == account.id).returning(Passkey.name)
    )
    if name is None:
        raise NotFoundError("passkey")
    log.info("passkey_removed", account_id=str(account.id), passkey_id=str(passkey_id))
    if not second_factor.end_if_last(session, account, now=now):
        outbox.promise(session, "passkey_removed", account, now=now, passkey=name)


def forget_challenges(session: Session, *, now: dt.datetime) -> None:
    """Forget questions that nobody answered in time."""
    session.execute(delete(PasskeyChallenge).where(PasskeyChallenge.expires_at <= now))


def _new_challenge(session: Session, account_id: uuid.UUID, purpose: Purpose, *, now: dt.datetime) -> PasskeyChallenge:
    _forget_oldest(session, account_id)
    row = PasskeyChallenge(
        account_id=account_id,
        purpose=purpose,
        challenge=secrets.token_urlsafe(_CHALLENGE_BYTES),
        expires_at=now + CHALLENGE_LIFE,
    )
    session.add(row)
    session.flush()
    return row


def _forget_oldest(session: Session, account_id: uuid.UUID) -> None:
    """Several windows may ask at once; nobody needs more."""
    query = select(PasskeyChallenge.id).where(PasskeyChallenge.account_id == account_id)
    surplus = session.scalars(query.order_by(PasskeyChallenge.id.desc()).offset(_MOST_QUESTIONS - 1)).all()
    session.execute(delete(PasskeyChallenge).where(PasskeyChallenge.id.in_(surplus)))


def _known(session: Session, account_id: uuid.UUID) -> list[PublicKeyCredentialDescriptor]:
    ids = session.scalars(select(Passkey.credential_id).where(Passkey.account_id == account_id).order_by(Passkey.id))
    return [PublicKeyCredentialDescriptor(id=base64url_to_bytes(one)) for one in ids]


def _demand(challenge: bytes | None) -> bytes:
    if challenge is None:
        raise ValueError("no such challenge")
    return challenge


def _count(session: Session, row: Passkey, sign_count: int, *, now: dt.datetime) -> None:
    """Of two answers with the same count, that arrive at once, one is refused."""
    counted = session.execute(
        update(Passkey)
        .where(Passkey.id == row.id, Passkey.sign_count == row.sign_count)
        .values(sign_count=sign_count, last_used_at=now)
        .returning(Passkey.id)
        .execution_options(synchronize_session=False)
    )
    if counted.one_or_none() is None:
        raise _refused(row.account_id, "counter")


def _refused(account_id: uuid.UUID, reason: str) -> PasskeyRefusedError:
    log.warning("passkey_refused", account_id=str(account_id), reason=reason)
    return PasskeyRefusedError()
