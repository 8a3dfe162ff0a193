"""A site's own users sign in with tokens that the site signed (JWT, RFC 7519 and RFC 8725)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
from joserfc.jwk import ECKey
from sqlalchemy import func, select
from werkzeug.test import TestResponse

from api.maintenance import Maintenance
from moderation import accounts, site_keys, sites
from moderation.errors import InvalidInputError, NotFoundError
from moderation.models import Account, SignInSession, SiteIdentity, SiteKey, UsedSiteToken
from moderation.sealing import Sealer
from tests import parallel
from tests.checksums import checksums
from tests.site_tokens import SECRET, Signer, key_pair, public_key, shared_key, signed_by_hand, unsigned
from tests.world import ORIGIN, World, json_of

ASYMMETRIC = ("RS256", "ES256", "EdDSA")
_RSA_1024 = """-----BEGIN PUBLIC KEY-----
MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQC749uYCRwXWxJ/aP8UKsQ8JDNl
qcOstRgaZYMQdVA6j82qsidQAbU2eGwvsO1ZZt2Z6e0A51VnCKei7hWwmsqd09bt
CdFc4jGrIE8Ce0e4qIKqpzzqLhfOQ3bI2wUcyKlZq1eTAN8Qe5bTjgzCFdLIH7ID
Y2mK6wBapk2KAip6wQIDAQAB
-----END PUBLIC KEY-----
"""


def exchange(world: World, token: str, *, site: str = "demo", origin: str | None = ORIGIN) -> TestResponse:
    headers = {"Origin": origin} if origin else {}
    return world.call("POST", f"/sites/{site}/sessions", {"token": token}, headers=headers)


def bearer(answer: TestResponse) -> dict[str, str]:
    return {"Authorization": f"Bearer {json_of(answer)['token']}"}


def refused(world: World, token: str, code: str, *, site: str = "demo") -> dict[str, Any]:
    """The problem that a token is answered with; nothing but the limit's counter has changed."""
    before = checksums(world.database)
    answer = exchange(world, token, site=site)
    after = checksums(world.database)
    assert json_of(answer)["code"] == code, answer.get_data(as_text=True)
    assert {**before, "limit_window": ""} == {**after, "limit_window": ""}
    return {**json_of(answer), "status": answer.status_code}


def test_a_reader_of_the_site_is_signed_in_without_a_form(world: World) -> None:
    signer = shared_key(world)

    answer = exchange(world, signer.token())

    assert answer.status_code == 201
    account = json_of(answer)["account"]
    assert account["display_name"] == "Rosa Lind"
    assert account["email"] == "rosa@example.org"
    assert account["role"] == "reader"
    posted = world.call(
        "POST",
        "/sites/demo/articles/artikel-1/comments",
        {"body": "Ein sachlicher Beitrag."},
        headers={**bearer(answer), "Origin": ORIGIN},
    )
    assert posted.status_code == 201
    assert json_of(posted)["author"]["id"] == account["id"]


@pytest.mark.parametrize("algorithm", ASYMMETRIC)
def test_a_site_may_sign_with_a_private_key_of_its_own(world: World, algorithm: Any) -> None:
    signer = public_key(world, algorithm)

    assert exchange(world, signer.token()).status_code == 201


def test_ed25519_is_known_by_both_of_its_names(world: World) -> None:
    signer = public_key(world, "EdDSA")

    assert exchange(world, signer.token({"alg": "Ed25519"})).status_code == 201


def test_the_same_subject_is_the_same_account_with_the_name_and_address_of_today(world: World) -> None:
    signer = shared_key(world)
    first = json_of(exchange(world, signer.token()))["account"]

    second = json_of(exchange(world, signer.token(name="Rosa Lind-Meyer", email=None)))["account"]

    assert second["id"] == first["id"]
    assert second["display_name"] == "Rosa Lind-Meyer"
    assert second["email"] is None
    with world.database.read() as session:
        assert session.scalar(select(func.count()).select_from(SiteIdentity)) == 1


def test_a_new_name_is_seen_by_everybody_at_once(world: World) -> None:
    signer = shared_key(world)
    thread = "/sites/demo/articles/artikel-1/comments"
    headers = {**bearer(exchange(world, signer.token())), "Origin": ORIGIN}
    assert world.call("POST", thread, {"body": "Ein sachlicher Beitrag."}, headers=headers).status_code == 201
    before = world.call("GET", thread)

    exchange(world, signer.token(name="Rosa Lind-Meyer"))

    after = world.call("GET", thread, headers={"If-None-Match": before.headers["ETag"]})
    assert after.status_code == 200
    assert json_of(after)["items"][0]["author"]["display_name"] == "Rosa Lind-Meyer"


def test_who_comes_again_by_the_same_name_changes_nothing_for_anybody(world: World) -> None:
    signer = shared_key(world)
    thread = "/sites/demo/articles/artikel-1/comments"
    headers = {**bearer(exchange(world, signer.token())), "Origin": ORIGIN}
    world.call("POST", thread, {"body": "Ein sachlicher Beitrag."}, headers=headers)
    before = world.call("GET", thread).headers["ETag"]

    exchange(world, signer.token())

    assert world.call("GET", thread, headers={"If-None-Match": before}).status_code == 304


def test_another_site_s_reader_of_the_same_name_is_another_account(world: World) -> None:
    world.site("zweite")
    here, there = shared_key(world), shared_key(world, site="zweite")

    accounts_made = {
        json_of(exchange(world, here.token()))["account"]["id"],
        json_of(exchange(world, there.token(), site="zweite"))["account"]["id"],
    }

    assert len(accounts_made) == 2


def test_an_address_never_leads_to_an_account_that_somebody_made_with_it(world: World) -> None:
    own = world.person()
    signer = shared_key(world)

    signed_in = json_of(exchange(world, signer.token(email=own.account.email)))

    assert signed_in["account"]["id"] != str(own.account.id)
    with world.database.read() as session:
        found = accounts.by_email(session, own.account.email or "")
        assert found is not None
        assert found.id == own.account.id
        assert session.scalar(select(func.count()).select_from(Account)) == 2


def test_the_account_of_a_site_s_reader_opens_with_no_password(world: World) -> None:
    exchange(world, shared_key(world).token())

    answer = world.call("POST", "/sessions", {"email": "rosa@example.org", "password": "egal, welches"})

    assert answer.status_code == 401


def test_an_address_that_a_site_vouches_for_is_free_to_register(world: World) -> None:
    exchange(world, shared_key(world).token())
    wish = {"email": "rosa@example.org", "display_name": "Rosa", "password": "Ahornblatt am Fenster"}

    world.call("POST", "/accounts", wish)

    signed_in = world.call("POST", "/sessions", {"email": wish["email"], "password": wish["password"]})
    assert signed_in.status_code == 201


def test_a_session_that_a_site_began_is_short(make_world: Callable[..., World]) -> None:
    world = make_world(site_session=dt.timedelta(hours=2))
    world.site()
    answer = exchange(world, shared_key(world).token())

    world.clock.move(hours=2)

    assert world.call("GET", "/accounts/me", headers=bearer(answer)).status_code == 401


# Refused tokens, one reason each.


def test_a_token_for_another_audience_is_refused(world: World) -> None:
    world.site("zweite")
    signer = shared_key(world)

    for audience in ("https://anderswo.example/sites/demo", signer.claims()["aud"] + "x", None, [], 7):
        refused(world, signer.token(aud=audience), "site_token_wrong_audience")


def test_a_token_for_several_audiences_counts_if_this_one_is_among_them(world: World) -> None:
    signer = shared_key(world)

    answer = exchange(world, signer.token(aud=["https://anderswo.example", signer.claims()["aud"]]))

    assert answer.status_code == 201


def test_a_token_of_another_site_of_this_installation_is_refused(world: World) -> None:
    world.site("zweite")
    there = shared_key(world, site="zweite", secret=SECRET)
    shared_key(world)

    refused(world, there.token(), "site_token_wrong_audience")


def test_an_expired_token_is_refused(world: World) -> None:
    signer = shared_key(world)
    token = signer.token()

    # A minute of life, and half a minute for a clock that is off.
    world.clock.move(seconds=90)

    assert refused(world, token, "site_token_expired")["status"] == 401


def test_a_token_from_the_future_is_refused(world: World) -> None:
    signer = shared_key(world)
    now = int(world.clock().timestamp())

    refused(world, signer.token(iat=now + 31, exp=now + 91), "site_token_not_yet_valid")
    refused(world, signer.token(nbf=now + 31), "site_token_not_yet_valid")
    assert exchange(world, signer.token(iat=now + 30, exp=now + 90, nbf=now + 30)).status_code == 201


def test_a_token_that_lives_too_long_is_refused(world: World) -> None:
    signer = shared_key(world)
    now = int(world.clock().timestamp())

    refused(world, signer.token(exp=now + 301), "site_token_too_long_lived")
    assert exchange(world, signer.token(exp=now + 300)).status_code == 201


def test_a_token_that_was_used_is_refused(world: World) -> None:
    signer = shared_key(world)
    token = signer.token()
    assert exchange(world, token).status_code == 201

    assert refused(world, token, "site_token_replayed")["status"] == 401


def test_twenty_exchanges_of_one_token_at_once_begin_one_session(world: World) -> None:
    token = shared_key(world).token()

    answers = parallel.at_once([lambda: exchange(world, token).status_code] * 20)

    assert sorted(answers) == [201] + [401] * 19
    with world.database.read() as session:
        assert session.scalar(select(func.count()).select_from(SignInSession)) == 1
        assert session.scalar(select(func.count()).select_from(Account)) == 1


def test_one_new_reader_in_ten_windows_at_once_gets_one_account(world: World) -> None:
    signer = shared_key(world)
    tokens = [signer.token() for _ in range(10)]

    answers = parallel.at_once([lambda token=token: exchange(world, token) for token in tokens])

    assert [answer.status_code for answer in answers] == [201] * 10
    assert len({json_of(answer)["account"]["id"] for answer in answers}) == 1


def test_a_used_token_is_remembered_until_it_would_be_refused_anyway(world: World) -> None:
    signer = shared_key(world)
    token = signer.token()
    exchange(world, token)
    maintenance = Maintenance(world.services, None)  # type: ignore[arg-type]

    world.clock.move(seconds=89)
    maintenance.tidy()
    refused(world, token, "site_token_replayed")
    world.clock.move(seconds=1)
    maintenance.tidy()
    refused(world, token, "site_token_expired")

    with world.database.read() as session:
        assert session.scalar(select(func.count()).select_from(UsedSiteToken)) == 0


def test_an_unsigned_token_is_refused(world: World) -> None:
    signer = shared_key(world)
    token = unsigned(signer.claims(), signer.kid)

    refused(world, token, "site_token_invalid")
    refused(world, token.replace("ub25l", "ub05F"), "site_token_invalid")
    refused(world, signer.token().rpartition(".")[0] + ".", "site_token_invalid")


def test_an_algorithm_confused_token_is_refused(world: World) -> None:
    """The classic: a public key, which everybody may know, used as the shared secret of HS256."""
    signer = public_key(world, "RS256")
    pem = key_pair("RS256").as_pem(private=False)
    header = {"alg": "HS256", "kid": signer.kid}

    for secret in (pem, pem.strip(), key_pair("RS256").as_der(private=False)):
        refused(world, signed_by_hand(header, signer.claims(), secret), "site_token_invalid")


def test_a_token_of_another_algorithm_than_the_key_s_is_refused(world: World) -> None:
    signer = shared_key(world)

    for algorithm in ("HS384", "HS512"):
        refused(world, signer.token({"alg": algorithm}), "site_token_invalid")


def test_a_token_that_brings_its_own_key_is_refused(world: World) -> None:
    signer = public_key(world, "ES256")
    stranger = key_pair("EdDSA")
    header = {"jwk": stranger.as_dict(private=False), "alg": "EdDSA"}

    refused(world, Signer(world, "EdDSA", stranger, "k1").token(header), "site_token_invalid")
    refused(world, signer.token({"kid": "unbekannt"}), "site_token_invalid")


def test_a_token_with_a_changed_claim_is_refused(world: World) -> None:
    signer = shared_key(world)
    head, _, signature = signer.token().split(".")
    claims = unsigned(signer.claims(sub="jemand-anders"), "k1").split(".")[1]

    refused(world, f"{head}.{claims}.{signature}", "site_token_invalid")


@pytest.mark.parametrize("token", ["", ".", "..", "kein Token", "e30.e30.e30", "ü.ü.ü", "a" * 9000, "a.b.c.d.e"])
def test_what_is_no_token_is_refused(world: World, token: str) -> None:
    shared_key(world)

    refused(world, token, "site_token_invalid")


@pytest.mark.parametrize(
    ("claim", "value"),
    [
        *((claim, None) for claim in ("sub", "name", "iat", "exp", "jti")),
        ("sub", 17),
        ("sub", "  "),
        ("sub", "a" * 256),
        ("jti", "mit\x00NUL"),
        ("name", ["Rosa"]),
        ("email", 5),
        ("role", "admin"),
        ("exp", "morgen"),
        ("exp", True),
        ("iat", float("nan")),
        ("nbf", 1e300),
    ],
)
def test_a_token_without_what_is_needed_names_the_claim(world: World, claim: str, value: Any) -> None:
    signer = shared_key(world)

    assert claim in refused(world, signer.token(**{claim: value}), "site_token_incomplete")["detail"]


@pytest.mark.parametrize(("claim", "value"), [("name", "\u200b"), ("name", "a" * 81), ("email", "keine Adresse")])
def test_a_name_or_address_that_cannot_be_one_is_refused(world: World, claim: str, value: str) -> None:
    answer = exchange(world, shared_key(world).token(**{claim: value}))

    assert answer.status_code == 422
    with world.database.read() as session:
        assert session.scalar(select(func.count()).select_from(Account)) == 0
        assert session.scalar(select(func.count()).select_from(UsedSiteToken)) == 0


def test_a_page_of_another_origin_cannot_exchange(world: World) -> None:
    token = shared_key(world).token()

    answer = exchange(world, token, origin="https://fremd.example")

    assert json_of(answer)["code"] == "origin_not_allowed"
    assert exchange(world, token).status_code == 201


def test_exchanges_are_limited_by_address(make_world: Callable[..., World]) -> None:
    world = make_world(site_sign_ins_per_address=3)
    world.site()
    for _ in range(3):
        assert exchange(world, "falsch").status_code == 401

    answer = exchange(world, shared_key(world).token())

    assert answer.status_code == 429
    assert answer.headers["Retry-After"] == "60"


# Roles.


def test_a_token_names_moderators_only_where_the_site_lets_it(world: World) -> None:
    signer = shared_key(world)

    assert refused(world, signer.token(role="moderator"), "site_token_role_not_allowed")["status"] == 403


def let_tokens_name_moderators(world: World, site: str = "demo") -> None:
    with world.database.write() as session:
        sites.set_sign_in(sites.by_key(session, site), moderators_by_token=True)


def test_a_moderator_by_token_moderates_this_site_alone(world: World) -> None:
    world.site("zweite")
    let_tokens_name_moderators(world)
    signer = shared_key(world)

    answer = exchange(world, signer.token(sub="redaktion-1", role="moderator"))

    assert json_of(answer)["account"]["sites"] == ["demo"]
    held = world.comment(world.person(), "Du Dummkopf!")
    elsewhere = world.comment(world.person(), "Du Dummkopf!", site="zweite")
    queue = json_of(world.call("GET", "/review-queue", headers=bearer(answer)))
    assert [item["id"] for item in queue["items"]] == [held["id"]]
    assert world.call("GET", f"/review-queue/{elsewhere['id']}", headers=bearer(answer)).status_code == 404


def test_a_moderator_whose_token_says_so_no_longer_is_none_any_more_in_any_session(world: World) -> None:
    let_tokens_name_moderators(world)
    signer = shared_key(world)
    before = exchange(world, signer.token(role="moderator"))

    after = exchange(world, signer.token())

    assert json_of(after)["account"]["role"] == "reader"
    assert json_of(after)["account"]["sites"] == []
    assert world.call("GET", "/review-queue", headers=bearer(before)).status_code == 401
    assert world.call("GET", "/review-queue", headers=bearer(after)).status_code == 403


# What a site vouches for, it vouches for on its own pages.


def test_a_site_s_account_is_worth_nothing_on_another_site(world: World) -> None:
    world.site("zweite")
    there = world.comment(world.person(), site="zweite")
    headers = {**bearer(exchange(world, shared_key(world).token())), "Origin": ORIGIN}
    address = "/sites/zweite/articles/artikel-1/comments"

    tries: list[tuple[str, str, dict[str, Any]]] = [
        ("POST", address, {"body": "Ich komme von nebenan."}),
        ("POST", f"{address}/preview", {"body": "Ich komme von nebenan."}),
        ("PUT", f"/comments/{there['id']}/vote", {"value": 1}),
        ("POST", f"/comments/{there['id']}/flags", {"reason": "spam"}),
    ]
    for method, path, body in tries:
        answer = world.call(method, path, body, headers=headers)
        assert (answer.status_code, json_of(answer)["code"]) == (403, "foreign_site_account"), path


# Keys.


def test_two_keys_are_valid_at_once_until_one_is_retired(world: World) -> None:
    old = shared_key(world, kid="alt")
    new = public_key(world, "ES256", kid="neu")
    assert exchange(world, old.token()).status_code == 201
    assert exchange(world, new.token()).status_code == 201

    with world.database.write() as session:
        site_keys.retire(session, sites.by_key(session, "demo"), "alt", now=world.clock())

    refused(world, old.token(), "site_token_invalid")
    assert exchange(world, new.token()).status_code == 201


def test_a_shared_secret_is_nowhere_in_the_database(world: World) -> None:
    shared_key(world)

    with world.database.read() as session:
        stored = session.scalars(select(SiteKey.sealed_secret)).one()

    assert stored is not None
    assert SECRET not in stored
    assert stored.startswith("v1.")


def test_a_secret_sealed_by_another_installation_opens_nothing(world: World) -> None:
    signer = shared_key(world)
    with world.database.write() as session:
        key = session.scalars(select(SiteKey)).one()
        key.sealed_secret = Sealer("ein ganz anderer Schlüssel").seal(SECRET, f"site_key:{key.id}")

    refused(world, signer.token(), "site_token_invalid")


@pytest.mark.parametrize(
    ("algorithm", "make", "reason"),
    [
        ("RS256", lambda: "kein Schlüssel", "invalid_key"),
        ("RS256", lambda: key_pair("ES256").as_pem(private=False).decode(), "invalid_key"),
        ("RS256", lambda: key_pair("RS256").as_pem(private=True).decode(), "private_key"),
        ("ES256", lambda: key_pair("RS256").as_pem(private=False).decode(), "invalid_key"),
        ("EdDSA", lambda: key_pair("EdDSA").as_pem(private=True).decode(), "private_key"),
        ("RS256", lambda: _RSA_1024, "weak_key"),
        ("ES256", lambda: ECKey.generate_key("P-384").as_pem(private=False).decode(), "weak_key"),
    ],
)
def test_a_key_that_is_none_or_weak_or_private_is_not_taken(
    world: World, algorithm: Any, make: Callable[[], str], reason: str
) -> None:
    with world.database.write() as session:
        site = sites.by_key(session, "demo")
        with pytest.raises(InvalidInputError) as refusal:
            site_keys.add_public(session, site, "k", algorithm, make(), now=world.clock())

    assert refusal.value.reason == reason


def test_a_short_secret_or_a_strange_name_is_not_taken(world: World) -> None:
    with world.database.write() as session:
        site = sites.by_key(session, "demo")
        for kid, secret, reason in (("k", "zu kurz", "weak_key"), ("kein name", SECRET, "invalid_kid")):
            with pytest.raises(InvalidInputError) as refusal:
                site_keys.add_shared(session, world.services.sealer, site, kid, secret=secret, now=world.clock())
            assert refusal.value.reason == reason
        with pytest.raises(NotFoundError):
            site_keys.retire(session, site, "k", now=world.clock())
