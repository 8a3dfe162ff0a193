"""Control E1: every call, asked by everybody, against a table. A call without a row fails."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

import pytest
from werkzeug.test import TestResponse

from moderation.models import Role
from tests import operations
from tests.site_tokens import shared_key
from tests.world import ARTICLE, ORIGIN, Person, World, json_of

WHO = ("anonymous", "author", "reader", "foreign moderator", "moderator", "admin")

OPEN = (200, 200, 200, 200, 200, 200)
HIDDEN = (404, 404, 404, 404, 404, 404)
CREATED = (201, 201, 201, 201, 201, 201)
SIGNED_IN = (401, 200, 200, 200, 200, 200)
OTHERS = (401, 403, 200, 200, 200, 200)
AUTHOR = (401, 200, 403, 403, 403, 403)
ONLY_AUTHOR_KNOWS = (401, 200, 404, 404, 404, 404)
SITE_STAFF = (401, 403, 403, 404, 200, 200)
STAFF = (401, 403, 403, 200, 200, 200)
# The machine decided last, so there is nothing of theirs to take back.
TAKING_BACK = (401, 403, 403, 404, 409, 409)

# What each call answers to those in WHO. "of a held comment" where its state makes a difference.
TABLE: dict[str, tuple[int, ...]] = {
    "POST /api/v1/accounts": CREATED,
    "POST /api/v1/sessions": CREATED,
    "POST /api/v1/sites/<site>/sessions": CREATED,
    "DELETE /api/v1/sessions/current": (401, 204, 204, 204, 204, 204),
    "GET /api/v1/accounts/me": SIGNED_IN,
    "POST /api/v1/password-resets": (202, 202, 202, 202, 202, 202),
    # Nobody has a token of this kind, and everybody has another password.
    "POST /api/v1/password-resets/completions": (400, 400, 400, 400, 400, 400),
    "PUT /api/v1/accounts/me/email": (401, 403, 403, 403, 403, 403),
    # Nobody here has an address to confirm.
    "POST /api/v1/accounts/me/address-confirmation": (401, 409, 409, 409, 409, 409),
    "POST /api/v1/address-confirmations": (400, 400, 400, 400, 400, 400),
    "PUT /api/v1/accounts/me/password": (401, 403, 403, 403, 403, 403),
    "POST /api/v1/accounts/<uuid:account_id>/password-reset": (401, 403, 403, 403, 403, 204),
    "GET /api/v1/accounts/me/export": SIGNED_IN,
    "GET /api/v1/accounts/me/second-factor": SIGNED_IN,
    # Everybody's password is another, and nobody has begun to set up a second factor.
    "POST /api/v1/accounts/me/second-factor": (401, 403, 403, 403, 403, 403),
    "PUT /api/v1/accounts/me/second-factor/confirmation": (401, 403, 403, 403, 403, 403),
    "POST /api/v1/accounts/me/second-factor/recovery-codes": (401, 403, 403, 403, 403, 403),
    "DELETE /api/v1/accounts/me/second-factor": (401, 403, 403, 403, 403, 403),
    "POST /api/v1/sessions/choices": OPEN,
    "POST /api/v1/accounts/me/second-factor/questions": SIGNED_IN,
    # This installation is reached by a number, for which there are no passkeys.
    "POST /api/v1/accounts/me/passkeys/questions": (401, 409, 409, 409, 409, 409),
    "POST /api/v1/accounts/me/passkeys": (401, 409, 409, 409, 409, 409),
    "DELETE /api/v1/accounts/me/passkeys/<uuid:passkey_id>": (401, 403, 403, 403, 403, 403),
    # Everybody's password is another.
    "DELETE /api/v1/accounts/me": (401, 403, 403, 403, 403, 403),
    "GET /api/v1/accounts/me/sessions": SIGNED_IN,
    "DELETE /api/v1/accounts/me/sessions": (401, 204, 204, 204, 204, 204),
    # Nobody has a session of this number.
    "DELETE /api/v1/accounts/me/sessions/<uuid:session_id>": (401, 404, 404, 404, 404, 404),
    "GET /api/v1/accounts/me/comments": SIGNED_IN,
    # Nobody has been to an identity provider, and nobody's page has sent them there.
    "POST /api/v1/provider-sessions": (400, 400, 400, 400, 400, 400),
    "POST /api/v1/provider-sessions/choices": (400, 400, 400, 400, 400, 400),
    "GET /api/v1/accounts/me/identities": SIGNED_IN,
    "POST /api/v1/accounts/me/identities": (401, 400, 400, 400, 400, 400),
    "DELETE /api/v1/accounts/me/identities/<uuid:identity_id>": (401, 404, 404, 404, 404, 404),
    "GET /sign-in/<site>/<provider>": (422, 422, 422, 422, 422, 422),
    "GET /sign-in/<site>/<provider>/callback": (400, 400, 400, 400, 400, 400),
    "PUT /api/v1/sites/<site>/articles/<article>": SITE_STAFF,
    "GET /api/v1/sites/<site>/counts": OPEN,
    "GET /api/v1/sites/<site>/articles/<article>/comments": OPEN,
    "GET /api/v1/sites/<site>/articles/<article>/section": OPEN,
    "POST /api/v1/sites/<site>/articles/<article>/comments": (401, 201, 201, 201, 201, 201),
    "POST /api/v1/sites/<site>/articles/<article>/comments/preview": SIGNED_IN,
    "GET /api/v1/comments/<uuid:comment_id>": OPEN,
    "GET /api/v1/comments/<uuid:comment_id> of a held comment": (404, 200, 404, 404, 404, 404),
    "GET /api/v1/comments/<uuid:comment_id>/replies": OPEN,
    "GET /api/v1/comments/<uuid:comment_id>/replies of a held comment": (404, 200, 404, 404, 404, 404),
    "PATCH /api/v1/comments/<uuid:comment_id>": AUTHOR,
    "PATCH /api/v1/comments/<uuid:comment_id> of a held comment": ONLY_AUTHOR_KNOWS,
    "DELETE /api/v1/comments/<uuid:comment_id>": (401, 204, 403, 403, 403, 403),
    "DELETE /api/v1/comments/<uuid:comment_id> of a held comment": (401, 204, 404, 404, 404, 404),
    "PUT /api/v1/comments/<uuid:comment_id>/vote": OTHERS,
    "PUT /api/v1/comments/<uuid:comment_id>/vote of a held comment": (401, 404, 404, 404, 404, 404),
    "DELETE /api/v1/comments/<uuid:comment_id>/vote": (401, 403, 204, 204, 204, 204),
    "POST /api/v1/comments/<uuid:comment_id>/flags": (401, 403, 201, 201, 201, 201),
    "POST /api/v1/comments/<uuid:comment_id>/flags of a held comment": (401, 404, 404, 404, 404, 404),
    # Nothing was refused.
    "POST /api/v1/comments/<uuid:comment_id>/appeal": (401, 409, 403, 403, 403, 403),
    "POST /api/v1/comments/<uuid:comment_id>/appeal of a held comment": (401, 409, 404, 404, 404, 404),
    "GET /api/v1/comments/<uuid:comment_id>/decisions": SITE_STAFF,
    "GET /api/v1/comments/<uuid:comment_id>/decisions of a held comment": SITE_STAFF,
    "GET /api/v1/review-queue": STAFF,
    "GET /api/v1/review-queue/<uuid:comment_id>": SITE_STAFF,
    "GET /api/v1/review-queue/<uuid:comment_id> of a held comment": SITE_STAFF,
    "PUT /api/v1/review-queue/<uuid:comment_id>/decision": SITE_STAFF,
    "PUT /api/v1/review-queue/<uuid:comment_id>/decision of a held comment": SITE_STAFF,
    "DELETE /api/v1/review-queue/<uuid:comment_id>/decision": TAKING_BACK,
    "DELETE /api/v1/review-queue/<uuid:comment_id>/decision of a held comment": TAKING_BACK,
    # Of an author who has written on the site. There is no sanction of this number.
    "GET /api/v1/sites/<site>/authors/<uuid:account_id>/sanctions": SITE_STAFF,
    "POST /api/v1/sites/<site>/authors/<uuid:account_id>/sanctions": (401, 403, 403, 404, 201, 201),
    "DELETE /api/v1/sites/<site>/authors/<uuid:account_id>/sanctions/<uuid:sanction_id>": (
        *(401, 403, 403, 404, 404, 404),
    ),
    # Those who come later find nothing left to refuse, and nobody has a removal of this number.
    "GET /api/v1/sites/<site>/authors/<uuid:account_id>/removals": SITE_STAFF,
    "POST /api/v1/sites/<site>/authors/<uuid:account_id>/removals": (401, 403, 403, 404, 202, 409),
    "GET /api/v1/sites/<site>/authors/<uuid:account_id>/removals/<uuid:removal_id>": (401, 403, 403, 404, 404, 404),
    "DELETE /api/v1/sites/<site>/authors/<uuid:account_id>/removals/<uuid:removal_id>": (401, 403, 403, 404, 404, 404),
    "GET /api/v1/sites/<site>/standing": SIGNED_IN,
    # Nobody was warned.
    "PUT /api/v1/accounts/me/warnings/<uuid:sanction_id>/acknowledgement": (401, 404, 404, 404, 404, 404),
    "GET /api/v1/figures": STAFF,
    "GET /api/v1/figures/export": STAFF,
    "GET /api/v1/review-queue/state": STAFF,
    "GET /api/v1/review-queue/choices": STAFF,
    # A list of decisions is answered one by one: what is another's is "not found" inside it (control E5).
    "POST /api/v1/review-queue/decisions": (401, 403, 403, 200, 200, 200),
    # For other servers, with a key: who is signed in here makes no difference.
    "POST /v1alpha1/comments:analyze": (403, 403, 403, 403, 403, 403),
    "POST /v1alpha1/comments:suggestscore": (403, 403, 403, 403, 403, 403),
    "GET /api/v1/docs": OPEN,
    "GET /api/v1/openapi.json": OPEN,
    # The desk is a page to sign in on for everybody who is no moderator.
    "GET /desk": OPEN,
    "GET /desk/figures": OPEN,
    "GET /desk/second-factor": OPEN,
    "GET /desk/assets/<version>/<name>": OPEN,
    "GET /account/forgotten": OPEN,
    "GET /account/password": OPEN,
    "GET /account/address": OPEN,
    "GET /static/account.css": OPEN,
    "GET /static/account.js": OPEN,
    "GET /healthz": OPEN,
    "GET /metrics": HIDDEN,
    "GET /readyz": OPEN,
    "GET /static/docs.css": OPEN,
    "GET /static/embed.css": OPEN,
    "GET /embed.js": OPEN,
    "GET /favicon.ico": OPEN,
    "GET /counts.js": OPEN,
    "GET /embed/<build>/<script>": OPEN,
    "GET /embed/sites/<site>/articles/<article>/comments.html": OPEN,
    "GET /embed/sites/<site>/articles/<article>/fragment.html": OPEN,
}

CREDENTIALS = {"email": "karl@example.org", "password": "Ahornblatt am Fenster"}

BODIES: dict[str, Callable[[World, str, int], Any]] = {
    "POST /api/v1/accounts": lambda _world, _comment, number: {
        **CREDENTIALS,
        "email": f"neu{number}@example.org",
        "display_name": "Neu",
    },
    "POST /api/v1/sessions": lambda *_: CREDENTIALS,
    "POST /api/v1/password-resets": lambda _w, _c, number: {"email": f"neu{number}@example.org"},
    "POST /api/v1/password-resets/completions": lambda *_: {"token": "x", "password": "Ahornblatt am Fenster"},
    "PUT /api/v1/accounts/me/email": lambda _w, _c, number: {
        "email": f"neu{number}@example.org",
        "current_password": "x",
    },
    "POST /api/v1/address-confirmations": lambda *_: {"token": "x"},
    "PUT /api/v1/accounts/me/password": lambda *_: {"current_password": "x", "password": "Ahornblatt am Fenster"},
    "POST /api/v1/accounts/me/second-factor": lambda *_: {"password": "x"},
    "PUT /api/v1/accounts/me/second-factor/confirmation": lambda *_: {"code": "123456"},
    "POST /api/v1/accounts/me/second-factor/recovery-codes": lambda *_: {"password": "x", "code": "123456"},
    "DELETE /api/v1/accounts/me/second-factor": lambda *_: {"password": "x", "code": "123456"},
    "DELETE /api/v1/accounts/me": lambda *_: {"password": "x", "comments": "keep"},
    "POST /api/v1/provider-sessions": lambda *_: {"handover": "x", "verifier": "x"},
    "POST /api/v1/provider-sessions/choices": lambda *_: {"handover": "x", "verifier": "x"},
    "POST /api/v1/sessions/choices": lambda *_: CREDENTIALS,
    "POST /api/v1/accounts/me/passkeys/questions": lambda *_: {"password": "x"},
    "POST /api/v1/accounts/me/passkeys": lambda *_: {"challenge_id": str(uuid.uuid4()), "credential": {}, "name": "x"},
    "DELETE /api/v1/accounts/me/passkeys/<uuid:passkey_id>": lambda *_: {"password": "x", "code": "123456"},
    "POST /api/v1/accounts/me/identities": lambda *_: {"handover": "x", "verifier": "x", "password": "x"},
    "POST /api/v1/sites/<site>/sessions": lambda world, _, number: {
        "token": shared_key(world, kid=f"k{number}").token()
    },
    "PUT /api/v1/sites/<site>/articles/<article>": lambda *_: {"title": "Ein Titel"},
    "POST /api/v1/sites/<site>/articles/<article>/comments": lambda _w, _c, number: {
        "body": f"Gedanke Nummer {number}."
    },
    "POST /api/v1/sites/<site>/articles/<article>/comments/preview": lambda *_: {"body": "Ein Gedanke."},
    "PATCH /api/v1/comments/<uuid:comment_id>": lambda *_: {"body": "Anders gesagt."},
    "PUT /api/v1/comments/<uuid:comment_id>/vote": lambda *_: {"value": 1},
    "POST /api/v1/comments/<uuid:comment_id>/flags": lambda *_: {"reason": "spam"},
    "POST /api/v1/comments/<uuid:comment_id>/appeal": lambda *_: {"text": "Bitte."},
    "PUT /api/v1/review-queue/<uuid:comment_id>/decision": lambda world, comment, _: decision(world, comment),
    "POST /api/v1/sites/<site>/authors/<uuid:account_id>/sanctions": lambda *_: {
        "kind": "warning",
        "reason_code": "insult",
    },
    "POST /api/v1/sites/<site>/authors/<uuid:account_id>/removals": lambda *_: {
        "action": "reject",
        "reason_code": "insult",
    },
    "POST /api/v1/review-queue/decisions": lambda world, comment, _: {
        "decisions": [{"comment_id": comment, **decision(world, comment)}]
    },
}


def decision(world: World, comment_id: str) -> dict[str, Any]:
    seen = world.queue_item(comment_id, world.person(Role.ADMIN))
    return {"action": "reject", "version": seen["version"]}


def everybody(world: World) -> dict[str, Person | None]:
    world.site("zweite")
    return {
        "anonymous": None,
        "author": world.person(),
        "reader": world.person(),
        "foreign moderator": world.person(Role.MODERATOR, "zweite"),
        "moderator": world.person(Role.MODERATOR, "demo"),
        "admin": world.person(Role.ADMIN),
    }


def ask(world: World, row: str, by: Person | None, comment_id: str, number: int) -> TestResponse:
    method, rule = row.split()[:2]
    make_body = BODIES.get(f"{method} {rule}")
    places = {"site": "demo", "article": ARTICLE, "version": "any", "name": "desk.css", "provider": "x"}
    if "<uuid:account_id>" in rule:
        places["account_id"] = author_of(world, comment_id)
    return world.call(
        method,
        operations.fill(rule, **places, comment_id=comment_id),
        make_body(world, comment_id, number) if make_body else None,
        by=by,
        headers={"Origin": ORIGIN},
        query_string=query_of(world, row, comment_id),
    )


def author_of(world: World, comment_id: str) -> str:
    author_id: str = world.queue_item(comment_id, world.person(Role.ADMIN))["author"]["id"]
    return author_id


def query_of(world: World, row: str, comment_id: str) -> dict[str, Any]:
    if row.split()[1].endswith("/counts"):
        return {"articles": ARTICLE}
    if row.startswith("DELETE /api/v1/review-queue/"):
        return {"version": world.queue_item(comment_id, world.person(Role.ADMIN))["version"]}
    return {}


@pytest.mark.parametrize("row", sorted(TABLE))
def test_e1_everybody_may_do_what_the_table_says(world: World, row: str) -> None:
    people = everybody(world)
    assert people["author"] is not None
    world.call("POST", "/accounts", {**CREDENTIALS, "display_name": "Karl"})
    text = "Du Murrkopf, Nummer {}!" if "held" in row else "Beitrag Nummer {}."

    # Reading leaves a comment as it is; whoever changes one gets one of their own to change.
    needed = 1 if row.startswith("GET") else len(WHO)
    comments = [world.comment(people["author"], text.format(number)) for number in range(needed)] * (len(WHO) // needed)
    assert {comment["status"] for comment in comments} == {"held" if "held" in row else "published"}

    answers = {
        who: ask(world, row, people[who], comment["id"], number).status_code
        for number, (who, comment) in enumerate(zip(WHO, comments, strict=True))
    }

    assert answers == dict(zip(WHO, TABLE[row], strict=True))


def test_e1_every_call_has_a_row(world: World) -> None:
    there_are = {f"{method} {rule}" for method, rule in operations.everything(world.app)}

    assert {" ".join(row.split()[:2]) for row in TABLE} == there_are


def test_e1_a_refused_request_says_nothing_about_what_it_asked_for(world: World) -> None:
    """Who is not signed in, or no moderator, gets the same answer whether a comment is there or not."""
    people = everybody(world)
    assert people["author"] is not None
    there = world.comment(people["author"])["id"]
    missing = "00000000-0000-7000-8000-000000000000"

    for rule in ("/review-queue/{}", "/comments/{}/decisions"):
        for who, status in (("anonymous", 401), ("reader", 403)):
            answers = [world.call("GET", rule.format(one), by=people[who]) for one in (there, missing)]
            assert [answer.status_code for answer in answers] == [status, status]
            bodies = [{**json_of(answer), "request_id": ""} for answer in answers]
            assert bodies[0] == bodies[1]
