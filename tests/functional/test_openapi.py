"""The description of the API is true: whatever is sent, answers are what it says, and none is a server's error."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from moderation.db import Base
from moderation.models import Role
from tests.fakes import Clock
from tests.sentences import CALM, sentence
from tests.world import ARTICLE, ORIGIN, Person, World, json_of, some_id

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    negative_data_rejection,
]
# Always the same cases: what is found, is found before it is on main.
SEARCH = settings(
    max_examples=12,
    deadline=None,
    derandomize=True,
    database=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)


POST = "POST /api/v1/sites/{site}/articles/{article}/comments"


ENDING = ("DELETE /api/v1/sessions/current", "DELETE /api/v1/accounts/me/sessions")
"""They end the session that asks, and others."""


@pytest.fixture
def world(make_world: Callable[..., World]) -> World:
    made = make_world(
        sign_in_per_address=10**6,
        sign_in_per_account=10**6,
        registrations_per_address=10**6,
        mails_per_address=10**6,
        previews_per_account=10**6,
        flags_per_account=10**6,
        votes_per_account=10**6,
        exports_per_account=10**6,
    )
    made.site()
    return made


@pytest.fixture
def schema(world: World) -> Any:
    return schemathesis.openapi.from_wsgi("/api/v1/openapi.json", world.app)


@dataclasses.dataclass
class Scene:
    """Things that there are, and people of every role who ask about them."""

    comments: list[str]
    people: list[Person | None]
    author: str
    """Somebody who has written and asks for nothing: whatever is done about them, the others go on asking."""

    removal: str

    def turns(self) -> Iterator[tuple[Person | None, dict[str, str]]]:
        """Endless: who asks, and the ids of what there is."""
        for person, comment in zip(itertools.cycle(self.people), itertools.cycle(self.comments)):
            yield (
                person,
                {
                    "site": "demo",
                    "article": ARTICLE,
                    "comment_id": comment,
                    "account_id": self.author,
                    "session_id": some_id(),
                    "identity_id": some_id(),
                    "passkey_id": some_id(),
                    "sanction_id": some_id(),
                    "removal_id": self.removal,
                },
            )


@pytest.fixture
def scene(world: World) -> Scene:
    author = world.person()
    comments = [
        world.comment(author)["id"],
        world.comment(author, "Du Murrkopf, das stimmt doch nicht.")["id"],
        world.comment(world.person(Role.ADMIN), "Eine Antwort, die sichtbar ist.")["id"],
    ]
    silent = world.comment(world.person(), "Ein Wort, und dann nichts mehr.")["author"]["id"]
    admin, wish = world.person(Role.ADMIN), {"action": "withdraw"}
    removal = json_of(world.call("POST", f"/sites/demo/authors/{silent}/removals", wish, by=admin))["id"]
    return Scene(comments, [admin, author, None, world.person(Role.MODERATOR, "demo")], silent, removal)


def headers_of(person: Person | None) -> dict[str, str]:
    return person.headers if person else {}


@pytest.mark.parametrize("known_ids", [True, False], ids=["about what there is", "about anything"])
def test_no_answer_is_outside_the_description(world: World, schema: Any, scene: Scene, known_ids: bool) -> None:
    turns = scene.turns()

    for result in schema.get_all_operations():
        operation = result.ok()
        if operation.label in ENDING:
            continue  # Those who ask next would not be signed in.

        @SEARCH
        @given(case=operation.as_strategy())
        def ask(case: Any) -> None:
            person, ids = next(turns)
            if known_ids:
                case.path_parameters = {name: ids[name] for name in case.path_parameters or {}}
            case.call_and_validate(headers=headers_of(person), checks=CHECKS)

        ask()


def test_signing_out_is_as_described(world: World, schema: Any) -> None:
    operation = schema["/api/v1/sessions/current"]["DELETE"]

    for headers, status in ((world.person().headers, 204), ({}, 401)):
        answer = operation.Case().call_and_validate(headers=headers, checks=CHECKS)
        assert answer.status_code == status


def start_afresh(world: World) -> tuple[Person, Person]:
    """An empty site with an admin and an author: every sequence begins with the same."""
    with world.database.write() as session:
        for table in reversed(Base.metadata.sorted_tables):
            session.execute(table.delete())
    world.clock.now = Clock().now
    world.site(policy=CALM)
    return world.person(Role.ADMIN), world.person()


def make_fruitful(case: Any, number: int) -> None:
    """Of a comment that is never stored nothing would follow."""
    if "article" in (case.path_parameters or {}):
        case.path_parameters.update(site="demo", article=ARTICLE)
    if case.operation.label == POST:
        case.body = {"body": f"{sentence(number)} {'Murrkopf!' if number % 2 else ''}"}
        case.headers = {"Origin": ORIGIN}
    elif isinstance(case.body, dict) and case.body.get("closed") is True:
        # Only that: what is no boolean is to be refused.
        case.body["closed"] = False


def test_no_sequence_of_calls_leads_outside_the_description(world: World, schema: Any) -> None:
    answered = set()

    # What people do about their accounts leads to no comment; each of those calls is asked by itself above.
    followed = schema.exclude(path_regex=r"/(accounts/me/[a-bd-z]|accounts/\{|\w*-?sessions|password|address|figures)")

    class Visitors(followed.as_state_machine()):  # type: ignore[misc]  # A class that is made at run time.
        """Follow the links of the description: what a post gave is read, edited, voted on, decided, withdrawn."""

        def setup(self) -> None:
            self.admin, self.author = start_afresh(world)
            self.posts = 0

        def get_call_kwargs(self, case: Any) -> dict[str, Any]:
            if case.operation.label in ENDING:
                return {"headers": {}}
            # The author for what only authors may do, the admin for everything else.
            is_authors = case.operation.label == POST or case.operation.method.upper() in ("PATCH", "DELETE")
            return {"headers": (self.author if is_authors else self.admin).headers}

        def before_call(self, case: Any) -> None:
            self.posts += case.operation.label == POST
            make_fruitful(case, self.posts)
            world.clock.move(seconds=30)

        def after_call(self, response: Any, case: Any) -> None:
            if response.status_code < 300:
                answered.add(case.operation.label)

        def validate_response(self, response: Any, case: Any, **_: Any) -> None:
            checks = [check for check in CHECKS if check is not negative_data_rejection or case.operation.label != POST]
            case.validate_response(response, checks=checks)

    Visitors.run(settings=settings(SEARCH, max_examples=60, stateful_step_count=15))

    assert POST in answered
    assert sum("{comment_id}" in label for label in answered) >= 3, answered


def test_every_operation_has_a_name_of_its_own_and_says_what_it_does(world: World) -> None:
    described = json_of(world.call("GET", "/openapi.json"))

    operations = [
        operation
        for item in described["paths"].values()
        for method, operation in item.items()
        if method in ("get", "post", "put", "patch", "delete")
    ]
    names = [operation["operationId"] for operation in operations]
    assert len(set(names)) == len(names)
    assert all(operation["summary"].endswith((".", "!", "?")) for operation in operations)
    assert described["openapi"].startswith("3.1")


def test_every_reference_in_the_description_leads_somewhere(world: World) -> None:
    described = json_of(world.call("GET", "/openapi.json"))

    def references(part: Any) -> Iterator[str]:
        if isinstance(part, dict):
            if isinstance(part.get("$ref"), str):
                yield part["$ref"]
            for inner in part.values():
                yield from references(inner)
        elif isinstance(part, list):
            for inner in part:
                yield from references(inner)

    found = set(references(described))
    assert found
    for reference in found:
        place = described
        for step in reference.removeprefix("#/").split("/"):
            place = place[step]
