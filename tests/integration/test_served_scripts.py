"""Control D8: a tag that names a version of the section's script keeps working after an update."""

from __future__ import annotations

import gzip

import pytest

from api.embed import bundle
from api.embed.keeping import keep_current
from moderation import served_scripts
from moderation.served_scripts import KEPT_FOR, VersionedScript
from tests.integration.conftest import Vorab
from tests.world import World

OLD = b'(()=>{"use strict";document.title="an old one"})();\n'


def serve_old(world: World, version: str = "0.0.9-0123456789ab") -> None:
    with world.database.write() as session:
        script = VersionedScript(version, "embed.js", gzip.compress(OLD))
        served_scripts.keep(session, [script], now=world.clock())


def test_a_version_that_was_served_once_is_served_after_an_update_byte_for_byte(world: World) -> None:
    serve_old(world)
    keep_current(world.database, now=world.clock())
    address = "/embed/0.0.9-0123456789ab/embed.js"

    packed = world.client.get(address, headers={"Accept-Encoding": "gzip"})
    plain = world.client.get(address)
    again = world.client.get(address, headers={"If-None-Match": plain.headers["ETag"]})

    assert (gzip.decompress(packed.data), plain.data, again.status_code) == (OLD, OLD, 304)
    assert plain.content_type == "text/javascript; charset=utf-8"
    assert plain.headers["Access-Control-Allow-Origin"] == "*"
    assert "immutable" in plain.headers["Cache-Control"]
    assert world.client.get("/embed/0.0.9-0123456789ab/counts.js").status_code == 404
    assert world.client.get("/embed/0.0.8-0123456789ab/embed.js").status_code == 404


def test_what_is_served_now_is_kept_and_starting_again_keeps_it_once(world: World) -> None:
    for _ in range(2):
        keep_current(world.database, now=world.clock())

    with world.database.read() as session:
        kept = {(row.version, row.name): gzip.decompress(row.compressed) for row in served_scripts.every(session)}
    assert kept == {(script.version, script.name): script.content for script in bundle.scripts().values()}


@pytest.mark.parametrize(("late_s", "status"), [(-1, 200), (1, 404)])
def test_two_years_after_its_last_start_a_version_is_forgotten(world: World, late_s: int, status: int) -> None:
    serve_old(world)

    world.clock.move(seconds=KEPT_FOR.total_seconds() + late_s)
    keep_current(world.database, now=world.clock())

    assert world.client.get("/embed/0.0.9-0123456789ab/embed.js").status_code == status


def test_versions_are_listed_and_one_with_a_fault_is_taken_back(vorab: Vorab, world: World) -> None:
    assert vorab("sites", "scripts", "list").out == "No server has started yet.\n"
    serve_old(world)
    keep_current(world.database, now=world.clock())

    listed = vorab("sites", "scripts", "list").out.splitlines()
    ended = vorab("sites", "scripts", "forget", "0.0.9-0123456789ab")
    again = vorab("sites", "scripts", "forget", "0.0.9-0123456789ab")

    assert sorted(line.split()[1] for line in listed if line.endswith("current")) == ["counts.js", "embed.js"]
    assert next(line for line in listed if "last started" in line).startswith("0.0.9-0123456789ab")
    assert (ended.code, again.code) == (0, 1)
    assert world.client.get("/embed/0.0.9-0123456789ab/embed.js").status_code == 404


def test_the_icon_is_one_that_browsers_know(world: World) -> None:
    answer = world.client.get("/favicon.ico")

    assert (answer.status_code, answer.data[:4]) == (200, b"\x00\x00\x01\x00")


def test_what_readers_load_is_small() -> None:
    sizes = {script.name: len(script.compressed) for script in bundle.scripts().values()}

    assert sizes["embed.js"] <= 30_000
    assert sizes["counts.js"] <= 1_000
