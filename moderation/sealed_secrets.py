"""All secrets that lie sealed in the database, for the day on which the installation's secret key is changed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from sqlalchemy import select
from sqlalchemy.orm import Session

from moderation import identity_providers, second_factor, site_keys
from moderation.errors import UnreadableSecretError
from moderation.models import IdentityProvider, SecondFactor, SiteKey
from moderation.sealing import Sealer


@dataclass(slots=True)
class Resealed:
    """How many were sealed anew, how many were already, and which ones no key opens."""

    resealed: int = 0
    current: int = 0
    unreadable: list[str] = field(default_factory=list)


def reseal(session: Session, sealer: Sealer) -> Resealed:
    """Seal every secret with the present key. What no key opens is left as it is: the right one may yet be found."""
    result = Resealed()
    for row, column, purpose in _sealed(session):
        try:
            anew = sealer.reseal(getattr(row, column), purpose)
        except UnreadableSecretError:
            result.unreadable.append(purpose)
            continue
        if anew is None:
            result.current += 1
        else:
            setattr(row, column, anew)
            result.resealed += 1
    return result


def _sealed(session: Session) -> Iterator[tuple[SecondFactor | IdentityProvider | SiteKey, str, str]]:
    """Rows, the column with the secret, and what it was sealed for. Locked: none may be replaced meanwhile."""
    for factor in session.scalars(select(SecondFactor).with_for_update()):
        yield factor, "sealed_seed", second_factor.sealing_purpose(factor.account_id)
    for provider in session.scalars(
        select(IdentityProvider).where(IdentityProvider.sealed_secret.is_not(None)).with_for_update()
    ):
        yield provider, "sealed_secret", identity_providers.sealing_purpose(provider)
    for key in session.scalars(select(SiteKey).where(SiteKey.sealed_secret.is_not(None)).with_for_update()):
        yield key, "sealed_secret", site_keys.sealing_purpose(key)
