"""Figures for moderators over HTTP: what they count, for whom, and as CSV."""

from __future__ import annotations

import csv
import io
from typing import Any

import pytest

from api.csv_export import answer
from moderation.models import Role
from tests.sentences import CALM, insult, sentence
from tests.world import Person, World, json_of


@pytest.fixture
def world(world: World) -> World:
    world.set_policy(CALM)
    return world


@pytest.fixture
def moderator(world: World) -> Person:
    return world.person(Role.MODERATOR, "demo")


def figures(world: World, by: Person, **query: Any) -> dict[str, Any]:
    found = world.call("GET", "/figures", by=by, query_string=query)
    assert found.status_code == 200, found.get_data(as_text=True)
    return json_of(found)


def test_figures_count_what_happened(world: World, moderator: Person) -> None:
    reader = world.person()
    world.comment(reader, sentence(0))
    held = [world.comment(reader, insult(number)) for number in range(3)]
    withdrawn = world.comment(reader, sentence(5))
    world.call("DELETE", f"/comments/{withdrawn['id']}", by=reader)
    world.clock.move(minutes=26)
    world.review(held[0], "publish", moderator)
    world.review(held[1], "reject", moderator)

    found = figures(world, moderator)

    today = found["days"][-1]["counts"]
    assert today == {
        "published": 1,
        "cleared": 1,
        "refused": 1,
        "refused_by_machine": 0,
        "waiting": 1,
        "withdrawn": 1,
    }
    assert len(found["days"]) == 30
    assert found["shares"] == {"comments": 5, "held": 0.6, "refused": 0.2}
    assert found["waits"] == {"decisions": 2, "median_s": 1770.0, "longest_s": 1800.0}
    (insulting, _) = found["agreement"]
    assert (insulting["label"], insulting["confirmed"], insulting["overruled"]) == ("insult", 1, 1)
    assert [curve["label"] for curve in found["thresholds"]] == ["insult", "toxicity"]
    assert found["thresholds"][0]["current"] == 0.5


def test_what_was_taken_back_does_not_count(world: World, moderator: Person) -> None:
    held = world.comment(world.person(), insult(0))
    made = json_of(world.review(held, "reject", moderator))
    world.call(
        "DELETE", f"/review-queue/{held['id']}/decision", by=moderator, query_string={"version": made["version"]}
    )

    found = figures(world, moderator)

    assert found["waits"]["decisions"] == 0
    assert found["days"][-1]["counts"]["waiting"] == 1
    assert [entry["share"] for entry in found["agreement"]] == [None, None]


def test_only_the_period_counts(world: World, moderator: Person) -> None:
    world.comment(world.person(), sentence(0))
    world.clock.move(days=10)
    world.comment(world.person(), sentence(1))

    assert figures(world, moderator, days=7)["shares"]["comments"] == 1
    assert figures(world, moderator, days=30)["shares"]["comments"] == 2


def test_e5_another_sites_figures_are_not_told(world: World) -> None:
    world.site("andere")
    stranger = world.person(Role.MODERATOR, "andere")
    world.comment(world.person(), insult(0))

    assert figures(world, stranger)["shares"]["comments"] == 0
    for path in ("/figures?site=demo", "/figures/export?site=demo"):
        assert world.call("GET", path, by=stranger).status_code == 404


@pytest.mark.parametrize(
    "query",
    [{"timezone": "Mars/Olympus"}, {"timezone": "../../etc/passwd"}, {"timezone": ""}, {"days": 0}, {"days": 367}],
)
def test_a_period_that_makes_no_sense_is_refused(world: World, moderator: Person, query: dict[str, Any]) -> None:
    assert world.call("GET", "/figures", by=moderator, query_string=query).status_code == 422


@pytest.mark.parametrize(("table", "rows"), [("days", 30), ("agreement", 2), ("thresholds", 202)])
def test_each_table_can_be_taken_along_as_csv(world: World, moderator: Person, table: str, rows: int) -> None:
    world.comment(world.person(), insult(0))

    found = world.call("GET", "/figures/export", by=moderator, query_string={"table": table})

    assert found.content_type == "text/csv; charset=utf-8"
    assert found.headers["Content-Disposition"] == f'attachment; filename="vorab-{table}.csv"'
    read = list(csv.reader(io.StringIO(found.get_data(as_text=True).removeprefix("\ufeff"))))
    assert len(read) == rows + 1
    assert len({len(row) for row in read}) == 1


@pytest.mark.parametrize("cell", ["=1+1", "+1", "-1", "@SUM(A1)", "\tx", "\rx", "=cmd|' /C calc'!A0"])
def test_f8_no_cell_is_taken_for_a_formula(world: World, cell: str) -> None:
    with world.app.test_request_context():
        made = answer("x", ["a"], [[cell], [-1], ["harmlos"]])

    text = made.get_data(as_text=True).removeprefix("\ufeff")
    (_, first), (_, second), (_, third) = list(enumerate(csv.reader(io.StringIO(text, newline=""))))[1:]
    assert first == [f"'{cell}"]
    assert (second, third) == (["-1"], ["harmlos"])
