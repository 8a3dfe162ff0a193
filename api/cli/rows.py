"""Files of rows: what ``vorab score`` and ``vorab evaluate`` share."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import BinaryIO

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from api.classifying import running_service
from api.settings import Settings
from moderation.bulk import BulkScreener
from moderation.policies import Policy
from moderation.screening.pipeline import default_rules


@contextmanager
def bulk_screener(settings: Settings, policy: Policy, console: Console) -> Iterator[BulkScreener]:
    """A screener with its own scoring service, loaded.

    Raises:
        ClassifierUnavailableError: the model cannot be loaded.
    """
    with ExitStack() as stack:
        with console.status("Loading the classifier …"):
            service = stack.enter_context(running_service(settings, patience_s=600.0, queue_limit=1_000_000))
        yield BulkScreener(service, default_rules(), policy)


def lines_of(path: Path | None, stdin: BinaryIO) -> Iterator[tuple[int, str]]:
    """Number and text of the lines of a file that are not blank. Bytes that are no UTF-8 become replacement signs."""
    stream = stdin if path is None else path.open("rb")
    try:
        for number, raw in enumerate(stream, start=1):
            line = raw.decode("utf-8-sig" if number == 1 else "utf-8", "replace")
            if line.strip():
                yield number, line
    finally:
        if path is not None:
            stream.close()


def count_lines(path: Path) -> int:
    """How many lines there are to read."""
    with path.open("rb") as stream:
        return sum(1 for line in stream if line.strip())


@contextmanager
def progress(console: Console) -> Iterator[Progress]:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as shown:
        yield shown
