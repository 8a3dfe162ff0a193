"""The main job, end to end over HTTP, on both databases."""

from __future__ import annotations

from moderation.models import Role
from tests.world import World, json_of


def test_a_harmless_comment_is_published_at_once_and_everybody_can_read_it(world: World) -> None:
    reader = world.person(name="Ada")

    answer = world.post(reader, "Ein *guter* Artikel.")

    assert answer.status_code == 201
    own = json_of(answer)
    assert own["status"] == "published"
    assert own["decided_by"] == "machine"
    shown = world.thread()
    assert shown["total"] == 1
    assert shown["items"][0]["body"] == "Ein *guter* Artikel."
    assert "<em>guter</em>" in shown["items"][0]["body_html"]
    assert shown["items"][0]["author"]["display_name"] == "Ada"
    assert "reasons" not in shown["items"][0]


def test_a_doubtful_comment_waits_and_a_moderator_publishes_it(world: World) -> None:
    reader, other = world.person(), world.person()
    moderator = world.person(Role.MODERATOR, "demo")

    own = world.comment(reader, "Du Murrkopf!")

    assert own["status"] == "held"
    assert [reason["code"] for reason in own["reasons"]] == ["toxicity"]
    assert world.thread()["items"] == []
    assert world.call("GET", f"/comments/{own['id']}", by=other).status_code == 404
    assert world.call("GET", f"/comments/{own['id']}", by=reader).status_code == 200

    queue = json_of(world.call("GET", "/review-queue", by=moderator))
    assert queue["counts"] == {"held": 1, "flagged": 0, "appealed": 0, "all": 1}
    item = queue["items"][0]
    assert item["scores"]["toxicity"] == 0.9
    decided = world.review(own, "publish", moderator, version=item["version"])

    assert decided.status_code == 200, decided.get_data(as_text=True)
    assert json_of(decided)["to_status"] == "published"
    assert world.thread()["total"] == 1
    assert json_of(world.call("GET", "/review-queue", by=moderator))["counts"]["all"] == 0
    history = json_of(world.call("GET", f"/comments/{own['id']}/decisions", by=moderator))["items"]
    assert [(entry["action"], entry["by_machine"]) for entry in history] == [("hold", True), ("publish", False)]
