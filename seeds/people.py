"""Who takes part in the demo."""

from __future__ import annotations

import datetime as dt
import json
import secrets
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from importlib.resources import files
from typing import Any

from sqlalchemy.orm import Session

from moderation import accounts
from moderation.accounts import NewAccount
from moderation.actors import Actor
from moderation.db import Database
from moderation.models import Role
from moderation.passwords import Hasher


@dataclass(frozen=True, slots=True)
class DemoAccount:
    """An account that visitors of the demo sign in with. Its password is known to everybody who has the code."""

    email: str
    display_name: str
    role: Role
    password: str


@dataclass(frozen=True, slots=True)
class DemoAccounts:
    readers: tuple[DemoAccount, DemoAccount]
    moderator: DemoAccount
    admin: DemoAccount

    @property
    def all(self) -> tuple[DemoAccount, ...]:
        return (*self.readers, self.moderator, self.admin)

    def as_json(self) -> dict[str, list[dict[str, str]]]:
        return {"accounts": [{**asdict(account), "role": account.role.value} for account in self.all]}

    def in_words(self) -> str:
        """How to sign in, one line for each account."""
        return "\n".join(f"{account.role.value:<10} {account.email:<24} {account.password}" for account in self.all)


@dataclass(frozen=True, slots=True)
class Person:
    """``key`` is how the timeline names them. Without a password nobody can sign in as them."""

    key: str
    email: str
    display_name: str
    role: Role
    days: int
    """How long before the demo's first comment they registered."""
    password: str | None = None


def people() -> tuple[Person, ...]:
    entries: list[dict[str, Any]] = json.loads((files("seeds") / "data" / "accounts.json").read_text(encoding="utf-8"))
    return tuple(Person(**{**entry, "role": Role(entry["role"])}) for entry in entries)


def demo_accounts() -> DemoAccounts:
    """The accounts whose passwords are public."""
    known = {
        person.key: DemoAccount(person.email, person.display_name, person.role, person.password)
        for person in people()
        if person.password is not None
    }
    return DemoAccounts((known["jutta"], known["tom"]), known["moderation"], known["admin"])


def settle(database: Database, hasher: Hasher, site_key: str, *, opened_at: dt.datetime) -> Mapping[str, Actor]:
    """Create the accounts that are missing, leave the others as they are, and say who acts for each key."""
    with database.read() as session:
        missing = [person for person in people() if accounts.by_email(session, person.email) is None]
    # Hashing is slow on purpose, and no transaction stays open meanwhile.
    hashes = {person.key: hasher.hash(person.password or secrets.token_urlsafe(32)) for person in missing}
    if missing:
        with database.write() as session:
            for person in missing:
                _create(session, person, hashes[person.key], site_key, opened_at - dt.timedelta(days=person.days))
    with database.read() as session:
        return {
            person.key: accounts.actor_for(session, accounts.demand_by_email(session, person.email))
            for person in people()
        }


def _create(session: Session, person: Person, password_hash: str, site_key: str, joined_at: dt.datetime) -> None:
    command = NewAccount(person.email, person.display_name, password_hash)
    sites = (site_key,) if person.role == Role.MODERATOR else ()
    accounts.create_staff(session, command, person.role, sites, now=joined_at)
