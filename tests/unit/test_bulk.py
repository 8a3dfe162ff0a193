"""Rows of a file are screened like comments; what is wrong with a row is said in the row."""

from __future__ import annotations

import itertools
import json
import threading
from typing import Any

import pytest

from moderation.bulk import MAX_CHARS, BulkScreener, Row, as_line, read_row
from moderation.errors import ClassifierUnavailableError
from moderation.policies import Policy
from moderation.screening.pipeline import Screening, default_rules
from tests.fakes import FakeClassifier


def screened(line: str, classifier: FakeClassifier | None = None, *, language: str = "de") -> dict[str, Any]:
    screener = BulkScreener(classifier or FakeClassifier(), default_rules(), Policy())
    (found,) = screener.screen_all([read_row(1, line, language=language)])
    return found.as_json()


def test_a_row_keeps_its_fields_and_gains_what_was_found() -> None:
    found = screened('{"id": 7, "text": "So ein Murrkopf. Der Himmel ist blau.", "tags": ["a"], "lang": "de"}')
    assert list(found)[:4] == ["id", "text", "tags", "lang"]
    assert found["id"] == 7
    assert found["scores"] == {"toxicity": 0.9, "insult": 0.8}
    assert (found["language"], found["outcome"], found["reasons"]) == ("de", "hold", ["toxicity"])
    assert found["passages"] == [{"begin": 0, "end": 16, "labels": ["toxicity", "insult"]}]
    assert "error" not in found


def test_passages_count_characters_of_the_text_as_written() -> None:
    text = "  😀 Der Himmel\r\nist blau. So ein Murrkopf! "
    (passage,) = screened(json.dumps({"text": text}))["passages"]
    assert text[passage["begin"] : passage["end"]] == "So ein Murrkopf!"


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("no json", "not_json"),
        ('{"text": "cut off', "not_json"),
        ('{"text": "a", "weight": NaN}', "not_json"),
        ('{"text": "a", "weight": 1e400}', "not_json"),
        ("[" * 100_000, "not_json"),
        ("[1, 2]", "not_an_object"),
        ("null", "not_an_object"),
        ("{}", "text_missing"),
        ('{"text": null}', "text_not_a_string"),
        ('{"text": 5}', "text_not_a_string"),
        ('{"text": ""}', "text_empty"),
        ('{"text": " \\u200b\\n"}', "text_empty"),
        (json.dumps({"text": "x" * (MAX_CHARS + 1)}), "text_too_long"),
        ('{"text": "a", "lang": 5}', "lang_invalid"),
        ('{"text": "a", "lang": "german!"}', "lang_invalid"),
    ],
)
def test_a_row_that_cannot_be_screened_says_why_and_is_never_published(line: str, code: str) -> None:
    found = screened(line[:200_000])
    assert found["error"]["code"] == code
    assert found["error"]["message"]
    assert (found["outcome"], found["scores"], found["passages"], found["language"]) == ("hold", {}, [], None)


@pytest.mark.parametrize(
    ("text", "outcome"),
    [
        ("\ud83d allein", "hold"),
        ("ein\x00Nul", "hold"),
        ("Zalgo " + "e" + "\u0301" * 10_000, "hold"),
        ("\u202egnul", "publish"),
        ("wort " * 20_000, "reject"),
    ],
    ids=["surrogate", "nul", "combining marks", "bidi", "100,000 characters"],
)
def test_hostile_text_is_screened_and_written_as_json(text: str, outcome: str) -> None:
    found = screened(json.dumps({"text": text}))
    assert found["outcome"] == outcome
    assert found["scores"]["toxicity"] == 0.01
    assert json.loads(as_line(found).encode("utf-8"))["text"] == text


@pytest.mark.parametrize(
    ("row", "language"),
    [
        ({"text": "Kurz."}, "de"),
        ({"text": "Short.", "lang": "en"}, "en"),
        ({"text": "Kurz.", "lang": ""}, "de"),
        ({"text": "Kurz.", "lang": None}, "de"),
        ({"text": "Kurz.", "lang": "de-AT"}, "de"),
        ({"text": "Kurz.", "lang": "DE_at"}, "de"),
        ({"text": "Das hier ist ganz offensichtlich ein deutscher Satz.", "lang": "en"}, "de"),
    ],
)
def test_the_language_is_what_is_expected_unless_the_text_is_clearly_in_another(row: object, language: str) -> None:
    found = screened(json.dumps(row))
    assert found["language"] == language
    assert found["scores"]


def test_g7_a_language_outside_the_models_is_held_without_a_score() -> None:
    found = screened('{"text": "Quel beau temps, n\'est-ce pas, mes chers amis du village ?", "lang": "fr"}')
    assert (found["language"], found["scores"], found["outcome"]) == ("fr", {}, "hold")
    assert found["reasons"] == ["language_not_covered"]


def test_a_text_that_breaks_the_classifier_is_held_and_the_others_are_not_affected() -> None:
    class Fragile(FakeClassifier):
        def score(self, inputs: Any) -> Any:
            if any("brich" in one.text for one in inputs):
                raise self.refusal
            return super().score(inputs)

        from moderation.errors import ClassifierError

        refusal = ClassifierError("no")

    screener = BulkScreener(Fragile(), default_rules(), Policy())
    texts = ["Ein Satz.", "brich", "Noch ein Satz."]
    rows = [read_row(number, json.dumps({"text": text}), language="de") for number, text in enumerate(texts, 1)]
    found = [one.as_json() for one in screener.screen_all(rows)]
    assert [one["outcome"] for one in found] == ["publish", "hold", "publish"]
    assert found[1]["error"]["code"] == "classifier_failed"


def test_without_a_classifier_nothing_is_made_up() -> None:
    class Gone(FakeClassifier):
        def score(self, inputs: Any) -> Any:
            raise ClassifierUnavailableError("shut down")

    with pytest.raises(ClassifierUnavailableError):
        screened('{"text": "Ein Satz."}', Gone())


def test_rows_come_back_in_order_although_they_are_screened_side_by_side() -> None:
    first_may_end = threading.Event()

    class Slow(BulkScreener):
        def screen(self, row: Row) -> Any:
            if row.number == 1:
                assert first_may_end.wait(10)
            elif row.number == 3:
                first_may_end.set()
            return super().screen(row)

    screener = Slow(FakeClassifier(), default_rules(), Policy(), threads=4)
    rows = (read_row(number, f'{{"text": "Satz {number}"}}', language="de") for number in range(1, 50))
    assert [one.row.number for one in screener.screen_all(rows)] == list(range(1, 50))


def test_no_more_is_read_than_is_needed() -> None:
    read = []

    def endless() -> Any:
        for number in itertools.count(1):
            read.append(number)
            yield read_row(number, '{"text": "Ein Satz."}', language="de")

    screener = BulkScreener(FakeClassifier(), default_rules(), Policy(), threads=2)
    found = screener.screen_all(endless())
    for _ in range(10):
        next(found)
    found.close()
    assert len(read) <= 10 + 2 * 4 + 1


def test_a_screening_without_objections_has_no_reasons() -> None:
    screener = BulkScreener(FakeClassifier(), default_rules(), Policy())
    found = screener.screen(read_row(1, '{"text": "Ein Satz."}', language="de"))
    assert isinstance(found.screening, Screening)
    assert found.as_json()["reasons"] == []
