"""How many links a text may hold, and where they may lead."""

from __future__ import annotations

import re
from collections.abc import Sequence
from urllib.parse import urlsplit

from moderation.screening.context import RuleContext
from moderation.screening.verdicts import Outcome, Passage, Verdict

_LINK = re.compile(
    r"(?:https?://|www\.)[^\s<>\"'()\[\]]+"
    # Without a scheme, only what ends in a common top-level domain is taken for an address: "usw.Das" is none.
    r"|(?<![\w@./-])(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.){1,4}"
    r"(?:com|net|org|info|biz|de|at|ch|eu|io|ru|cn|top|xyz|shop|online|site|club|live|app)(?![\w.-]*@)\b(?:/[^\s<>\"'()\[\]]*)?",
    re.IGNORECASE,
)


class LinksRule:
    name = "links"

    def check(self, context: RuleContext) -> Sequence[Verdict]:
        # Links are read as written: normalising could make an address of what is none.
        links = list(_LINK.finditer(context.text))
        verdicts = []
        if len(links) > context.policy.max_links:
            evidence = {"links": len(links), "maximum": context.policy.max_links}
            verdicts.append(Verdict(self.name, Outcome.HOLD, "too_many_links", _passages(links), evidence))
        blocked = [link for link in links if _is_blocked(host_of(link.group()), context.policy.blocked_hosts)]
        if blocked:
            hosts = sorted({host_of(link.group()) for link in blocked})
            verdicts.append(Verdict(self.name, Outcome.REJECT, "blocked_link", _passages(blocked), {"hosts": hosts}))
        return verdicts


def host_of(link: str) -> str:
    """The host that a link leads to, in the ASCII form that the network uses (IDNA); "" where there is none."""
    address = link if "://" in link else f"http://{link}"
    try:
        host = urlsplit(address).hostname or ""
        return host.rstrip(".").encode("idna").decode("ascii").casefold()
    except ValueError:
        return ""


def _is_blocked(host: str, blocked: Sequence[str]) -> bool:
    """Whether the host or a domain above it is on the list."""
    listed = {host_of(entry) for entry in blocked}
    labels = host.split(".")
    return any(".".join(labels[start:]) in listed for start in range(len(labels)))


def _passages(links: Sequence[re.Match[str]]) -> tuple[Passage, ...]:
    return tuple(Passage(link.start(), link.end()) for link in links)
