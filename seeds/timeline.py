"""What happens under the demo's article, in the order in which it happens."""

from __future__ import annotations

import json
from dataclasses import dataclass
from importlib.resources import files
from typing import Any, Literal

Expected = Literal["publish", "hold", "reject"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    at: float
    """Minutes since the article opened for comments."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Posting(Step):
    key: str
    author: str
    body: str
    kind: str
    expected: Expected
    """What a person would say of it. Only ever compared with what the machine said, never told to it."""
    reply_to: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Editing(Step):
    comment: str
    body: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Withdrawing(Step):
    comment: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Ruling(Step):
    """A moderator decides about the comment, if it is held."""

    comment: str
    action: Literal["publish", "reject"]
    reason_code: str | None = None
    note: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Voting(Step):
    comment: str
    up: tuple[str, ...] = ()
    down: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Flagging(Step):
    comment: str
    by: str
    reason: str
    text: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Appealing(Step):
    """The author asks for a second look at the comment, if it is refused."""

    comment: str
    text: str | None = None


_KINDS: dict[str, type[Any]] = {
    "post": Posting,
    "edit": Editing,
    "withdraw": Withdrawing,
    "rule": Ruling,
    "vote": Voting,
    "flag": Flagging,
    "appeal": Appealing,
}


def steps() -> tuple[Step, ...]:
    """Read ``data/comments.json``. The last step is a comment of its own: once that is there, all is there."""
    entries: list[dict[str, Any]] = json.loads((files("seeds") / "data" / "comments.json").read_text(encoding="utf-8"))
    return tuple(_step(**entry) for entry in entries)


def _step(do: str, **values: Any) -> Step:
    frozen = {name: tuple(value) if isinstance(value, list) else value for name, value in values.items()}
    step: Step = _KINDS[do](**frozen)
    return step
