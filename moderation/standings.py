"""What a site lets an author do at this moment, as it follows from the sanctions in force."""

from __future__ import annotations

import datetime as dt
import uuid
from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import bindparam, exists, or_, select
from sqlalchemy.orm import Session, aliased

from moderation.errors import AuthorBannedError, AuthorSuspendedError, WarningPendingError
from moderation.models import Account, Sanction, SanctionKind, Site
from moderation.screening.context import Standing

_STANDING_OF = {
    SanctionKind.PREMODERATION: Standing.PREMODERATED,
    SanctionKind.SUSPENSION: Standing.SUSPENDED,
    SanctionKind.BAN: Standing.BANNED,
}
_ENDINGS = (SanctionKind.LIFT, SanctionKind.ACKNOWLEDGEMENT)
Pair = tuple[uuid.UUID, uuid.UUID]
"""An account and a site."""


@dataclass(frozen=True, slots=True)
class SiteStanding:
    """The sanctions in force, oldest first."""

    sanctions: tuple[Sanction, ...] = ()

    @property
    def strictest(self) -> Sanction | None:
        """The one that decides what the author may do; of several of a kind the one that lasts longest."""
        order = list(_STANDING_OF)
        return max(
            (one for one in self.sanctions if one.kind in _STANDING_OF),
            key=lambda one: (order.index(SanctionKind(one.kind)), one.until is None, one.until or one.created_at),
            default=None,
        )

    @property
    def standing(self) -> Standing:
        strictest = self.strictest
        return _STANDING_OF[SanctionKind(strictest.kind)] if strictest is not None else Standing.GOOD

    @property
    def warnings(self) -> tuple[Sanction, ...]:
        """Those that the author has not acknowledged."""
        return tuple(one for one in self.sanctions if one.kind == SanctionKind.WARNING)

    @property
    def until(self) -> dt.datetime | None:
        return self.strictest.until if self.strictest is not None else None

    def demand_no_warning(self) -> None:
        """
        Raises:
            WarningPendingError: there is a warning that the author has not acknowledged.
        """
        if self.warnings:
            raise WarningPendingError

    @property
    def may_write(self) -> bool:
        return not self.warnings and self.standing not in (Standing.SUSPENDED, Standing.BANNED)


def of(session: Session, account_id: uuid.UUID, site_id: uuid.UUID, *, now: dt.datetime) -> SiteStanding:
    found = session.scalars(_OF_ONE, {"account": account_id, "site": site_id, "now": now})
    return SiteStanding(tuple(found))


def of_many(session: Session, pairs: Collection[Pair], *, now: dt.datetime) -> dict[Pair, SiteStanding]:
    """The same for several authors and sites, in one query."""
    found: defaultdict[Pair, list[Sanction]] = defaultdict(list)
    accounts = list({account_id for account_id, _ in pairs})
    for sanction in session.scalars(_OF_MANY, {"accounts": accounts, "now": now}):
        found[sanction.account_id, sanction.site_id].append(sanction)
    return {pair: SiteStanding(tuple(found[pair])) for pair in pairs}


def demand_voice(session: Session, account_id: uuid.UUID, site_id: uuid.UUID, *, now: dt.datetime) -> None:
    """
    Raises:
        AuthorSuspendedError, AuthorBannedError: the author has no say on the site.
    """
    found = of(session, account_id, site_id, now=now)
    if found.standing == Standing.BANNED:
        raise AuthorBannedError
    if found.standing == Standing.SUSPENDED:
        assert found.until is not None
        raise AuthorSuspendedError(until=found.until)


# Made once: every post asks, and making a statement takes longer than running it.
_ending = aliased(Sanction)
_is_in_force = (
    Sanction.kind.not_in(_ENDINGS),
    or_(Sanction.until.is_(None), Sanction.until > bindparam("now")),
    ~exists().where(_ending.ends_id == Sanction.id),
)
_IN_FORCE = select(Sanction).where(*_is_in_force).order_by(Sanction.created_at, Sanction.id)
IS_SANCTIONED = exists().where(Sanction.account_id == Account.id, Sanction.site_id == Site.id, *_is_in_force)
"""Whether :func:`of` finds anything, for a query over accounts and sites with a ``now``."""
_OF_ONE = _IN_FORCE.where(Sanction.account_id == bindparam("account"), Sanction.site_id == bindparam("site"))
_OF_MANY = _IN_FORCE.where(Sanction.account_id.in_(bindparam("accounts", expanding=True)))
