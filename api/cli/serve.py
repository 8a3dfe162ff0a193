from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext

import click

from api.cli.output import Failure, open_database, read_settings
from api.settings import Settings
from moderation.garbage import collecting_later


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", type=click.IntRange(0, 65535), default=8000, show_default=True, envvar="PORT")
@click.option("--greet", is_flag=True, help="Say where to look, and in the demo how to sign in.")
@click.option(
    "--workers", type=click.IntRange(1, 64), default=1, show_default=True, help="Processes; each loads the model."
)
@click.option(
    "--threads", type=click.IntRange(1, 256), default=16, show_default=True, help="Requests at once per process."
)
def command(host: str, port: int, workers: int, threads: int, *, greet: bool) -> None:
    """Serve with gunicorn until SIGTERM, which lets requests and screenings under way finish."""
    settings = read_settings(log_level=None)
    # Before prometheus-client is imported: it decides then where its counters live.
    with _place_for_counters() if settings.metrics_token is not None else nullcontext():
        _serve(settings, host, port, workers, threads, greet=greet)


@contextmanager
def _place_for_counters() -> Iterator[None]:
    """A folder in which the processes add up what they count, unless there is one; gone when the last of them ends."""
    if "PROMETHEUS_MULTIPROC_DIR" in os.environ:
        yield
        return
    folder, starter = tempfile.mkdtemp(prefix="vorab-metrics-"), os.getpid()
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = folder
    try:
        yield
    finally:
        # Workers are forks of this process, and come by here when they end, too.
        if os.getpid() == starter:
            shutil.rmtree(folder, ignore_errors=True)


def _serve(settings: Settings, host: str, port: int, workers: int, threads: int, *, greet: bool) -> None:
    with collecting_later():
        from api import migrating
        from api.app import utc_now
        from api.embed.keeping import keep_current
        from api.server import Listening, Server

    with open_database(settings) as database:
        present, wanted = migrating.present_and_wanted(database)
        if not migrating.works_with(present):
            raise Failure(f"the database is at revision {present}, not at {wanted}: run `vorab db upgrade` first")
        keep_current(database, now=utc_now())
    greeting = _greeting(f"http://{host}:{port}", demo=settings.demo) if greet else None
    Server(settings, Listening(host, port, workers, threads, greeting=greeting)).run()


def _greeting(base: str, *, demo: bool) -> str:
    places = [("article with comments", "/"), ("review queue", "/desk"), ("API documentation", "/api/v1/docs")]
    lines = [f"  {name:<22} {base}{path}" for name, path in places if demo or path != "/"]
    if demo:
        from seeds.people import demo_accounts

        lines += ["", "Sign in to the demo with:", demo_accounts().in_words()]
    return "\n".join(["", f"Vorab is at {base}", *lines, "", "Stop it with Ctrl-C."])
