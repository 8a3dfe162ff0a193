"""How many links a text holds and where they lead, as readers' browsers will take them."""

from __future__ import annotations

import pytest

from moderation.policies import Policy
from moderation.screening.context import ArticleFacts, AuthorFacts, RuleContext
from moderation.screening.rules.links import LinksRule, host_of
from moderation.screening.verdicts import Outcome, Verdict
from moderation.text.normalising import normalise

BLOCKING = Policy(blocked_hosts=("evil.test", "bücher.example"), max_links=9)


def verdicts(text: str, policy: Policy = BLOCKING) -> list[Verdict]:
    context = RuleContext(text, normalise(text), "de", policy, AuthorFacts(), ArticleFacts(), None)
    return list(LinksRule().check(context))


@pytest.mark.parametrize(
    "text",
    [
        "http://evil.test",
        "siehe https://www.evil.test/angebot?x=1",
        "HTTP://EVIL.TEST.",
        "http://evil。test",
        "http://e\u00advil.test",
        "http://gut.example@evil.test:8080/",
        "http://BÜCHER.example/x",
        "http://xn--bcher-kva.example",
        r"http://evil.test\@gut.example",
        "<http://evil.test>",
        "[hier](<http://evil.test>)",
        "[hier](http&#58;//evil.test)",
        "[hier](h&#116;tp://evil.test)",
        "[hier](http://evil&#46;test)",
        "[hier](https&colon;//evil&period;test)",
        r"[hier](http:\/\/evil.test)",
        r"[hier](http://gut.example\@evil.test)",
        "[hier](http:/evil.test)",
        "[hier](http:evil.test)",
        "[hier](http:///evil.test)",
        "[hier](http://evil%2etest)",
        "[hier](http://%65vil.test)",
    ],
)
def test_a_link_to_a_blocked_host_is_found_however_it_is_written(text: str) -> None:
    (found,) = verdicts(text)

    assert (found.outcome, found.reason) == (Outcome.REJECT, "blocked_link")
    assert found.evidence["hosts"]


@pytest.mark.parametrize(
    "text",
    [
        "evil test",
        "http://gut.example/evil.test",
        "http://evil.test.gut.example",
        "http://notevil.test",
        "[hier](http://gut.example?u=http%3A%2F%2Fevil.test)",
        "mailto:redaktion@evil.test",
        "http://[::1]/",
        "usw.Das ist alles.",
    ],
)
def test_what_leads_elsewhere_is_left_alone(text: str) -> None:
    assert verdicts(text) == []


@pytest.mark.parametrize(
    "text",
    ["http://a.example und www.b.example", "[a](http&#58;//a.example) [b](http:b.example)", "a.com b.com"],
)
def test_more_links_than_allowed_wait_for_a_moderator_however_they_are_written(text: str) -> None:
    (found,) = verdicts(text, Policy(max_links=1))

    assert (found.outcome, found.reason) == (Outcome.HOLD, "too_many_links")
    assert found.evidence == {"links": 2, "maximum": 1}
    assert verdicts(text, Policy(max_links=2)) == []


def test_links_as_they_are_written_are_the_passages() -> None:
    text = "Siehe http://evil.test/a und http://gut.example."

    (found,) = verdicts(text)

    assert [text[passage.begin : passage.end] for passage in found.passages] == ["http://evil.test/a"]


@pytest.mark.parametrize("link", ["http://", "http://[::1", "http://" + "a" * 64 + ".example", ""])
def test_what_names_no_host_has_none(link: str) -> None:
    assert host_of(link) == ""
