"""Controls D: requests from elsewhere."""

from __future__ import annotations

import pytest

from moderation.models import Role
from tests import operations
from tests.checksums import changed, checksums
from tests.world import ARTICLE, ORIGIN, World, json_of, some_id

JSON_CALLS = [
    ("POST", "/accounts", {"email": "ada@example.org", "display_name": "Ada", "password": "Ahornblatt am Fenster"}),
    ("POST", "/password-resets", {"email": "ada@example.org"}),
    ("POST", "/password-resets/completions", {"token": "x", "password": "Ahornblatt am Fenster"}),
    ("PUT", "/accounts/me/password", {"current_password": "x", "password": "Ahornblatt am Fenster"}),
    ("POST", "/sessions", {"email": "ada@example.org", "password": "Ahornblatt am Fenster"}),
    ("POST", f"/sites/demo/articles/{ARTICLE}/comments", {"body": "Ein Text."}),
    ("POST", f"/sites/demo/articles/{ARTICLE}/comments/preview", {"body": "Ein Text."}),
    ("PUT", f"/sites/demo/articles/{ARTICLE}", {"title": "Ein Titel"}),
    ("PATCH", "/comments/{comment}", {"body": "Ein anderer Text."}),
    ("PUT", "/comments/{comment}/vote", {"value": 1}),
    ("DELETE", "/accounts/me", {"password": "x"}),
    ("POST", "/accounts/me/second-factor", {"password": "x"}),
    ("PUT", "/accounts/me/second-factor/confirmation", {"code": "000000"}),
    ("POST", "/accounts/me/second-factor/recovery-codes", {"password": "x"}),
    ("DELETE", "/accounts/me/second-factor", {"password": "x"}),
    ("POST", "/sites/demo/sessions", {"token": "x"}),
    ("POST", "/provider-sessions", {"handover": "x", "verifier": "x"}),
    ("POST", "/provider-sessions/choices", {"handover": "x", "verifier": "x"}),
    ("PUT", "/accounts/me/email", {"email": "x", "password": "x"}),
    ("POST", "/address-confirmations", {"token": "x"}),
    ("POST", "/sessions/choices", {"email": "ada@example.org", "password": "Ahornblatt am Fenster"}),
    ("POST", "/accounts/me/passkeys/questions", {"password": "x"}),
    ("POST", "/accounts/me/passkeys", {"challenge_id": "x", "credential": {}, "name": "x"}),
    ("DELETE", "/accounts/me/passkeys/{passkey}", {"password": "x", "code": "123456"}),
    ("POST", "/accounts/me/identities", {"handover": "x", "verifier": "x", "password": "x"}),
    ("POST", "/comments/{comment}/flags", {"reason": "spam"}),
    ("POST", "/comments/{comment}/appeal", {"text": "Das war ein Zitat."}),
    ("PUT", "/review-queue/{comment}/decision", {"action": "publish", "version": 1}),
    ("POST", "/review-queue/decisions", {"decisions": []}),
    ("POST", "/sites/demo/authors/{author}/removals", {"action": "withdraw"}),
    ("POST", "/sites/demo/authors/{author}/sanctions", {"kind": "warning", "reason_code": "spam"}),
]


@pytest.mark.parametrize(
    "content_type",
    ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "", "text/json", "json"],
)
def test_d2_what_does_not_call_itself_json_is_refused(world: World, content_type: str) -> None:
    admin = world.person(Role.ADMIN)
    comment = world.comment(admin)
    before = checksums(world.database)

    for method, path, body in JSON_CALLS:
        url = path.format(comment=comment["id"], author=comment["author"]["id"], passkey=some_id())
        answer = world.call(method, url, body, by=admin, headers={"Content-Type": content_type, "Origin": ORIGIN})
        assert (path, answer.status_code) == (path, 415)
        assert json_of(answer)["code"] == "unsupported_media_type"

    assert checksums(world.database) == before


def test_d2_every_call_that_takes_a_body_is_in_the_table_above(world: World) -> None:
    taking = {
        (method.upper(), path)
        for path, item in json_of(world.call("GET", "/openapi.json"))["paths"].items()
        for method, operation in item.items()
        if isinstance(operation, dict) and "requestBody" in operation
    }

    def pattern(path: str) -> str:
        path = path.replace("/demo/", "/{site}/").replace(ARTICLE, "{article}").replace("{comment}", "{comment_id}")
        path = path.replace("{author}", "{account_id}").replace("{passkey}", "{passkey_id}")
        return f"/api/v1{path}"

    assert taking == {(method, pattern(path)) for method, path, _ in JSON_CALLS}


def test_d3_reading_changes_nothing(world: World) -> None:
    reader, other, moderator = world.person(), world.person(), world.person(Role.MODERATOR, "demo")
    comment = world.comment(reader)
    world.comment(other, "Du Murrkopf!", parent=comment["id"])
    world.call("POST", f"/comments/{comment['id']}/flags", {"reason": "spam"}, by=other)
    removals = f"/sites/demo/authors/{comment['author']['id']}/removals"
    removal = json_of(world.call("POST", removals, {"action": "withdraw"}, by=moderator))["id"]
    assert world.call("DELETE", f"{removals}/{removal}", by=moderator).status_code == 202
    before = checksums(world.database)
    calls = operations.reading(world.app)
    assert len(calls) >= 14
    places = {"site": "demo", "article": ARTICLE, "version": "any", "name": "desk.css", "provider": "x"}
    places |= {"comment_id": comment["id"], "account_id": comment["author"]["id"], "removal_id": removal}

    answered = set()
    for rule in calls:
        path = operations.fill(rule, **places)
        for method in ("GET", "HEAD"):
            for by in (None, reader, moderator):
                for _ in range(2):
                    answer = world.call(
                        method, path, by=by, query_string={"articles": ARTICLE} if rule.endswith("/counts") else {}
                    )
                    answered.add((rule, answer.status_code))

    # Nobody here has the token for figures. Nobody is on the way to an identity provider either: what changes nothing
    # there is in test_openid_connect.py.
    refused = {"/metrics", "/sign-in/<site>/<provider>", "/sign-in/<site>/<provider>/callback"}
    assert {rule for rule, status in answered if status == 200} == set(calls) - refused
    # How often somebody asked for all that is stored about them is counted; that is no content.
    assert changed(before, checksums(world.database)) == {"limit_window"}


@pytest.mark.parametrize(
    "origin",
    [
        "null",
        "https://zeitung.example.evil.test",
        "https://evilzeitung.example",
        "http://zeitung.example",
        "https://zeitung.example:8443",
        "https://zeitung.example/",
        "https://ZEITUNG.example.evil.test",
        "https://other.example",
        "*",
        "",
    ],
)
def test_d4_pages_of_foreign_origins_may_not_read_answers(world: World, origin: str) -> None:
    world.site("andere", origins=("https://other.example",))
    world.comment(world.person())

    for path in ("/sites/demo/articles/artikel-1/comments", "/sites/demo/counts?articles=a", "/sites/demo/nothing"):
        answer = world.call("GET", path, headers={"Origin": origin})
        assert "Access-Control-Allow-Origin" not in answer.headers
        assert "Access-Control-Allow-Credentials" not in answer.headers
        assert "Origin" in answer.vary


def test_d4_pages_of_the_sites_own_origins_may(world: World) -> None:
    world.comment(world.person())

    for path, status in (
        ("/sites/demo/articles/artikel-1/comments", 200),
        ("/sites/demo/articles/missing/comments", 404),
        (f"/comments/{some_id()}", 404),
        ("/accounts/me", 401),
    ):
        answer = world.call("GET", path, headers={"Origin": ORIGIN})
        assert answer.status_code == status
        assert answer.headers["Access-Control-Allow-Origin"] == ORIGIN
        assert "Origin" in answer.vary
        assert "Access-Control-Allow-Credentials" not in answer.headers


def test_d4_a_comment_from_a_foreign_page_is_refused_and_nothing_is_stored(world: World) -> None:
    reader = world.person()
    before = checksums(world.database)

    for origin in ("https://evil.test", "null", "http://zeitung.example"):
        answer = world.post(reader, Origin=origin)
        assert answer.status_code == 403
        assert json_of(answer)["code"] == "origin_not_allowed"

    # The tries are counted, which is all that is left of them.
    assert changed(before, checksums(world.database)) <= {"limit_window"}


def preflight(world: World, path: str, method: str, origin: str = ORIGIN) -> tuple[int, set[str], str]:
    answer = world.call(
        "OPTIONS",
        path,
        headers={
            "Origin": origin,
            "Access-Control-Request-Method": method,
            "Access-Control-Request-Headers": "authorization, content-type, idempotency-key",
        },
    )
    methods = {name.strip() for name in answer.headers.get("Access-Control-Allow-Methods", "").split(",")} - {""}
    return answer.status_code, methods, answer.headers.get("Access-Control-Allow-Headers", "").lower()


def test_d5_a_preflight_lists_the_methods_that_there_are(world: World) -> None:
    by_path: dict[str, set[str]] = {}
    for method, rule in operations.everything(world.app):
        if rule.startswith("/api/v1/"):
            by_path.setdefault(rule, set()).add(method)
    assert len(by_path) >= 15

    for rule, methods in by_path.items():
        path = operations.fill(rule, site="demo", article=ARTICLE, comment_id=some_id())
        status, allowed, headers = preflight(world, path, sorted(methods)[0])
        implied = {"HEAD", "OPTIONS"} if "GET" in methods else {"OPTIONS"}
        # A browser sends no token with a preflight, and takes any answer but 2xx for a no.
        assert (rule, status, allowed) == (rule, 200, methods | implied)
        assert {"authorization", "content-type", "idempotency-key"} <= set(headers.replace(" ", "").split(","))


def test_d5_a_preflight_from_a_foreign_page_is_told_nothing(world: World) -> None:
    path = f"/sites/demo/articles/{ARTICLE}/comments"

    assert preflight(world, path, "POST", "https://evil.test")[1:] == (set(), "")
