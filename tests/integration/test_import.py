"""``vorab import``: what an operator sees of it, and what is in the database afterwards."""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select
from sqlalchemy.exc import DBAPIError, IntegrityError, OperationalError

from api.cli import importing as importing_command
from api.settings import Settings
from moderation import accounts, importer, importing, site_accounts, sites
from moderation.imports import entries
from moderation.models import (
    Account,
    Article,
    Comment,
    Decision,
    ImportedComment,
    OutboxMessage,
    Revision,
    Role,
    ScreeningRecord,
    SiteIdentity,
    Status,
)
from moderation.policies import Policy
from moderation.site_accounts import Vouched
from tests.fakes import FakeClassifier
from tests.integration.conftest import Ended, Vorab
from tests.integrity import assert_whole
from tests.sentences import insult, sentence
from tests.unit.imports import samples
from tests.world import ARTICLE, World, json_of

THEN = dt.datetime(2015, 3, 4, 10, 0, tzinfo=dt.UTC)
Import = Callable[..., Ended]


def row(number: int | str, parent: int | str | None = None, /, **changes: Any) -> dict[str, Any]:
    said: dict[str, Any] = {
        "id": number,
        "parent_id": parent,
        "article": {"id": ARTICLE, "url": "https://zeitung.example/eins", "title": "Der Artikel"},
        "author": {"id": "anna", "name": "Anna", "email": "anna@example.org"},
        "body": sentence(number if isinstance(number, int) else 0),
        "created_at": (THEN + dt.timedelta(minutes=number if isinstance(number, int) else 0)).isoformat(),
    }
    return {**said, **changes}


@pytest.fixture
def imported(vorab: Vorab, world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Import:
    """Imports rows of our own format to the site ``demo``, with the world's classifier."""

    @contextmanager
    def service(_settings: Settings, **_options: Any) -> Iterator[FakeClassifier]:
        yield world.classifier

    monkeypatch.setattr("api.cli.importing.running_service", service)

    def run(rows: list[Any], *options: str) -> Ended:
        path = tmp_path / "export.jsonl"
        path.write_text("\n".join(one if isinstance(one, str) else json.dumps(one) for one in rows), "utf-8")
        return vorab("import", "demo", str(path), *options)

    return run


@pytest.fixture
def imported_file(imported: Import, vorab: Vorab) -> Import:
    """Imports files of any format."""
    return lambda paths, *options: vorab("import", "demo", *map(str, paths), *options)


def comments(world: World) -> dict[str, Comment]:
    with world.database.read() as session:
        rows = session.execute(
            select(ImportedComment.external_id, Comment).join(Comment, Comment.id == ImportedComment.comment_id)
        ).all()
    return {one.external_id: one[1] for one in rows}


def everything(world: World) -> dict[str, Any]:
    """All that an import writes, as far as it is the same each time."""
    with world.database.read() as session:
        return {
            "comments": sorted(
                (str(one.id), one.status, one.imported_as, one.listed, one.reply_count, str(one.parent_id), one.depth)
                for one in session.scalars(select(Comment))
            ),
            "texts": sorted(session.scalars(select(Revision.body))),
            "decisions": sorted(
                (str(one.comment_id), one.action, *one.reasons) for one in session.scalars(select(Decision))
            ),
            "articles": sorted(
                (one.external_id, one.title, one.url, one.published_count, one.thread_count)
                for one in session.scalars(select(Article))
            ),
            "authors": sorted(session.scalars(select(SiteIdentity.subject))),
            "names": sorted(session.scalars(select(Account.display_name))),
            "screenings": session.scalar(select(func.count()).select_from(ScreeningRecord)),
        }


def decisions(world: World, comment: Comment) -> list[tuple[str, list[str], bool]]:
    with world.database.read() as session:
        found = session.scalars(select(Decision).where(Decision.comment_id == comment.id).order_by(Decision.id))
        return [(one.action, one.reasons, one.screening_id is not None) for one in found]


def test_what_passes_is_published_with_its_time_and_what_is_doubted_waits(imported: Import, world: World) -> None:
    ended = imported([row(2, 1), row(1), row(3, body=insult())], "--json")

    assert ended.code == 0
    assert ended.json["imported"] == {"published": 2, "held": 1, "rejected": 0}
    found = comments(world)
    assert {own: one.status for own, one in found.items()} == {"1": "published", "2": "published", "3": "held"}
    assert found["1"].created_at == THEN + dt.timedelta(minutes=1)
    assert decisions(world, found["1"]) == [("publish", ["imported"], True)]
    assert decisions(world, found["3"]) == [("hold", ["toxicity", "imported"], True)]
    assert_whole(world.database)


def test_readers_see_the_thread_as_it_was(imported: Import, world: World) -> None:
    imported([row(1), row(2, 1), row(3), row(4, 2, author={"name": "Bert"})])

    shown = world.thread(sort="oldest")

    assert [one["body"] for one in shown["items"]] == [sentence(1), sentence(3)]
    assert [one["author"]["display_name"] for one in shown["items"]] == ["Anna", "Anna"]
    assert shown["items"][0]["created_at"].startswith("2015-03-04T10:01")
    (reply,) = shown["items"][0]["replies"]
    assert reply["body"] == sentence(2)


def test_nothing_is_to_be_seen_before_it_is_screened(
    imported: Import, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importer, "_PATIENCE_S", 0.0)
    world.classifier.available = False

    ended = imported([row(1), row(2, status="rejected")], "--json")

    assert ended.json["waiting"] == 2
    assert {one.status for one in comments(world).values()} == {Status.SCREENING}
    assert world.thread()["items"] == []


def test_what_a_classifier_breaks_on_waits_for_a_person(imported: Import, world: World) -> None:
    world.classifier.failures = 3

    assert imported([row(1)], "--json").json["imported"]["held"] == 1


def test_people_before_us_have_decided_and_the_machine_undoes_none_of_it(
    imported: Import, vorab: Vorab, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = [row(1, status="held"), row(2, status="rejected"), row(3, body=insult(), status="rejected")]
    ended = imported(rows, "--json")

    found = comments(world)
    assert ended.json["imported"] == {"published": 0, "held": 1, "rejected": 2}
    assert decisions(world, found["1"]) == [("hold", ["imported_held", "imported"], True)]
    assert decisions(world, found["2"]) == [("reject", ["imported_rejected", "imported"], True)]
    monkeypatch.setattr("api.cli.rescreen.load", lambda _settings: world.classifier)
    assert vorab("rescreen", "demo", "--apply", "--json").json["changes"] == []
    moderator = world.person(Role.MODERATOR, "demo")
    item = world.queue_item(str(found["1"].id), moderator)
    assert [verdict["reason"]["code"] for verdict in item["verdicts"]] == ["imported_held"]
    assert world.review({"id": str(found["1"].id)}, "publish", moderator).status_code == 200
    assert_whole(world.database)


def test_again_changes_nothing(imported: Import, world: World) -> None:
    rows = [row(1), row(2, 1, status="deleted", body=""), row(3, 2, author={}), row(4, body=insult()), row(5, 99)]
    imported(rows)
    before = everything(world)

    ended = imported(list(reversed(rows)), "--json")

    assert everything(world) == before
    assert ended.json["imported"] == {"published": 0, "held": 0, "rejected": 0}
    assert (ended.json["known"], ended.code) == (4, 3)


def test_a_later_export_adds_what_is_new_under_what_is_there(imported: Import, world: World) -> None:
    imported([row(1)])

    ended = imported([row(2, 1), row(3, 2)], "--json")

    assert ended.json["imported"]["published"] == 2
    found = comments(world)
    assert found["2"].parent_id == found["1"].id
    assert_whole(world.database)


def test_what_was_left_unscreened_is_screened_by_the_next_run(
    imported: Import, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as context:
        context.setattr(importer, "_PATIENCE_S", 0.0)
        world.classifier.available = False
        imported([row(1), row(2, body=insult())])
    world.classifier.available = True

    ended = imported([row(1), row(2, body=insult())], "--json")

    assert ended.json["imported"] == {"published": 1, "held": 1, "rejected": 0}
    assert_whole(world.database)


def test_the_server_screens_what_an_import_left_as_the_import_would(
    imported: Import, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.set_policy(Policy(premoderate_first=3))
    monkeypatch.setattr(importer, "_PATIENCE_S", 0.0)
    world.classifier.available = False
    imported([row(1), row(2, status="rejected")])
    world.classifier.available = True

    with world.database.read() as session:
        waiting = session.scalars(select(Revision.id)).all()
    for revision_id in waiting:
        world.services.runner.screener.screen_revision(revision_id)

    assert {own: one.status for own, one in comments(world).items()} == {"1": "published", "2": "rejected"}


def test_rules_about_the_moment_of_writing_do_not_apply(imported: Import, world: World) -> None:
    world.set_policy(Policy(premoderate_first=3, burst_limit=1, repeat_window_s=3600))
    with world.database.write() as session:
        article = Article(site_id=sites.by_key(session, "demo").id, external_id=ARTICLE, created_at=world.clock())
        article.closed = True
        session.add(article)

    ended = imported([row(number, body=sentence(5)) for number in range(1, 6)], "--json")

    assert ended.json["imported"] == {"published": 5, "held": 0, "rejected": 0}


def test_a_site_where_everything_is_looked_at_first_looks_at_what_is_imported(imported: Import, world: World) -> None:
    world.set_policy(Policy(premoderate_site=True))

    assert imported([row(1)], "--json").json["imported"]["held"] == 1


def test_deleted_comments_keep_their_place_and_nothing_else(imported: Import, world: World) -> None:
    ended = imported([row(1, status="deleted"), row(2, 1), row(3, status="spam"), row(4, status="deleted")], "--json")

    assert ended.json["left_out"] == {"deleted": 2, "spam": 1}
    assert ended.json["places"] == 1
    found = comments(world)
    assert (found["1"].status, found["1"].author_id, found["1"].listed) == ("withdrawn", accounts.NOBODY, True)
    assert decisions(world, found["1"]) == [("withdraw", ["imported"], False)]
    (item,) = world.thread()["items"]
    assert (item["status"], item["body"], item["author"]) == ("removed", None, None)
    with world.database.read() as session:
        assert sorted(session.scalars(select(Revision.body))) == ["", sentence(2)]
    assert_whole(world.database)


def test_a_dry_run_says_what_would_happen_and_changes_nothing(imported: Import, world: World) -> None:
    rows = [row(1), row(2, 1, body=insult()), row(3, status="rejected"), row(4, 99), row(6, 5)]
    rows.append(row(5, status="deleted"))
    before = everything(world)

    looked = imported(rows, "--dry-run", "--json")

    assert everything(world) == before
    done = imported(rows, "--json")
    for figure in ("imported", "places", "left_out", "bad", "rows", "articles"):
        assert looked.json[figure] == done.json[figure], figure
    assert looked.json["articles"] == [{"id": ARTICLE, "url": "https://zeitung.example/eins", "title": "Der Artikel"}]
    assert (looked.code, looked.json["dry_run"], done.json["dry_run"]) == (3, True, False)
    assert imported(rows, "--dry-run", "--json").json["known"] == 5


def test_bad_rows_are_named_for_a_person(imported: Import) -> None:
    ended = imported([row(1), "{", row(2, 99), row(3, body="")])

    assert ended.code == 3
    assert ended.out.splitlines()[:3] == [
        "export.jsonl, line 2: the line is no JSON",
        "export.jsonl, line 3 (id 2): it answers a comment that is missing",
        "export.jsonl, line 4 (id 3): there is no text",
    ]
    assert "1 comments imported" in ended.out
    assert ended.out.splitlines()[-1] == "3 were bad and left out; see above."


def test_texts_and_addresses_are_in_no_message(imported: Import) -> None:
    ended = imported([row(1, body="Geheimnis " * 1000), row(2, 99, body="Geheimnis"), "Geheimnis"])

    for said in (ended.out, ended.err):
        assert "Geheimnis" not in said
        assert "anna@" not in said


def test_imported_authors_are_one_account_each_that_nobody_signs_in_with(imported: Import, world: World) -> None:
    imported(
        [
            row(1),
            row(2, author={"id": "anna", "name": "Anna B."}),
            row(3, author={"email": "Bert@example.org", "name": "Bert"}),
            row(4, author={"email": "bert@example.org ", "name": "Bertl"}),
            row(5, author={"name": "Bert"}),
            row(6, author={}),
            row(7, author=None),
        ]
    )

    found = comments(world)
    assert len({found[own].author_id for own in ("1", "2")}) == 1
    assert len({found[own].author_id for own in ("3", "4")}) == 1
    assert len({one.author_id for one in found.values()}) == 4
    with world.database.read() as session:
        people = session.scalars(select(Account)).all()
        assert sorted(one.display_name for one in people) == ["Anna", "Anonym", "Bert", "Bert"]
        for one in people:
            assert (one.email, one.email_key, one.password_hash, one.role) == (None, None, None, "reader")
            assert one.home_site_id is not None
            assert not one.unconfirmed
        assert "example.org" not in "".join(session.scalars(select(SiteIdentity.subject)))
        assert session.scalars(select(OutboxMessage)).all() == []


def test_somebody_who_has_the_address_of_an_imported_author_gets_nothing_of_theirs(
    imported: Import, world: World
) -> None:
    imported([row(1, author={"email": "person1@example.org", "name": "Anna"})])

    reader = world.person()

    assert reader.account.email == "person1@example.org"
    assert json_of(world.call("GET", "/accounts/me/comments", by=reader))["items"] == []
    assert comments(world)["1"].author_id != reader.account.id


def test_whom_the_site_signs_in_by_the_same_number_has_their_comments(imported: Import, world: World) -> None:
    imported([row(1), row(2, author={"name": "Gast"})], "--site-users")

    with world.database.write() as session:
        site = sites.by_key(session, "demo")
        account = site_accounts.settle(session, site, Vouched("site", "anna", "Anna heute"), now=world.clock())

    found = comments(world)
    assert found["1"].author_id == account.id
    assert found["2"].author_id != account.id
    assert world.thread(sort="oldest")["items"][0]["author"]["display_name"] == "Anna heute"


def test_a_known_site_user_keeps_their_name(imported: Import, world: World) -> None:
    with world.database.write() as session:
        site = sites.by_key(session, "demo")
        account = site_accounts.settle(session, site, Vouched("site", "anna", "Anna heute"), now=world.clock())

    imported([row(1)], "--site-users")

    assert comments(world)["1"].author_id == account.id
    with world.database.read() as session:
        assert accounts.get(session, account.id).display_name == "Anna heute"


def test_articles_that_are_there_are_used_and_keep_what_is_known_of_them(imported: Import, world: World) -> None:
    there = world.comment(world.person(), sentence(50))
    with world.database.write() as session:
        session.scalars(select(Article)).one().title = "Von der Redaktion"

    imported([row(1)])

    with world.database.read() as session:
        article = session.scalars(select(Article)).one()
    assert (article.title, article.url, article.published_count) == (
        "Von der Redaktion", "https://zeitung.example/eins", 2,
    )  # fmt: skip
    assert [one["id"] for one in world.thread(sort="newest")["items"]] == [there["id"], str(comments(world)["1"].id)]


def test_deep_threads_are_shown_as_flat_as_ours(imported: Import, world: World) -> None:
    imported([row(1), row(2, 1), row(3, 2), row(4, 3), row(5, 4)])

    found = comments(world)
    own = {one.id: name for name, one in found.items()}
    assert {name: own.get(one.shown_under_id) for name, one in found.items()} == {
        "1": None, "2": "1", "3": "2", "4": "2", "5": "2",
    }  # fmt: skip
    assert found["5"].parent_id == found["4"].id
    assert_whole(world.database)


def test_two_sources_do_not_mix(imported: Import, world: World) -> None:
    imported([row(1)])
    ended = imported([row(1, body=sentence(9))], "--source", "altes-forum", "--json")

    assert ended.json["imported"]["published"] == 1
    with world.database.read() as session:
        assert session.scalar(select(func.count()).select_from(Comment)) == 2
        assert session.scalar(select(func.count()).select_from(Account)) == 2


EXPORTS: dict[str, Callable[[Path], list[Path]]] = {
    "wordpress": lambda folder: [_written(folder / "wxr.xml", samples.wordpress(*samples.ALL_OF_WORDPRESS))],
    "disqus": lambda folder: [_written(folder / "disqus.xml", samples.disqus(*samples.ALL_OF_DISQUS))],
    "coral": samples.coral,
    "isso": lambda folder: [samples.isso(folder / "comments.db")],
}
COMES_TO = {
    "wordpress": ("71", 2, 1, 0, {"1": "published", "2": "published", "3": "held"}),
    "disqus": ("radweg-71", 2, 0, 0, {"1": "published", "2": "published"}),
    "coral": (
        "story-71", 2, 2, 1,
        {"c1": "published", "c2": "published", "c3": "held", "c4": "held", "c5": "rejected"},
    ),
    "isso": ("radweg", 2, 1, 0, {"1": "published", "2": "published", "3": "held"}),
}  # fmt: skip


def _written(path: Path, text: str) -> Path:
    path.write_text(text, "utf-8")
    return path


@pytest.mark.parametrize("kind", EXPORTS)
def test_each_system_s_export_becomes_a_thread(imported_file: Import, world: World, tmp_path: Path, kind: str) -> None:
    article, published, held, rejected, statuses = COMES_TO[kind]
    paths = EXPORTS[kind](tmp_path)

    ended = imported_file(paths, "--json", "--base-url", "https://zeitung.example")
    again = imported_file(paths, "--json", "--base-url", "https://zeitung.example")

    assert (ended.code, ended.json["format"], ended.json["bad"]) == (0, kind, 0)
    assert ended.json["imported"] == {"published": published, "held": held, "rejected": rejected}
    assert again.json["known"] == len(statuses)
    found = comments(world)
    assert {own: one.status for own, one in found.items()} == statuses
    (thread,) = world.thread(article=article)["items"]
    assert thread["author"]["display_name"] == "Anna"
    assert len(thread["replies"]) == 1
    with world.database.read() as session:
        (page,) = session.scalars(select(Article))
    assert (page.external_id, page.title) == (article, "Der neue Radweg")
    assert page.url is not None
    assert page.url.startswith("https://zeitung.example/radweg")
    assert_whole(world.database)


def test_a_file_that_is_broken_in_the_middle_changes_nothing(
    imported_file: Import, world: World, tmp_path: Path
) -> None:
    whole = samples.wordpress(*samples.ALL_OF_WORDPRESS)
    path = _written(tmp_path / "wxr.xml", whole[: len(whole) * 3 // 4])

    ended = imported_file([path])

    assert ended.code == 1
    assert ended.err.startswith("vorab: wxr.xml, line ")
    assert comments(world) == {}


@pytest.mark.parametrize("error", [IntegrityError, OperationalError])
def test_two_imports_at_once_import_once(
    imported: Import, world: World, monkeypatch: pytest.MonkeyPatch, error: type[DBAPIError]
) -> None:
    store, is_first = importing.store, [True]

    def overtaken(session: Any, *args: Any, **options: Any) -> Any:
        if is_first.pop() if is_first else False:
            raise error("INSERT", {}, Exception("somebody was faster"))
        return store(session, *args, **options)

    monkeypatch.setattr(importing, "store", overtaken)

    assert imported([row(1)], "--json").json["imported"]["published"] == 1


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--source", "ä"), "--source takes"),
        (("--base-url", "zeitung.example"), "--base-url takes"),
        (("--base-url", "https://zeitung.example/pfad"), "--base-url takes"),
    ],
)
def test_options_that_make_no_sense_are_refused(
    imported: Import, world: World, options: tuple[str, ...], said: str
) -> None:
    ended = imported([row(1)], *options)

    assert ended.code == 1
    assert said in ended.err
    assert comments(world) == {}


def test_an_unknown_site_and_an_unknown_format_are_refused(vorab: Vorab, world: World, tmp_path: Path) -> None:
    path = tmp_path / "export.jsonl"
    path.write_text("Hallo", "utf-8")

    assert vorab("import", "demo", str(path)).code == 1
    assert vorab("import", "nobody", str(path), "--format", "vorab").code == 1


def test_numbers_follow_from_name_and_time() -> None:
    site = importing.uuid.UUID(int=5)
    first = importing.comment_id(site, "vorab", "1", THEN)

    assert first == importing.comment_id(site, "vorab", "1", THEN)
    assert first.version == 7
    assert first.variant == importing.uuid.RFC_4122
    assert first.int >> 80 == int(THEN.timestamp() * 1000)
    assert len({importing.comment_id(site, source, own, THEN) for source in "ab" for own in "12"}) == 4
    later = THEN + dt.timedelta(seconds=1)
    assert importing.comment_id(site, "z", "z", THEN) < importing.comment_id(site, "a", "a", later)


def _find(vorab: Vorab, *options: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = vorab("accounts", "imported", "demo", *options, "--json").json["authors"]
    return found


def test_an_officer_finds_imported_authors_by_what_they_were_known_by(imported: Import, vorab: Vorab) -> None:
    imported([row(1), row(2, author={"email": "bert@example.org", "name": "Bert"}), row(3, author={"name": "Bert"})])

    assert [one["name"] for one in _find(vorab, "--author-id", "anna")] == ["Anna"]
    assert [(one["name"], one["comments"]) for one in _find(vorab, "--email", "BERT@example.org")] == [("Bert", 1)]
    assert len(_find(vorab, "--name", "Bert")) == 2
    assert _find(vorab, "--email", "anna@example.org") == [], "who has a number is known by that alone"
    assert _find(vorab) == []


def test_an_officer_hands_out_and_deletes_what_an_imported_author_wrote(
    imported: Import, vorab: Vorab, world: World
) -> None:
    imported([row(1), row(2, 1, author={"name": "Bert"})])
    (anna,) = _find(vorab, "--author-id", "anna")

    handed = vorab("accounts", "export", "--id", anna["account_id"]).json
    (comment,) = handed["comments"]
    assert (comment["imported"]["id"], comment["imported"]["status"]) == ("1", "published")
    assert handed["identities"][0]["subject"] == "id:anna"
    assert vorab("accounts", "delete", "--id", anna["account_id"], "--comments", "remove", "--yes").code == 0

    before = everything(world)
    assert comments(world)["1"].status == "withdrawn"
    assert imported([row(1), row(2, 1, author={"name": "Bert"})], "--json").json["known"] == 2
    assert everything(world) == before, "who is deleted does not come back with the next import"
    assert_whole(world.database)


@pytest.mark.parametrize("options", [(), ("--email", "a@example.org", "--id", str(importing.uuid.UUID(int=1)))])
def test_an_officer_says_whose(vorab: Vorab, options: tuple[str, ...]) -> None:
    ended = vorab("accounts", "export", *options)

    assert (ended.code, ended.out) == (1, "")
    assert "one of the two" in ended.err


def test_an_operator_gives_an_imported_author_s_comments_to_a_reader(
    imported: Import, vorab: Vorab, world: World
) -> None:
    imported([row(1), row(2)])
    (anna,) = _find(vorab, "--author-id", "anna")
    reader = world.person(name="Anna heute")

    ended = vorab("accounts", "give-imported", anna["account_id"], "--email", reader.account.email, "--yes", "--json")

    assert (ended.code, ended.json["comments"]) == (0, 2)
    assert {one.author_id for one in comments(world).values()} == {reader.account.id}
    assert len(json_of(world.call("GET", "/accounts/me/comments", by=reader))["items"]) == 2
    assert world.thread()["items"][0]["author"]["display_name"] == "Anna heute"
    imported([row(3)])
    assert comments(world)["3"].author_id == reader.account.id
    assert_whole(world.database)


def test_nobody_else_s_comments_are_given_away_and_none_to_whom_has_not_confirmed(
    imported: Import, vorab: Vorab, world: World
) -> None:
    imported([row(1)])
    (anna,) = _find(vorab, "--author-id", "anna")
    reader, other = world.person(), world.person()
    with world.database.write() as session:
        accounts.get(session, other.account.id).unconfirmed = True

    def given(account_id: Any, email: str) -> int:
        return vorab("accounts", "give-imported", str(account_id), "--email", email, "--yes").code

    assert given(other.account.id, reader.account.email) == 1
    assert given(accounts.NOBODY, reader.account.email) == 1
    assert given(anna["account_id"], other.account.email) == 1
    assert given(anna["account_id"], "nobody@example.org") == 1
    assert str(comments(world)["1"].author_id) == anna["account_id"]


_BEFORE = r"BadRowError\(|BadEntry\(where, \w+, |return None, |problem=|problem = |ELSE |else |THEN |, "
_REASON = rf"""(?:{_BEFORE})["']([a-z]+_[a-z0-9_]+)["']"""
_SECTION = r"""section\([^"]*"(\w+)"\)"""


def test_every_reason_why_a_row_is_bad_has_words() -> None:
    folder = Path(entries.__file__).parent
    code = "".join(path.read_text("utf-8") for path in folder.glob("*.py") if path.name != "formats.py")
    named = set(re.findall(_REASON, code)) - {"post_id"}
    named |= {f"invalid_{name}" for name in re.findall(_SECTION, code)}

    assert {"not_json", "unknown_parent", "parent_cycle", "future_date", "invalid_metadata"} <= named
    assert named - set(importing_command._PROBLEMS) == set()
