"""Sentences that are in another language than the text around them, or than a short text is taken to be in."""

from __future__ import annotations

from bisect import bisect_right

from moderation.text.languages import likelihood
from moderation.text.passages import Window, sentences
from moderation.text.words import words

_LISTED = {
    "de": """
        aber alle auch auf aus bei bin bist das dass deine dem den denen der des dich dir doch du ein eine
        einen einer einfach er es euch fuer gegen gehoeren gehoert haben hast ich ihr ihre immer ist ja kein
        keine man mehr mit nach nicht noch nur oder schon seid sein sich sie sind sollen sollte ueber und
        uns von weg weil wenn wer werden wie wir wird zu zum zur
    """,
    "en": """
        about and are because been but can cannot could deserve dont every for from get go going hate have
        how if into is it its just like makes need never of other our people she should than that the their
        them then there these they this those to too very we were what when where who why will with would
        you your yours yourself
    """,
}
"""Little words of one language that are none of the other's ("die", "war", "was" and "so" are missing for that)."""
_WORDS = {language: frozenset(listed.split()) for language, listed in _LISTED.items()}
_SURE = 0.8


def sentences_in(language: str, text: str, *, main: str) -> tuple[Window, ...]:
    """The sentences that are rather in ``language`` than in ``main``; none where nothing is known of either.

    A sentence has to hold more of the little words that only ``language`` has than of those of ``main``, and to look
    like it: quoted titles, names and loan words do not make a sentence another language's.
    """
    if language == main or not {language, main} <= _WORDS.keys():
        return ()
    telling, others = _WORDS[language], _WORDS[main]
    found = words(text)
    if not any(word.folded in telling for word in found):
        return ()
    spans = sentences(text)
    # Spans are in order and apart: each word is looked at once, however long the text is.
    balance = dict.fromkeys(spans, 0)
    begins = [span.begin for span in spans]
    for word in found:
        weight = (word.folded in telling) - (word.folded in others)
        if weight and (place := bisect_right(begins, word.begin) - 1) >= 0:
            balance[spans[place]] += weight
    return tuple(
        span
        for span in spans
        if balance[span] > 0 and likelihood(text[span.begin : span.end], language, against=main) >= _SURE
    )


def only(text: str, spans: tuple[Window, ...]) -> str:
    """The text with blanks in the place of everything else, so that offsets into it stay what they are."""
    kept = [" "] * len(text)
    for span in spans:
        kept[span.begin : span.end] = text[span.begin : span.end]
    return "".join(kept)
