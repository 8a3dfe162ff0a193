"""What web process and worker log about the same comment: one request's id, and not a word of it (controls K1, K2)."""

from __future__ import annotations

import json
import uuid
from pathlib import Path
from typing import Any

import pytest

from api.broker import SCORE, SCREEN, celery_for
from api.settings import Settings
from tests.processes.outside import THREAD, asked
from tests.processes.parts import Ours, RedisServer, wait_for
from tests.world import World

pytestmark = pytest.mark.processes

CANARY = "Kanarienvogel"


def lines_of(part: Ours) -> list[dict[str, Any]]:
    """Every line that a process has written; all of them are JSON."""
    return [json.loads(line) for line in part.log.read_text(encoding="utf-8").splitlines()]


def events(part: Ours, name: str) -> list[dict[str, Any]]:
    return [line for line in lines_of(part) if line["event"] == name]


def test_k1_a_requests_id_goes_with_its_comment_from_the_web_process_to_the_worker(
    on_postgresql: World, crew: tuple[Ours, Ours]
) -> None:
    web, worker = crew
    reader, given = on_postgresql.person(), str(uuid.uuid4())

    _, own, headers = asked(web.port, "POST", THREAD, {"body": "Ein Beitrag."}, reader, **{"X-Request-Id": given})

    assert (own["status"], headers["X-Request-Id"]) == ("published", given)
    wait_for(lambda: bool(events(worker, "screened")), "the line of the screening")
    (screened,), (asked_for,) = events(worker, "screened"), events(web, "screening_asked_for")
    assert screened["request_id"] == asked_for["request_id"] == given
    assert screened["revision_id"] == asked_for["revision_id"]
    assert asked_for["comment_id"] == own["id"]


def test_k2_no_word_of_anybodys_text_is_in_the_logs_of_web_process_and_worker_whatever_goes_wrong(
    on_postgresql: World, crew: tuple[Ours, Ours], broker: RedisServer, tmp_path: Path
) -> None:
    web, worker = crew
    reader = on_postgresql.person(name=CANARY)
    chosen = Settings(secret_key="t" * 32, database_url="", screening="celery", broker_url=broker.url)

    for body in (f"{CANARY} eins.", f"{CANARY} zwei, du Murrkopf."):
        assert asked(web.port, "POST", THREAD, {"body": body}, reader)[0] == 201
        assert asked(web.port, "POST", f"{THREAD}/preview", {"body": body}, reader)[0] == 200
    asked(web.port, "GET", f"/{CANARY}?q={CANARY}", None, reader, Referer=CANARY)
    celery = celery_for(chosen)
    # Celery's own words about messages like these quote them whole.
    celery.send_task(SCORE, ([[CANARY]],), ignore_result=True)
    celery.send_task(SCREEN, (CANARY, CANARY), ignore_result=True)
    celery.send_task("vorab.unknown", (CANARY,), ignore_result=True)
    wait_for(lambda: len(events(worker, "library")) >= 3, "Celery to complain")
    broker.kill()
    assert asked(web.port, "POST", f"{THREAD}/preview", {"body": f"{CANARY} drei."}, reader)[0] == 503
    assert asked(web.port, "POST", THREAD, {"body": f"{CANARY} vier."}, reader)[0] == 201
    wait_for(lambda: len(events(worker, "screened")) >= 3, "the sweep")

    told = {part.name: lines_of(part) for part in (web, worker)}
    assert len(told["web"]) > 5
    assert "ValueError" in json.dumps(told["worker"])
    for part in (web, worker):
        assert CANARY not in part.log.read_text(encoding="utf-8")
        assert reader.token not in part.log.read_text(encoding="utf-8")
