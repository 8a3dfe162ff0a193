"""``vorab calibrate``: measured on what moderators decided, changes only what a person agreed to."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from moderation import sites
from moderation.identifiers import new_id
from moderation.models import (
    Article,
    Comment,
    Decision,
    Revision,
    Role,
    ScreeningRecord,
    SitePolicy,
    Status,
    SuggestedScore,
    VerdictRecord,
)
from moderation.policies import Policy, WordLists
from tests.fakes import IDENTITY
from tests.integration.conftest import Ended, Vorab
from tests.sentences import CALM, insult, sentence
from tests.world import Person, World, json_of


@pytest.fixture
def calibrate(vorab: Vorab, world: World, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Any:
    monkeypatch.setattr("api.cli.calibrate.load", lambda _settings: world.classifier)
    monkeypatch.setattr("api.cli.calibrate.utc_now", world.clock)
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str, stdin: str = "") -> Ended:
        return vorab("calibrate", "demo", *arguments, stdin=stdin)

    return run


class Stock:
    """Screened comments, put straight into the database: hundreds of posts would take minutes."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._author = world.person()
        self._moderator = world.person(Role.MODERATOR, "demo")
        with world.database.write() as session:
            site = sites.by_key(session, "demo")
            self._site_id, self._policy_id = site.id, sites.policy_of(session, site.id).id
            article = Article(site_id=site.id, external_id="lager", created_at=world.clock())
            session.add(article)
            session.flush()
            self._article_id = article.id

    def add(self, score: float, decided: str | None = None, *reasons: str, **more: Any) -> None:
        """One comment; ``decided`` is the moderator's action."""
        self.add_all([(score, decided, *reasons)], **more)

    def add_all(self, rows: list[tuple[Any, ...]], **more: Any) -> None:
        with self._world.database.write() as session:
            for score, decided, *reasons in rows:
                session.add_all(self._parts(score, decided, reasons, **more))

    def _parts(
        self, score: float, decided: str | None, reasons: list[str], *, digest: str | None = IDENTITY.digest,
        rule: str | None = None, language: str = "de", body: str = "Ein Text.",
    ) -> list[Any]:  # fmt: skip
        now = self._world.clock()
        comment = Comment(
            id=new_id(), site_id=self._site_id, article_id=self._article_id, author_id=self._author.account.id,
            status=Status.PUBLISHED, created_at=now,
        )  # fmt: skip
        revision = Revision(id=new_id(), comment_id=comment.id, number=1, body=body, created_at=now, screened_at=now)
        record = ScreeningRecord(
            id=new_id(), revision_id=revision.id, policy_id=self._policy_id, outcome="publish", risk=score,
            language=language, model_name="fake", model_digest=digest,
            scores={"toxicity": score, "insult": 0.0} if digest else {}, thresholds={}, passages=[], duration_ms=1.0,
            created_at=now,
        )  # fmt: skip
        parts: list[Any] = [comment, revision, record]
        if rule:
            parts.append(
                VerdictRecord(
                    screening_id=record.id, rule=rule, outcome="hold", reason="banned_word", passages=[], evidence={}
                )
            )
        if decided:
            parts.append(
                Decision(
                    comment_id=comment.id,
                    revision_id=revision.id,
                    actor_id=self._moderator.account.id,
                    action=decided,
                    from_status="held",
                    to_status="published",
                    reasons=reasons,
                    decided_at=now,
                )
            )
        return parts

    def suggest(self, text: str, score: float) -> None:
        with self._world.database.write() as session:
            session.add(
                SuggestedScore(
                    site_id=self._site_id,
                    text=text,
                    language="de",
                    scores={"toxicity": score},
                    created_at=self._world.clock(),
                )
            )


@pytest.fixture
def stock(world: World) -> Stock:
    """100 comments, scores from 0 to 1; the upper 40 were refused as insults but for 10, some lower ones published."""
    made = Stock(world)
    rows: list[tuple[Any, ...]] = [((place + 0.5) / 100, None) for place in range(40)]
    rows += [((place + 0.5) / 100, "publish") for place in range(40, 60)]
    rows += [
        ((place + 0.5) / 100, *(("publish",) if place % 4 == 0 else ("reject", "insult"))) for place in range(60, 100)
    ]
    made.add_all(rows)
    return made


def policies(world: World) -> int:
    with world.database.read() as session:
        found = session.scalar(select(func.count()).select_from(SitePolicy))
        assert found is not None
        return found


def test_what_is_now_is_measured_and_nothing_is_proposed_without_a_wish(stock: Stock, calibrate: Any) -> None:
    facts = calibrate("--json").json
    (german,) = facts["proposals"]
    assert (german["language"], german["texts"], german["judged"]) == ("de", 100, 60)
    assert (german["now"]["held"]["hits"], german["now"]["missed"]["hits"]) == (50, 0)
    assert (german["thresholds"], german["proposed"], facts["applied"]) == ({}, None, None)
    assert (facts["report"]["rows"], facts["report"]["toxic"]) == (60, 30)
    assert Path(facts["report"]["files"]["chart.png"]).read_bytes()[:4] == b"\x89PNG"
    assert "policy 1" in Path(facts["report"]["files"]["report.html"]).read_text(encoding="utf-8")


def test_thresholds_are_proposed_for_a_wished_share_and_nothing_changes(
    stock: Stock, calibrate: Any, world: World
) -> None:
    (held,) = calibrate("--held", "30", "--json").json["proposals"]
    (missed,) = calibrate("--missed", "20", "--json").json["proposals"]
    assert held["proposed"]["held"]["hits"] == 30
    assert held["thresholds"]["toxicity"]["proposed"] == pytest.approx(0.7, abs=0.01)
    assert missed["proposed"]["missed"] == {**missed["proposed"]["missed"], "hits": 6, "of": 30}
    assert policies(world) == 1


def test_a_person_sees_tables_and_what_the_figures_cannot_know(stock: Stock, calibrate: Any) -> None:
    shown = calibrate("--held", "30").out
    assert "de: 100 screened, 60 judged" in shown
    assert "missed, of the refused" in shown
    assert "Nothing was changed; --apply puts them in force." in shown
    assert "the true share may be higher" in shown


def test_a_proposal_is_put_in_force_after_a_yes_and_on_record(stock: Stock, calibrate: Any, world: World) -> None:
    world.set_policy(Policy(hold_thresholds={"en": {"toxicity": 0.6}}, max_links=1))
    refused = calibrate("--held", "30", "--apply", stdin="n\n")
    assert (refused.code, policies(world)) == (1, 2)
    asked = calibrate("--held", "30", "--apply", stdin="y\n")
    assert "Policy 3 of demo is in force." in asked.out
    with world.database.read() as session:
        in_force = sites.policy_of(session, sites.by_key(session, "demo").id)
    assert in_force.number == 3
    assert in_force.policy.max_links == 1
    assert in_force.policy.hold_thresholds["en"] == {"toxicity": 0.6}
    assert in_force.policy.hold_thresholds["de"]["toxicity"] == pytest.approx(0.7, abs=0.01)
    assert calibrate("--held", "30", "--json").json["proposals"][0]["now"]["held"]["hits"] == 30


def test_a_script_says_yes_beforehand(stock: Stock, calibrate: Any, world: World) -> None:
    assert calibrate("--missed", "20", "--apply", "--yes", "--json").json["applied"] == 2
    assert policies(world) == 2


def test_a_policy_that_changed_meanwhile_is_not_overwritten(
    stock: Stock, calibrate: Any, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("click.confirm", lambda *_, **__: world.set_policy(Policy(max_links=9)))
    ended = calibrate("--held", "30", "--apply")
    assert (ended.code, policies(world)) == (1, 2)
    assert "the policy has changed meanwhile" in ended.err


@pytest.mark.parametrize(
    ("arguments", "code", "complaint"),
    [
        (["--held", "5", "--missed", "5"], 2, "choose one"),
        (["--apply"], 2, "--apply needs --held or --missed"),
        (["--held", "0"], 2, "is not in the range"),
        (["--label", "threat"], 1, "has no label 'threat'"),
        (["--held", "1", "--apply", "--yes"], 1, "nothing to apply"),
    ],
)
def test_a_wish_that_makes_no_sense_is_refused(
    stock: Stock, calibrate: Any, arguments: list[str], code: int, complaint: str
) -> None:
    ended = calibrate(*arguments)
    assert ended.code == code
    assert complaint in ended.err


def test_too_little_to_go_by_is_said(stock: Stock, calibrate: Any) -> None:
    assert "de: nothing proposed, too few: 100 screened texts, it takes 2000." in calibrate("--held", "1").out


def test_a_site_without_comments_has_nothing_to_calibrate_on(world: World, calibrate: Any) -> None:
    assert calibrate().out.startswith("There is nothing to calibrate on")
    assert calibrate("--json").json["report"] is None


def test_only_the_period_and_languages_of_the_model_count(stock: Stock, calibrate: Any, world: World) -> None:
    stock.add(0.5, language="fr")
    world.clock.move(days=40)
    stock.add_all([(0.1, "publish")] * 3)
    assert calibrate("--days", "30", "--json").json["proposals"][0]["texts"] == 3
    assert [one["texts"] for one in calibrate("--json").json["proposals"]] == [103]


def test_texts_that_another_model_scored_are_scored_again(world: World, calibrate: Any) -> None:
    stock = Stock(world)
    stock.add(0.1, "reject", "insult", digest="0" * 64, body=insult())
    stock.add(0.9, "publish", digest=None, body=sentence(1))
    (german,) = calibrate("--json").json["proposals"]
    assert (german["now"]["held"]["hits"], german["now"]["missed"]["hits"], german["texts"]) == (1, 0, 2)


def test_texts_that_cannot_be_scored_are_counted(world: World, calibrate: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    stock = Stock(world)
    stock.add(0.1, digest="0" * 64)
    stock.add(0.1)
    monkeypatch.setattr(type(world.classifier), "score", lambda *_: [{}])
    ended = calibrate()
    assert "de: 1 screened, 0 judged" in ended.out
    assert "1 texts could not be scored." in ended.out


def test_suggested_scores_count_as_judgements(world: World, calibrate: Any) -> None:
    stock = Stock(world)
    stock.suggest(insult(), 1.0)
    stock.suggest(sentence(2), 1.0)
    stock.suggest(sentence(3), 0.0)
    (german,) = calibrate("--json").json["proposals"]
    assert (german["texts"], german["judged"]) == (0, 3)
    assert (german["now"]["missed"]["hits"], german["now"]["missed"]["of"]) == (1, 2)


def test_rules_about_the_text_hold_whatever_it_scores_and_rules_about_its_author_do_not(
    world: World, calibrate: Any
) -> None:
    stock = Stock(world)
    stock.add(0.1, rule="word_lists")
    stock.add(0.1, rule="standing")
    stock.add(0.1)
    assert calibrate("--json").json["proposals"][0]["now"]["held"]["hits"] == 1


class TestRealDecisions:
    """Over HTTP, as moderators make them."""

    @pytest.fixture
    def moderator(self, world: World) -> Person:
        world.set_policy(CALM)
        return world.person(Role.MODERATOR, "demo")

    def test_what_was_refused_for_its_tone_is_toxic_and_what_was_published_is_not(
        self, world: World, calibrate: Any, moderator: Person
    ) -> None:
        reader = world.person()
        made = [world.comment(reader, insult(number)) for number in range(4)]
        world.comment(reader, sentence(9))
        world.review(made[0], "reject", moderator, reason_code="hate")
        world.review(made[1], "publish", moderator)
        world.review(made[2], "reject", moderator, reason_code="spam")
        report = calibrate("--json").json["report"]
        assert (report["rows"], report["toxic"]) == (2, 1)

    def test_what_was_taken_back_does_not_count_and_the_last_word_does(
        self, world: World, calibrate: Any, moderator: Person
    ) -> None:
        reader = world.person()
        first, second = world.comment(reader, insult(0)), world.comment(reader, insult(1))
        taken = json_of(world.review(first, "reject", moderator, reason_code="insult"))
        world.call(
            "DELETE", f"/review-queue/{first['id']}/decision", by=moderator, query_string={"version": taken["version"]}
        )
        world.review(second, "publish", moderator)
        world.review(second, "reject", moderator, reason_code="insult")
        (german,) = calibrate("--json").json["proposals"]
        assert (german["texts"], german["judged"], german["now"]["missed"]["of"]) == (2, 1, 1)

    def test_another_sites_decisions_do_not_count(self, world: World, calibrate: Any, moderator: Person) -> None:
        world.site("andere", policy=Policy(word_lists=WordLists(False)))
        other = world.person(Role.MODERATOR, "andere")
        held = world.comment(world.person(), insult(0), site="andere")
        world.review(held, "reject", other, reason_code="insult")
        assert calibrate("--json").json["proposals"] == []
