"""``vorab``, the one console script.

Exit codes: 0 done, 1 refused or failed with the reason on standard error, 2 the command line itself is wrong.
"""

from __future__ import annotations

import importlib
import importlib.util
import sys
from typing import Any

import click
from sqlalchemy.exc import DBAPIError

from api import language
from api.cli.output import Failure
from api.settings import SettingsError
from moderation.errors import InvalidInputError, LastAdminError, VorabError

_COMMANDS = {
    "accounts": ("api.cli.accounts", "Accounts: make staff, change roles, export and delete."),
    "calibrate": ("api.cli.calibrate", "Propose thresholds from the moderators' decisions."),
    "convert": ("api.cli.convert", "Make a large classifier fast: 8-bit weights, if no decision changes."),
    "db": ("api.cli.db", "The database's schema."),
    "demo": ("api.cli.demo", "Load the demo: a site, an article, accounts and comments."),
    "evaluate": ("api.cli.evaluate", "Measure a classifier on labelled comments."),
    "fetch": ("api.cli.fetch", "Fetch a published Detoxify model."),
    "import": ("api.cli.importing", "Take over comments from another system."),
    "keys": ("api.cli.keys", "Keys for servers that speak the Perspective API."),
    "rescreen": ("api.cli.rescreen", "Screen comments again, and see what would change."),
    "score": ("api.cli.score", "Score texts from a file."),
    "secrets": ("api.cli.secrets", "Sealed secrets: change the secret key."),
    "serve": ("api.cli.serve", "Serve the API."),
    "sites": ("api.cli.sites", "Sites and their policies."),
    "worker": ("api.cli.worker", "Screen comments for the web processes."),
    "train": ("api.cli.train", "Train the embedded classifier."),
}


class LazyGroup(click.Group):
    """Imports a command when it is asked for: ``vorab --help`` must not wait for torch."""

    def list_commands(self, _context: click.Context) -> list[str]:
        return [name for name in sorted(_COMMANDS) if importlib.util.find_spec(_COMMANDS[name][0]) is not None]

    def get_command(self, _context: click.Context, name: str) -> click.Command | None:
        if name not in _COMMANDS:
            return None
        command: click.Command = importlib.import_module(_COMMANDS[name][0]).command
        return command

    def format_commands(self, context: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, _COMMANDS[name][1]) for name in self.list_commands(context)])


@click.group(cls=LazyGroup)
@click.version_option(package_name="vorab")
def vorab() -> None:
    """Vorab: the backend of a comment section. Settings are VORAB_… variables; see docs/settings.md."""


def main(arguments: list[str] | None = None) -> Any:
    try:
        return vorab.main(args=arguments, prog_name="vorab", standalone_mode=True)
    except InvalidInputError as error:
        reason = language.text("fields", error.reason, language="en", **error.details)
        click.echo(f"vorab: {error.field}: {reason}", err=True)
    except LastAdminError as error:
        click.echo(f"vorab: {language.text('details', error.code, language='en')}", err=True)
    except (VorabError, SettingsError, Failure) as error:
        click.echo(f"vorab: {error}", err=True)
    except DBAPIError as error:
        # The statement and its values stay out of it. PostgreSQL quotes from both after its first line.
        reason = str(error.orig).partition("\n")[0]
        click.echo(f"vorab: the database refused: {reason}. Is it there, and did `vorab db upgrade` run?", err=True)
    sys.exit(1)
