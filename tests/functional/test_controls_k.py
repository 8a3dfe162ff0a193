"""Controls K: logging and configuration."""

from __future__ import annotations

import datetime as dt
import json
import re
import uuid
from collections.abc import Callable
from typing import Any

import pytest
import structlog
from sqlalchemy.exc import OperationalError

from moderation import accounts, sites
from moderation.classifiers.protocol import ScoringInput
from moderation.db import Database
from moderation.models import Role
from moderation.policies import Policy
from tests.world import ARTICLE, ORIGIN, World, json_of

Lines = Callable[[], list[dict[str, Any]]]
PASSWORD = "Ahornblatt am Fenster"


def event(lines: list[dict[str, Any]], name: str) -> dict[str, Any]:
    (found,) = [line for line in lines if line["event"] == name]
    assert dt.datetime.fromisoformat(found["timestamp"]).utcoffset() == dt.timedelta(0)
    return found


def register(world: World, email: str = "ada@example.org", password: str = PASSWORD) -> None:
    answer = world.call("POST", "/accounts", {"email": email, "display_name": "Ada", "password": password})
    assert answer.status_code == 201


def test_k1_a_sign_in_is_logged_with_who_it_was(world: World, log_lines: Lines) -> None:
    register(world)
    log_lines()

    answer = world.call("POST", "/sessions", {"email": "ada@example.org", "password": PASSWORD})

    line = event(log_lines(), "signed_in")
    assert line["account_id"] == json_of(answer)["account"]["id"]
    assert line["request_id"] == answer.headers["X-Request-Id"]


def test_k1_a_failed_sign_in_is_logged_without_the_address_that_was_tried(world: World, log_lines: Lines) -> None:
    register(world)
    for email in ("ada@example.org", "nobody@example.org"):
        log_lines()

        answer = world.call("POST", "/sessions", {"email": email, "password": "falsch falsch"})

        line = event(log_lines(), "sign_in_failed")
        assert line["request_id"] == answer.headers["X-Request-Id"]
        assert ("account_id" in line and line["account_id"] is not None) == (email == "ada@example.org")
        assert "@" not in json.dumps(line)


def test_k1_refused_access_is_logged_with_who_asked_for_what(world: World, log_lines: Lines) -> None:
    reader = world.person()

    answer = world.call("GET", "/review-queue", by=reader)

    line = event(log_lines(), "access_refused")
    assert line["code"] == "forbidden"
    assert line["route"] == "/api/v1/review-queue"
    assert line["actor_id"] == str(reader.account.id)
    assert line["request_id"] == answer.headers["X-Request-Id"]


def test_k1_a_moderators_decision_is_logged(world: World, log_lines: Lines) -> None:
    moderator = world.person(Role.MODERATOR, "demo")
    held = world.comment(world.person(), "Du Murrkopf!")
    version = world.queue_item(held["id"], moderator)["version"]
    log_lines()

    answer = world.review(held, "reject", moderator, version=version, note="Bitte nicht.")

    line = event(log_lines(), "decided")
    assert line["comment_id"] == held["id"]
    assert line["actor_id"] == str(moderator.account.id)
    assert (line["action"], line["from_status"], line["to_status"]) == ("reject", "held", "rejected")
    assert line["request_id"] == answer.headers["X-Request-Id"]


def test_k1_changes_of_what_a_site_or_a_person_may_do_are_logged(world: World, log_lines: Lines) -> None:
    person = world.person()
    log_lines()

    with world.database.write() as session:
        site = sites.by_key(session, "demo")
        sites.set_policy(session, site, Policy(max_links=0), actor_id=None, now=world.clock())
        sites.set_origins(site, ["https://neu.example"])
        accounts.change_role(session, person.account.email, Role.MODERATOR, ("demo",))
    banned = world.sanction(world.person(), "ban")

    lines = log_lines()
    assert event(lines, "policy_changed")["site"] == "demo"
    assert event(lines, "origins_changed")["origins"] == ["https://neu.example"]
    assert event(lines, "role_changed")["account_id"] == str(person.account.id)
    assert event(lines, "role_changed")["role"] == "moderator"
    imposed = event(lines, "sanction_imposed")
    assert (imposed["kind"], imposed["account_id"]) == ("ban", str(banned.account_id))


def test_k1_every_request_is_one_line_with_its_outcome(world: World, log_lines: Lines) -> None:
    answer = world.call("GET", "/sites/demo/counts?articles=geheim")

    line = event(log_lines(), "request")
    assert (line["method"], line["status"]) == ("GET", 200)
    assert line["route"] == "/api/v1/sites/<site>/counts"
    assert line["request_id"] == answer.headers["X-Request-Id"]
    assert line["duration_ms"] >= 0


class Talkative:
    """A classifier that says in its error what it was given."""

    def __init__(self, identity: object) -> None:
        self.identity = identity

    def score(self, inputs: list[ScoringInput]) -> list[dict[str, float]]:
        raise ValueError(f"cannot score {inputs[0].text!r}")


def test_k2_no_secret_and_nothing_that_anybody_wrote_is_in_the_log(
    world: World, log_lines: Lines, monkeypatch: pytest.MonkeyPatch
) -> None:
    canary = "Kanarienvogel"
    moderator, other = world.person(Role.MODERATOR, "demo"), world.person()
    register(world, f"{canary}@example.org", f"{canary} im Kennwort")
    register(world, f"{canary}@example.org", f"{canary} im Kennwort")
    world.call("POST", "/sessions", {"email": f"{canary}@example.org", "password": f"{canary} falsch"})
    credentials = {"email": f"{canary}@example.org", "password": f"{canary} im Kennwort"}
    token = json_of(world.call("POST", "/sessions", credentials))["token"]
    signed_in = {"Authorization": f"Bearer {token}", "Origin": ORIGIN, "Idempotency-Key": f"{canary} im Schlüssel"}
    comments = f"/sites/demo/articles/{ARTICLE}/comments"
    made = json_of(world.call("POST", comments, {"body": f"{canary} Murrkopf"}, headers=signed_in))
    assert made["status"] == "held"
    world.call("POST", comments, {"body": f"{canary} anders"}, headers=signed_in)
    world.call("POST", f"{comments}/preview", {"body": canary}, headers=signed_in)
    world.call("PATCH", f"/comments/{made['id']}", {"body": f"{canary} bearbeitet"}, headers=signed_in)
    world.call("POST", f"/comments/{made['id']}/flags", {"reason": "spam", "text": canary}, by=other)
    world.review(made, "reject", moderator, note=f"{canary} als Notiz")
    world.call("GET", f"/nowhere/{canary}?q={canary}", headers={"Referer": canary, "Cookie": f"a={canary}"})
    world.call("POST", "/sessions", f"{{{canary}".encode())
    world.call("POST", "/sessions", {canary: canary})
    monkeypatch.setattr(world.services.runner.screener.classifier, "score", Talkative(None).score)
    held = json_of(
        world.call("POST", comments, {"body": f"{canary} bricht"}, headers={**signed_in, "Idempotency-Key": "b"})
    )
    assert [reason["code"] for reason in held["reasons"]] == ["screening_failed"]
    broken = world.call("POST", f"{comments}/preview", {"body": f"{canary} zerbricht"}, headers=signed_in)
    assert broken.status_code == 500

    logged = json.dumps(log_lines(), ensure_ascii=False)

    assert logged.count('"event"') >= 20
    assert "ValueError" in logged
    assert canary not in logged
    assert token not in logged
    for person in (moderator, other):
        assert person.token not in logged
        assert person.account.email not in logged


def test_k3_no_value_can_forge_a_line_or_reach_the_terminal(world: World, log_lines: Lines) -> None:
    nasty = 'a\r\n{"event": "forged"}\x1b[31m\x00\u2028\x85b'

    structlog.get_logger().warning("tested", value=nasty)
    world.client.open("/healthz", method="G\x1bET", headers={"X-Request-Id": nasty.replace("\r\n", " ")})

    lines = log_lines()
    assert event(lines, "tested")["value"] == nasty
    assert "forged" not in {line["event"] for line in lines}


def test_k3_the_raw_log_holds_no_control_characters(world: World, capfd: pytest.CaptureFixture[str]) -> None:
    from api import logs

    logs.configure("debug")
    structlog.get_logger().warning("tested", value="a\r\nb\x1b[31m\x7f\x9b\u2028")
    written = capfd.readouterr().err
    structlog.reset_defaults()

    assert written.count("\n") == 1
    assert re.fullmatch(r"[\x20-\x7e]+\n", written)


def test_k4_an_unexpected_error_is_a_problem_without_a_trace_and_the_process_lives(
    world: World, log_lines: Lines, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("the secret of the house")

    monkeypatch.setattr("moderation.threads.counts", broken)

    answer = world.call("GET", "/sites/demo/counts?articles=a")

    assert answer.status_code == 500
    assert answer.content_type == "application/problem+json"
    problem = json_of(answer)
    assert problem["code"] == "internal_error"
    assert uuid.UUID(problem["request_id"]) == uuid.UUID(answer.headers["X-Request-Id"])
    text = answer.get_data(as_text=True)
    assert "secret" not in text
    assert "Traceback" not in text
    line = event(log_lines(), "unexpected_error")
    assert line["request_id"] == problem["request_id"]
    assert "RuntimeError" in line["exception"]
    monkeypatch.undo()
    assert world.call("GET", "/sites/demo/counts?articles=a").status_code == 200


def test_k4_a_request_keeps_the_id_that_a_proxy_gave_it_and_nothing_else_that_calls_itself_one(world: World) -> None:
    given = str(uuid.uuid4())

    assert world.call("GET", "/healthz", headers={"X-Request-Id": given}).headers["X-Request-Id"] == given
    for other in ("x", given.replace("-", ""), f"{given} ", "{" + given + "}"):
        assert world.call("GET", "/healthz", headers={"X-Request-Id": other}).headers["X-Request-Id"] != other


@pytest.fixture
def no_database(world: World, monkeypatch: pytest.MonkeyPatch) -> World:
    def unreachable(_self: Database) -> None:
        raise OperationalError("SELECT 1", {}, ConnectionRefusedError())

    monkeypatch.setattr(world.database.engine, "connect", lambda: unreachable(world.database))
    monkeypatch.setattr(type(world.database), "alone", unreachable)
    monkeypatch.setattr(type(world.database), "read", unreachable)
    monkeypatch.setattr(type(world.database), "write", unreachable)
    return world


def test_k5_the_process_is_alive_without_a_database_but_not_ready(no_database: World) -> None:
    assert no_database.call("GET", "/healthz").status_code == 200

    answer = no_database.call("GET", "/readyz")

    assert answer.status_code == 503
    checks = json_of(answer)["checks"]
    assert checks["database"] == {"ok": False, "reason": "OperationalError"}
    assert checks["migrations"] == {"ok": False, "reason": "OperationalError"}
    assert checks["classifier"]["ok"] is True


def test_k5_without_a_database_requests_get_a_problem_that_says_when_to_come_back(no_database: World) -> None:
    for method, path in (("GET", "/sites/demo/counts?articles=a"), ("GET", "/accounts/me")):
        answer = no_database.call(method, path, headers={"Authorization": "Bearer x", "Origin": ORIGIN})
        assert answer.status_code == 503
        assert json_of(answer)["code"] == "database_unavailable"
        assert int(answer.headers["Retry-After"]) > 0


def test_k5_ready_means_database_migrations_and_classifier(world: World) -> None:
    answer = world.call("GET", "/readyz")

    assert answer.status_code == 200
    assert json_of(answer)["status"] == "ready"
    world.classifier.available = False
    answer = world.call("GET", "/readyz")
    assert answer.status_code == 503
    assert json_of(answer)["checks"]["classifier"] == {"ok": False, "reason": "the weights are missing"}


def test_k5_old_migrations_are_not_ready(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("api.migrating.present_and_wanted", lambda _database: ("0001", "0002"))

    answer = world.call("GET", "/readyz")

    assert answer.status_code == 503
    assert json_of(answer)["checks"]["migrations"] == {"ok": False, "present": "0001", "wanted": "0002"}


def test_k5_a_process_stays_ready_when_a_later_release_has_migrated(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("api.migrating.present_and_wanted", lambda _database: ("9999", "0002"))

    answer = world.call("GET", "/readyz")

    assert answer.status_code == 200
    assert json_of(answer)["checks"]["migrations"] == {"ok": True, "present": "9999", "wanted": "0002"}


@pytest.mark.parametrize("path", ["/metrics", "/api/v1/metrics", "/debug", "/console", "/server-status", "/.env"])
def test_k5_nothing_is_told_to_the_public_about_the_inside(world: World, path: str) -> None:
    assert world.client.get(path).status_code == 404


def test_k6_debugging_is_off(world: World) -> None:
    assert world.app.debug is False
    assert world.app.testing is False
    assert world.client.get("/?__debugger__=yes&cmd=resource&f=style.css").status_code == 404


@pytest.mark.parametrize("path", ["/accounts", "/sessions", "/healthz", f"/sites/demo/articles/{ARTICLE}/comments"])
def test_k6_methods_that_do_not_exist_are_answered_with_those_that_do(world: World, path: str) -> None:
    for method in ("TRACE", "CONNECT", "PROPFIND", "DELETE"):
        answer = world.call(method, path)
        assert answer.status_code == 405
        assert json_of(answer)["code"] == "method_not_allowed"
        allowed = {name.strip() for name in answer.headers["Allow"].split(",")}
        assert "OPTIONS" in allowed
        assert method not in allowed


def test_k6_no_header_tells_a_version(world: World) -> None:
    for answer in (world.call("GET", "/healthz"), world.client.get("/nowhere"), world.call("GET", "/accounts/me")):
        assert not {"Server", "X-Powered-By", "Via", "X-Runtime"} & set(answer.headers.keys())
        assert not re.search(r"werkzeug|flask|python|gunicorn", repr(list(answer.headers)).lower())
