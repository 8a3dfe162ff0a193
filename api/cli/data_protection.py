"""What a data-protection officer does when somebody asks by letter: hand out everything, or delete the account."""

from __future__ import annotations

import sys

import click

from api.app import utc_now
from api.cli.output import answer, as_json, open_database
from api.schemas.data_protection import ExportOut
from moderation import accounts, erasure, exporting
from moderation.erasure import Fate

_email = click.option("--email", required=True)


@click.command()
@_email
def export(email: str) -> None:
    """Print everything that is stored about a person, as JSON. Make sure that it is they who ask."""
    with open_database() as database, database.read() as session:
        found = exporting.export(session, accounts.demand_by_email(session, email))
    click.echo(ExportOut().dumps({"exported_at": utc_now(), **found}, ensure_ascii=False, indent=2))


@click.command()
@_email
@click.option(
    "--comments",
    type=click.Choice([fate.value for fate in Fate]),
    required=True,
    help="keep: published comments stay, without a name. remove: they go too.",
)
@click.option("--yes", is_flag=True, help="Do not ask.")
@as_json
def delete(email: str, comments: str, *, yes: bool, as_json: bool) -> None:
    """Delete an account for good. The person gets a last letter."""
    with open_database() as database:
        with database.read() as session:
            account = accounts.demand_by_email(session, email)
        if not yes and not click.confirm(f"Delete {account.display_name} <{account.email}> for good?", err=True):
            sys.exit(1)
        erasure.erase_account(database, account.id, Fate(comments), now=utc_now())
    answer({"id": account.id, "comments": comments}, f"Deleted {email}.", as_json=as_json)
