"""Where people are signed in, and ending it (control C7)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from api import devices
from tests.postbox import Postbox, plain
from tests.site_tokens import shared_key
from tests.world import ORIGIN, World, json_of, some_id

PASSWORD = "Ahornblatt am Fenster"
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"
IPHONE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
    "Version/18.0 Mobile/15E148 Safari/604.1"
)


@pytest.fixture
def sign_in(world: World) -> Callable[..., dict[str, str]]:
    world.call("POST", "/accounts", {"email": "ada@example.org", "display_name": "Ada", "password": PASSWORD})

    def make(user_agent: str = FIREFOX, email: str = "ada@example.org") -> dict[str, str]:
        answer = world.call(
            "POST", "/sessions", {"email": email, "password": PASSWORD}, headers={"User-Agent": user_agent}
        )
        return {"Authorization": f"Bearer {json_of(answer)['token']}"}

    return make


def listed(world: World, headers: dict[str, str]) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = json_of(world.call("GET", "/accounts/me/sessions", headers=headers))["items"]
    return items


def works(world: World, headers: dict[str, str]) -> bool:
    return world.call("GET", "/accounts/me", headers=headers).status_code == 200


def test_c7_sessions_are_listed_with_device_and_last_use(world: World, sign_in: Callable[..., dict[str, str]]) -> None:
    phone = sign_in(IPHONE)
    world.clock.move(minutes=30)
    desk = sign_in(FIREFOX)

    sessions = listed(world, desk)

    assert [(one["device"], one["is_current"]) for one in sessions] == [
        ("Firefox, Linux", True),
        ("Safari, iPhone", False),
    ]
    assert sessions[1]["last_used_at"] == "2026-11-23T12:00:00+00:00"
    assert works(world, phone)
    assert listed(world, desk)[1]["last_used_at"] == "2026-11-23T12:30:00+00:00"
    assert sessions[0]["expires_at"] == "2026-12-07T12:30:00+00:00"


def test_c7_no_session_tells_its_token_or_its_hash(world: World, sign_in: Callable[..., dict[str, str]]) -> None:
    headers = sign_in()

    assert set(listed(world, headers)[0]) == {
        "id", "device", "created_at", "last_used_at", "expires_at", "is_current",
    }  # fmt: skip


def test_c7_one_session_is_ended_at_its_next_request(world: World, sign_in: Callable[..., dict[str, str]]) -> None:
    lost, kept = sign_in(IPHONE), sign_in()
    session_id = next(one["id"] for one in listed(world, kept) if not one["is_current"])

    assert world.call("DELETE", f"/accounts/me/sessions/{session_id}", headers=kept).status_code == 204

    assert not works(world, lost)
    assert works(world, kept)
    again = world.call("DELETE", f"/accounts/me/sessions/{session_id}", headers=kept)
    assert (again.status_code, json_of(again)["code"]) == (404, "session_not_found")


def test_c7_all_sessions_are_ended_or_all_the_others(world: World, sign_in: Callable[..., dict[str, str]]) -> None:
    first, second, third = sign_in(), sign_in(), sign_in()

    assert world.call("DELETE", "/accounts/me/sessions?keep_current=true", headers=first).status_code == 204
    assert [works(world, one) for one in (first, second, third)] == [True, False, False]

    assert world.call("DELETE", "/accounts/me/sessions", headers=first).status_code == 204
    assert not works(world, first)


def test_c7_nobody_sees_or_ends_another_ones_session(world: World, sign_in: Callable[..., dict[str, str]]) -> None:
    headers = sign_in()
    stranger = world.person()
    session_id = listed(world, headers)[0]["id"]

    for path in (session_id, some_id()):
        answer = world.call("DELETE", f"/accounts/me/sessions/{path}", by=stranger)
        assert (answer.status_code, json_of(answer)["code"]) == (404, "session_not_found")

    assert session_id not in {one["id"] for one in listed(world, stranger.headers)}
    assert works(world, headers)


def test_c5_a_session_that_is_over_is_not_listed(world: World, sign_in: Callable[..., dict[str, str]]) -> None:
    sign_in(IPHONE)
    world.clock.move(days=14)
    headers = sign_in(FIREFOX)

    assert [one["device"] for one in listed(world, headers)] == ["Firefox, Linux"]


@pytest.mark.parametrize(
    ("user_agent", "device"),
    [
        (FIREFOX, "Firefox, Linux"),
        (IPHONE, "Safari, iPhone"),
        ("Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/130.0 Safari/537.36 Edg/130.0", "Edge, Windows"),
        ("Mozilla/5.0 (Linux; Android 15) AppleWebKit/537.36 Chrome/130.0 Mobile Safari/537.36", "Chrome, Android"),
        ("Mozilla/5.0 (Macintosh; Intel Mac OS X 14_0) AppleWebKit/605 Version/18 Safari/605", "Safari, macOS"),
        ("curl/8.10", None),
        ("", None),
    ],
)
def test_a_device_is_named_by_browser_and_system_only(user_agent: str, device: str | None) -> None:
    assert devices.name(user_agent) == device


def test_b8_a_sign_in_with_another_device_is_told(world: World, sign_in: Callable[..., dict[str, str]]) -> None:
    postbox = Postbox(world)
    sign_in(FIREFOX)
    sign_in(FIREFOX)
    assert postbox.empty() == [], "the first device, and the same once more"

    sign_in(IPHONE)

    (letter,) = postbox.empty()
    assert (letter["To"], letter["Subject"]) == ("ada@example.org", "Neue Anmeldung bei 127.0.0.1")
    assert "Safari, iPhone" in plain(letter)
    sign_in(IPHONE)
    assert postbox.empty() == []


def test_b8_whom_a_site_signs_in_it_tells_itself(world: World) -> None:
    key, postbox = shared_key(world, kid="geraet"), Postbox(world)

    for user_agent in (FIREFOX, IPHONE):
        token = key.token(sub="geraet-1", email="tom@example.org")
        headers = {"Origin": ORIGIN, "User-Agent": user_agent}
        assert world.call("POST", "/sites/demo/sessions", {"token": token}, headers=headers).status_code == 201

    assert postbox.empty() == []
