"""German sentences that no rule objects to, each different from all others."""

from __future__ import annotations

from moderation.policies import Policy, WordLists

CALM = Policy(
    repeat_window_s=0,
    burst_window_s=0,
    burst_limit=10_000,
    shouting_from=10_000,
    offender_refusals=0,
    word_lists=WordLists(False),
)
"""A policy under which only the classifier can object: for tests that are about something else."""

_WHO = (
    "Die Gemeinde",
    "Der Stadtrat",
    "Das Ministerium",
    "Die Schule am Markt",
    "Der Verein",
    "Die neue Regierung",
    "Unser Landrat",
    "Die Bahn",
    "Der Betreiber",
    "Das Krankenhaus",
)
_WHAT = (
    "sollte mehr Geld für den Radweg ausgeben",
    "hat die Zahlen aus dem letzten Jahr falsch gelesen",
    "braucht endlich einen vernünftigen Fahrplan",
    "könnte die alten Bäume im Park stehen lassen",
    "muss den Bürgern die Kosten besser erklären",
    "plant den Umbau der Bibliothek viel zu spät",
    "hat mit dem Vergleich zu Österreich recht",
    "wird das Schwimmbad im Winter wohl schließen",
    "verdient für diese Entscheidung ein Lob",
    "lässt die Anwohner mit dem Lärm allein",
)


def sentence(number: int) -> str:
    """A harmless sentence; the same number gives the same one."""
    who, what = _WHO[number % 10], _WHAT[number // 10 % 10]
    return f"{who} {what}." if number < 100 else f"{who} {what}, und das nun schon zum {number}. Mal."


def insult(number: int = 0) -> str:
    """A sentence that the fake classifier finds toxic."""
    return f"{sentence(number)} Wer das anders sieht, ist ein Murrkopf."
