from __future__ import annotations

import datetime as dt
import sys

import click

from api.app import utc_now
from api.cli import data_protection
from api.cli.output import Failure, answer, as_json, open_database, read_settings
from moderation import accounts, addresses, password_changes, sanctions, second_factor, sessions, sites
from moderation.accounts import NewAccount
from moderation.errors import NoPasswordError, NotSanctionableError
from moderation.models import Role, SanctionKind
from moderation.passwords import Hasher
from moderation.sanctions import Author, NewSanction

_ROLES = click.Choice([role.value for role in Role])


@click.group(help="Accounts: make staff, change roles, export and delete.")
def command() -> None: ...


command.add_command(data_protection.export)
command.add_command(data_protection.delete)
command.add_command(data_protection.imported)
command.add_command(data_protection.give_imported)


@command.command()
@click.option("--email", required=True)
@click.option("--display-name", required=True)
@click.option("--role", type=_ROLES, required=True)
@click.option("--site", "site_keys", multiple=True, help="A site that a moderator works for; may be given again.")
@click.option("--password-stdin", is_flag=True, help="Read the password from standard input instead of asking for it.")
@click.option("--language", type=click.Choice(["de", "en"]), default="de", show_default=True)
@as_json
def create(
    email: str,
    display_name: str,
    role: str,
    site_keys: tuple[str, ...],
    language: str,
    *,
    password_stdin: bool,
    as_json: bool,
) -> None:
    """Make an account. There is no other way to become a moderator or an admin."""
    password = _chosen_password(from_stdin=password_stdin)
    settings = read_settings()
    with open_database(settings) as database:
        with database.read() as session:
            forbidden = ("vorab", *sites.names(session))
        address, name = accounts.check_new(email, display_name, password, forbidden=forbidden)
        wish = NewAccount(address, name, Hasher(memory_kib=settings.password_memory_kib).hash(password), language)
        with database.write() as session:
            made = accounts.create_staff(session, wish, Role(role), site_keys, now=utc_now())
            facts = {"id": made.id, "email": made.email, "role": made.role, "sites": list(site_keys)}
    answer(facts, f"Made {role} {name} <{address}>.", as_json=as_json)


def _chosen_password(*, from_stdin: bool) -> str:
    if from_stdin:
        return sys.stdin.readline().rstrip("\r\n")
    return str(click.prompt("Password", hide_input=True, confirmation_prompt=True))


@command.command("set-role")
@click.option("--email", required=True)
@click.option("--role", type=_ROLES, required=True)
@click.option("--site", "site_keys", multiple=True, help="A site that a moderator works for; may be given again.")
@as_json
def set_role(email: str, role: str, site_keys: tuple[str, ...], *, as_json: bool) -> None:
    """Give an account another role. Its sessions end: it has to sign in again."""
    with open_database() as database, database.write() as session:
        changed = accounts.change_role(session, email, Role(role), site_keys)
        facts = {"id": changed.id, "email": changed.email, "role": changed.role, "sites": list(site_keys)}
    answer(facts, f"{email} is now {role}.", as_json=as_json)


@command.command("reset-second-factor")
@click.option("--email", required=True)
@as_json
def reset_second_factor(email: str, *, as_json: bool) -> None:
    """Turn somebody's second factor off who has lost app or passkeys and recovery codes. Make sure that they ask."""
    with open_database() as database, database.write() as session:
        account = accounts.demand_by_email(session, email)
        second_factor.turn_off(session, account, now=utc_now())
        sessions.end_all(session, account.id)
    answer({"id": account.id}, f"{email} signs in with the password alone. Their sessions are over.", as_json=as_json)


@command.command("reset-password")
@click.option("--email", required=True)
@as_json
def reset_password(email: str, *, as_json: bool) -> None:
    """Make somebody choose a new password by letter. The old one and all their sessions end."""
    with open_database() as database, database.write() as session:
        try:
            account = password_changes.demand_another(
                session, accounts.demand_by_email(session, email).id, now=utc_now()
            )
        except NoPasswordError as error:
            raise Failure("a site vouches for this account: it has no password here") from error
    answer({"id": account.id}, f"{email} gets a letter. Their password and sessions are over.", as_json=as_json)


_KIND_OF = {
    "premoderated": SanctionKind.PREMODERATION,
    "suspended": SanctionKind.SUSPENSION,
    "banned": SanctionKind.BAN,
}


@command.command("set-standing")
@click.option("--email", required=True)
@click.option("--site", "site_key", required=True)
@click.option("--standing", type=click.Choice(["good", *_KIND_OF]), required=True)
@click.option("--days", type=click.IntRange(min=1), help="For so many days. A suspension needs it, a ban has no end.")
@click.option("--reason", type=click.Choice(sanctions.REASONS), default="other", show_default=True)
@click.option("--note", help="A word to the author, who is told of it by letter and in the comment section.")
@as_json
def set_standing(
    email: str, site_key: str, standing: str, days: int | None, reason: str, note: str | None, *, as_json: bool
) -> None:
    """Say what a site lets an author do: pre-moderate, suspend or ban them there, or take all of that back."""
    now = utc_now()
    until = now + dt.timedelta(days=days) if days else None
    if standing == "suspended" and until is None:
        raise Failure("a suspension has an end: give it --days, or make it a ban")
    with open_database() as database, database.write() as session:
        author = Author(accounts.demand_by_email(session, email), sites.by_key(session, site_key))
        try:
            sanctions.clear(session, author, actor_id=None, is_told=standing == "good", now=now)
            if standing != "good":
                wish = NewSanction(_KIND_OF[standing], reason, note, until)
                sanctions.impose(session, author, wish, actor_id=None, now=now)
        except NotSanctionableError as error:
            raise Failure("moderators and admins cannot be suspended; change their role first") from error
    facts = {"email": email, "site": site_key, "standing": standing, "until": until}
    answer(
        facts,
        f"{email} on {site_key}: {standing}{f' until {until:%Y-%m-%d %H:%M} UTC' if until else ''}.",
        as_json=as_json,
    )


@command.command()
@click.option("--email", required=True)
@as_json
def confirm(email: str, *, as_json: bool) -> None:
    """Take an address for confirmed whose letter did not arrive. What waits for that is screened."""
    with open_database() as database, database.write() as session:
        account = accounts.demand_by_email(session, email)
        # A running server takes up what is to be screened within a second.
        waiting = addresses.prove(session, account.id, now=utc_now())
        facts = {"id": account.id, "email": account.email, "comments": len(waiting)}
    answer(facts, f"{email} is confirmed; comments to screen: {len(waiting)}.", as_json=as_json)
