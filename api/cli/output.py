"""What commands share: opening the database, and answering people or scripts."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import click

from api import logs, settings
from api.settings import Settings
from moderation.db import Database

as_json = click.option("--json", "as_json", is_flag=True, help="Answer with one JSON document.")


class Failure(Exception):  # noqa: N818  # It is no error of the program: the message is all there is to say.
    """What the command was asked for cannot be done; the message says why."""


def answer(facts: Mapping[str, Any], sentence: str, *, as_json: bool) -> None:
    """One JSON document for a script, or a sentence for a person."""
    click.echo(json.dumps(facts, ensure_ascii=False, default=_in_json) if as_json else sentence)


def _in_json(value: object) -> str:
    """Times as the API writes them (RFC 3339)."""
    return value.isoformat() if isinstance(value, dt.datetime) else str(value)


def read_settings(*, log_level: str | None = "warning", secret_needed: bool = True) -> Settings:
    """The settings, with logging as they say, or at the given level where a person watches the command."""
    found = settings.read(secret_needed=secret_needed)
    # What is left to the settings runs for long, and is watched by machines.
    logs.configure(log_level or found.log_level, libraries=log_level is None)
    return found


@contextmanager
def open_database(found: Settings | None = None) -> Iterator[Database]:
    database = Database((found or read_settings()).database_url)
    try:
        yield database
    finally:
        database.dispose()
