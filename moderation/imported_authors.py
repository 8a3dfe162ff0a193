"""Authors of imported comments: who they are, and giving their comments to the reader that they turn out to be."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass

import structlog
from sqlalchemy import ColumnElement, func, or_, select, update
from sqlalchemy.orm import Session

from moderation import accounts, publication
from moderation.errors import InvalidInputError, NotFoundError
from moderation.models import Account, Comment, Removal, Sanction, Site, SiteIdentity

log = structlog.get_logger()

_ISSUERS = "import:"
"""How those begin who vouch for imported authors; a source's name follows."""
_MOST = 100


@dataclass(frozen=True, slots=True)
class ImportedAuthor:
    account_id: uuid.UUID
    name: str
    source: str
    comments: int


@dataclass(frozen=True, slots=True)
class Search:
    """Whoever one of these fits. ``pseudonyms`` stand for an address (``moderation.imports.pseudonyms``)."""

    pseudonyms: Sequence[str] = ()
    external_id: str | None = None
    name: str | None = None


def issuer(source: str) -> str:
    """Who vouches for a source's authors. No identity provider is called so: theirs are addresses."""
    return f"{_ISSUERS}{source}"


def find(session: Session, site: Site, search: Search) -> list[ImportedAuthor]:
    """Authors on a site, a hundred at the most."""
    written = select(func.count()).where(Comment.author_id == Account.id).scalar_subquery()
    rows = session.execute(
        select(Account.id, Account.display_name, SiteIdentity.issuer, written)
        .join(SiteIdentity, SiteIdentity.account_id == Account.id)
        .where(SiteIdentity.site_id == site.id, _is_imported(), _fits(search))
        .order_by(Account.id)
        .limit(_MOST)
    )
    return [
        ImportedAuthor(account_id, name, found.removeprefix(_ISSUERS), count) for account_id, name, found, count in rows
    ]


def give(session: Session, account_id: uuid.UUID, reader: Account) -> int:
    """Make an imported author's comments a reader's, whoever the operator is sure that they are; says how many.

    What a site holds against the author goes with them, and so does what is imported of theirs later.

    Raises:
        NotFoundError: there is no such imported author.
        InvalidInputError: the reader has not shown that their address is theirs, or is another site's.
    """
    # Always in this order, so that two who give at once cannot wait for each other.
    for one in sorted({account_id, reader.id}):
        accounts.lock_present(session, one)
    author = _imported(session, account_id)
    if reader.unconfirmed or reader.leaving is not None:
        raise InvalidInputError("email", "not_confirmed")
    if reader.home_site_id not in (None, author.home_site_id):
        raise NotFoundError("account")
    moved = session.execute(
        update(Comment)
        .where(Comment.author_id == author.id)
        .values(author_id=reader.id)
        .execution_options(synchronize_session=False)
    )
    for table in (SiteIdentity, Sanction, Removal):
        session.execute(
            update(table)
            .where(table.account_id == author.id)
            .values(account_id=reader.id)
            .execution_options(synchronize_session=False)
        )
    session.delete(author)
    session.flush()
    publication.renew_all_of(session, reader.id)
    log.info("imported_author_given", account_id=str(account_id), reader_id=str(reader.id))
    return int(moved.rowcount)  # type: ignore[attr-defined]  # An update's result has it.


def _imported(session: Session, account_id: uuid.UUID) -> Account:
    """The account, if nobody but imports vouch for it: nobody can have signed in with it."""
    found = session.scalars(select(SiteIdentity.issuer).where(SiteIdentity.account_id == account_id)).all()
    account = session.get(Account, account_id)
    if account is None or not found or not all(one.startswith(_ISSUERS) for one in found):
        raise NotFoundError("imported author")
    if account.home_site_id is None:
        raise NotFoundError("imported author")
    return account


def _is_imported() -> ColumnElement[bool]:
    return SiteIdentity.issuer.startswith(_ISSUERS, autoescape=True)


def _fits(search: Search) -> ColumnElement[bool]:
    fitting: list[ColumnElement[bool]] = [SiteIdentity.subject.in_(search.pseudonyms)]
    if search.external_id is not None:
        fitting.append(SiteIdentity.subject == f"id:{search.external_id}")
    if search.name is not None:
        fitting.append(Account.display_name == search.name)
    return or_(*fitting)
