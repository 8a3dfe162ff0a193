from __future__ import annotations

import datetime as dt
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from flask import Response

from api import auth, csv_export
from api.blueprints.base import Blueprint
from api.schemas import figures as schemas
from api.services import services
from moderation import figures
from moderation.errors import InvalidInputError
from moderation.figures import OUTCOMES, Figures, Period

blueprint = Blueprint("Figures", __name__, description="For moderators: how the moderation goes.")


@blueprint.route("/figures", methods=["GET"])
@blueprint.arguments(schemas.FiguresQuery, location="query")
@blueprint.response(200, schemas.FiguresOut)
@auth.requires("staff")
def show(query: dict[str, Any]) -> Figures:
    """Outcomes by day, waits, agreement of machine and moderators, and what another threshold would have done."""
    return _figures(query)


@blueprint.route("/figures/export", methods=["GET"])
@blueprint.arguments(schemas.ExportQuery, location="query")
@blueprint.response(200, content_type="text/csv")
@auth.requires("staff")
def export(query: dict[str, Any]) -> Response:
    """One of the tables as CSV. Nothing in it is taken for a formula by a spreadsheet."""
    table = query.pop("table")
    header, rows = _TABLES[table](_figures(query))
    return csv_export.answer(f"vorab-{table}", header, rows)


def _figures(query: dict[str, Any]) -> Figures:
    held = services()
    zone = _zone(query["timezone"])
    until = held.clock()
    first = until.astimezone(zone).date() - dt.timedelta(days=query["days"] - 1)
    since = dt.datetime.combine(first, dt.time(), zone).astimezone(dt.UTC)
    period = Period(site=query["site"], since=since, until=until, zone=zone)
    with held.database.read() as session:
        return figures.figures(session, period, actor=auth.actor())


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise InvalidInputError("timezone", "unknown_choice") from error


def _days(found: Figures) -> tuple[list[str], list[list[object]]]:
    return ["day", *OUTCOMES], [[entry.day.isoformat(), *entry.counts.values()] for entry in found.days]


def _agreement(found: Figures) -> tuple[list[str], list[list[object]]]:
    return ["label", "confirmed", "overruled", "missed", "agreed"], [
        [entry.label, entry.confirmed, entry.overruled, entry.missed, entry.agreed] for entry in found.agreement
    ]


def _thresholds(found: Figures) -> tuple[list[str], list[list[object]]]:
    return ["label", "threshold", "waiting", "slipping", "needless"], [
        [curve.label, point.threshold, point.waiting, point.slipping, point.needless]
        for curve in found.thresholds
        for point in curve.points
    ]


_TABLES = {"days": _days, "agreement": _agreement, "thresholds": _thresholds}
