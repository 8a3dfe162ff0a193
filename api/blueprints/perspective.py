"""The Perspective API's two calls, for systems that moderate with it and change one address (docs/perspective.md).

For servers: a browser of another origin is told nothing, since no answer here carries a CORS header.
"""

from __future__ import annotations

import json
from typing import Any

from flask import Blueprint, Response, g, request

from api import google_errors, json_input
from api.google_errors import RefusedError, WrongKeyError
from api.schemas import perspective as schemas
from api.schemas.perspective import AnalyzeRequest, Attribute
from api.services import services
from moderation import api_keys, scoring
from moderation.api_keys import KeyHolder
from moderation.scoring import Answer, Suggestion

blueprint = Blueprint("perspective", __name__, url_prefix=google_errors.PREFIX.rstrip("/"))
blueprint.register_error_handler(Exception, google_errors.answer)

_UNKNOWN_LANGUAGE = "und"


@blueprint.before_request
def demand_key() -> None:
    """
    Raises:
        WrongKeyError: the request carries no valid key.
    """
    given = request.args.get("key") or request.headers.get("X-Goog-Api-Key")
    if not given:
        raise WrongKeyError("The request is missing a valid API key.")
    held, now = services(), services().clock()
    with held.database.read() as session:
        holder = api_keys.holder_of(session, given, now=now)
    if holder is None:
        raise WrongKeyError("API key not valid. Please pass a valid API key.")
    if holder.needs_touch:
        with held.database.write() as session:
            api_keys.touch(session, holder.key_id, now=now)
    g.key_holder = holder


@blueprint.post("/comments:analyze")
def analyze() -> Response:
    """Score a text. Nothing of it is stored, whatever ``doNotStore`` says."""
    asked = schemas.analyze_request(_body())
    spoken = scoring.spoken(asked.text, asked.languages, _holder().site_language)
    if not asked.languages and spoken[0] == _UNKNOWN_LANGUAGE:
        raise RefusedError("Unable to detect language.", "LANGUAGE_DETECTION_FAILED")
    identity = services().classifier.identity
    uncovered = [one for one in (*asked.languages, spoken[0]) if not scoring.covered([one], identity)]
    if uncovered and _holder().holds_uncovered:
        return _answered(asked, spoken, dict.fromkeys(_wanted(asked), 1.0), None)
    if uncovered:
        return _refused_or_dropped(asked, spoken, uncovered)
    found = scoring.score(asked.text, spoken, services().classifier, by_sentence=asked.by_sentence)
    return _answered(asked, spoken, found.scores, found)


@blueprint.post("/comments:suggestscore")
def suggest() -> Response:
    """Keep what a moderator elsewhere thought of a text, unless the request forbids to store it."""
    asked = schemas.suggest_request(_body())
    holder, held = _holder(), services()
    if asked.may_store:
        suggestion = Suggestion(asked.text, asked.scores, asked.languages, asked.community)
        with held.database.write() as session:
            scoring.keep(session, holder.site_id, suggestion, home=holder.site_language, now=held.clock())
    return _json({"clientToken": asked.client_token} if asked.client_token is not None else {})


def _holder() -> KeyHolder:
    holder: KeyHolder = g.key_holder
    return holder


def _body() -> Any:
    return json_input.loads(json_input.read(request))


def _wanted(asked: AnalyzeRequest) -> list[str]:
    return [attribute.label for attribute in asked.attributes if attribute.label is not None]


def _refused_or_dropped(asked: AnalyzeRequest, spoken: tuple[str, ...], uncovered: list[str]) -> Response:
    """A language that the model does not cover: no attribute has a score in it."""
    _demand_known(asked)
    if asked.drops_unsupported:
        return _answered(asked, spoken, {}, None)
    raise _not_in_these(asked.attributes[0], asked, spoken, uncovered)


def _answered(asked: AnalyzeRequest, spoken: tuple[str, ...], scores: Any, found: Answer | None) -> Response:
    _demand_known(asked)
    missing = [one for one in asked.attributes if one.label is not None and one.label not in scores]
    if missing and not asked.drops_unsupported:
        raise _not_in_these(missing[0], asked, spoken, list(asked.languages or spoken))
    body: dict[str, Any] = {
        "attributeScores": {
            attribute.name: entry
            for attribute in asked.attributes
            if attribute.label in scores and (entry := _entry(attribute, scores[attribute.label], asked, found))
        },
        "languages": list(spoken),
        "detectedLanguages": [spoken[0]],
    }
    if asked.client_token is not None:
        body["clientToken"] = asked.client_token
    return _json(body)


def _demand_known(asked: AnalyzeRequest) -> None:
    if not asked.drops_unsupported:
        for attribute in asked.attributes:
            if attribute.label is None:
                schemas.unknown(attribute.name)


def _not_in_these(
    attribute: Attribute, asked: AnalyzeRequest, spoken: tuple[str, ...], named: list[str]
) -> RefusedError:
    shown = ", ".join(dict.fromkeys(named))
    return RefusedError(
        f"Attribute {attribute.name} does not support request languages: {shown}",
        "LANGUAGE_NOT_SUPPORTED_BY_ATTRIBUTE",
        languageNotSupportedByAttributeError={
            "attribute": attribute.name,
            "requestedLanguages": list(asked.languages),
            "detectedLanguages": [spoken[0]],
        },
    )


def _entry(attribute: Attribute, value: float, asked: AnalyzeRequest, found: Answer | None) -> dict[str, Any] | None:
    """Summary and spans of one attribute; ``None`` where the score is below what the request wants to see."""
    if value < attribute.threshold:
        return None
    assert attribute.label is not None
    spans = [(span.begin, span.end, span.scores[attribute.label]) for span in found.spans] if found else []
    shown = spans if asked.by_sentence and spans else [(0, len(asked.text), value)]
    return {
        "spanScores": [
            {"begin": begin, "end": end, "score": _probability(score)}
            for begin, end, score in shown
            if score >= attribute.threshold
        ],
        "summaryScore": _probability(value),
    }


def _probability(value: float) -> dict[str, Any]:
    return {"value": round(value, 8), "type": "PROBABILITY"}


def _json(body: dict[str, Any]) -> Response:
    answer = Response(json.dumps(body, ensure_ascii=False), content_type="application/json; charset=utf-8")
    answer.headers["Cache-Control"] = "no-store"
    return answer
