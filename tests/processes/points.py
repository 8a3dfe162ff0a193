"""Points of a comment's life at which a real process can be stopped, to be killed there or to go on.

``arm`` a point from outside; whichever process reaches it first says so, with its number, and waits until it is let go.
"""

from __future__ import annotations

import contextlib
import os
import sys
import time
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any

from flask import Flask

from api import logs, settings, worker
from api.app import Replacements, create_app
from api.classifying import warmed
from api.server import Listening, Server
from moderation import outbox, publication, screening_jobs, submissions
from moderation.passwords import Hasher
from tests.fakes import FakeClassifier

AT_THE_WEB = ("request came", "stored, not committed", "stored", "handed over", "before the answer")
AT_THE_WORKER = ("taken over, not committed", "scoring", "about to write", "written, not committed", "committed")
POINTS = AT_THE_WEB + AT_THE_WORKER
_PATIENCE_S = 30.0


class Points:
    """The points as files in a folder, which every process can see."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def arm(self, point: str) -> None:
        for name in (f"reached {point}", f"go {point}"):
            (self._folder / name).unlink(missing_ok=True)
        (self._folder / f"armed {point}").touch()

    def disarm(self, point: str) -> None:
        (self._folder / f"armed {point}").unlink(missing_ok=True)
        (self._folder / f"go {point}").touch()

    def reached_by(self, point: str) -> int | None:
        with contextlib.suppress(FileNotFoundError, ValueError):
            return int((self._folder / f"reached {point}").read_text())
        return None

    def here(self, point: str) -> None:
        """Called by a process that has come to the point. The first one to come waits."""
        mine = self._folder / f"taken {point} {os.getpid()}"
        try:
            (self._folder / f"armed {point}").rename(mine)
        except FileNotFoundError:
            return
        mine.write_text(str(os.getpid()))
        mine.rename(self._folder / f"reached {point}")
        until = time.monotonic() + _PATIENCE_S
        while not (self._folder / f"go {point}").exists() and time.monotonic() < until:
            time.sleep(0.01)

    def around(self, work: Callable[..., Any], *, before: str | None = None, after: str | None = None) -> Any:
        @wraps(work)
        def stopping(*args: Any, **kwargs: Any) -> Any:
            if before is not None:
                self.here(before)
            result = work(*args, **kwargs)
            if after is not None:
                self.here(after)
            return result

        return stopping


class StoppingClassifier(FakeClassifier):
    def __init__(self, points: Points) -> None:
        super().__init__()
        self.score = points.around(self.score, before="scoring")  # type: ignore[method-assign]


class StoppingServer(Server):
    """A web process that hands its comments to workers."""

    def load(self) -> Flask:
        points = Points(Path(sys.argv[2]))
        app = create_app(self._settings, Replacements(hasher=Hasher(memory_kib=8)))
        runner = app.extensions["vorab"].runner
        runner._publish = points.around(runner._publish, after="handed over")
        runner.run = points.around(runner.run, before="stored", after="before the answer")
        submissions.submit = points.around(  # type: ignore[assignment]
            submissions.submit, before="request came", after="stored, not committed"
        )
        return app


def work(points: Points) -> None:
    screening_jobs.take_over = points.around(  # type: ignore[assignment]
        screening_jobs.take_over, after="taken over, not committed"
    )
    screening_jobs.finish = points.around(screening_jobs.finish, before="about to write")  # type: ignore[assignment]
    publication.decide = points.around(publication.decide, after="written, not committed")  # type: ignore[assignment]
    from api.counters import ScreeningFigures

    ScreeningFigures.ended = points.around(ScreeningFigures.ended, after="committed")  # type: ignore[method-assign]
    # As the real one is before it serves: what is read on first use takes longer than a lease here.
    warmed(FakeClassifier())
    replaced = Replacements(classifier=StoppingClassifier(points), hasher=Hasher(memory_kib=8))
    worker.run(settings.read(), threads=4, replacements=replaced)


if __name__ == "__main__":
    logs.configure("info", libraries=True)
    # Whoever takes a letter and dies has it for ten minutes, which no test can wait for.
    outbox.CLAIM = settings.read().screening_lease
    if sys.argv[1] == "worker":
        work(Points(Path(sys.argv[2])))
    else:
        StoppingServer(settings.read(), Listening("127.0.0.1", int(sys.argv[1]))).run()
