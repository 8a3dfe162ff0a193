"""How many links a text may hold, and where they may lead."""

from __future__ import annotations

import html
import re
from collections.abc import Sequence
from urllib.parse import unquote, urlsplit

from moderation.screening.context import RuleContext
from moderation.screening.verdicts import Outcome, Passage, Verdict
from moderation.text.rendering import to_html

_LINK = re.compile(
    r"(?:https?://|www\.)[^\s<>\"'()\[\]]+"
    # Without a scheme, only what ends in a common top-level domain is taken for an address: "usw.Das" is none.
    r"|(?<![\w@./-])(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.){1,4}"
    r"(?:com|net|org|info|biz|de|at|ch|eu|io|ru|cn|top|xyz|shop|online|site|club|live|app)(?![\w.-]*@)\b(?:/[^\s<>\"'()\[\]]*)?",
    re.IGNORECASE,
)


_SHOWN = re.compile(r'<a href="([^"]+)"')
_SCHEME = re.compile(r"^https?:/*", re.IGNORECASE)


class LinksRule:
    name = "links"

    def check(self, context: RuleContext) -> Sequence[Verdict]:
        # Links are read as written: normalising could make an address of what is none. And as they are shown, because
        # Markdown makes links of what does not look like one.
        links, shown = list(_LINK.finditer(context.text)), shown_links(context.text)
        verdicts = []
        count = max(len(links), len(shown))
        if count > context.policy.max_links:
            evidence = {"links": count, "maximum": context.policy.max_links}
            verdicts.append(Verdict(self.name, Outcome.HOLD, "too_many_links", _passages(links), evidence))
        blocked = {host_of(entry) for entry in context.policy.blocked_hosts} - {""}
        hosts = {host_of(link) for link in (*shown, *(link.group() for link in links))}
        found = sorted(host for host in hosts if _is_blocked(host, blocked))
        if found:
            passages = _passages([link for link in links if host_of(link.group()) in found])
            verdicts.append(Verdict(self.name, Outcome.REJECT, "blocked_link", passages, {"hosts": found}))
        return verdicts


def shown_links(text: str) -> list[str]:
    """Where the links lead that readers see, without addresses to write to."""
    links = (html.unescape(link) for link in _SHOWN.findall(to_html(_encodable(text))))
    return [link for link in links if not link.lower().startswith("mailto:")]


def host_of(link: str) -> str:
    """The host that a link leads to, in the ASCII form that the network uses (IDNA); "" where there is none.

    Read as browsers read it (URL standard): they take back slashes for slashes, any number of them, and percent signs
    in a host for what they stand for.
    """
    path = _SCHEME.sub("", link.replace("\\", "/"), count=1)
    try:
        host = unquote(urlsplit(f"http://{path}").hostname or "")
        return host.rstrip(".").encode("idna").decode("ascii").casefold()
    except ValueError:
        return ""


def _is_blocked(host: str, blocked: set[str]) -> bool:
    """Whether the host or a domain above it is on the list."""
    labels = host.split(".")
    return any(".".join(labels[start:]) in blocked for start in range(len(labels)))


def _passages(links: Sequence[re.Match[str]]) -> tuple[Passage, ...]:
    return tuple(Passage(link.start(), link.end()) for link in links)


def _encodable(text: str) -> str:
    """What is scored from a file may hold lone surrogates, which no page can."""
    return text.encode(errors="replace").decode()
