"""Sessions of our own pages: controls C2, C3, C6 and D1 for the cookie."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from moderation import accounts
from moderation.models import Role
from tests.checksums import checksums
from tests.sentences import insult
from tests.world import ORIGIN, World, json_of

HOST = "https://kommentare.example"
PLAIN = "http://127.0.0.1:8000"
CREDENTIALS = {"email": "ada@example.org", "password": "Ahornblatt am Fenster"}


class Browser:
    """Keeps cookies as a browser does, and sends what a page of ours sends."""

    def __init__(self, world: World, base: str = PLAIN) -> None:
        self.client: FlaskClient = world.app.test_client()
        self.base = base
        self.csrf = ""

    def call(self, method: str, path: str, body: Any = None, **headers: str) -> TestResponse:
        sent = {"Origin": self.base, "X-CSRF-Token": self.csrf}
        sent = {**sent, **{name.replace("_", "-"): value for name, value in headers.items()}}
        options: dict[str, Any] = {"json": body} if body is not None else {}
        return self.client.open(
            f"/api/v1{path}",
            method=method,
            base_url=self.base,
            headers={name: value for name, value in sent.items() if value},
            **options,
        )

    def sign_in(self) -> TestResponse:
        answer = self.call("POST", "/sessions", {**CREDENTIALS, "transport": "cookie"})
        if answer.status_code == 201:
            self.csrf = json_of(answer)["csrf_token"]
        return answer

    def whoami(self) -> int:
        return self.call("GET", "/accounts/me").status_code


def register(world: World, role: Role = Role.MODERATOR) -> None:
    world.call("POST", "/accounts", {**CREDENTIALS, "display_name": "Ada"})
    with world.database.write() as session:
        accounts.change_role(session, CREDENTIALS["email"], role, ("demo",))


def cookie_of(answer: TestResponse) -> dict[str, str]:
    """Attributes of the one cookie that the answer sets, by lower-case name."""
    (header,) = answer.headers.getlist("Set-Cookie")
    first, *rest = (part.strip() for part in header.split(";"))
    name, _, value = first.partition("=")
    attributes = {part.partition("=")[0].lower(): part.partition("=")[2] for part in rest}
    return {"name": name, "value": value, **attributes}


@pytest.fixture
def secure(make_world: Callable[..., World]) -> World:
    world = make_world(base_url=HOST)
    world.site()
    return world


def test_c6_the_cookie_is_bound_to_this_host_and_https_and_hidden_from_scripts(secure: World) -> None:
    register(secure)

    cookie = cookie_of(Browser(secure, HOST).sign_in())

    assert cookie["name"] == "__Host-vorab-session"
    assert {"secure", "httponly"} <= set(cookie)
    assert (cookie["path"], cookie["samesite"]) == ("/", "Lax")
    assert "domain" not in cookie


@pytest.mark.parametrize("base", ["http://127.0.0.1:8000", "http://localhost:8000", "http://[::1]:8000"])
def test_c6_only_a_server_on_plain_http_on_its_own_machine_does_without_https(
    make_world: Callable[..., World], base: str
) -> None:
    world = make_world(base_url=base)
    world.site()
    register(world)

    cookie = cookie_of(Browser(world, base).sign_in())

    assert cookie["name"] == "vorab-session"
    assert "secure" not in cookie
    assert "httponly" in cookie
    assert cookie["samesite"] == "Lax"


def test_c6_plain_http_anywhere_else_gets_a_cookie_that_a_browser_will_not_send(
    make_world: Callable[..., World],
) -> None:
    world = make_world(base_url="http://kommentare.example")
    world.site()
    register(world)

    cookie = cookie_of(Browser(world, "http://kommentare.example").sign_in())

    assert cookie["name"] == "__Host-vorab-session"
    assert "secure" in cookie


def test_a_request_that_claims_to_be_plain_does_not_get_the_plain_cookie(secure: World) -> None:
    register(secure)

    cookie = cookie_of(Browser(secure, "http://localhost").sign_in())

    assert cookie["name"] == "__Host-vorab-session"


def test_no_script_ever_sees_the_token(world: World) -> None:
    register(world)

    answer = Browser(world).sign_in()

    assert json_of(answer)["token"] is None
    assert cookie_of(answer)["value"] not in answer.get_data(as_text=True)


def test_without_the_wish_for_a_cookie_none_is_set(world: World) -> None:
    register(world)

    answer = world.call("POST", "/sessions", CREDENTIALS)

    assert "Set-Cookie" not in answer.headers
    assert json_of(answer)["csrf_token"] is None


def test_c2_signing_in_gives_a_new_id_and_ends_the_session_that_was_there(world: World) -> None:
    register(world)
    browser = Browser(world)
    first = cookie_of(browser.sign_in())["value"]

    second = cookie_of(browser.sign_in())["value"]

    assert first != second
    assert browser.whoami() == 200
    assert world.call("GET", "/accounts/me", headers={"Authorization": f"Bearer {first}"}).status_code == 401


def test_c2_a_planted_cookie_is_replaced_at_sign_in(world: World) -> None:
    register(world)
    browser = Browser(world)
    browser.client.set_cookie("vorab-session", "chosen-by-an-attacker", domain="127.0.0.1")

    assert browser.whoami() == 401
    assert cookie_of(browser.sign_in())["value"] != "chosen-by-an-attacker"
    assert (
        world.call("GET", "/accounts/me", headers={"Cookie": "vorab-session=chosen-by-an-attacker"}).status_code == 401
    )


def test_c3_after_signing_out_the_old_cookie_is_worth_nothing_and_the_browser_forgets_it(world: World) -> None:
    register(world)
    browser = Browser(world)
    value = cookie_of(browser.sign_in())["value"]

    answer = browser.call("DELETE", "/sessions/current")

    assert answer.status_code == 204
    assert cookie_of(answer)["max-age"] == "0"
    assert browser.client.get_cookie("vorab-session", domain="127.0.0.1") is None
    assert world.call("GET", "/accounts/me", headers={"Cookie": f"vorab-session={value}"}).status_code == 401


def test_c4_after_deleting_the_account_the_browser_forgets_the_cookie(world: World) -> None:
    register(world)
    browser = Browser(world)
    value = cookie_of(browser.sign_in())["value"]

    answer = browser.call("DELETE", "/accounts/me", {"password": CREDENTIALS["password"], "comments": "keep"})

    assert answer.status_code == 204
    assert cookie_of(answer)["max-age"] == "0"
    assert world.call("GET", "/accounts/me", headers={"Cookie": f"vorab-session={value}"}).status_code == 401


def test_d1_our_own_page_may_change_things(world: World) -> None:
    register(world)
    held = world.comment(world.person(), insult(0))
    browser = Browser(world)
    browser.sign_in()
    version = json_of(browser.call("GET", f"/review-queue/{held['id']}"))["version"]

    answer = browser.call("PUT", f"/review-queue/{held['id']}/decision", {"action": "publish", "version": version})

    assert answer.status_code == 200
    assert json_of(answer)["actor"] == "Ada"


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": ""},
        {"Origin": "null"},
        {"Origin": "https://evil.test"},
        {"Origin": ORIGIN},
        {"Origin": "http://127.0.0.1:8000.evil.test"},
        {"Origin": "https://127.0.0.1:8000"},
        {"Origin": "http://127.0.0.1:9000"},
        {"X_CSRF_Token": ""},
        {"X_CSRF_Token": "0" * 64},
        {"X_CSRF_Token": "é"},
    ],
    ids=repr,
)
def test_d1_a_foreign_page_cannot_use_the_cookie(world: World, headers: dict[str, str]) -> None:
    register(world)
    held = world.comment(world.person(), insult(0))
    browser = Browser(world)
    browser.sign_in()
    version = json_of(browser.call("GET", f"/review-queue/{held['id']}"))["version"]
    before = checksums(world.database)
    decision = {"action": "publish", "version": version}

    for method, path, body in (
        ("PUT", f"/review-queue/{held['id']}/decision", decision),
        ("POST", "/review-queue/decisions", {"decisions": [{"comment_id": held["id"], **decision}]}),
        ("POST", "/sites/demo/articles/artikel-1/comments", {"body": "Ein untergeschobener Beitrag."}),
        ("DELETE", f"/comments/{held['id']}", None),
        ("DELETE", "/sessions/current", None),
    ):
        answer = browser.call(method, path, body, **headers)
        assert (path, answer.status_code, json_of(answer)["code"]) == (path, 403, "csrf_failed")

    assert checksums(world.database) == before


def test_d1_the_token_of_another_session_does_not_count(world: World) -> None:
    register(world)
    first, second = Browser(world), Browser(world)
    first.sign_in()
    second.sign_in()

    answer = first.call("DELETE", "/sessions/current", X_CSRF_Token=second.csrf)

    assert answer.status_code == 403
    assert first.whoami() == 200


def test_a_page_that_was_open_while_the_secret_key_was_changed_goes_on(world: World) -> None:
    register(world)
    browser = Browser(world)
    browser.sign_in()
    settings = world.services.settings
    changed = {"secret_key": "n" * 32, "previous_secret_keys": (settings.secret_key,)}
    world.app.extensions["vorab"] = replace(world.services, settings=replace(settings, **changed))

    kept = browser.call("DELETE", "/accounts/me/sessions").status_code
    without = replace(settings, secret_key="n" * 32)
    world.app.extensions["vorab"] = replace(world.services, settings=without)
    refused = browser.call("DELETE", "/accounts/me/sessions")

    assert kept == 204
    assert (refused.status_code, json_of(refused)["code"]) == (403, "csrf_failed")


@pytest.mark.parametrize("origin", ["", "null", "https://evil.test", ORIGIN])
def test_d1_nobody_is_signed_in_by_a_foreign_page(world: World, origin: str) -> None:
    register(world)

    answer = Browser(world).call("POST", "/sessions", {**CREDENTIALS, "transport": "cookie"}, Origin=origin)

    assert (answer.status_code, json_of(answer)["code"]) == (403, "csrf_failed")
    assert "Set-Cookie" not in answer.headers


def test_d1_reading_with_the_cookie_needs_no_token(world: World) -> None:
    register(world)
    browser = Browser(world)
    browser.sign_in()

    assert browser.call("GET", "/review-queue", X_CSRF_Token="", Origin="").status_code == 200


def test_a_bearer_token_comes_before_the_cookie_and_needs_no_proof(world: World) -> None:
    register(world)
    browser = Browser(world)
    browser.sign_in()
    other = world.person(name="Bob")

    answer = browser.call("GET", "/accounts/me", Authorization=f"Bearer {other.token}")
    signed_out = browser.call(
        "DELETE", "/sessions/current", Authorization=f"Bearer {other.token}", Origin="https://evil.test"
    )

    assert json_of(answer)["display_name"] == "Bob"
    assert signed_out.status_code == 204
    assert browser.whoami() == 200


def test_behind_a_proxy_the_address_of_the_settings_is_ours_too(secure: World) -> None:
    """The proxy speaks plain HTTP to us, and the browser HTTPS to it."""
    register(secure)
    browser = Browser(secure, "http://kommentare.example")

    answer = browser.call("POST", "/sessions", {**CREDENTIALS, "transport": "cookie"}, Origin=HOST)

    assert answer.status_code == 201
