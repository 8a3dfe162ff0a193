"""Codes from an app (TOTP) as a second factor, and recovery codes for whoever has lost what they have.

Passkeys, the other kind of second factor, are in :mod:`moderation.passkeys`.
"""

from __future__ import annotations

import base64
import datetime as dt
import re
import secrets
import uuid
from dataclasses import dataclass

import pyotp
import structlog
from pyotp.utils import strings_equal
from sqlalchemy import delete, func, or_, select, update
from sqlalchemy.orm import Session

from moderation import outbox, tokens
from moderation.errors import AlreadyExistsError, WrongCodeError
from moderation.models import Account, Passkey, RecoveryCode, SecondFactor
from moderation.sealing import Sealer

log = structlog.get_logger()

_STEP_S = 30
_TOLERANCE = (0, -1, 1)
_RECOVERY_CODES = 10
_RECOVERY_BYTES = 15
_DIGITS = re.compile(r"\d{6}")
_NO_SIGN = re.compile(r"[\s-]")


@dataclass(frozen=True, slots=True)
class Enrolment:
    """What an app needs. Shown once, kept sealed."""

    secret: str
    uri: str


@dataclass(frozen=True, slots=True)
class State:
    is_on: bool
    recovery_codes_left: int
    has_app: bool = False
    passkeys: tuple[Passkey, ...] = ()


def state(session: Session, account_id: uuid.UUID) -> State:
    left = session.scalar(select(func.count()).where(RecoveryCode.account_id == account_id)) or 0
    passkeys = tuple(session.scalars(select(Passkey).where(Passkey.account_id == account_id).order_by(Passkey.id)))
    with_app = has_app(session, account_id)
    return State(with_app or bool(passkeys), left, with_app, passkeys)


def is_on(session: Session, account_id: uuid.UUID) -> bool:
    """Whether signing in takes more than a password: an app, or a passkey."""
    return has_app(session, account_id) or has_passkey(session, account_id)


def has_app(session: Session, account_id: uuid.UUID) -> bool:
    factor = session.get(SecondFactor, account_id)
    return factor is not None and factor.confirmed_at is not None


def has_passkey(session: Session, account_id: uuid.UUID) -> bool:
    return session.scalar(select(Passkey.id).where(Passkey.account_id == account_id).limit(1)) is not None


def begin(session: Session, sealer: Sealer, account: Account, *, issuer: str, now: dt.datetime) -> Enrolment:
    """A new seed for an app. Nothing is asked for until a code has been shown to :func:`confirm`.

    Raises:
        AlreadyExistsError: there is an app; it has to be taken away first.
    """
    if has_app(session, account.id):
        raise AlreadyExistsError("second_factor")
    seed = pyotp.random_base32()
    session.execute(delete(SecondFactor).where(SecondFactor.account_id == account.id))
    session.add(
        SecondFactor(account_id=account.id, sealed_seed=sealer.seal(seed, sealing_purpose(account.id)), created_at=now)
    )
    session.flush()
    return Enrolment(seed, pyotp.TOTP(seed).provisioning_uri(name=account.email, issuer_name=issuer))


def confirm(session: Session, sealer: Sealer, account: Account, code: str, *, now: dt.datetime) -> list[str]:
    """Turn the app's codes on with a first one. Returns the recovery codes, which are told this once.

    With a passkey there are some already, which stay: then none are returned.

    Raises:
        WrongCodeError: the code is not the app's, or nothing was begun.
        AlreadyExistsError: it is on.
    """
    factor = session.get(SecondFactor, account.id, with_for_update=True)
    if factor is not None and factor.confirmed_at is not None:
        raise AlreadyExistsError("second_factor")
    if factor is None or not _take_step(session, sealer, factor, _plain(code), now=now):
        raise WrongCodeError
    factor.confirmed_at = now
    outbox.promise(session, "second_factor_on", account, now=now)
    log.info("second_factor_on", account_id=str(account.id))
    return first_codes(session, account.id, now=now)


def use(session: Session, sealer: Sealer, account: Account, code: str, *, now: dt.datetime) -> None:
    """Accept a code of the app, or a recovery code: each once, whoever else presents it at the same moment.

    Raises:
        WrongCodeError: it is neither, or was used.
        UnreadableSecretError: the installation's secret key is another now. Recovery codes go on working.
    """
    given = _plain(code)
    factor = session.get(SecondFactor, account.id)
    if _DIGITS.fullmatch(given):
        good = factor is not None and _take_step(session, sealer, factor, given, now=now)
    else:
        good = _take_recovery_code(session, account, given, now=now)
    if not good:
        log.warning("second_factor_failed", account_id=str(account.id))
        raise WrongCodeError


def first_codes(session: Session, account_id: uuid.UUID, *, now: dt.datetime) -> list[str]:
    """Recovery codes for whoever has none yet; else nothing, and the old ones stay."""
    has_some = select(RecoveryCode.account_id).where(RecoveryCode.account_id == account_id).limit(1)
    return [] if session.scalar(has_some) is not None else renew_codes(session, account_id, now=now)


def renew_codes(session: Session, account_id: uuid.UUID, *, now: dt.datetime) -> list[str]:
    """New recovery codes instead of those that there were."""
    session.execute(delete(RecoveryCode).where(RecoveryCode.account_id == account_id))
    codes = [base64.b32encode(secrets.token_bytes(_RECOVERY_BYTES)).decode() for _ in range(_RECOVERY_CODES)]
    session.add_all(
        RecoveryCode(account_id=account_id, code_hash=tokens.digest(code), created_at=now) for code in codes
    )
    session.flush()
    return ["-".join(code[at : at + 6] for at in range(0, len(code), 6)) for code in codes]


def remove_app(session: Session, account: Account, *, now: dt.datetime) -> None:
    """Ask for no codes of the app any more. Whether that may be is the caller's business."""
    session.execute(delete(SecondFactor).where(SecondFactor.account_id == account.id))
    end_if_last(session, account, now=now)


def turn_off(session: Session, account: Account, *, now: dt.datetime) -> None:
    """The password alone is enough again, whatever there was. Whether that may be is the caller's business."""
    session.execute(delete(SecondFactor).where(SecondFactor.account_id == account.id))
    session.execute(delete(Passkey).where(Passkey.account_id == account.id))
    end_if_last(session, account, now=now)


def end_if_last(session: Session, account: Account, *, now: dt.datetime) -> bool:
    """After something was taken away: if nothing is left, recovery codes are of no use, and there is a letter."""
    session.expire_all()
    if is_on(session, account.id):
        return False
    session.execute(delete(RecoveryCode).where(RecoveryCode.account_id == account.id))
    outbox.promise(session, "second_factor_off", account, now=now)
    log.info("second_factor_off", account_id=str(account.id))
    return True


def _take_step(session: Session, sealer: Sealer, factor: SecondFactor, code: str, *, now: dt.datetime) -> bool:
    totp = pyotp.TOTP(sealer.open(factor.sealed_seed, sealing_purpose(factor.account_id)))
    at = int(now.timestamp()) // _STEP_S
    step = next((at + off for off in _TOLERANCE if strings_equal(totp.generate_otp(at + off), code)), None)
    if step is None:
        return False
    taken = session.execute(
        update(SecondFactor)
        .where(
            SecondFactor.account_id == factor.account_id,
            or_(SecondFactor.last_step.is_(None), SecondFactor.last_step < step),
        )
        .values(last_step=step)
        .returning(SecondFactor.account_id)
        .execution_options(synchronize_session=False)
    )
    return taken.one_or_none() is not None


def _take_recovery_code(session: Session, account: Account, code: str, *, now: dt.datetime) -> bool:
    taken = session.execute(
        delete(RecoveryCode)
        .where(RecoveryCode.account_id == account.id, RecoveryCode.code_hash == tokens.digest(code))
        .returning(RecoveryCode.account_id)
    )
    if taken.one_or_none() is None:
        return False
    outbox.promise(session, "recovery_code_used", account, now=now, left=state(session, account.id).recovery_codes_left)
    return True


def _plain(code: str) -> str:
    return _NO_SIGN.sub("", code).upper()


def sealing_purpose(account_id: uuid.UUID) -> str:
    return f"totp:{account_id}"
