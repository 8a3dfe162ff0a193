"""What a data-protection officer does when somebody asks by letter: hand out everything, or delete the account."""

from __future__ import annotations

import sys
import uuid
from collections.abc import Callable
from dataclasses import asdict

import click
from sqlalchemy.orm import Session

from api.app import utc_now
from api.cli.output import Failure, answer, as_json, open_database, read_settings
from api.schemas.data_protection import ExportOut
from moderation import accounts, erasure, exporting, imported_authors, sites
from moderation.erasure import Fate
from moderation.imported_authors import Search
from moderation.models import Account


def _whose(command: Callable[..., None]) -> Callable[..., None]:
    by_id = click.option("--id", "account_id", type=click.UUID, help="Of an account without an address.")
    return click.option("--email")(by_id(command))


@click.command()
@_whose
def export(email: str | None, account_id: uuid.UUID | None) -> None:
    """Print everything that is stored about a person, as JSON. Make sure that it is they who ask."""
    with open_database() as database, database.read() as session:
        found = exporting.export(session, _account(session, email, account_id))
    click.echo(ExportOut().dumps({"exported_at": utc_now(), **found}, ensure_ascii=False, indent=2))


@click.command()
@_whose
@click.option(
    "--comments",
    type=click.Choice([fate.value for fate in Fate]),
    required=True,
    help="keep: published comments stay, without a name. remove: they go too.",
)
@click.option("--yes", is_flag=True, help="Do not ask.")
@as_json
def delete(email: str | None, account_id: uuid.UUID | None, comments: str, *, yes: bool, as_json: bool) -> None:
    """Delete an account for good. The person gets a last letter."""
    with open_database() as database:
        with database.read() as session:
            account = _account(session, email, account_id)
        called = email or str(account.id)
        if not yes and not click.confirm(f"Delete {account.display_name} <{called}> for good?", err=True):
            sys.exit(1)
        erasure.erase_account(database, account.id, Fate(comments), now=utc_now())
    answer({"id": account.id, "comments": comments}, f"Deleted {called}.", as_json=as_json)


@click.command("imported")
@click.argument("site")
@click.option("--email", help="The address that they gave in the earlier system.")
@click.option("--author-id", help="Their id in the earlier system.")
@click.option("--name", help="The name that is shown.")
@as_json
def imported(site: str, email: str | None, author_id: str | None, name: str | None, *, as_json: bool) -> None:
    """Find authors of comments that were imported to SITE. Their ids are for `export`, `delete`, `give-imported`."""
    settings = read_settings()
    search = Search(settings.pseudonyms.all_of(email) if email else (), author_id, name)
    with open_database(settings) as database, database.read() as session:
        found = imported_authors.find(session, sites.by_key(session, site), search)
    lines = [f"{one.account_id}  {one.name}  {one.comments} comments from {one.source}" for one in found]
    answer(
        {"authors": [asdict(one) for one in found]}, "\n".join(lines) or "There is nobody like that.", as_json=as_json
    )


@click.command("give-imported")
@click.argument("account_id", metavar="ID", type=click.UUID)
@click.option("--email", required=True, help="Of the reader's account; its address has to be confirmed.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@as_json
def give_imported(account_id: uuid.UUID, email: str, *, yes: bool, as_json: bool) -> None:
    """Make the comments of imported author ID a reader's own. Make sure that they wrote them: it cannot be undone."""
    with open_database() as database:
        if not yes and not click.confirm(f"Give the comments of {account_id} to {email} for good?", err=True):
            sys.exit(1)
        with database.write() as session:
            count = imported_authors.give(session, account_id, accounts.demand_by_email(session, email))
    answer({"id": account_id, "comments": count}, f"{count} comments are {email}'s now.", as_json=as_json)


def _account(session: Session, email: str | None, account_id: uuid.UUID | None) -> Account:
    if email is not None and account_id is None:
        return accounts.demand_by_email(session, email)
    if account_id is not None and email is None:
        return accounts.get(session, account_id)
    raise Failure("say whose: --email or --id, one of the two")
