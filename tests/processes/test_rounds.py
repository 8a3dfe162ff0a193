"""A few of the rounds of ``make faults``, which plays a hundred."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.integrity import assert_whole
from tests.processes.points import POINTS
from tests.processes.rounds import VICTIMS, Play, installation, plan

pytestmark = pytest.mark.processes

SEED = 6


@pytest.mark.parametrize(("broker", "victims"), [("redis", VICTIMS), ("rabbitmq", ("broker", "worker"))])
def test_g2_whatever_is_killed_wherever_a_comment_is_every_one_is_there_and_decided_once(
    tmp_path: Path, broker: str, victims: Sequence[str]
) -> None:
    hundred = plan(100, SEED)
    chosen = [one for victim in victims for one in [each for each in hundred if each.victim == victim][:2]]

    try:
        with installation(tmp_path, broker) as (made, world):
            play = Play(made, world, SEED)
            played = [play.play(one) for one in chosen]
            assert_whole(made.database)
    except LookupError as error:
        pytest.skip(str(error))

    assert [(one.victim, one.point, one.objections) for one in played if one.objections] == []
    assert sum(one.was_reached for one in played) >= len(played) - 1


def test_the_rounds_are_the_same_for_a_seed_and_kill_everything_everywhere() -> None:
    hundred = plan(100, SEED)

    assert hundred == plan(100, SEED) != plan(100, SEED + 1)
    assert {(one.victim, one.point) for one in hundred} == {(victim, point) for victim in VICTIMS for point in POINTS}
