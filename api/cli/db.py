from __future__ import annotations

import click
from alembic.util import CommandError

from api import migrating
from api.cli.output import Failure, answer, as_json, open_database


@click.group(help="The database's schema.")
def command() -> None: ...


@command.command()
@as_json
def upgrade(*, as_json: bool) -> None:
    """Bring the schema up to date. Safe to run again, and while the previous release serves."""
    with open_database() as database:
        present, _ = migrating.present_and_wanted(database)
        # The previous release starts again during an upgrade, and has nothing to do.
        if not migrating.is_ahead(present):
            migrating.upgrade(database)
            present, _ = migrating.present_and_wanted(database)
    answer({"revision": present}, f"The database is at revision {present}.", as_json=as_json)


@command.command()
@click.argument("revision")
@as_json
def downgrade(revision: str, *, as_json: bool) -> None:
    """Take the schema back to REVISION ("base" for nothing at all). Data of later revisions is lost."""
    with open_database() as database:
        try:
            migrating.downgrade(database, revision)
        except CommandError as error:
            raise Failure(str(error)) from error
        present, _ = migrating.present_and_wanted(database)
    answer({"revision": present}, f"The database is at revision {present}.", as_json=as_json)


@command.command()
@as_json
def status(*, as_json: bool) -> None:
    """Say which revision the database is at. Exit code 1 if it is not the newest."""
    with open_database() as database:
        present, wanted = migrating.present_and_wanted(database)
    sentence = f"The database is at revision {present}, the newest is {wanted}."
    answer({"revision": present, "newest": wanted}, sentence, as_json=as_json)
    if present != wanted:
        raise SystemExit(1)
