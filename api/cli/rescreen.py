from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import click
from rich.console import Console
from rich.progress import track

from api.app import utc_now
from api.classifying import load
from api.cli.output import answer, as_json, open_database, read_settings
from moderation import rescreening
from moderation.db import Database
from moderation.errors import ClassifierError
from moderation.rescreening import Finding
from moderation.screening.pipeline import default_rules

_SHOWN = 20
_COUNTED = ("same", "changed", "applied", "failed")


@click.command()
@click.argument("site")
@click.option("--apply", "applies", is_flag=True, help="Change what would change. Without it nothing is changed.")
@as_json
def command(site: str, *, applies: bool, as_json: bool) -> None:
    """Screen every comment of SITE with the model and policy of today.

    A comment that a moderator has decided about keeps its status. A text that cannot be scored is counted and left.
    """
    settings = read_settings()
    console = Console(stderr=True)
    tally: Counter[str] = Counter()
    changes: list[dict[str, str]] = []
    classifier, rules = load(settings), default_rules()
    with open_database(settings) as database:
        ids = list(_all_candidates(database, site))
        for comment_id in track(ids, "Screening again", console=console, disable=as_json):
            with database.read() as session:
                seen = rescreening.look(session, comment_id)
            try:
                finding = rescreening.find(seen, rules, classifier)
            except ClassifierError:
                tally["failed"] += 1
                continue
            tally["changed" if finding.changes else "same"] += 1
            if finding.changes:
                changes.append(_facts(finding))
                if applies:
                    with database.write() as session:
                        tally["applied"] += rescreening.apply(session, finding, now=utc_now())
    facts = {
        "site": site,
        "model": {"name": classifier.identity.name, "digest": classifier.identity.digest},
        **tally,
        "moves": _moves(changes),
        "changes": changes,
    }
    answer(facts, _in_words(facts, applies=applies), as_json=as_json)


def _all_candidates(database: Database, site: str) -> Iterator[uuid.UUID]:
    last: uuid.UUID | None = None
    while True:
        with database.read() as session:
            found = rescreening.candidates(session, site, after=last)
        if not found:
            return
        yield from found
        last = found[-1]


def _facts(finding: Finding) -> dict[str, str]:
    return {
        "comment_id": str(finding.seen.job.comment_id),
        "from": finding.seen.status.value,
        "to": finding.to_status.value,
        "reasons": ", ".join(finding.screening.reasons),
    }


def _moves(changes: Sequence[dict[str, str]]) -> dict[str, int]:
    """How many go from where to where, the commonest first."""
    counts = Counter(f"{change['from']} -> {change['to']}" for change in changes)
    return dict(counts.most_common())


def _in_words(facts: Mapping[str, Any], *, applies: bool) -> str:
    changes, tally = facts["changes"], Counter({name: facts.get(name, 0) for name in _COUNTED})
    lines = [f"{change['comment_id']}  {change['from']} -> {change['to']}  {change['reasons']}" for change in changes]
    if len(lines) > _SHOWN:
        lines = [*lines[:_SHOWN], f"… and {len(lines) - _SHOWN} more (--json lists all)"]
    lines += [f"{move}: {count}" for move, count in facts["moves"].items()]
    done = f"{tally['applied']} changed" if applies else f"{tally['changed']} would change (--apply changes them)"
    screened = f"{tally['same'] + tally['changed']} screened again by {facts['model']['name']}"
    return "\n".join([*lines, f"{screened}, {done}, {tally['failed']} failed."])
