"""What is served now is noted, so that tags which name its version find it after the next update too."""

from __future__ import annotations

import datetime as dt

from api.embed import bundle
from moderation import served_scripts
from moderation.db import Database
from moderation.served_scripts import VersionedScript


def keep_current(database: Database, *, now: dt.datetime) -> None:
    scripts = bundle.scripts().values()
    current = [VersionedScript(script.version, script.name, script.compressed) for script in scripts]
    with database.write() as session:
        served_scripts.keep(session, current, now=now)
