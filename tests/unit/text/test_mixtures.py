from __future__ import annotations

import pytest

from moderation.text.mixtures import only, sentences_in


@pytest.mark.parametrize(
    ("text", "main", "language", "found"),
    [
        ("Das ist gut. You are a moron. Bis morgen!", "de", "en", ["You are a moron."]),
        ("You are a moron.", "de", "en", ["You are a moron."]),
        ("Gas the jews", "de", "en", ["Gas the jews"]),
        ("I like it.\nDu bist nicht ganz dicht!", "en", "de", ["Du bist nicht ganz dicht!"]),
        ("You are right. You are a moron.", "en", "en", []),
        ("You are right. Vous avez raison.", "en", "fr", []),
        ("", "de", "en", []),
    ],
)
def test_sentences_in_another_language_are_found(text: str, main: str, language: str, found: list[str]) -> None:
    assert [text[span.begin : span.end] for span in sentences_in(language, text, main=main)] == found


@pytest.mark.parametrize(
    "text",
    [
        "Die Show war cool, und das Team ist top.",
        "Der Film Die Hard war gut, und was kam dann?",
        "Ich höre gern „With or Without You“ von U2.",
        "Make love, not war. Das gilt auch heute.",
        "Herr Will hat die Gifthalle in Bad Hall gekauft.",
        "Das ist ja wohl fucking unglaublich.",
        "So war das aber nicht gemeint, lieber Herr Must.",
    ],
)
def test_titles_names_and_loan_words_do_not_make_a_sentence_another_languages(text: str) -> None:
    assert sentences_in("en", text, main="de") == ()


def test_offsets_into_what_is_left_are_those_of_the_text() -> None:
    text = "Das ist gut. 😀 You are a moron. Bis morgen!"
    spans = sentences_in("en", text, main="de")

    left = only(text, spans)

    assert len(left) == len(text)
    assert left.strip() == text[spans[0].begin : spans[0].end]
    assert left.index("moron") == text.index("moron")
