"""``vorab`` as an operator and a script use it: what it says, what it changes, and how it ends."""

from __future__ import annotations

import base64
import hashlib
import json
from pathlib import Path
from typing import Any

import pyotp
import pytest
from sqlalchemy import func, select, text

from api import cli, migrating
from api.app import utc_now
from moderation import accounts, articles, second_factor, sites
from moderation.db import Database
from moderation.errors import InvalidInputError
from moderation.models import Account, Comment, Decision, Role, SitePolicy, Status
from moderation.policies import Policy, WordLists, policy_from_json
from moderation.sealing import Sealer
from tests.fakes import FakeClassifier
from tests.integration.conftest import Ended, Vorab
from tests.world import ARTICLE, World

PASSWORD = "ein langes Kennwort"


@pytest.fixture
def with_site(vorab: Vorab) -> None:
    assert vorab("sites", "create", "--key", "blatt", "--name", "Das Blatt").code == 0


def commands(group: Any = cli.vorab, path: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    found = [path]
    for name in group.list_commands(None) if hasattr(group, "list_commands") else ():
        found += commands(group.get_command(None, name), (*path, name))
    return found


@pytest.mark.parametrize("path", commands(), ids=" ".join)
def test_every_command_has_help_that_says_what_it_is_for(
    path: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        cli.main([*path, "--help"])

    shown = capsys.readouterr().out
    assert ended.value.code == 0
    assert shown.startswith(" ".join(["Usage: vorab", *path]))
    described = shown.split("\n\n")[1].strip()
    assert described.endswith((".", ".md."))


def test_the_commands_that_are_promised_are_there() -> None:
    assert {
        ("serve",),
        ("demo",),
        ("db", "upgrade"),
        ("accounts", "create"),
        ("sites", "create"),
        ("rescreen",),
    } <= set(commands())


@pytest.mark.parametrize(
    "arguments",
    [
        ("no-such-command",),
        ("accounts", "create"),
        ("accounts", "create", "--email", "a@example.org", "--display-name", "A", "--role", "king"),
        ("serve", "--port", "70000"),
        ("sites", "set-policy", "blatt", "no-such-file.json"),
        ("rescreen",),
    ],
)
def test_a_wrong_command_line_ends_with_2_and_says_why(vorab: Vorab, arguments: tuple[str, ...]) -> None:
    ended = vorab(*arguments)

    assert ended.code == 2
    assert "Error: " in ended.err


def test_without_settings_nothing_starts_and_all_that_is_missing_is_named(
    vorab: Vorab, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("VORAB_SECRET_KEY")
    monkeypatch.setenv("VORAB_SCREENING_THREADS", "0")

    ended = vorab("sites", "list")

    assert ended.code == 1
    assert "VORAB_SECRET_KEY" in ended.err
    assert "VORAB_SCREENING_THREADS" in ended.err


def test_staff_is_made_with_a_password_from_standard_input(vorab: Vorab, database: Database, with_site: None) -> None:
    ended = vorab(
        *("accounts", "create", "--email", "Mod@Example.org", "--display-name", "Maria", "--role", "moderator"),
        *("--site", "blatt", "--password-stdin", "--json"),
        stdin=f"{PASSWORD}\n",
    )

    assert ended.code == 0
    assert ended.json["email"] == "Mod@example.org"
    assert (ended.json["role"], ended.json["sites"]) == ("moderator", ["blatt"])
    with database.read() as session:
        made = accounts.demand_by_email(session, "mod@example.org")
        assert str(made.id) == ended.json["id"]
        actor = accounts.actor_for(session, made)
        assert actor.sites == {sites.by_key(session, "blatt").id}


def test_an_operator_at_the_keyboard_is_asked_twice_for_the_password(
    vorab: Vorab, monkeypatch: pytest.MonkeyPatch
) -> None:
    typed = iter([PASSWORD, PASSWORD])
    monkeypatch.setattr("click.termui.hidden_prompt_func", lambda _prompt: next(typed))

    ended = vorab("accounts", "create", "--email", "chef@example.org", "--display-name", "Chef", "--role", "admin")

    assert ended.code == 0
    assert ended.out.splitlines()[-1] == "Made admin Chef <chef@example.org>."
    assert list(typed) == []


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"--email": "keine Adresse"}, "email"),
        ({"--role": "moderator"}, "site"),
        ({"--site": "anderswo", "--role": "moderator"}, "no such site"),
        ({"--email": "da@example.org"}, "exists already"),
    ],
)
def test_staff_that_cannot_be_made_is_not_made(
    vorab: Vorab, database: Database, changed: dict[str, str], said: str
) -> None:
    wish = {"--email": "da@example.org", "--display-name": "Da", "--role": "admin"}
    flat = [part for pair in wish.items() for part in pair]
    assert vorab("accounts", "create", *flat, "--password-stdin", stdin=PASSWORD).code == 0

    other = [part for pair in {**wish, "--email": "neu@example.org", **changed}.items() for part in pair]
    ended = vorab("accounts", "create", *other, "--password-stdin", stdin=PASSWORD)

    assert ended.code == 1
    assert ended.err.startswith("vorab: ")
    assert said in ended.err
    with database.read() as session:
        assert session.scalar(select(func.count()).select_from(Account)) == 1


def test_a_password_that_is_too_easy_is_refused_in_words(vorab: Vorab) -> None:
    ended = vorab(
        *("accounts", "create", "--email", "a@example.org", "--display-name", "Anna", "--role", "admin"),
        "--password-stdin",
        stdin="password1\n",
    )

    assert ended.code == 1
    assert ended.err == "vorab: password: This password is too easy to guess.\n"


def test_a_role_is_changed_and_the_last_admin_stays(vorab: Vorab, world: World, database: Database) -> None:
    admin = world.person(Role.ADMIN)
    reader = world.person()

    made = vorab(
        *("accounts", "set-role", "--email", reader.account.email, "--role", "moderator", "--site", "demo"), "--json"
    )
    refused = vorab("accounts", "set-role", "--email", admin.account.email, "--role", "reader")

    assert (made.code, made.json["role"], made.json["sites"]) == (0, "moderator", ["demo"])
    assert (refused.code, refused.err) == (1, "vorab: At least one account must remain an administrator.\n")
    with database.read() as session:
        assert accounts.get(session, admin.account.id).role == Role.ADMIN


def test_an_author_is_suspended_and_let_in_again(vorab: Vorab, world: World) -> None:
    reader = world.person()
    named = ("--email", reader.account.email, "--site", "demo")

    suspended = vorab("accounts", "set-standing", *named, "--standing", "suspended", "--days", "3")
    rejected = world.comment(reader)
    vorab("accounts", "set-standing", *named, "--standing", "good")
    published = world.comment(reader, "Ein anderer, ebenfalls sachlicher Beitrag.")

    assert "until " in suspended.out
    assert (rejected["status"], published["status"]) == ("rejected", "published")
    assert [reason["code"] for reason in rejected["reasons"]] == ["author_suspended"]


def test_a_suspension_has_an_end_and_a_ban_has_none(vorab: Vorab, world: World) -> None:
    reader = world.person()
    named = ("accounts", "set-standing", "--email", reader.account.email, "--site", "demo")

    endless = vorab(*named, "--standing", "suspended")
    ending = vorab(*named, "--standing", "banned", "--days", "3")
    banned = vorab(*named, "--standing", "banned", "--reason", "threat", "--note", "Das war zu viel.")

    assert (endless.code, ending.code, banned.code) == (1, 1, 0)
    assert "--days" in endless.err
    assert world.call("GET", "/accounts/me", by=reader).status_code == 401


def test_moderators_cannot_be_suspended(vorab: Vorab, world: World) -> None:
    moderator = world.person(Role.MODERATOR, "demo")

    ended = vorab(
        *("accounts", "set-standing", "--email", moderator.account.email, "--site", "demo", "--standing", "banned")
    )

    assert ended.code == 1
    assert "change their role first" in ended.err


def test_d8_the_tag_of_a_site_is_printed_with_the_hash_of_the_script_that_is_served(
    vorab: Vorab, monkeypatch: pytest.MonkeyPatch, world: World
) -> None:
    monkeypatch.setenv("VORAB_BASE_URL", "https://comments.example.com")
    world.site("blatt")
    printed = vorab("sites", "tag", "blatt").out.splitlines()

    assert printed[0].startswith('<script src="https://comments.example.com/embed.js" data-site="blatt" ')
    _, address, _, integrity, *_ = printed[1].split('"')
    served = world.client.get(address.removeprefix("https://comments.example.com")).data
    assert integrity == "sha384-" + base64.b64encode(hashlib.sha384(served).digest()).decode()
    assert vorab("sites", "tag", "no-such-site").code != 0


@pytest.mark.parametrize("name", ["", "  ", "Das\nBlatt", "Das\u202eBlatt"])
def test_a_site_has_a_name_of_one_plain_line(vorab: Vorab, name: str) -> None:
    refused = vorab("sites", "create", "--key", "blatt", "--name", name)

    assert refused.code != 0
    assert vorab("sites", "list", "--json").json == {"sites": []}


def test_sites_are_made_listed_and_given_other_origins(vorab: Vorab) -> None:
    made = vorab(
        *("sites", "create", "--key", "blatt", "--name", "Das Blatt", "--language", "en"),
        *("--origin", "https://blatt.example", "--json"),
    )
    again = vorab("sites", "create", "--key", "blatt", "--name", "Noch eins")
    wrong = vorab("sites", "create", "--key", "anderes", "--name", "x", "--origin", "https://blatt.example/pfad")
    broken = vorab("sites", "set-origins", "blatt", "https://[")
    moved = vorab("sites", "set-origins", "blatt", "https://neu.example", "http://localhost:3000", "--json")
    forgotten = vorab("sites", "set-origins", "blatt")
    emptied = vorab("sites", "set-origins", "blatt", "--none")
    listed = vorab("sites", "list")

    assert made.json == {
        "key": "blatt",
        "name": "Das Blatt",
        "language": "en",
        "origins": ["https://blatt.example"],
    }
    assert (again.code, again.err) == (1, "vorab: site exists already\n")
    assert wrong.code == 1
    assert (broken.code, broken.err[:7]) == (1, "vorab: ")
    assert "https://blatt.example/pfad" in wrong.err or "allowed_origins" in wrong.err
    assert moved.json["origins"] == ["https://neu.example", "http://localhost:3000"]
    assert (forgotten.code, forgotten.out) == (2, "")
    assert emptied.out == "blatt allows: no origin.\n"
    assert listed.out.startswith("blatt  Das Blatt")
    assert vorab("sites", "list", "--json").json["sites"][0]["origins"] == []


def test_an_installation_without_sites_says_so(vorab: Vorab) -> None:
    assert vorab("sites", "list").out == "There are no sites yet.\n"


def test_a_policy_is_changed_in_part_and_the_earlier_one_is_kept(
    vorab: Vorab, database: Database, with_site: None, tmp_path: Path
) -> None:
    file = tmp_path / "policy.json"
    file.write_text(json.dumps({"max_links": 0, "word_lists": {"banned": ["Vollpfosten"]}}), encoding="utf-8")

    ended = vorab("sites", "set-policy", "blatt", str(file), "--json")

    assert ended.json == {"number": 2, "changed": ["word_lists", "max_links"]}
    shown = vorab("sites", "policy", "blatt", "--json").json
    assert shown == {
        "number": 2,
        "policy": Policy(max_links=0, word_lists=WordLists(banned=("Vollpfosten",))).as_json(),
    }
    assert json.loads(vorab("sites", "policy", "blatt").out) == shown["policy"]
    with database.read() as session:
        assert session.scalar(select(func.count()).select_from(SitePolicy)) == 2


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("{", "is no JSON"),
        ("[]", "must hold a JSON object"),
        ('{"max_linkss": 1}', "policy.max_linkss"),
        ('{"shown_depth": 1000}', "policy.shown_depth"),
    ],
)
def test_a_policy_that_makes_no_sense_is_not_put_in_force(
    vorab: Vorab, with_site: None, tmp_path: Path, content: str, said: str
) -> None:
    file = tmp_path / "policy.json"
    file.write_text(content, encoding="utf-8")

    ended = vorab("sites", "set-policy", "blatt", str(file))

    assert ended.code == 1
    assert said in ended.err
    assert vorab("sites", "policy", "blatt", "--json").json["number"] == 1


def test_the_schema_can_be_asked_for_taken_back_and_brought_up_again(vorab: Vorab) -> None:
    newest = migrating.newest()

    fresh = vorab("db", "status", "--json")
    try:
        emptied = vorab("db", "downgrade", "base", "--json")
        old = vorab("db", "status")
        unusable = vorab("sites", "list")
        refused = vorab("serve", "--port", "0")
    finally:
        upgraded = vorab("db", "upgrade")

    assert (fresh.code, fresh.json) == (0, {"revision": newest, "newest": newest})
    assert (emptied.code, emptied.json) == (0, {"revision": None})
    assert (old.code, old.out) == (1, f"The database is at revision None, the newest is {newest}.\n")
    assert unusable.code == 1
    assert "did `vorab db upgrade` run?" in unusable.err
    assert refused.code == 1
    assert "run `vorab db upgrade` first" in refused.err
    assert upgraded.out == f"The database is at revision {newest}.\n"


def test_the_previous_release_starts_again_while_a_later_one_is_put_in_its_place(
    vorab: Vorab, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs: list[bool] = []
    monkeypatch.setattr("api.server.Server.run", lambda _server: runs.append(True))
    newest = migrating.newest()
    _set_revision(database, "9999")
    try:
        upgraded = vorab("db", "upgrade", "--json")
        served = vorab("serve", "--port", "0")
    finally:
        _set_revision(database, newest)

    assert (upgraded.code, upgraded.json) == (0, {"revision": "9999"})
    assert (served.code, runs) == (0, [True])


def test_a_policy_of_a_later_release_holds_as_far_as_it_is_known(world: World) -> None:
    world.set_policy(Policy(max_length=50))
    with world.database.write() as session:
        stored = session.scalars(select(SitePolicy).order_by(SitePolicy.number.desc()).limit(1)).one()
        later = {**stored.policy, "of_the_future": [1]}
        session.add(
            SitePolicy(site_id=stored.site_id, number=stored.number + 1, policy=later, created_at=world.clock())
        )

    own, long = (world.post(world.person(), text) for text in ("Ein sachlicher Beitrag.", "Ein Beitrag. " * 5))

    assert (own.status_code, long.status_code) == (201, 422)
    with pytest.raises(InvalidInputError):
        policy_from_json(later)


def _set_revision(database: Database, revision: str) -> None:
    with database.write() as session:
        session.execute(text("UPDATE alembic_version SET version_num = :revision"), {"revision": revision})


def test_a_revision_that_is_none_is_refused(vorab: Vorab) -> None:
    ended = vorab("db", "downgrade", "nonsense")

    assert (ended.code, ended.err) == (1, "vorab: Can't locate revision identified by 'nonsense'\n")


def test_the_demo_is_loaded_once_and_never_beside_a_real_site(
    vorab: Vorab, database: Database, classifier: FakeClassifier, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("api.cli.demo.load", lambda _settings: classifier)

    loaded = vorab("demo", "--json")
    with database.read() as session:
        comments = session.scalar(select(func.count()).select_from(Comment))
    again = vorab("demo", "--quiet", "--origin", "http://127.0.0.1:9000")
    in_words = vorab("demo")
    with database.read() as session:
        assert session.scalar(select(func.count()).select_from(Comment)) == comments
        assert "http://127.0.0.1:9000" in sites.by_key(session, "demo").allowed_origins
    vorab("sites", "create", "--key", "blatt", "--name", "Das Blatt")
    refused = vorab("demo")

    assert {account["role"] for account in loaded.json["accounts"]} == {"reader", "moderator", "admin"}
    assert (again.code, again.out) == (0, "")
    assert "moderation@example.org" in in_words.out
    assert refused.code == 1
    assert "blatt" in refused.err


def rescreened(vorab: Vorab, world: World, monkeypatch: pytest.MonkeyPatch, *arguments: str) -> Ended:
    monkeypatch.setattr("api.cli.rescreen.load", lambda _settings: world.classifier)
    return vorab("rescreen", "demo", *arguments)


def test_rescreening_shows_what_would_change_and_changes_it_only_when_told(
    vorab: Vorab, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    reader, moderator = world.person(), world.person(Role.MODERATOR, "demo")
    harsh = world.comment(reader, "Was für ein Quatschkopf schreibt so etwas?")
    fine = world.comment(reader, "Das sehe ich im Grunde genauso wie Sie.")
    judged = world.comment(reader, "Noch so ein Quatschkopf, möchte man meinen.")
    world.review(judged, "publish", moderator)
    world.classifier.words = ("quatschkopf",)

    looked = rescreened(vorab, world, monkeypatch, "--json")
    untouched = world.queue_item(harsh["id"], moderator)["status"]
    applied = rescreened(vorab, world, monkeypatch, "--apply")

    assert looked.json["changes"] == [
        {"comment_id": harsh["id"], "from": "published", "to": "held", "reasons": "toxicity"}
    ]
    assert looked.json["model"] == {"name": "fake", "digest": "f" * 64}
    assert looked.json["moves"] == {"published -> held": 1}
    assert (looked.json["same"], looked.json["changed"], untouched) == (2, 1, "published")
    assert applied.out.splitlines() == [
        f"{harsh['id']}  published -> held  toxicity",
        "published -> held: 1",
        "3 screened again by fake, 1 changed, 0 failed.",
    ]
    statuses = [world.queue_item(one["id"], moderator)["status"] for one in (harsh, fine, judged)]
    assert statuses == ["held", "published", "published"]
    with world.database.read() as session:
        latest = session.scalars(select(Decision).order_by(Decision.id.desc()).limit(1)).one()
        assert (latest.actor_id, latest.to_status) == (None, Status.HELD)


def test_rescreening_overrules_neither_readers_nor_what_a_site_asks_of_authors_and_articles(
    vorab: Vorab, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    moderator, known, flagger = world.person(Role.MODERATOR, "demo"), world.person(), world.person()
    world.set_policy(Policy(premoderate_first=1, flags_to_hold=1))
    world.review(world.comment(known), "publish", moderator)
    fine = world.comment(known, "Das sehe ich im Grunde genauso wie Sie.")
    flagged = world.comment(known, "Darüber lässt sich im Grunde streiten.")
    world.call("POST", f"/comments/{flagged['id']}/flags", {"reason": "spam"}, by=flagger)
    new = world.comment(world.person(), "Ich lese hier schon lange mit und schreibe zum ersten Mal.")
    world.set_policy(Policy(premoderate_first=2))

    ended = rescreened(vorab, world, monkeypatch, "--apply")

    statuses = [world.queue_item(one["id"], moderator)["status"] for one in (fine, flagged, new)]
    assert statuses == ["published", "held", "held"]
    assert ended.out == "4 screened again by fake, 0 changed, 0 failed.\n"


def test_rescreening_leaves_held_what_stands_under_a_premoderated_article(
    vorab: Vorab, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    with world.database.write() as session:
        articles.find_or_create(session, sites.by_key(session, "demo"), ARTICLE, now=utc_now()).premoderated = True
    comment = world.comment(world.person())

    rescreened(vorab, world, monkeypatch, "--apply")

    assert world.queue_item(comment["id"], world.person(Role.ADMIN))["status"] == "held"


def test_rescreening_counts_what_cannot_be_scored_and_leaves_it(
    vorab: Vorab, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.comment(world.person())
    monkeypatch.setattr(FakeClassifier, "score", lambda *_: [{}])

    ended = rescreened(vorab, world, monkeypatch)

    assert ended.code == 0
    assert ended.out == "0 screened again by fake, 0 would change (--apply changes them), 1 failed.\n"


def test_rescreening_a_long_list_shows_its_beginning_and_says_where_the_rest_is(
    vorab: Vorab, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(22):
        world.comment(world.person(), f"Beitrag Nummer {number}: lauter Quatschkopf und sonst nichts.")
    world.classifier.words = ("quatschkopf",)

    lines = rescreened(vorab, world, monkeypatch).out.splitlines()

    assert len(lines) == 23
    assert lines[21:] == [
        "published -> held: 22",
        "22 screened again by fake, 22 would change (--apply changes them), 0 failed.",
    ]
    assert lines[20] == "… and 2 more (--json lists all)"


def test_rescreening_an_unknown_site_is_refused(vorab: Vorab, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("api.cli.rescreen.load", lambda _settings: world.classifier)

    assert vorab("rescreen", "anderswo").code == 1


def test_a_lost_second_factor_is_turned_off_by_an_operator(vorab: Vorab, database: Database) -> None:
    flat = ("--email", "a@example.org", "--display-name", "A", "--role", "admin", "--password-stdin")
    assert vorab("accounts", "create", *flat, stdin=PASSWORD).code == 0
    with database.write() as session:
        account = accounts.demand_by_email(session, "a@example.org")
        now = account.created_at
        sealer = Sealer("k" * 32)
        begun = second_factor.begin(session, sealer, account, issuer="x", now=now)
        second_factor.confirm(session, sealer, account, pyotp.TOTP(begun.secret).at(now), now=now)
        assert second_factor.is_on(session, account.id)

    assert vorab("accounts", "reset-second-factor", "--email", "a@example.org").code == 0

    with database.read() as session:
        assert second_factor.state(session, account.id) == second_factor.State(False, 0)


def test_an_address_whose_letter_did_not_arrive_is_confirmed_by_an_operator(vorab: Vorab, database: Database) -> None:
    wish = accounts.NewAccount("ada@example.org", "Ada", "x", must_confirm=True)
    with database.write() as session:
        accounts.register(session, wish, now=utc_now())

    result = vorab("accounts", "confirm", "--email", "ada@example.org", "--json")

    assert (result.code, result.json["comments"]) == (0, 0)
    with database.read() as session:
        assert not accounts.demand_by_email(session, "ada@example.org").unconfirmed


def test_a_database_that_is_away_is_named_in_one_line(vorab: Vorab, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VORAB_DATABASE_URL", "postgresql+psycopg://vorab:geheim@127.0.0.1:1/vorab")

    ended = vorab("sites", "list")

    assert ended.code == 1
    assert ended.err.startswith("vorab: the database refused: ")
    assert ended.err.count("\n") == 1
    assert "geheim" not in ended.err
