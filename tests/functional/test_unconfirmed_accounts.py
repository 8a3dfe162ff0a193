"""Control L3: an account whose address nobody confirms is deleted in time (decision 46)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Event, Semaphore
from typing import Any

import pytest
from sqlalchemy import select
from structlog.testing import capture_logs

from api import logs
from api import settings as settings_module
from api.maintenance import Maintenance
from api.settings import SettingsError
from moderation import accounts, addresses, erasure, forgetting, publication, retention, sessions
from moderation.accounts import NOBODY
from moderation.models import Account, AddressConfirmation, OutboxMessage, Role
from tests import parallel
from tests.functional.test_addresses import ADA, PASSWORD, confirm, join, resend, settle
from tests.functional.test_controls_l import everything, rows_of
from tests.integrity import assert_whole
from tests.postbox import Postbox, plain, token_in
from tests.sentences import CALM, sentence
from tests.site_tokens import shared_key
from tests.world import ORIGIN, Person, World, json_of


@pytest.fixture
def world(make_world: Callable[..., World]) -> World:
    made = make_world(verify_addresses=True, keep_unconfirmed=dt.timedelta(days=10))
    made.site(policy=CALM)
    return made


@pytest.fixture
def postbox(world: World) -> Postbox:
    return Postbox(world)


def tidy(world: World, **later: float) -> None:
    world.clock.move(**later)
    Maintenance(world.services, Postbox(world)).tidy()


def is_there(world: World, who: Person) -> bool:
    with world.database.read() as session:
        found = session.get(Account, who.account.id)
        return found is not None and found.leaving is None


def kinds_of_letters(world: World) -> list[str]:
    with world.database.read() as session:
        return list(session.scalars(select(OutboxMessage.kind)))


def fresh_token(world: World, postbox: Postbox, who: Person, *, after_days: float) -> str:
    """The token of a letter that was asked for after so long."""
    world.clock.move(days=after_days)
    postbox.empty()
    assert resend(world, who).status_code == 202
    return token_in(postbox.empty()[-1])


def test_l3_an_account_that_nobody_confirms_goes_after_its_period(world: World, postbox: Postbox) -> None:
    ada = join(world)
    world.comment(ada, sentence(0))
    world.call("POST", "/password-resets", {"email": ADA})
    postbox.empty()
    outcome = resend(world, ada)
    assert outcome.status_code == 202

    tidy(world, days=10, minutes=-2)
    assert is_there(world, ada)
    tidy(world, minutes=2)

    stored = everything(world)
    for trace in (str(ada.account.id), ada.account.id.hex, ADA, "Ada", sentence(0)):
        assert trace not in stored, trace
    assert not any(rows_of(world, ada.account.id).values())
    assert world.call("GET", "/accounts/me", by=ada).status_code == 401
    assert_whole(world.database)


def test_l3_nobody_is_written_to_again(world: World, postbox: Postbox) -> None:
    ada = join(world)
    postbox.empty()
    world.clock.move(days=9)
    assert resend(world, ada).status_code == 202
    assert "address_confirmation" in kinds_of_letters(world)

    tidy(world, days=1)

    assert kinds_of_letters(world) == []
    assert postbox.empty() == []


def test_l3_what_a_moderator_published_stays_as_nobodys_and_their_votes_go(world: World) -> None:
    ada, moderator = join(world), world.person(Role.MODERATOR, "demo")
    shown, _, refused = (world.comment(ada, sentence(at)) for at in range(3))
    world.review(shown, "publish", moderator)
    world.review(refused, "reject", moderator, reason_code="insult", note="Liebe Ada, so nicht.")
    of_another = world.comment(moderator, sentence(3))
    world.call("PUT", f"/comments/{of_another['id']}/vote", {"value": 1}, by=ada)
    flag = {"reason": "spam", "text": "Ich, Ada, halte das für Werbung."}
    world.call("POST", f"/comments/{of_another['id']}/flags", flag, by=ada)
    world.sanction(ada, "ban")

    tidy(world, days=10)

    assert not is_there(world, ada)
    thread = {item["id"]: item for item in world.thread()["items"]}
    assert set(thread) == {shown["id"], of_another["id"]}
    assert thread[shown["id"]]["author"] == {"id": str(NOBODY), "display_name": "Gelöschtes Konto", "is_staff": False}
    assert thread[of_another["id"]]["score"] == 0
    admin = world.person(Role.ADMIN)
    history = json_of(world.call("GET", f"/comments/{refused['id']}/decisions", by=admin))["items"]
    assert [one["action"] for one in history][:2] == ["hold", "reject"]
    assert world.queue_item(of_another["id"], admin)["flags"][0]["text"] is None
    stored = everything(world)
    for trace in ("Ada", sentence(1), sentence(2)):
        assert trace not in stored, trace
    assert_whole(world.database)


def test_l3_whoever_registers_the_address_again_has_a_fresh_account(world: World, postbox: Postbox) -> None:
    ada = join(world)
    world.comment(ada, sentence(0))
    old = fresh_token(world, postbox, ada, after_days=9)
    tidy(world, days=1)

    anew = join(world)
    assert anew.account.id != ada.account.id
    assert json_of(confirm(world, old))["code"] == "invalid_token"
    assert confirm(world, token_in(postbox.empty()[0])).status_code == 204

    found = json_of(world.call("GET", "/accounts/me/export", by=anew))
    assert (found["comments"], found["account"]["unconfirmed"]) == ([], False)


def test_l3_nobody_else_is_touched(world: World, postbox: Postbox) -> None:
    confirmed = join(world, "confirmed@example.org")
    assert confirm(world, token_in(postbox.empty()[0])).status_code == 204
    wish = {"email": "neu@example.org", "current_password": PASSWORD}
    assert world.call("PUT", "/accounts/me/email", wish, by=confirmed).status_code == 202
    reset = join(world, "reset@example.org")
    postbox.empty()
    world.call("POST", "/password-resets", {"email": "reset@example.org"})
    chosen = {"token": token_in(postbox.empty()[0]), "password": "Birkenrinde im Regen"}
    assert world.call("POST", "/password-resets/completions", chosen).status_code == 204
    promoted = join(world, "promoted@example.org")
    with world.database.write() as session:
        accounts.change_role(session, "promoted@example.org", Role.MODERATOR, ("demo",))
    token = shared_key(world).token(sub="17", email="vouched@example.org")
    origin = {"Origin": ORIGIN}
    assert world.call("POST", "/sites/demo/sessions", {"token": token}, headers=origin).status_code == 201
    others = [world.person(), world.person(Role.MODERATOR, "demo"), world.person(Role.ADMIN)]
    erasure.erase_account(world.database, world.person().account.id, erasure.Fate.KEEP, now=world.clock())

    def there() -> set[Any]:
        with world.database.read() as session:
            return set(session.scalars(select(Account.id)))

    before = there()
    assert {confirmed.account.id, reset.account.id, promoted.account.id, *(one.account.id for one in others)} < before
    assert len(before) == 8, "one of a site, and nobody"

    tidy(world, days=400)

    assert there() == before


def test_l3_the_period_holds_where_confirming_was_turned_off_since(
    world: World, make_world: Callable[..., World]
) -> None:
    ada = join(world)
    without = make_world(verify_addresses=False, keep_unconfirmed=dt.timedelta(days=10))
    bea = join(without, "bea@example.org")

    tidy(without, days=11)

    assert not is_there(world, ada)
    assert is_there(world, bea)


def test_l3_many_go_one_by_one_and_how_many_is_logged(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("moderation.erasure._ACCOUNTS_AT_ONCE", 2)
    people = [join(world, f"person{number}@example.org") for number in range(5)]
    world.clock.move(days=5)
    young = join(world, "young@example.org")
    world.clock.move(days=5)

    logs.configure("info")
    with capture_logs() as lines:
        tidy(world)

    assert [is_there(world, person) for person in (*people, young)] == [False] * 5 + [True]
    assert [line["accounts"] for line in lines if line["event"] == "unconfirmed_accounts_erased"] == [5]
    erased = [line for line in lines if line["event"] == "account_erased"]
    assert {line["account_id"] for line in erased} == {str(person.account.id) for person in people}
    assert {line["reason"] for line in erased} == {"address_never_confirmed"}
    with capture_logs() as lines:
        tidy(world)
    assert lines == []


def test_l3_what_was_begun_when_the_process_died_is_completed(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    ada = join(world)
    world.comment(ada, sentence(0))

    def die(*given: Any, **named: Any) -> None:
        raise RuntimeError("killed")

    with monkeypatch.context() as patched:
        patched.setattr(erasure, "_go_on", die)
        with pytest.raises(RuntimeError):
            tidy(world, days=10)
    assert ADA not in everything(world)

    tidy(world)

    assert not any(rows_of(world, ada.account.id).values())
    assert_whole(world.database)


def test_l3_who_confirms_before_the_account_is_locked_keeps_it(
    world: World, postbox: Postbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was on the list already."""
    ada, erase_if = join(world), erasure._erase_if
    written = world.comment(ada, sentence(0))
    token = fresh_token(world, postbox, ada, after_days=9)
    answers = []

    def confirm_first(*given: Any, **named: Any) -> bool:
        answers.append(confirm(world, token).status_code)
        return erase_if(*given, **named)

    monkeypatch.setattr(erasure, "_erase_if", confirm_first)
    tidy(world, days=1)

    assert answers == [204]
    assert is_there(world, ada)
    assert settle(world, ada, written)["status"] == "published"
    assert kinds_of_letters(world).count("account_deleted") == 0


@pytest.mark.parametrize("way", ["letter", "new password"])
def test_l3_who_is_just_confirming_is_waited_for(
    world: World, postbox: Postbox, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    """The letter's token is used up and nothing is written down yet when the deletion comes."""
    ada, prove = join(world), addresses.prove
    work = proof(world, postbox, ada, way)
    reached, go_on = Event(), Event()

    def prove_late(*given: Any, **named: Any) -> Any:
        reached.set()
        assert go_on.wait(20)
        return prove(*given, **named)

    monkeypatch.setattr(addresses, "prove", prove_late)
    with ThreadPoolExecutor(2) as pool:
        confirming = pool.submit(work)
        assert reached.wait(20)
        tidying = pool.submit(tidy, world)
        with pytest.raises(TimeoutError):
            tidying.result(timeout=0.5)
        go_on.set()
        assert confirming.result(timeout=30) == 204
        tidying.result(timeout=30)

    assert is_there(world, ada)
    assert "account_deleted" not in kinds_of_letters(world)
    assert_whole(world.database)


def proof(world: World, postbox: Postbox, ada: Person, way: str) -> Callable[[], int]:
    """One of the two ways to show that one reads what is sent to the address, begun before the period is over."""
    world.clock.move(days=10, minutes=-30)
    postbox.empty()
    if way == "letter":
        resend(world, ada)
    else:
        world.call("POST", "/password-resets", {"email": ADA})
    token = token_in(postbox.empty()[0])
    world.clock.move(minutes=30)
    path = {"letter": "/address-confirmations", "new password": "/password-resets/completions"}[way]
    wish = {"token": token} if way == "letter" else {"token": token, "password": "Birkenrinde im Regen"}
    return lambda: world.call("POST", path, wish).status_code


@pytest.mark.parametrize("way", ["letter", "new password"])
@pytest.mark.parametrize(
    ("module", "name"),
    [(publication, "renew_all_of"), (forgetting, "forget_texts"), (publication, "renew")],
    ids=["the person goes", "the account is about to go", "the account has gone"],
)
def test_l3_who_confirms_while_the_account_is_deleted_is_too_late_and_nothing_is_half_done(
    world: World, postbox: Postbox, monkeypatch: pytest.MonkeyPatch, way: str, module: Any, name: str
) -> None:
    """In the first transaction the person goes, in the second one the row, and with it the letters' tokens: whoever
    used a token up before they locked the account would wait for the deletion, and it for them."""
    ada = join(world)
    world.comment(ada, sentence(0))
    work = proof(world, postbox, ada, way)
    reached, go_on = Event(), Event()
    held_up = getattr(module, name)

    def wait(*given: Any, **named: Any) -> Any:
        if not reached.is_set():
            reached.set()
            assert go_on.wait(20)
        return held_up(*given, **named)

    monkeypatch.setattr(module, name, wait)
    with ThreadPoolExecutor(2) as pool:
        tidying = pool.submit(tidy, world)
        assert reached.wait(20)
        confirming = pool.submit(work)
        with pytest.raises(TimeoutError):
            confirming.result(timeout=0.5)
        go_on.set()
        tidying.result(timeout=30)
        assert confirming.result(timeout=30) == 400

    assert not any(rows_of(world, ada.account.id).values())
    assert "password_changed" not in kinds_of_letters(world)
    assert ADA not in everything(world)
    assert_whole(world.database)


def test_l3_no_letter_is_promised_to_an_account_that_is_being_deleted(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its holder was asked who they are a moment before."""
    ada, authenticate = join(world), sessions.authenticate

    def authenticate_and_delete(*given: Any, **named: Any) -> Any:
        found = authenticate(*given, **named)
        erasure.erase_account(world.database, ada.account.id, erasure.Fate.KEEP, now=world.clock(), steps=0)
        return found

    monkeypatch.setattr(sessions, "authenticate", authenticate_and_delete)

    assert json_of(resend(world, ada))["code"] == "not_signed_in"


def test_l3_many_confirm_while_two_processes_delete(world: World, postbox: Postbox) -> None:
    people = [join(world, f"person{number}@example.org") for number in range(8)]
    written = [world.comment(person, sentence(number)) for number, person in enumerate(people)]
    world.clock.move(days=9)
    postbox.empty()
    tokens = []
    for person in people:
        resend(world, person)
        (letter,) = postbox.empty()
        tokens.append(token_in(letter))
    world.clock.move(days=1)

    answers = parallel.at_once(
        [lambda token=token: confirm(world, token).status_code for token in tokens]
        + [lambda: tidy(world), lambda: tidy(world)]
    )

    assert set(answers) <= {204, 400, None}
    tidy(world)
    for person, comment, status in zip(people, written, answers, strict=False):
        assert is_there(world, person) == (status == 204)
        if status == 204:
            assert settle(world, person, comment)["status"] == "published"
    with world.database.read() as session:
        assert not session.scalars(select(Account.id).where(Account.leaving.is_not(None))).all()
        assert not session.scalars(select(AddressConfirmation.account_id)).all()
    assert_whole(world.database)


def test_l3_a_running_server_does_it_by_itself_and_screens_meanwhile(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    ada, enforce = join(world), retention.enforce
    world.clock.move(days=10)
    swept, enforced = Semaphore(0), Event()

    def enforce_late(*given: Any, **named: Any) -> Any:
        for _ in range(3):
            assert swept.acquire(timeout=20)
        kept = enforce(*given, **named)
        enforced.set()
        return kept

    monkeypatch.setattr(retention, "enforce", enforce_late)
    monkeypatch.setattr(Maintenance, "sweep", lambda _self: swept.release())
    maintenance = Maintenance(world.services, Postbox(world), interval_s=0.01)
    maintenance.start()
    try:
        assert enforced.wait(60)
    finally:
        maintenance.stop()

    assert not is_there(world, ada)


def test_the_period_is_a_setting(make_world: Callable[..., World], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VORAB_SECRET_KEY", "s" * 32)
    assert settings_module.read().keep_unconfirmed == dt.timedelta(days=30)
    monkeypatch.setenv("VORAB_KEEP_UNCONFIRMED_DAYS", "3")
    chosen = settings_module.read().keep_unconfirmed
    assert make_world(keep_unconfirmed=chosen).services.periods.unconfirmed == dt.timedelta(days=3)

    monkeypatch.setenv("VORAB_KEEP_UNCONFIRMED_DAYS", "2")  # The letter's link is good for longer.
    with pytest.raises(SettingsError, match="KEEP_UNCONFIRMED_DAYS"):
        settings_module.read()


@pytest.mark.parametrize(
    ("language", "words"), [("de", "10 Tage nach dem Anlegen"), ("en", "10 days after it was made")]
)
def test_the_letter_says_when_the_account_goes(world: World, postbox: Postbox, language: str, words: str) -> None:
    join(world, language=language)

    assert words in plain(postbox.empty()[0])
