"""``vorab sites providers``."""

from __future__ import annotations

from pathlib import Path

import pytest

from moderation import identity_providers, sites
from moderation.db import Database
from moderation.sealing import Sealer
from tests import identity_provider
from tests.identity_provider import CLIENT_ID, SECRET, Running
from tests.integration.conftest import Vorab


@pytest.fixture
def site(vorab: Vorab) -> None:
    assert vorab("sites", "create", "--key", "demo", "--name", "Demo", "--origin", "https://zeitung.example").code == 0


def add(vorab: Vorab, issuer: str, *more: str, stdin: str = SECRET) -> tuple[str, ...]:
    wish = ("--name", "Dienst", "--issuer", issuer, "--client-id", CLIENT_ID, "--secret-file", "-")
    ended = vorab("sites", "providers", "add", "demo", "dienst", *wish, *more, "--json", stdin=stdin)
    return (str(ended.code), ended.out, ended.err)


@pytest.mark.usefixtures("site")
def test_a_provider_is_added_listed_checked_and_removed_and_its_secret_never_printed(
    vorab: Vorab, provider: Running, database: Database
) -> None:
    said = [*add(vorab, provider.issuer, "--staff")]
    callback = "http://127.0.0.1:8000/sign-in/demo/dienst/callback"
    assert (said[0], callback in said[1]) == ("0", True)

    listed = vorab("sites", "providers", "list", "demo", "--json")
    said += [listed.out, vorab("sites", "providers", "list", "demo").out]
    (found,) = listed.json["providers"]
    told = [found[name] for name in ("has_secret", "readers", "staff", "link_verified_email")]
    assert told == [True, True, True, False]
    checked = vorab("sites", "providers", "check", "demo", "dienst")
    assert checked.out.strip() == f"{provider.issuer} answers. People are sent to {provider.issuer}/authorize."
    with database.read() as session:
        row = identity_providers.get(session, sites.by_key(session, "demo"), "dienst")
        assert identity_providers.opened(Sealer("k" * 32), row).secret == SECRET
    assert vorab("sites", "providers", "remove", "demo", "dienst").code == 0
    assert vorab("sites", "providers", "remove", "demo", "dienst").code == 1
    assert vorab("sites", "providers", "list", "demo").out.strip() == "The site has no identity providers."
    assert SECRET not in "".join(said)


@pytest.mark.usefixtures("site")
def test_the_secret_may_come_from_a_file(vorab: Vorab, tmp_path: Path, database: Database) -> None:
    file = tmp_path / "secret"
    file.write_text(f"{SECRET}\n", encoding="utf-8")
    wish = ("--name", "D", "--issuer", "https://login.example", "--client-id", "x", "--secret-file", str(file))

    assert vorab("sites", "providers", "add", "demo", "d", *wish).code == 0

    with database.read() as session:
        row = identity_providers.get(session, sites.by_key(session, "demo"), "d")
        assert identity_providers.opened(Sealer("k" * 32), row).secret == SECRET


@pytest.mark.usefixtures("site")
def test_a_provider_that_does_not_answer_is_said_not_to(vorab: Vorab) -> None:
    with identity_provider.running() as gone:
        add(vorab, gone.issuer)

    ended = vorab("sites", "providers", "check", "demo", "dienst")

    assert ended.code == 1
    assert ended.err.endswith(f"vorab: {gone.issuer} cannot be used: ConnectionError\n")


@pytest.mark.usefixtures("site")
@pytest.mark.parametrize(
    ("wish", "field"),
    [
        (("--issuer", "http://login.example"), "issuer"),
        (("--issuer", "https://login.example/?a=b"), "issuer"),
        (("--issuer", "login.example"), "issuer"),
        (("--issuer", "https://["), "issuer"),
        (("--scopes", "profile email"), "scopes"),
        (("--scopes", "openid\nprofile"), "scopes"),
        (("--client-id", ""), "client_id"),
        (("--name", " "), "name"),
        (("--name-claim", "na me"), "name_claim"),
        (("--link-verified-email",), "links_verified_email"),
    ],
)
def test_what_cannot_be_a_provider_is_refused(vorab: Vorab, wish: tuple[str, ...], field: str) -> None:
    code, _, said = add(vorab, "https://login.example", *wish)

    assert code == "1"
    assert said.startswith(f"vorab: {field}: ")


@pytest.mark.usefixtures("site")
def test_an_empty_secret_is_no_secret_and_names_are_taken_once(vorab: Vorab) -> None:
    assert add(vorab, "https://login.example", stdin="\n")[0] == "1"
    assert add(vorab, "https://login.example")[0] == "0"
    assert add(vorab, "https://login.example")[::2] == ("1", "vorab: identity_provider exists already\n")
