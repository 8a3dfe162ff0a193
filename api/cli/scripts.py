"""``vorab sites scripts``: the versions of the section's script that pinned tags may still name."""

from __future__ import annotations

from typing import Any

import click

from api.cli.output import Failure, answer, as_json, open_database
from api.embed import bundle
from moderation import served_scripts


@click.group(help="Scripts that pages load by version.")
def scripts() -> None: ...


@scripts.command("list")
@as_json
def list_scripts(*, as_json: bool) -> None:
    """Every version that is served, the current one first."""
    current = {script.version for script in bundle.scripts().values()}
    with open_database() as database, database.read() as session:
        rows = served_scripts.every(session)
    found: list[dict[str, Any]] = [
        {"version": row.version, "name": row.name, "served_at": row.served_at, "is_current": row.version in current}
        for row in rows
    ]
    lines = [f"{one['version']}  {one['name']:<9}  {_place(one)}" for one in found]
    answer({"scripts": found}, "\n".join(lines) or "No server has started yet.", as_json=as_json)


@scripts.command()
@click.argument("version")
def forget(version: str) -> None:
    """Serve VERSION no longer: pages whose tag names it show no comments until it names another."""
    with open_database() as database, database.write() as session:
        gone = served_scripts.forget(session, version)
    if gone == 0:
        raise Failure(f"{version} is not kept; `vorab sites scripts list` names what is")
    click.echo(f"{version} is served no longer, unless it is the current one.")


def _place(script: dict[str, Any]) -> str:
    return "current" if script["is_current"] else f"last started {script['served_at']:%Y-%m-%d}"
