"""One script out of small modules: in the order of their imports, in one scope, without comments.

The modules keep to a few forms, and what is not one of them is refused: ``import { name, … } from "./module.js"``,
``import NAME from`` a style sheet or the texts, and ``export`` before a declaration. docs/decisions/0033 says why this
is done here and not by a bundler.
"""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
import re
from dataclasses import dataclass
from functools import cached_property
from importlib import resources
from importlib.metadata import version
from importlib.resources.abc import Traversable

import rjsmin

_IMPORT = re.compile(r'^import (?:\{([^}]*)\}|(\w+)) from "\./([\w.]+)";\n', re.MULTILINE)
_DECLARED = re.compile(r"^(?:async )?(?:const|let|class|function) (\w+)", re.MULTILINE)
_LANGUAGES = ("de", "en")


class BundleError(Exception):
    """A module is not in a form that can be put together."""


@dataclass(frozen=True)
class Script:
    """A script as it is served: always the same bytes for the same version of Vorab."""

    name: str
    source: str

    @cached_property
    def content(self) -> bytes:
        return self.source.encode()

    @cached_property
    def compressed(self) -> bytes:
        return gzip.compress(self.content, 9, mtime=0)

    @cached_property
    def integrity(self) -> str:
        """For the tag's ``integrity`` (Subresource Integrity, W3C)."""
        return "sha384-" + base64.b64encode(hashlib.sha384(self.content).digest()).decode()

    @cached_property
    def version(self) -> str:
        """Part of the address: what lies there never changes."""
        return f"{version('vorab')}-{hashlib.sha256(self.content).hexdigest()[:12]}"

    @property
    def path(self) -> str:
        return f"/embed/{self.version}/{self.name}"


def scripts() -> dict[str, Script]:
    folder = resources.files("api") / "embed"
    return {
        "embed.js": Script("embed.js", _finish(join(folder / "section", "main.js"))),
        "counts.js": Script("counts.js", _finish((folder / "counts.js").read_text(encoding="utf-8"))),
    }


def texts(language: str) -> dict[str, str]:
    """The section's words."""
    found: dict[str, str] = json.loads(
        (resources.files("api") / "embed" / "texts" / f"{language}.json").read_text(encoding="utf-8")
    )
    return found


def join(folder: Traversable, entry: str) -> str:
    """
    Raises:
        BundleError: a form that is not known here, or a name that two modules declare.
    """
    parts: dict[str, str] = {}
    _collect(folder, entry, parts)
    joined = "".join(parts.values())
    names = _DECLARED.findall(joined)
    twice = {name for name in names if names.count(name) > 1}
    if twice:
        raise BundleError(f"declared by two modules: {', '.join(sorted(twice))}")
    return joined


def _collect(folder: Traversable, name: str, parts: dict[str, str]) -> None:
    """The module after all that it imports. Modules that import each other only use each other later, in functions."""
    if name in parts:
        return
    source = (folder / name).read_text(encoding="utf-8")
    parts[name] = ""
    for _names, constant, imported in _IMPORT.findall(source):
        if constant:
            parts.setdefault(imported, f"const {constant} = {_constant(folder, imported)};\n")
        else:
            _collect(folder, imported, parts)
    # Taken out and put in again: a dict keeps the order of the last insertion.
    del parts[name]
    parts[name] = _bare(name, source)


def _bare(name: str, source: str) -> str:
    bare = re.sub(r"^export ", "", _IMPORT.sub("", source), flags=re.MULTILINE)
    if re.search(r"^(import|default|\{)\b", bare, re.MULTILINE):
        raise BundleError(f"{name} has a form of import or export that is not known here")
    return bare


def _constant(folder: Traversable, name: str) -> str:
    if name == "texts":
        return json.dumps({language: texts(language) for language in _LANGUAGES}, ensure_ascii=False)
    style = (folder / name).read_text(encoding="utf-8")
    style = re.sub(r"/\*.*?\*/", "", style, flags=re.DOTALL)
    return json.dumps(re.sub(r"\s+", " ", re.sub(r"\s*([{};])\s*", r"\1", style)).strip(), ensure_ascii=False)


def _finish(source: str) -> str:
    return f'(()=>{{"use strict";\n{rjsmin.jsmin(source)}\n}})();\n'
