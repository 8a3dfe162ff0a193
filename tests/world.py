"""A small world to test in: sites, people and comments made through the use cases, and a client that speaks JSON."""

from __future__ import annotations

import datetime as dt
import itertools
import json
import uuid
from dataclasses import dataclass, field
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from api.services import Services
from moderation import accounts, sanctions, sessions, sites
from moderation.accounts import NewAccount
from moderation.actors import Actor
from moderation.models import Account, Role, Sanction, SanctionKind, Site
from moderation.policies import Policy
from moderation.sanctions import Author, NewSanction
from moderation.sites import NewSite
from tests.fakes import Clock, FakeClassifier

ORIGIN = "https://zeitung.example"
PASSWORD = "ein langes Kennwort"
ARTICLE = "artikel-1"
_OWN_PREFIXES = (
    "/account/",
    "/api",
    "/v1alpha1",
    "/desk",
    "/embed",
    "/counts.js",
    "/favicon.ico",
    "/healthz",
    "/readyz",
    "/sign-in",
    "/static",
)
_HASH = "$argon2id$v=19$m=8,t=1,p=1$c29tZXNhbHQ$x"


@dataclass
class Person:
    """Somebody with an account and a token."""

    account: Account
    actor: Actor
    token: str

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"}


@dataclass
class World:
    app: Flask
    services: Services
    clock: Clock
    classifier: FakeClassifier
    _numbers: Any = field(default_factory=lambda: itertools.count(1))

    @property
    def database(self) -> Any:
        return self.services.database

    @property
    def client(self) -> FlaskClient:
        return self.app.test_client()

    def site(self, key: str = "demo", *, policy: Policy | None = None, origins: tuple[str, ...] = (ORIGIN,)) -> Site:
        with self.database.write() as session:
            return sites.create(session, NewSite(key, key.title(), "de", origins), policy=policy, now=self.clock())

    def set_policy(self, policy: Policy, key: str = "demo") -> None:
        with self.database.write() as session:
            sites.set_policy(session, sites.by_key(session, key), policy, actor_id=None, now=self.clock())

    def person(self, role: Role = Role.READER, *site_keys: str, name: str | None = None) -> Person:
        number = next(self._numbers)
        command = NewAccount(f"person{number}@example.org", name or f"Person {number}", _HASH)
        with self.database.write() as session:
            if role == Role.READER:
                accounts.register(session, command, now=self.clock())
                account = accounts.demand_by_email(session, command.email)
            else:
                account = accounts.create_staff(session, command, role, site_keys, now=self.clock())
            signed_in = sessions.begin(session, account, lifetimes=self.services.lifetimes, now=self.clock())
            return Person(account, accounts.actor_for(session, account), signed_in.token)

    def call(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        by: Person | None = None,
        headers: dict[str, str] | None = None,
        **options: Any,
    ) -> TestResponse:
        """One request. ``body`` is sent as JSON unless it is bytes."""
        sent = {**(by.headers if by else {}), **(headers or {})}
        if body is not None:
            sent.setdefault("Content-Type", "application/json")
            options["data"] = body if isinstance(body, bytes) else json.dumps(body)
        url = path if path.startswith(_OWN_PREFIXES) else f"/api/v1{path}"
        # Buffered: what is answered from a file is read and the file closed.
        return self.client.open(url, method=method, headers=sent, buffered=True, **options)

    def post(
        self,
        by: Person,
        body: str = "Ein sachlicher Beitrag zum Thema.",
        *,
        site: str = "demo",
        article: str = ARTICLE,
        parent: str | None = None,
        **headers: str,
    ) -> TestResponse:
        wish: dict[str, Any] = {"body": body}
        if parent is not None:
            wish["parent_id"] = parent
        sent = {"Origin": ORIGIN, **{name.replace("_", "-"): value for name, value in headers.items()}}
        return self.call("POST", f"/sites/{site}/articles/{article}/comments", wish, by=by, headers=sent)

    def signed_in_again(self, person: Person) -> Person:
        with self.database.write() as session:
            account = accounts.get(session, person.account.id)
            begun = sessions.begin(session, account, lifetimes=self.services.lifetimes, now=self.clock())
            return Person(account, accounts.actor_for(session, account), begun.token)

    def comment(self, by: Person, body: str = "Ein sachlicher Beitrag zum Thema.", **options: Any) -> dict[str, Any]:
        """A comment that was posted; the clock moves a minute, so that no rule about haste applies."""
        answer = self.post(by, f"{body}", **options)
        assert answer.status_code == 201, answer.get_data(as_text=True)
        self.clock.move(minutes=1)
        return json_of(answer)

    def thread(self, *, by: Person | None = None, article: str = ARTICLE, **query: Any) -> dict[str, Any]:
        return json_of(self.call("GET", f"/sites/demo/articles/{article}/comments", by=by, query_string=query))

    def queue_item(self, comment_id: str, by: Person) -> dict[str, Any]:
        return json_of(self.call("GET", f"/review-queue/{comment_id}", by=by))

    def sanction(
        self, person: Person, kind: str, *, days: float | None = None, site: str = "demo", **details: Any
    ) -> Sanction:
        """What the operator does about somebody, who need not have written anything."""
        until = self.clock() + dt.timedelta(days=days) if days is not None else None
        wish = NewSanction(SanctionKind(kind), details.pop("reason", "insult"), until=until, **details)
        with self.database.write() as session:
            author = Author(accounts.get(session, person.account.id), sites.by_key(session, site))
            return sanctions.impose(session, author, wish, actor_id=None, now=self.clock())

    def review(self, comment: dict[str, Any], action: str, by: Person, **details: Any) -> TestResponse:
        version = details.pop("version", None) or self.queue_item(comment["id"], by)["version"]
        wish = {"action": action, "version": version, **details}
        return self.call("PUT", f"/review-queue/{comment['id']}/decision", wish, by=by)


def json_of(answer: TestResponse) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(answer.get_data())
    return found


def some_id() -> str:
    return str(uuid.uuid4())


def in_utc(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text)
