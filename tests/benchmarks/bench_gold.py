"""The gold set at the shipped policy: how many harmless sentences are let through, how many hateful ones are not."""

from __future__ import annotations

from itertools import groupby

from rich.console import Console
from rich.table import Table

from moderation.screening.verdicts import Outcome
from tests.benchmarks.measuring import screened, share
from tests.gold.sentences import Sentence, sentences


def main() -> None:
    outcomes = {one: screened(one.text, "de").outcome for one in sentences()}
    for title, key in (("by kind", lambda one: one.kind), ("by group", lambda one: one.group)):
        table = Table(title=f"gold set {title}", title_justify="left")
        for head in ("", "pairs", "harmless let through", "hateful stopped", "of these rejected"):
            table.add_column(head, justify="left" if not head else "right")
        ordered = sorted(outcomes, key=key)
        for name, members in groupby(ordered, key=key):
            table.add_row(name, *_figures(list(members), outcomes))
        table.add_row("all", *_figures(ordered, outcomes))
        Console().print(table)


def _figures(members: list[Sentence], outcomes: dict[Sentence, Outcome]) -> list[str]:
    harmless = [outcomes[one] for one in members if one.harmless]
    hateful = [outcomes[one] for one in members if not one.harmless]
    stopped = share(outcome is not Outcome.PUBLISH for outcome in hateful)
    rejected = share(outcome is Outcome.REJECT for outcome in hateful)
    let_through = share(outcome is Outcome.PUBLISH for outcome in harmless)
    return [str(len(harmless)), f"{let_through:.0%}", f"{stopped:.0%}", f"{rejected:.0%}"]
