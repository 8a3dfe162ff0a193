"""Every call that the application answers, for tests that must miss none."""

from __future__ import annotations

import re
import uuid

from flask import Flask

from api.blueprints.embed import scripts


def everything(app: Flask) -> set[tuple[str, str]]:
    """Method and address pattern of each call."""
    return {
        (method, rule.rule)
        for rule in app.url_map.iter_rules()
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }


def reading(app: Flask) -> list[str]:
    """The address patterns that can be read."""
    return sorted(rule for method, rule in everything(app) if method == "GET")


def fill(rule: str, **values: str) -> str:
    """An address that the pattern matches. An id that is not given is nobody's."""
    ids = {name: str(uuid.uuid4()) for name in re.findall(r"<uuid:(\w+)>", rule)}
    given = {"build": scripts()["embed.js"].version, "script": "embed.js"} | ids | values
    return re.sub(r"<(?:\w+:)?(\w+)>", lambda found: given[found.group(1)], rule)
