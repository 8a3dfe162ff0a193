from __future__ import annotations

import dataclasses
import datetime as dt
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.progress import track

from api.app import utc_now
from api.charts import Report
from api.classifying import load
from api.cli.output import Failure, answer, open_database, read_settings
from api.cli.proposals import proposal_facts, proposal_table
from api.cli.reports import print_report, write_report
from moderation import calibrating, evaluating, judgements, sites
from moderation.calibrating import Kind, Proposal, Wish
from moderation.classifiers.protocol import Classifier
from moderation.db import Database
from moderation.errors import ClassifierError
from moderation.evaluating import Measured
from moderation.judgements import Judgement
from moderation.measuring import Judged
from moderation.screening.assessment import thresholds_for
from moderation.sites import PolicyInForce

_WARNING = (
    "Missed is counted among what moderators judged. What was published and nobody flagged is unknown: "
    "the true share may be higher."
)
_PERCENT = click.FloatRange(0, 100, min_open=True, max_open=True)


@dataclass(frozen=True, slots=True)
class _Site:
    key: str
    in_force: PolicyInForce
    texts: Sequence[Judgement]
    failed: int
    """Texts that the model could not score."""


@click.command()
@click.argument("site")
@click.option("--held", type=_PERCENT, help="Propose thresholds that hold at most this percentage of all comments.")
@click.option("--missed", type=_PERCENT, help="Propose thresholds that miss at most this percentage of toxic comments.")
@click.option("--days", type=click.IntRange(1, 3660), default=90, show_default=True, help="How far to look back.")
@click.option("--label", default="toxicity", show_default=True, help="The score that the charts are about.")
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), help="Default: var/calibrations/SITE.")
@click.option("--apply", "applies", is_flag=True, help="Put the proposal in force, after a question.")
@click.option("--yes", "agreed", is_flag=True, help="Answer that question with yes.")
@click.option("--json", "as_json", is_flag=True, help="Answer with one JSON document.")
def command(  # noqa: PLR0913  # One parameter for each option: click's way.
    site: str,
    held: float | None,
    missed: float | None,
    days: int,
    label: str,
    out: Path | None,
    *,
    applies: bool,
    agreed: bool,
    as_json: bool,
) -> None:
    """Measure the scores of SITE against what its moderators decided, and propose thresholds for a wished share.

    Toxic is what they refused as insult, hate or threat, clean what they published; scores suggested by way of the
    Perspective API count too. Nothing changes without --apply and a yes; a change is a new policy on record.
    """
    wish = _wish(held, missed, applies=applies)
    settings, console = read_settings(), Console(stderr=True)
    classifier = load(settings)
    with open_database(settings) as database:
        found = _read(database, site, classifier, utc_now() - dt.timedelta(days=days), console)
        report = _report(found, classifier, label)
        folder = out or Path("var/calibrations") / site
        facts: dict[str, Any] = {"site": site, "policy": found.in_force.number, "failed": found.failed}
        facts["report"] = write_report(report, folder) if report else None
        proposals = _proposals(found, classifier, wish)
        facts["proposals"] = [proposal_facts(one) for one in proposals]
        if not as_json:
            _tell(found, report, folder, proposals)
        facts["applied"] = _apply(database, found, proposals, agreed=agreed) if applies else None
    answer(facts, _ending(facts, wish, applies=applies), as_json=as_json)


def _wish(held: float | None, missed: float | None, *, applies: bool) -> Wish | None:
    if held is not None and missed is not None:
        raise click.UsageError("--held and --missed are two wishes: choose one.")
    if held is None and missed is None:
        if applies:
            raise click.UsageError("--apply needs --held or --missed.")
        return None
    return Wish(Kind.HELD, held / 100) if held is not None else Wish(Kind.MISSED, (missed or 0) / 100)


def _read(database: Database, key: str, classifier: Classifier, since: dt.datetime, console: Console) -> _Site:
    with database.read() as session:
        site = sites.by_key(session, key)
        in_force = sites.policy_of(session, site.id)
        loaded = judgements.load(session, site.id, classifier.identity, since=since)
    texts = [one for one in loaded if one.text is None]
    unscored = [one for one in loaded if one.text is not None]
    failed = 0
    shown = track(unscored, "Scoring with today's model", console=console, transient=True, disable=not unscored)
    for one in shown:
        try:
            texts.append(judgements.scored(one, classifier))
        except ClassifierError:
            failed += 1
    return _Site(key, in_force, texts, failed)


def _report(found: _Site, classifier: Classifier, label: str) -> Report | None:
    """What the moderators' decisions say about the scores; ``None`` where there are none."""
    identity, chosen = classifier.identity, found.in_force.policy.hold_thresholds
    if label not in identity.labels:
        raise Failure(f"{identity.name} has no label {label!r}; it has {', '.join(identity.labels)}")
    limits = {language: thresholds_for(chosen, identity, language) for language in _languages(found)}
    rows = [
        Measured(number, one.language, Judged(one.toxic, one.scores.get(label), is_held))
        for number, one in enumerate(found.texts)
        if one.toxic is not None
        for is_held in [calibrating.is_held(one, limits[one.language])]
    ]
    if not rows:
        return None
    return Report(
        title=f"{found.key}: {len(rows)} comments that moderators judged",
        model=identity.name,
        digest=identity.digest,
        label=label,
        limits={language: of[label] for language, of in limits.items() if label in of},
        whole=evaluating.figures(rows),
        languages=evaluating.by_language(rows),
        left_out={},
        policy=f"policy {found.in_force.number}",
    )


def _proposals(found: _Site, classifier: Classifier, wish: Wish | None) -> list[Proposal]:
    chosen = found.in_force.policy.hold_thresholds
    return [
        calibrating.propose(found.texts, language, thresholds_for(chosen, classifier.identity, language), wish)
        for language in _languages(found)
    ]


def _languages(found: _Site) -> list[str]:
    return [language for language, _ in Counter(one.language for one in found.texts).most_common()]


def _apply(database: Database, found: _Site, proposals: Sequence[Proposal], *, agreed: bool) -> int:
    """Put the proposals in force as a new policy, and return its number."""
    changed = {
        one.language: {label: moved.proposed for label, moved in one.thresholds.items()}
        for one in proposals
        if one.proposed is not None
    }
    if not changed:
        raise Failure("there is nothing to apply: no thresholds are proposed")
    if not agreed:
        click.confirm(f"Put these thresholds in force for {found.key}?", abort=True, err=True)
    with database.write() as session:
        site = sites.by_key(session, found.key)
        before = sites.policy_of(session, site.id)
        if before.number != found.in_force.number:
            raise Failure(f"the policy has changed meanwhile: it is number {before.number} now. Look again")
        limits = {**before.policy.hold_thresholds, **changed}
        policy = dataclasses.replace(before.policy, hold_thresholds=limits)
        return sites.set_policy(session, site, policy, actor_id=None, now=utc_now()).number


def _tell(found: _Site, report: Report | None, folder: Path, proposals: Sequence[Proposal]) -> None:
    console = Console()
    if report:
        print_report(report, folder, console)
    for one in proposals:
        console.print(proposal_table(one))
        if one.refusal:
            console.print(f"{one.language}: nothing proposed, {one.refusal}.", soft_wrap=True)
    if found.failed:
        console.print(f"{found.failed} texts could not be scored.")


def _ending(facts: dict[str, Any], wish: Wish | None, *, applies: bool) -> str:
    if not facts["proposals"]:
        return "There is nothing to calibrate on: no text was screened in this time in a language of the model."
    if applies:
        return f"Policy {facts['applied']} of {facts['site']} is in force. {_WARNING}"
    ways = "--held or --missed proposes thresholds" if wish is None else "--apply puts them in force"
    return f"Nothing was changed; {ways}. {_WARNING}"
