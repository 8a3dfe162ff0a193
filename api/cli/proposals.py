"""Proposed thresholds, for people and for scripts."""

from __future__ import annotations

import dataclasses
from typing import Any

from rich.box import SIMPLE
from rich.table import Table

from moderation.calibrating import Effect, Proposal
from moderation.measuring import Share

_SHARES = ("held, of all", "missed, of the refused", "held, of the published")


def proposal_facts(one: Proposal) -> dict[str, Any]:
    return {
        "language": one.language,
        "texts": one.texts,
        "judged": one.judged,
        "now": one.now.as_json(),
        "thresholds": {label: dataclasses.asdict(moved) for label, moved in one.thresholds.items()},
        "proposed": one.proposed.as_json() if one.proposed else None,
        "refusal": one.refusal or None,
    }


def proposal_table(one: Proposal) -> Table:
    title = f"{one.language}: {one.texts} screened, {one.judged} judged"
    table = Table(title=title, title_justify="left", box=SIMPLE)
    for head in ("", "now", "proposed", "95 %"):
        table.add_column(head, justify="left" if not head else "right", no_wrap=True)
    for label, moved in one.thresholds.items():
        table.add_row(label, f"{moved.now:.4f}", f"{moved.proposed:.4f}", f"{moved.low:.4f}–{moved.high:.4f}")
    for name, now, then in zip(_SHARES, _shares(one.now), _shares(one.proposed), strict=True):
        table.add_row(name, _percent(now), _percent(then), _interval(then or now))
    return table


def _shares(effect: Effect | None) -> tuple[Share | None, ...]:
    return (effect.held, effect.missed, effect.judged.alarms) if effect else (None, None, None)


def _percent(share: Share | None) -> str:
    return "–" if share is None or not share.of else f"{share.value:.1%}"


def _interval(share: Share | None) -> str:
    if share is None or not share.of:
        return "–"
    low, high = share.interval
    return f"{low * 100:.1f}–{high * 100:.1f}"
