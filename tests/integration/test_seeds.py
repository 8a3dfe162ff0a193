"""The demo, loaded through the real use cases into real databases, screened with a stand-in for the model."""

from __future__ import annotations

import datetime as dt
import hashlib
import itertools
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

import seeds.playing
from moderation import articles, publication, sites
from moderation.db import Base, Database
from moderation.errors import ClassifierUnavailableError
from moderation.models import (
    Account,
    Appeal,
    AppealStatus,
    Article,
    Comment,
    Decision,
    Flag,
    Revision,
    Role,
    ScreeningRecord,
    Status,
    Vote,
)
from moderation.passwords import Hasher
from moderation.screener import Screener
from moderation.screening.pipeline import default_rules
from seeds.demo import ARTICLE_ID, SITE_KEY, DemoAccounts, load_demo
from seeds.people import demo_accounts, people
from seeds.playing import Stage, play
from seeds.timeline import Posting, Step, steps
from tests import databases
from tests.fakes import Clock, FakeClassifier

ORIGIN = "http://127.0.0.1:8000"
INSULTS = (
    "dumme kuh", "zähne ein", "kindergarten", "verlogenes pack", "echt jetzt", "losers", "aufwachen", "du wicht",
    "drecksäcke", "dreckige kopierer", "schlampe",
)  # fmt: skip
POSTINGS = {step.key: step for step in steps() if isinstance(step, Posting)}


class Demo:
    """Loads the demo into one database, as often as a test wants."""

    def __init__(self, database: Database, hasher: Hasher, clock: Clock) -> None:
        self.database = database
        self.classifier = FakeClassifier(words=INSULTS)
        self.clock = clock
        self.hasher = hasher
        self.lines: list[str] = []
        self.rules = default_rules()

    def load(self, *origins: str) -> DemoAccounts:
        return load_demo(
            self.database,
            self.screener,
            self.hasher,
            clock=self.clock,
            origins=origins or (ORIGIN,),
            report=self.lines.append,
        )

    @property
    def screener(self) -> Screener:
        return Screener(self.database, self.classifier, self.rules, self.clock)

    def comment(self, key: str) -> Comment:
        with self.database.read() as session:
            return session.scalars(
                select(Comment)
                .join(Revision, Revision.comment_id == Comment.id)
                .where(Revision.number == 1, Revision.body == POSTINGS[key].body)
            ).one()

    def decisions(self, key: str) -> list[tuple[str, bool]]:
        """Each decision about a comment, and whether the machine made it."""
        with self.database.read() as session:
            rows = session.scalars(
                select(Decision).where(Decision.comment_id == self.comment(key).id).order_by(Decision.id)
            )
            return [(row.action, row.actor_id is None) for row in rows]

    def checksum(self) -> str:
        with self.database.engine.connect() as connection:
            rows = [
                sorted(repr(tuple(row)) for row in connection.execute(select(table)))
                for table in Base.metadata.sorted_tables
            ]
        return hashlib.sha256(repr(rows).encode()).hexdigest()


@pytest.fixture
def demo(database: Database, cheap_hasher: Hasher, clock: Clock) -> Iterator[Demo]:
    return Demo(database, cheap_hasher, clock)


@pytest.fixture(scope="module")
def loaded(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory, cheap_hasher: Hasher) -> Iterator[Demo]:
    """A loaded demo that the tests only look at."""
    database = databases.sqlite_copy(sqlite_template, tmp_path_factory.mktemp("demo"))
    made = Demo(database, cheap_hasher, Clock())
    made.load()
    yield made
    database.dispose()


def test_loading_creates_site_article_accounts_and_comments(demo: Demo) -> None:
    demo.load()

    with demo.database.read() as session:
        site = sites.by_key(session, SITE_KEY)
        article = articles.get(session, site, ARTICLE_ID)
        roles = _pairs(session.execute(select(Account.role, func.count()).group_by(Account.role)))
        assert (site.language, site.allowed_origins) == ("de", [ORIGIN])
        assert article.url == f"{ORIGIN}/"
        assert roles == {Role.READER: len(people()) - 2, Role.MODERATOR: 1, Role.ADMIN: 1}
        assert session.scalar(select(func.count()).select_from(Comment)) == len(POSTINGS)


def test_a_second_run_changes_nothing_and_needs_no_classifier(demo: Demo) -> None:
    first = demo.load()
    before = demo.checksum()
    demo.clock.move(hours=5)
    demo.classifier.available = False

    second = demo.load()

    assert demo.checksum() == before
    assert second == first
    assert demo.lines[-1] == "The demo's comments are there already."


def test_what_visitors_did_meanwhile_stays(demo: Demo) -> None:
    demo.load()
    with demo.database.write() as session:
        vote = session.scalars(select(Vote).limit(1)).one()
        session.delete(vote)
    before = demo.checksum()

    demo.load()

    assert demo.checksum() == before


def test_visitors_can_sign_in_with_the_passwords_and_nobody_else_can(loaded: Demo) -> None:
    with loaded.database.read() as session:
        stored = _pairs(session.execute(select(Account.email, Account.password_hash)))
    assert all(loaded.hasher.verify(stored[account.email], account.password) for account in demo_accounts().all)
    assert not any(
        loaded.hasher.verify(stored["kiebitz@example.org"], account.password) for account in demo_accounts().all
    )


def test_every_comment_was_screened_by_the_pipeline(loaded: Demo) -> None:
    with loaded.database.read() as session:
        revisions = session.scalar(select(func.count()).select_from(Revision))
        assert session.scalar(select(func.count()).select_from(ScreeningRecord)) == revisions
        assert session.scalar(select(func.count()).where(Comment.status == Status.SCREENING)) == 0
    assert loaded.decisions("zaehne") == [("reject", True)]
    assert loaded.decisions("kosten") == [("publish", True)]


def test_the_comments_are_spread_over_the_last_two_days(loaded: Demo) -> None:
    with loaded.database.read() as session:
        times = session.scalars(select(Comment.created_at).order_by(Comment.id)).all()
        decided = session.scalars(select(Decision.decided_at).order_by(Decision.id)).all()
    assert list(times) == sorted(times)
    assert list(decided) == sorted(decided)
    assert loaded.clock.now - dt.timedelta(days=2) < times[0]
    assert decided[-1] < loaded.clock.now
    assert times[-1] - times[0] > dt.timedelta(hours=40)


def test_the_moderator_decided_a_few_of_them_earlier(loaded: Demo) -> None:
    assert loaded.decisions("kantine") == [("hold", True), ("publish", False)]
    assert loaded.decisions("kuh") == [("hold", True), ("reject", False)]
    assert loaded.comment("kantine-antwort").parent_id == loaded.comment("kantine").id


def test_readers_flag_what_the_screening_missed(demo: Demo) -> None:
    demo.rules = tuple(rule for rule in default_rules() if rule.name != "word_lists")
    demo.classifier.words = ("nothing",)

    demo.load()

    assert demo.decisions("kuh") == [("publish", True), ("hold", True), ("reject", False)]
    assert demo.comment("zaehne").status == Status.HELD
    assert demo.comment("langer-anlauf").open_flag_count == 1


def test_a_withdrawn_comment_keeps_its_place_above_its_replies(loaded: Demo) -> None:
    withdrawn = loaded.comment("abgeschaltet")
    assert (withdrawn.status, withdrawn.published_number, withdrawn.listed) == (Status.WITHDRAWN, None, True)
    assert loaded.comment("verwechslung").parent_id == withdrawn.id


def test_edits_votes_and_flags_are_there(loaded: Demo) -> None:
    assert loaded.comment("strom").published_number == 2
    assert (loaded.comment("investor").score, loaded.comment("weihnachtsmann").open_flag_count) == (1, 1)
    assert loaded.comment("weihnachtsmann").queued_at is not None


def test_somebody_asks_for_a_second_look(loaded: Demo) -> None:
    with loaded.database.read() as session:
        (appeal,) = session.scalars(select(Appeal)).all()
    refused = loaded.comment("kuh")
    assert (appeal.comment_id, appeal.status) == (refused.id, AppealStatus.WAITING)
    assert (refused.status, refused.queued_at) == (Status.REJECTED, appeal.created_at)


def test_the_articles_counters_agree_with_its_rows(loaded: Demo) -> None:
    with loaded.database.read() as session:
        article = session.scalars(select(Article)).one()
        assert (article.published_count, article.thread_count) == publication.recount(session, article.id)


def test_replies_to_what_was_not_published_are_left_out(demo: Demo) -> None:
    demo.rules = tuple(rule for rule in default_rules() if rule.name != "word_lists")
    demo.classifier.words = ("meine eltern",)

    demo.load()

    assert demo.decisions("eltern") == [("hold", True)]
    assert any(line.endswith("eltern-dank: left out, what it replies to is not published") for line in demo.lines)
    assert not any("Published, but a person would not have: none" in line for line in demo.lines)
    assert demo.lines[-1] == "Stopped, but a person would have published: eltern."


def test_nothing_is_done_to_comments_that_are_not_there(demo: Demo) -> None:
    demo.classifier.words = ("",)

    demo.load()

    with demo.database.read() as session:
        assert session.scalar(select(func.count()).select_from(Vote)) == 0
        assert session.scalar(select(func.count()).select_from(Flag)) == 0
    assert demo.comment("kosten").status == Status.HELD
    assert demo.comment("abgeschaltet").status == Status.WITHDRAWN


def test_without_a_classifier_no_comment_is_stored(demo: Demo) -> None:
    demo.classifier.available = False

    with pytest.raises(ClassifierUnavailableError):
        demo.load()

    with demo.database.read() as session:
        assert session.scalar(select(func.count()).select_from(Comment)) == 0


@pytest.mark.parametrize("steps_before", [16, 47, 85])
def test_an_interrupted_run_is_carried_on(demo: Demo, monkeypatch: pytest.MonkeyPatch, steps_before: int) -> None:
    _interrupt(monkeypatch, after=steps_before)
    with pytest.raises(KeyboardInterrupt):
        demo.load()
    monkeypatch.undo()
    demo.clock.move(minutes=3)

    demo.load()

    assert _shape(demo) == _SHAPE
    before = demo.checksum()
    demo.load()
    assert demo.checksum() == before


def test_a_classifier_that_goes_away_stops_the_load_and_a_later_one_carries_on(demo: Demo) -> None:
    demo.classifier = _LeavesAfter(calls=5)
    with pytest.raises(ClassifierUnavailableError):
        demo.load()
    demo.classifier = FakeClassifier(words=INSULTS)

    demo.load()

    assert _shape(demo) == _SHAPE


def test_another_port_adds_its_origin_and_moves_the_article(demo: Demo) -> None:
    demo.load()

    demo.load("http://localhost:9000", ORIGIN)

    with demo.database.read() as session:
        site = sites.by_key(session, SITE_KEY)
        assert site.allowed_origins == [ORIGIN, "http://localhost:9000"]
        assert articles.get(session, site, ARTICLE_ID).url == "http://localhost:9000/"


def test_an_article_that_somebody_commented_on_before_takes_the_demo_too(demo: Demo) -> None:
    with demo.database.write() as session:
        site = sites.create(session, sites.NewSite(SITE_KEY, "Eigene", "de", (ORIGIN,)), now=demo.clock())
        articles.find_or_create(session, site, ARTICLE_ID, now=demo.clock())

    demo.load()

    assert demo.comment("dank").created_at < demo.clock.now


def test_no_running_server_can_take_a_comment_from_the_loader(loaded: Demo) -> None:
    stage = _stage(loaded)

    lease = stage.lease_from(stage.opened_at)

    assert stage.opened_at + lease > loaded.clock.now


def test_an_edit_that_is_there_already_is_not_screened_again(loaded: Demo) -> None:
    stage = _stage(loaded)
    edit = next(step for step in steps() if isinstance(step, seeds.playing.Editing))
    stage.comments[edit.comment] = loaded.comment(edit.comment).id
    calls = len(loaded.classifier.calls)

    assert play(stage, edit)

    assert len(loaded.classifier.calls) == calls


def test_steps_about_a_comment_that_was_left_out_are_left_out(demo: Demo) -> None:
    stage = Stage(demo.database, demo.screener, demo.clock, SITE_KEY, ARTICLE_ID, demo.clock(), actors={})
    about_others = [step for step in steps() if hasattr(step, "comment")]

    assert not any(play(stage, step) for step in about_others)


def test_an_unknown_step_is_a_mistake_and_says_so(loaded: Demo) -> None:
    with pytest.raises(TypeError, match="unknown step"):
        play(_stage(loaded), Step(at=0))


_SHAPE = {
    "comments": len(POSTINGS),
    "withdrawn": 1,
    "edited": 2,
    "votes": 20,
    "flags": 3,
    "rulings": 4,
    "appeals": 1,
}


def _shape(demo: Demo) -> dict[str, int]:
    """How much of everything there is."""
    counts = {
        "comments": select(func.count()).select_from(Comment),
        "withdrawn": select(func.count()).where(Comment.status == Status.WITHDRAWN),
        "edited": select(func.count()).where(Revision.number == 2),
        "votes": select(func.count()).select_from(Vote),
        "flags": select(func.count()).select_from(Flag),
        "appeals": select(func.count()).select_from(Appeal),
        "rulings": select(func.count()).where(Decision.actor_id.is_not(None), Decision.action != "withdraw"),
    }
    with demo.database.read() as session:
        return {name: session.scalar(query) or 0 for name, query in counts.items()}


def _pairs(rows: Iterable[Any]) -> dict[Any, Any]:
    return {row[0]: row[1] for row in rows}


def _interrupt(monkeypatch: pytest.MonkeyPatch, *, after: int) -> None:
    """Let the run die between two steps."""
    numbers = itertools.count(1)
    real_play = seeds.playing.play

    def interrupted(stage: Stage, step: Step) -> bool:
        if next(numbers) > after:
            raise KeyboardInterrupt
        return real_play(stage, step)

    monkeypatch.setattr(seeds.playing, "play", interrupted)


def _stage(demo: Demo) -> Stage:
    with demo.database.read() as session:
        opened_at = session.scalars(select(Article.created_at)).one()
    actors = seeds.people.settle(demo.database, demo.hasher, SITE_KEY, opened_at=opened_at)
    return Stage(demo.database, demo.screener, demo.clock, SITE_KEY, ARTICLE_ID, opened_at, actors)


class _LeavesAfter(FakeClassifier):
    """Is there for some calls, and then no more."""

    def __init__(self, calls: int) -> None:
        super().__init__(words=INSULTS)
        self.left = calls

    def score(self, inputs):  # type: ignore[no-untyped-def]
        if self.left == 0:
            raise ClassifierUnavailableError
        self.left -= 1
        return super().score(inputs)
