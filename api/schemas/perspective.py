"""What the Perspective API's calls take, read as Google reads it and refused in Google's words.

Names may be in lower camel case or with underscores, as in every JSON API of Google's. Not marshmallow's business: the
answers to wrong input are part of the contract, message by message.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NoReturn

from api.google_errors import RefusedError
from moderation.text.input import is_visible

MAX_TEXT_BYTES = 20_480

LABEL_OF = {
    "TOXICITY": "toxicity",
    "SEVERE_TOXICITY": "severe_toxicity",
    "IDENTITY_ATTACK": "identity_attack",
    "INSULT": "insult",
    "PROFANITY": "obscene",
    "THREAT": "threat",
    "SEXUALLY_EXPLICIT": "sexual_explicit",
}
"""The attributes that there are, and the labels that Detoxify's models give them."""

_MAX_NAME = 200
_ATTRIBUTE = re.compile(r"([A-Z_]+?)(?:_EXPERIMENTAL)?(?:@[0-9]+)?")
_LANGUAGE = re.compile(r"([A-Za-z]{2,3})(?:[-_][A-Za-z0-9]+)*")
_SHARED = ("comment", "languages", "clientToken", "sessionId", "communityId", "context")
_ANALYZE = (*_SHARED, "requestedAttributes", "spanAnnotations", "doNotStore", "dropUnsupportedAttributes")
_SUGGEST = (*_SHARED, "attributeScores", "doNotStore")


@dataclass(frozen=True, slots=True)
class Attribute:
    """``name`` as it was asked for; ``label`` is ours, ``None`` for one that we know nothing of."""

    name: str
    label: str | None
    threshold: float


@dataclass(frozen=True, slots=True)
class AnalyzeRequest:
    text: str
    attributes: tuple[Attribute, ...]
    languages: tuple[str, ...]
    client_token: str | None
    by_sentence: bool
    drops_unsupported: bool


@dataclass(frozen=True, slots=True)
class SuggestRequest:
    text: str
    scores: Mapping[str, float]
    languages: tuple[str, ...]
    community: str | None
    client_token: str | None
    may_store: bool


def analyze_request(body: object) -> AnalyzeRequest:
    """
    Raises:
        RefusedError: the request is not what the API takes.
    """
    fields = _fields(body, _ANALYZE, "")
    text = _text(fields)
    attributes = _attributes(fields)
    return AnalyzeRequest(
        text=text,
        attributes=attributes,
        languages=_languages(fields),
        client_token=_string(fields, "clientToken"),
        by_sentence=_flag(fields, "spanAnnotations"),
        drops_unsupported=_flag(fields, "dropUnsupportedAttributes"),
    )


def suggest_request(body: object) -> SuggestRequest:
    """
    Raises:
        RefusedError: the request is not what the API takes.
    """
    fields = _fields(body, _SUGGEST, "")
    text = _text(fields)
    given = _object(fields.get("attributeScores"), "attribute_scores")
    if not given:
        raise RefusedError("Missing attribute_scores", "NO_REQUESTED_ATTRIBUTES")
    return SuggestRequest(
        text=text,
        scores=dict(_suggested(name, scores) for name, scores in given.items()),
        languages=_languages(fields),
        community=_string(fields, "communityId"),
        client_token=_string(fields, "clientToken"),
        may_store=not _flag(fields, "doNotStore"),
    )


def _text(fields: Mapping[str, Any]) -> str:
    comment = _fields(fields.get("comment"), ("text", "type"), "comment")
    kind = comment.get("type")
    if kind not in (None, "PLAIN_TEXT", "COMMENT_TEXT_TYPE_UNSPECIFIED"):
        raise RefusedError("Currently, only 'PLAIN_TEXT' comments are supported")
    text = comment.get("text")
    if text is not None and not isinstance(text, str):
        _wrong("comment.text")
    if not text or not is_visible(text):
        raise RefusedError("Comment must be non-empty.", "COMMENT_EMPTY")
    if len(text.encode()) > MAX_TEXT_BYTES:
        raise RefusedError("Comment text too long.", "COMMENT_TOO_LONG")
    _check_context(fields.get("context"))
    return str(text)


def _check_context(context: object) -> None:
    """It is taken and not used: the models judge a text by itself."""
    entries = _fields(context, ("entries",), "context").get("entries", [])
    if not isinstance(entries, list) or len(entries) > 100:
        _wrong("context.entries")
    for entry in entries:
        text = _fields(entry, ("text", "type"), "context.entries").get("text", "")
        if not isinstance(text, str):
            _wrong("context.entries.text")


def _attributes(fields: Mapping[str, Any]) -> tuple[Attribute, ...]:
    wanted = _object(fields.get("requestedAttributes"), "requested_attributes")
    if not wanted:
        raise RefusedError("Missing requested_attributes", "NO_REQUESTED_ATTRIBUTES")
    if len(wanted) > 50:
        _wrong("requested_attributes")
    return tuple(_attribute(name, parameters) for name, parameters in wanted.items())


def _attribute(name: str, parameters: object) -> Attribute:
    settings = _fields(parameters, ("scoreType", "scoreThreshold"), "requested_attributes")
    kind = settings.get("scoreType")
    if kind not in (None, "PROBABILITY", "SCORE_TYPE_UNSPECIFIED"):
        shown = kind if isinstance(kind, str) else "of this kind"
        raise RefusedError(f"Requested score type {shown[:_MAX_NAME]} is not supported by attribute {_shown(name)}")
    return Attribute(name, label_of(name), _share(settings.get("scoreThreshold") or 0.0, "score_threshold"))


def label_of(name: str) -> str | None:
    """Our label for an attribute by any of its names (``TOXICITY``, ``TOXICITY@6``, ``TOXICITY_EXPERIMENTAL``)."""
    named = _ATTRIBUTE.fullmatch(name)
    return LABEL_OF.get(named.group(1)) if named else None


def unknown(name: str) -> NoReturn:
    raise RefusedError(f"Unknown requested attribute: {_shown(name)}")


def _suggested(name: str, scores: object) -> tuple[str, float]:
    label = label_of(name)
    if label is None:
        unknown(name)
    given = _fields(scores, ("summaryScore", "spanScores"), "attribute_scores")
    summary = _fields(given.get("summaryScore"), ("value", "type"), "summary_score")
    if summary.get("type") not in (None, "PROBABILITY", "SCORE_TYPE_UNSPECIFIED"):
        raise RefusedError(f"Requested score type is not supported by attribute {_shown(name)}")
    if "value" not in summary:
        _wrong("attribute_scores.summary_score.value")
    return label, _share(summary["value"], "attribute_scores.summary_score.value")


def _languages(fields: Mapping[str, Any]) -> tuple[str, ...]:
    """ISO 639 codes: what follows the language (``de-CH``) says nothing that a model would know."""
    given = fields.get("languages") or []
    if not isinstance(given, list) or len(given) > 20:
        _wrong("languages")
    codes = [_LANGUAGE.fullmatch(code) if isinstance(code, str) else None for code in given]
    if not all(codes):
        _wrong("languages")
    return tuple(dict.fromkeys(code.group(1).lower() for code in codes if code))


def _share(value: object, field: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
        _wrong(field)
    return float(value)


def _flag(fields: Mapping[str, Any], name: str) -> bool:
    value = fields.get(name)
    if value is not None and not isinstance(value, bool):
        _wrong(name)
    return bool(value)


def _string(fields: Mapping[str, Any], name: str) -> str | None:
    value = fields.get(name)
    if value is not None and (not isinstance(value, str) or len(value) > _MAX_NAME):
        _wrong(name)
    return value


def _fields(value: object, known: Sequence[str], place: str) -> dict[str, Any]:
    """An object's fields under their names in lower camel case. An absent one is empty."""
    found: dict[str, Any] = {}
    for name, part in _object(value, place or "the request").items():
        camel = re.sub(r"_([a-z])", lambda match: match.group(1).upper(), name)
        if camel not in known:
            at = f" at '{place}'" if place else ""
            raise RefusedError(f'Invalid JSON payload received. Unknown name "{_shown(name)}"{at}: Cannot find field.')
        found[camel] = part
    return found


def _object(value: object, place: str) -> dict[str, Any]:
    if value is None:
        return {}
    if not isinstance(value, dict):
        _wrong(place)
    return value


def _wrong(place: str) -> NoReturn:
    raise RefusedError(f"Invalid value at '{place}'")


def _shown(name: str) -> str:
    return name[:_MAX_NAME]
