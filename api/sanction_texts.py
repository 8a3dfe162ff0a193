"""Sanctions in words: for moderators, and for the authors whom they concern."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from api import language
from api.embed import times
from moderation.models import Account, Sanction, Site
from moderation.sanctions import Entry
from moderation.standings import SiteStanding


def entry(found: Entry, standing: SiteStanding) -> dict[str, Any]:
    """A sanction for moderators."""
    sanction, ending = found.sanction, found.ending
    return {
        "id": sanction.id,
        "kind": sanction.kind,
        "reason": reason(sanction.reason),
        "note": sanction.note,
        "until": sanction.until,
        "actor": found.actor,
        "created_at": sanction.created_at,
        "in_force": sanction in standing.sanctions,
        "ended": ending.kind if ending is not None else None,
        "ended_by": found.ended_by,
        "ended_at": ending.created_at if ending is not None else None,
    }


def own(site: Site, standing: SiteStanding, account: Account) -> dict[str, Any]:
    """A standing for the author."""
    strictest = standing.strictest
    return {
        "standing": standing.standing.value,
        "may_write": standing.may_write,
        "confirm_address": account.unconfirmed,
        "until": standing.until,
        "warnings": [_own(site, warning) for warning in standing.warnings],
        "sanction": _own(site, strictest) if strictest is not None else None,
    }


def _own(site: Site, sanction: Sanction) -> dict[str, Any]:
    return {
        "id": sanction.id,
        "kind": sanction.kind,
        "reason": reason(sanction.reason),
        "note": sanction.note,
        "until": sanction.until,
        "explanation": explanation(sanction, site.name),
        "created_at": sanction.created_at,
    }


def explanation(sanction: Sanction, site_name: str) -> str:
    spoken = language.current()
    until = times.in_words(sanction.until, spoken) if sanction.until is not None else ""
    code = f"{sanction.kind}.until" if sanction.until is not None else sanction.kind
    return language.text("sanctions", code, site=site_name, until=until, reason=reason(sanction.reason)["message"])


def in_letter(context: Mapping[str, Any], spoken: str) -> dict[str, str]:
    """The words for what a letter about a sanction says in codes; nothing for other letters."""
    if "sanction" not in context:
        return {}
    until, note = context["until"], context["note"]
    moment = times.in_words(dt.datetime.fromisoformat(until), spoken) if until else ""
    return {
        "sanction": language.text("mail", f"lifted.{context['sanction']}", language=spoken),
        "reason": reason(context["reason"], spoken)["message"],
        "until": language.text("mail", "until.some" if until else "until.none", language=spoken, until=moment),
        "note": language.text("mail", "note", language=spoken, note=note) if note else "",
    }


def reason(code: str | None, spoken: str | None = None) -> dict[str, str]:
    known = code if code is not None and language.has_text("sanctions", f"reason.{code}") else "other"
    return {"code": known, "message": language.text("sanctions", f"reason.{known}", language=spoken)}
