"""Dates as people write them, for the pages that are made on the server."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

_MONTHS = {
    "de": (
        *("Januar", "Februar", "März", "April", "Mai", "Juni"),
        *("Juli", "August", "September", "Oktober", "November", "Dezember"),
    ),
    "en": (
        *("January", "February", "March", "April", "May", "June"),
        *("July", "August", "September", "October", "November", "December"),
    ),
}


def in_words(moment: dt.datetime, language: str, zone: str = "Europe/Berlin") -> str:
    """Date and time of day; "28. Januar 2025, 6:30 Uhr"."""
    local = moment.astimezone(ZoneInfo(zone))
    month = _MONTHS[language][local.month - 1]
    clock = f"{local.hour}:{local.minute:02}"
    return (
        f"{local.day}. {month} {local.year}, {clock} Uhr"
        if language == "de"
        else f"{local.day} {month} {local.year}, {clock}"
    )
