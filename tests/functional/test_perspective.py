"""The Perspective API's calls: what its clients send, what they must get, and what they must never get."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import select
from werkzeug.test import TestResponse

from api.server import without_queries
from moderation import api_keys
from moderation.classifiers.protocol import Scores, ScoringInput
from moderation.db import Database
from moderation.errors import ClassifierError
from moderation.models import ApiKey, SuggestedScore
from tests.fakes import FakeClassifier
from tests.world import ORIGIN, World, json_of

GERMAN = "Das hier ist ganz offensichtlich ein deutscher Satz."
ENGLISH = "This sentence is quite obviously written in English."
FRENCH = "Quel beau temps, n'est-ce pas, mes chers amis du village ?"
INSULT = "Der Himmel ist blau. So ein Dummkopf!"
PROBABILITY = {"scoreType": "PROBABILITY"}


def make_key(world: World, **options: bool) -> str:
    with world.database.write() as session:
        wish = {"holds_uncovered": False, **options}
        return api_keys.create(session, "demo", "Coral", now=world.clock(), **wish).key


@pytest.fixture
def key(world: World) -> str:
    return make_key(world)


Ask = Callable[..., TestResponse]


@pytest.fixture
def ask(world: World, key: str) -> Ask:
    """A request to ``analyze`` that is right but for what a test changes; ``None`` takes a field out."""

    def asking(text: object = GERMAN, *, call: str = "analyze", by: str = key, **fields: Any) -> TestResponse:
        usual: dict[str, Any] = {"comment": {"text": text}, "requestedAttributes": {"TOXICITY": {}}}
        body = {name: value for name, value in {**usual, **fields}.items() if value is not None}
        return world.call("POST", f"/v1alpha1/comments:{call}?key={by}", body)

    return asking


def refusal(answer: TestResponse) -> tuple[int, str, str]:
    """Status, errorType and message of an error, whose shape is checked."""
    assert answer.mimetype == "application/json"
    ((name, error),) = json_of(answer).items()
    assert (name, error["code"]) == ("error", answer.status_code)
    kind = error["details"][0]["errorType"] if "details" in error else error["status"]
    return answer.status_code, kind, error["message"]


def test_the_answer_has_the_shape_that_clients_read(ask: Ask) -> None:
    answer = ask(INSULT, languages=["de"], clientToken="t-1", doNotStore=True, spanAnnotations=True)
    assert answer.status_code == 200
    assert json_of(answer) == {
        "attributeScores": {
            "TOXICITY": {
                "summaryScore": {"value": 0.9, "type": "PROBABILITY"},
                "spanScores": [
                    {"begin": 0, "end": 20, "score": {"value": 0.01, "type": "PROBABILITY"}},
                    {"begin": 21, "end": 37, "score": {"value": 0.9, "type": "PROBABILITY"}},
                ],
            }
        },
        "languages": ["de"],
        "detectedLanguages": ["de"],
        "clientToken": "t-1",
    }


def test_without_span_annotations_the_whole_text_is_one_span(ask: Ask) -> None:
    scores = json_of(ask(INSULT))["attributeScores"]["TOXICITY"]
    assert scores["spanScores"] == [{"begin": 0, "end": len(INSULT), "score": scores["summaryScore"]}]


def test_offsets_count_characters(ask: Ask) -> None:
    text = "  😀 Alles gut hier. 😀\n\nSo ein Dummkopf! "
    spans = json_of(ask(text, spanAnnotations=True))["attributeScores"]["TOXICITY"]["spanScores"]
    assert [text[span["begin"] : span["end"]] for span in spans] == ["😀 Alles gut hier.", "😀", "So ein Dummkopf!"]


def test_a_sentence_longer_than_a_window_is_one_span_with_its_worst_score(ask: Ask) -> None:
    text = "wirklich " * 100 + "ein Dummkopf."
    (span,) = json_of(ask(text, spanAnnotations=True))["attributeScores"]["TOXICITY"]["spanScores"]
    assert (span["begin"], span["end"], span["score"]["value"]) == (0, len(text), 0.9)


def test_what_coral_sends_is_answered(ask: Ask) -> None:
    answer = ask(
        INSULT, languages=["de"], doNotStore=True, requestedAttributes={"TOXICITY": {}},
        comment={"text": INSULT, "type": "PLAIN_TEXT"},
    )  # fmt: skip
    assert json_of(answer)["attributeScores"]["TOXICITY"]["summaryScore"]["value"] > 0.8


@pytest.mark.parametrize("name", ["TOXICITY", "TOXICITY@6", "TOXICITY_EXPERIMENTAL", "INSULT", "INSULT@2"])
def test_an_attribute_is_echoed_by_the_name_that_it_was_asked_for(ask: Ask, name: str) -> None:
    assert list(json_of(ask(requestedAttributes={name: PROBABILITY}))["attributeScores"]) == [name]


def test_scores_below_the_threshold_are_left_out(ask: Ask) -> None:
    wanted = {"TOXICITY": {"scoreThreshold": 0.5}, "INSULT": {"scoreThreshold": 0.85}}
    found = json_of(ask(INSULT, requestedAttributes=wanted, spanAnnotations=True))["attributeScores"]
    assert list(found) == ["TOXICITY"]
    assert len(found["TOXICITY"]["spanScores"]) == 1


def test_names_with_underscores_are_understood_as_google_does(world: World, key: str) -> None:
    body = {"comment": {"text": INSULT}, "requested_attributes": {"TOXICITY": {"score_threshold": 0}}}
    answer = world.call("POST", f"/v1alpha1/comments:analyze?key={key}", {**body, "span_annotations": True})
    assert len(json_of(answer)["attributeScores"]["TOXICITY"]["spanScores"]) == 2


REFUSED: list[tuple[dict[str, Any], str, str]] = [
    ({"text": ""}, "COMMENT_EMPTY", "Comment must be non-empty."),
    ({"text": " \n\u200b"}, "COMMENT_EMPTY", "Comment must be non-empty."),
    ({"text": None}, "COMMENT_EMPTY", "Comment must be non-empty."),
    ({"comment": None}, "COMMENT_EMPTY", "Comment must be non-empty."),
    ({"text": "x" * 20_481}, "COMMENT_TOO_LONG", "Comment text too long."),
    ({"text": "ä" * 10_241}, "COMMENT_TOO_LONG", "Comment text too long."),
    ({"text": "x" * 100_000}, "COMMENT_TOO_LONG", "Comment text too long."),
    ({"requestedAttributes": None}, "NO_REQUESTED_ATTRIBUTES", "Missing requested_attributes"),
    ({"requestedAttributes": {}}, "NO_REQUESTED_ATTRIBUTES", "Missing requested_attributes"),
    ({"requestedAttributes": {"NICE": {}}}, "INVALID_REQUEST", "Unknown requested attribute: NICE"),
    ({"requestedAttributes": {"toxicity": {}}}, "INVALID_REQUEST", "Unknown requested attribute: toxicity"),
    (
        {"requestedAttributes": {"TOXICITY": {"scoreType": "STD_DEV_SCORE"}}},
        "INVALID_REQUEST",
        "Requested score type STD_DEV_SCORE is not supported by attribute TOXICITY",
    ),
    (
        {"comment": {"text": "<b>Hallo</b>", "type": "HTML"}},
        "INVALID_REQUEST",
        "Currently, only 'PLAIN_TEXT' comments are supported",
    ),
    (
        {"languages": ["xx"]},
        "LANGUAGE_NOT_SUPPORTED_BY_ATTRIBUTE",
        "Attribute TOXICITY does not support request languages: xx",
    ),
    (
        {"requestedAttributes": {"THREAT": {}}, "languages": ["de"]},
        "LANGUAGE_NOT_SUPPORTED_BY_ATTRIBUTE",
        "Attribute THREAT does not support request languages: de",
    ),
    (
        {"text": FRENCH},
        "LANGUAGE_NOT_SUPPORTED_BY_ATTRIBUTE",
        "Attribute TOXICITY does not support request languages: fr",
    ),
    (
        {"text": FRENCH, "languages": ["de"]},
        "LANGUAGE_NOT_SUPPORTED_BY_ATTRIBUTE",
        "Attribute TOXICITY does not support request languages: fr",
    ),
    ({"text": "ᚠᚢᚦᚨᚱᚲ ᚷᚹᚺᚾᛁᛃ"}, "LANGUAGE_DETECTION_FAILED", "Unable to detect language."),
    ({"text": 5}, "INVALID_REQUEST", "Invalid value at 'comment.text'"),
    ({"comment": "text"}, "INVALID_REQUEST", "Invalid value at 'comment'"),
    ({"requestedAttributes": ["TOXICITY"]}, "INVALID_REQUEST", "Invalid value at 'requested_attributes'"),
    (
        {"requestedAttributes": {"TOXICITY": {"scoreThreshold": 2}}},
        "INVALID_REQUEST",
        "Invalid value at 'score_threshold'",
    ),
    (
        {"requestedAttributes": {"TOXICITY": {"scoreThreshold": True}}},
        "INVALID_REQUEST",
        "Invalid value at 'score_threshold'",
    ),
    (
        {"requestedAttributes": {f"X{number}": {} for number in range(60)}},
        "INVALID_REQUEST",
        "Invalid value at 'requested_attributes'",
    ),
    ({"languages": "de"}, "INVALID_REQUEST", "Invalid value at 'languages'"),
    ({"languages": ["d!"]}, "INVALID_REQUEST", "Invalid value at 'languages'"),
    ({"languages": [5]}, "INVALID_REQUEST", "Invalid value at 'languages'"),
    ({"spanAnnotations": "yes"}, "INVALID_REQUEST", "Invalid value at 'spanAnnotations'"),
    ({"clientToken": 5}, "INVALID_REQUEST", "Invalid value at 'clientToken'"),
    ({"clientToken": "x" * 201}, "INVALID_REQUEST", "Invalid value at 'clientToken'"),
    ({"context": {"entries": "a"}}, "INVALID_REQUEST", "Invalid value at 'context.entries'"),
    ({"context": {"entries": [{"text": 5}]}}, "INVALID_REQUEST", "Invalid value at 'context.entries.text'"),
    (
        {"surprise": 1},
        "INVALID_REQUEST",
        'Invalid JSON payload received. Unknown name "surprise": Cannot find field.',
    ),
    (
        {"comment": {"text": "a", "html": 1}},
        "INVALID_REQUEST",
        "Invalid JSON payload received. Unknown name \"html\" at 'comment': Cannot find field.",
    ),
]


def test_every_wrong_request_is_refused_in_googles_words(ask: Ask) -> None:
    for fields, kind, message in REFUSED:
        assert (fields, *refusal(ask(**fields))) == (fields, 400, kind, message)


def test_the_error_about_a_language_names_it(ask: Ask) -> None:
    (detail,) = json_of(ask(FRENCH, languages=["de"]))["error"]["details"]
    assert detail["languageNotSupportedByAttributeError"] == {
        "attribute": "TOXICITY", "requestedLanguages": ["de"], "detectedLanguages": ["fr"],
    }  # fmt: skip


@pytest.mark.parametrize(
    ("fields", "left"),
    [
        ({"requestedAttributes": {"TOXICITY": {}, "THREAT": {}, "NICE": {}}}, ["TOXICITY"]),
        ({"languages": ["fr"]}, []),
        ({"text": FRENCH, "requestedAttributes": {"TOXICITY": {}, "NICE": {}}}, []),
    ],
)
def test_what_is_not_supported_is_dropped_where_that_is_asked_for(
    ask: Ask, fields: dict[str, Any], left: list[str]
) -> None:
    answer = ask(**fields, dropUnsupportedAttributes=True)
    assert answer.status_code == 200
    assert list(json_of(answer)["attributeScores"]) == left


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"", "INVALID_REQUEST"),
        (b"{", "INVALID_REQUEST"),
        (b"[]", "INVALID_REQUEST"),
        (b"[" * 50_000, "INVALID_REQUEST"),
        (b"\xff", "INVALID_REQUEST"),
        (b'{"comment": {"text": "a"}, "comment": {"text": "b"}}', "INVALID_REQUEST"),
        (b'{"comment": {"text": "\\ud800"}, "requestedAttributes": {"TOXICITY": {}}}', "INVALID_REQUEST"),
        (b'{"comment": {"text": "a\\u0000b"}, "requestedAttributes": {"TOXICITY": {}}}', "INVALID_REQUEST"),
        (
            b'{"comment": {"text": "a"}, "requestedAttributes": {"TOXICITY": {"scoreThreshold": NaN}}}',
            "INVALID_REQUEST",
        ),
        (b'{"comment": {"text": "' + b"x" * 1_000_000 + b'"}}', "COMMENT_TOO_LONG"),
    ],
    ids=["nothing", "cut", "list", "nested", "bytes", "twice", "surrogate", "nul", "nan", "1 MB"],
)
def test_a_body_that_is_no_request_is_refused(world: World, key: str, body: bytes, kind: str) -> None:
    assert refusal(world.call("POST", f"/v1alpha1/comments:analyze?key={key}", body))[:2] == (400, kind)


@pytest.mark.parametrize("text", ["Zalgo e" + "\u0301" * 9_000, "\u202eHallo", "x" * 20_480, "!!! 123 😀"])
def test_hostile_text_is_scored_like_any_other(ask: Ask, text: str) -> None:
    assert 0 <= json_of(ask(text))["attributeScores"]["TOXICITY"]["summaryScore"]["value"] <= 1


def test_only_a_valid_key_is_answered(world: World, key: str, ask: Ask) -> None:
    for address in (
        "/v1alpha1/comments:analyze",
        "/v1alpha1/comments:analyze?key=",
        "/v1alpha1/comments:analyze?key=x",
    ):
        answer = world.call("POST", address, {"comment": {"text": "a"}})
        assert refusal(answer)[:2] == (403, "PERMISSION_DENIED")
    body = {"comment": {"text": GERMAN}, "requestedAttributes": {"TOXICITY": {}}}
    assert world.call("POST", "/v1alpha1/comments:analyze", body, headers={"X-Goog-Api-Key": key}).status_code == 200
    with world.database.write() as session:
        api_keys.revoke(session, session.scalars(select(ApiKey.id)).one(), now=world.clock())
    assert refusal(ask())[:2] == (403, "PERMISSION_DENIED")
    assert refusal(ask(call="suggestscore"))[:2] == (403, "PERMISSION_DENIED")


def test_only_a_hash_of_the_key_is_stored_and_its_use_is_noted_once_an_hour(world: World, key: str, ask: Ask) -> None:
    def stored() -> ApiKey:
        with world.database.read() as session:
            return session.scalars(select(ApiKey)).one()

    assert key not in {getattr(stored(), column.name) for column in ApiKey.__table__.columns}
    assert stored().last_used_at is None
    ask()
    first = stored().last_used_at
    world.clock.move(minutes=10)
    ask()
    assert stored().last_used_at == first is not None
    world.clock.move(minutes=55)
    ask()
    assert stored().last_used_at == world.clock.now


def test_the_key_reaches_no_log(
    world: World, key: str, ask: Ask, log_lines: Callable[[], list[dict[str, Any]]]
) -> None:
    ask()
    ask(FRENCH)
    ask(by=key[:-1] + "x")
    lines = log_lines()
    assert lines
    assert key[10:-2] not in json.dumps(lines)


def test_what_the_server_says_about_a_broken_request_holds_no_key() -> None:
    import logging

    record = logging.LogRecord(
        "gunicorn.error", 40, "", 0, "Error handling request %s %s", ("POST", "/v1alpha1/x?key=secret"), None
    )
    assert without_queries(record)
    assert "secret" not in record.getMessage()


def test_other_addresses_and_methods_lead_nowhere_in_the_same_shape(world: World, key: str) -> None:
    for method, path in (("GET", "comments:analyze"), ("POST", "comments:delete"), ("GET", "")):
        assert refusal(world.call(method, f"/v1alpha1/{path}?key={key}"))[:2] == (404, "NOT_FOUND")


def test_a_page_of_another_origin_may_not_read_the_answers(world: World, key: str) -> None:
    body = {"comment": {"text": GERMAN}, "requestedAttributes": {"TOXICITY": {}}}
    answer = world.call("POST", f"/v1alpha1/comments:analyze?key={key}", body, headers={"Origin": ORIGIN})
    assert "Access-Control-Allow-Origin" not in answer.headers
    assert answer.headers["Cache-Control"] == "no-store"


class TwoLanguages(FakeClassifier):
    """German insults are harmless in English, as they are to an English model."""

    def _score(self, one: ScoringInput) -> Scores:
        return super()._score(one) if one.language == "de" else {"toxicity": 0.02, "insult": 0.02}


@pytest.fixture
def classifier() -> FakeClassifier:
    return TwoLanguages()


@pytest.mark.parametrize("languages", [None, ["de"], ["en"], ["de-CH"], ["en", "de"]])
@pytest.mark.parametrize("text", ["Du Dummkopf", "Dummkopf", "Was für ein Dummkopf! Der Himmel ist blau und weit."])
def test_german_is_never_scored_as_english_whatever_language_the_client_names(
    ask: Ask, text: str, languages: list[str] | None
) -> None:
    answer = json_of(ask(text, languages=languages))
    assert answer["attributeScores"]["TOXICITY"]["summaryScore"]["value"] == 0.9
    assert "de" in answer["languages"]


@pytest.mark.parametrize(
    ("text", "languages", "spoken"),
    [
        (GERMAN, None, ["de"]),
        (GERMAN, ["en"], ["de"]),
        (ENGLISH, None, ["en"]),
        (ENGLISH, ["en"], ["en"]),
        (ENGLISH, ["de"], ["en"]),
        ("You are an idiot", ["en"], ["en"]),
        ("Du bist ein Idiot", ["en"], ["de"]),
        ("Idiot", ["de"], ["de"]),
        ("Idiot", ["en"], ["de", "en"]),
    ],
)
def test_the_languages_in_the_answer_are_those_that_were_scored(
    ask: Ask, text: str, languages: list[str] | None, spoken: list[str]
) -> None:
    answer = json_of(ask(text, languages=languages))
    assert (answer["languages"], answer["detectedLanguages"]) == (spoken, spoken[:1])


def test_a_key_can_ask_for_the_highest_score_where_the_model_cannot_judge(world: World, ask: Ask) -> None:
    careful = make_key(world, holds_uncovered=True)
    answer = json_of(ask(FRENCH, languages=["de"], by=careful))
    assert answer["attributeScores"]["TOXICITY"]["summaryScore"]["value"] == 1.0
    assert answer["detectedLanguages"] == ["fr"]
    assert json_of(ask(GERMAN, by=careful))["attributeScores"]["TOXICITY"]["summaryScore"]["value"] < 0.5


def test_nothing_of_an_analysed_text_is_stored(world: World, ask: Ask, database: Database) -> None:
    ask(INSULT, doNotStore=False)
    with database.read() as session:
        assert session.scalars(select(SuggestedScore)).all() == []


def suggestion(value: float, name: str = "TOXICITY") -> dict[str, Any]:
    return {name: {"summaryScore": {"value": value}}}


def test_a_suggested_score_is_kept_with_its_text_and_language(world: World, ask: Ask) -> None:
    answer = ask(
        INSULT, call="suggestscore", requestedAttributes=None, attributeScores=suggestion(1), languages=["de"],
        clientToken="comment:7", communityId="coral",
    )  # fmt: skip
    assert (answer.status_code, json_of(answer)) == (200, {"clientToken": "comment:7"})
    with world.database.read() as session:
        row = session.scalars(select(SuggestedScore)).one()
    assert (row.text, row.language, row.scores, row.community) == (INSULT, "de", {"toxicity": 1.0}, "coral")


def test_a_suggested_score_that_must_not_be_stored_is_not(world: World, ask: Ask) -> None:
    wish = {"call": "suggestscore", "requestedAttributes": None, "attributeScores": suggestion(0)}
    assert json_of(ask(INSULT, **wish, doNotStore=True)) == {}
    with world.database.read() as session:
        assert session.scalars(select(SuggestedScore)).all() == []


@pytest.mark.parametrize(
    ("scores", "kind", "message"),
    [
        (None, "NO_REQUESTED_ATTRIBUTES", "Missing attribute_scores"),
        (suggestion(0.5, "NICE"), "INVALID_REQUEST", "Unknown requested attribute: NICE"),
        (suggestion(7), "INVALID_REQUEST", "Invalid value at 'attribute_scores.summary_score.value'"),
        ({"TOXICITY": {}}, "INVALID_REQUEST", "Invalid value at 'attribute_scores.summary_score.value'"),
        (
            {"TOXICITY": {"summaryScore": {"value": 1, "type": "RANK"}}},
            "INVALID_REQUEST",
            "Requested score type is not supported by attribute TOXICITY",
        ),
    ],
)
def test_a_wrong_suggestion_is_refused(ask: Ask, scores: object, kind: str, message: str) -> None:
    answer = ask(call="suggestscore", requestedAttributes=None, attributeScores=scores)
    assert refusal(answer) == (400, kind, message)


def test_while_there_is_no_classifier_nothing_is_made_up(world: World, ask: Ask, classifier: FakeClassifier) -> None:
    classifier.available = False
    answer = ask()
    assert refusal(answer)[:2] == (503, "UNAVAILABLE")
    assert answer.headers["Retry-After"] == "5"


@pytest.mark.parametrize(
    ("error", "status"),
    [(ClassifierError("too long"), (503, "UNAVAILABLE")), (RuntimeError("boom"), (500, "INTERNAL"))],
)
def test_whatever_breaks_is_an_error_in_the_same_shape(
    ask: Ask, classifier: FakeClassifier, monkeypatch: pytest.MonkeyPatch, error: Exception, status: tuple[int, str]
) -> None:
    def breaks(*_: object) -> None:
        raise error

    monkeypatch.setattr(classifier, "score", breaks)
    assert refusal(ask())[:2] == status
