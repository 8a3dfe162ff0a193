"""Control G1: whatever happens to comments in whatever order, against a few lines of plain Python as a model.

No sequence of writing, editing, withdrawing, flagging, deciding, taking back, sanctioning, leaving, dying, sweeping,
failing and clocks that jump makes a revision public that neither the classifier nor a moderator allowed; and the
counters are right after every single step.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import uuid
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    initialize,
    invariant,
    multiple,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import delete, func, select

from moderation import (
    accounts,
    appeal_records,
    appeals,
    erasure,
    queue_state,
    review_queue,
    sanctions,
    screening_jobs,
    sites,
    submissions,
    threads,
    undoing,
)
from moderation.comment_views import Viewer
from moderation.db import Base, Database
from moderation.erasure import Fate
from moderation.errors import VorabError, WarningPendingError
from moderation.models import Article, Comment, Decision, Role, SanctionKind, ScreeningRecord
from moderation.reactions import flag
from moderation.review_filters import ReviewFilter
from moderation.review_queue import Review
from moderation.sanctions import Author
from moderation.screening.context import Standing
from moderation.screening.pipeline import default_rules, screen
from moderation.screening_jobs import Job
from moderation.submissions import NewComment
from moderation.threads import Page, PageRequest, Version
from moderation.undoing import TakeBack
from tests.fakes import Clock, FakeClassifier
from tests.integrity import assert_whole
from tests.sentences import CALM, insult, sentence
from tests.world import ORIGIN, Person, World

LEASE = dt.timedelta(seconds=15)
UNDO_WINDOW = dt.timedelta(minutes=10)
FLAG_LIMIT = 2
STANDINGS = {
    SanctionKind.BAN: Standing.BANNED,
    SanctionKind.SUSPENSION: Standing.SUSPENDED,
    SanctionKind.PREMODERATION: Standing.PREMODERATED,
}
"""The strictest first."""


@dataclass(frozen=True)
class Before:
    """How a comment was before the moderator decided about it, and when that was."""

    status: str
    public: str | None
    flags: frozenset[uuid.UUID]
    waiting: bool
    appealed: bool
    decided_at: dt.datetime


@dataclass
class Told:
    """What the model knows of a comment."""

    author: int | None
    """Empty once they have left."""
    body: str
    status: str = "screening"
    public: str | None = None
    flags: set[uuid.UUID] = field(default_factory=set)
    """Open ones, by account."""
    before: Before | None = None
    """What taking back the latest decision leads to, if that was the moderator's."""
    waiting: bool = False
    """Whether an appeal waits."""
    appealed: bool = False
    """Whether there was one against the refusal in force."""
    attempts: int = 1
    """Tries of the newest revision that were begun."""
    lease_until: dt.datetime | None = None

    @property
    def reviewable(self) -> bool:
        return self.status != "withdrawn"


class Life(RuleBasedStateMachine):
    comments = Bundle("comments")
    jobs = Bundle("jobs")

    def __init__(self, world: World, people: list[Person], moderator: Person) -> None:
        super().__init__()
        self.world, self.people, self.moderator = world, people, moderator
        self.database: Database = world.database
        self.clock: Clock = world.clock
        self.classifier: FakeClassifier = world.classifier
        self.known: dict[uuid.UUID, Told] = {}
        self.number = 0
        self.pages: dict[Version, Page] = {}
        self.sanctions: dict[uuid.UUID, dict[SanctionKind, uuid.UUID]] = defaultdict(dict)
        """In force, by account."""

    @initialize()
    def begin(self) -> None:
        empty_comments(self.database)
        self.classifier.failures, self.classifier.available = 0, True

    def kinds_against(self, author: int) -> set[SanctionKind]:
        return set(self.sanctions[self.people[author].account.id])

    def standing_of(self, author: int) -> Standing:
        kinds = self.kinds_against(author)
        for kind, standing in STANDINGS.items():
            if kind in kinds:
                return standing
        return Standing.GOOD

    def text(self, toxic: bool) -> str:
        self.number += 1
        return insult(self.number) if toxic else sentence(self.number)

    # What authors do.

    @rule(target=comments, author=st.integers(0, 2), toxic=st.booleans(), reply_to=st.none() | comments)
    def submit(self, author: int, toxic: bool, reply_to: tuple[uuid.UUID, Job] | None) -> Any:
        body = self.text(toxic)
        parent = reply_to[0] if reply_to else None
        command = NewComment("demo", "artikel-1", body, parent_id=parent, origin=ORIGIN)
        try:
            with self.database.write() as session:
                made = submissions.submit(
                    session, command, actor=self.people[author].actor, lease=LEASE, now=self.clock()
                )
        except WarningPendingError:
            assert SanctionKind.WARNING in self.kinds_against(author)
            return multiple()
        except VorabError:
            assert parent is not None
            assert self.known[parent].public is None
            return multiple()
        assert SanctionKind.WARNING not in self.kinds_against(author)
        assert parent is None or self.known[parent].public is not None
        assert made.job is not None
        assert made.job.material.author.standing == self.standing_of(author)
        self.known[made.comment_id] = Told(author, body, lease_until=self.clock() + LEASE)
        return (made.comment_id, made.job)

    @rule(target=comments, one=comments, toxic=st.booleans())
    def edit(self, one: tuple[uuid.UUID, Job], toxic: bool) -> Any:
        told, body = self.known[one[0]], self.text(toxic)
        if told.author is None:
            return multiple()
        try:
            with self.database.write() as session:
                job = submissions.edit(
                    session, one[0], body, actor=self.people[told.author].actor, lease=LEASE, now=self.clock()
                )
        except WarningPendingError:
            assert SanctionKind.WARNING in self.kinds_against(told.author)
            return multiple()
        except VorabError:
            assert told.status in ("withdrawn", "rejected")
            return multiple()
        assert told.status not in ("withdrawn", "rejected")
        assert SanctionKind.WARNING not in self.kinds_against(told.author)
        assert job is not None
        told.body, told.status, told.attempts, told.before = body, "screening", 1, None
        told.waiting = told.appealed = False
        told.lease_until = self.clock() + LEASE
        return (one[0], job)

    @rule(one=comments)
    def withdraw(self, one: tuple[uuid.UUID, Job]) -> None:
        told = self.known[one[0]]
        if told.author is None:
            return
        try:
            with self.database.write() as session:
                submissions.withdraw(session, one[0], actor=self.people[told.author].actor, now=self.clock())
        except VorabError:
            assert told.status == "withdrawn"
            return
        assert told.status != "withdrawn"
        self.expect_withdrawn(told)

    def expect_withdrawn(self, told: Told) -> None:
        told.status, told.public, told.before, told.lease_until = "withdrawn", None, None, None
        told.waiting = told.appealed = False
        told.flags.clear()

    @rule(one=comments)
    def appeal(self, one: tuple[uuid.UUID, Job]) -> None:
        told = self.known[one[0]]
        if told.author is None:
            return
        try:
            with self.database.write() as session:
                appeals.appeal(session, one[0], None, actor=self.people[told.author].actor, now=self.clock())
        except VorabError as error:
            refused = error.code
        else:
            refused = None
        if refused is not None:
            allowed = {"not_found": told.status == "withdrawn", "already_appealed": told.appealed and not told.waiting}
            assert allowed.get(refused, refused == "not_refused" and told.status != "rejected"), refused
            return
        assert told.status == "rejected"
        assert told.waiting or not told.appealed
        told.waiting = told.appealed = True

    @rule(author=st.integers(0, 2), fate=st.sampled_from(Fate))
    def leave(self, author: int, fate: Fate) -> None:
        """Somebody deletes their account, and somebody new comes."""
        erasure.erase_account(self.database, self.people[author].account.id, fate, now=self.clock())
        for told in self.known.values():
            if told.author != author:
                continue
            told.author = None
            if told.status == "withdrawn":
                continue
            if fate is Fate.REMOVE or told.public is None:
                self.expect_withdrawn(told)
            elif (told.status, told.body) != ("published", told.public):
                # What readers see stays; an edit that waits is given up.
                told.status, told.body, told.before, told.attempts = "published", told.public, None, -1
                told.waiting = told.appealed = False
        self.people[author] = self.world.person()

    # What readers and moderators do.

    @rule(one=comments, by=st.integers(0, 2))
    def flag(self, one: tuple[uuid.UUID, Job], by: int) -> None:
        told, reader = self.known[one[0]], self.people[by]
        try:
            with self.database.write() as session:
                flag(session, one[0], "spam", None, actor=reader.actor, now=self.clock())
        except VorabError as error:
            refused = error.code
        else:
            refused = None
        if refused is not None:
            standing = self.standing_of(by)
            allowed = {
                "not_found": told.public is None,
                "own_comment": by == told.author,
                "author_suspended": standing == Standing.SUSPENDED,
                "author_banned": standing == Standing.BANNED,
            }
            assert allowed.get(refused, refused == "already_flagged")
            return
        assert told.public is not None
        assert self.standing_of(by) in (Standing.GOOD, Standing.PREMODERATED)
        told.flags.add(reader.account.id)
        if len(told.flags) >= FLAG_LIMIT:
            told.status, told.public, told.before, told.appealed = "held", None, None, False

    @rule(one=comments, action=st.sampled_from(["publish", "reject"]), stale=st.booleans())
    def decide(self, one: tuple[uuid.UUID, Job], action: Any, stale: bool) -> None:
        told = self.known[one[0]]
        with self.database.read() as session:
            version = session.get_one(Comment, one[0]).version
        try:
            with self.database.write() as session:
                review = Review(one[0], action, version - stale)
                review_queue.decide(session, review, actor=self.moderator.actor, now=self.clock())
        except VorabError as error:
            refused = error.code
        else:
            refused = None
        if refused is not None:
            assert not told.reviewable or (stale and refused == "stale_review")
            return
        assert told.reviewable
        assert not stale
        told.before = Before(told.status, told.public, frozenset(told.flags), told.waiting, told.appealed, self.clock())
        # Nothing but an appeal is denied: what readers see stays.
        stays = told.public if told.waiting and told.status == "rejected" and not told.flags else None
        told.public = told.body if action == "publish" else stays
        told.appealed = action == "reject" and (told.waiting or told.appealed)
        told.status = {"publish": "published", "reject": "rejected"}[action]
        told.waiting = False
        told.flags.clear()

    @rule(one=comments, stale=st.booleans())
    def take_back(self, one: tuple[uuid.UUID, Job], stale: bool) -> None:
        told = self.known[one[0]]
        before = told.before
        is_open = before is not None and self.clock() - before.decided_at <= UNDO_WINDOW
        with self.database.read() as session:
            wish = TakeBack(one[0], session.get_one(Comment, one[0]).version - stale)
        try:
            with self.database.write() as session:
                undoing.take_back(session, wish, actor=self.moderator.actor, window=UNDO_WINDOW, now=self.clock())
        except VorabError:
            assert stale or not is_open
            return
        assert is_open
        assert before is not None
        assert not stale
        told.status = "held" if before.status == "screening" else before.status
        told.public, told.before = before.public, None
        told.flags |= before.flags
        is_refused = before.status == "rejected"
        told.waiting = before.waiting or (is_refused and told.waiting)
        told.appealed = is_refused and (before.appealed or told.appealed)

    @rule(author=st.integers(0, 2), kind=st.sampled_from(sanctions.KINDS))
    def sanction(self, author: int, kind: SanctionKind) -> None:
        days = 3000.0 if kind == SanctionKind.SUSPENSION else None
        person = self.people[author]
        if kind == SanctionKind.WARNING and kind in self.sanctions[person.account.id]:
            return
        self.sanctions[person.account.id][kind] = self.world.sanction(person, kind, days=days).id

    @rule(author=st.integers(0, 2), kind=st.sampled_from(sanctions.KINDS))
    def forgive(self, author: int, kind: SanctionKind) -> None:
        """Staff lift what is in force; a warning its author acknowledges."""
        person = self.people[author]
        sanction_id = self.sanctions[person.account.id].pop(kind, None)
        if sanction_id is None:
            return
        with self.database.write() as session:
            if kind == SanctionKind.WARNING:
                sanctions.acknowledge(session, sanction_id, actor=person.actor, now=self.clock())
                return
            against = Author(accounts.get(session, person.account.id), sites.by_key(session, "demo"))
            sanctions.lift(session, against, sanction_id, actor_id=None, now=self.clock())

    # What the machine does, and what happens to it.

    @rule(one=comments)
    def finish(self, one: tuple[uuid.UUID, Job]) -> None:
        """The process that holds the job carries it through; late ones change nothing."""
        comment_id, job = one
        if not self.classifier.available or self.classifier.failures:
            return
        screening = screen(job.material, default_rules(), self.classifier)
        with self.database.write() as session:
            screening_jobs.finish(session, job, screening, now=self.clock())
        told = self.known[comment_id]
        is_current = job.material.text == told.body and job.attempt == told.attempts
        if is_current and told.status == "screening":
            self.expect_screened(told, job.material.author.standing)
        if is_current:
            told.lease_until = None

    def expect_screened(self, told: Told, standing: Standing) -> None:
        told.before = None
        if standing in (Standing.SUSPENDED, Standing.BANNED):
            told.status = "rejected"
        elif standing == Standing.PREMODERATED:
            told.status = "held"
        elif "Murrkopf" in told.body or len(told.flags) >= FLAG_LIMIT:
            told.status = "held"
            told.public = None if len(told.flags) >= FLAG_LIMIT and "Murrkopf" not in told.body else told.public
        else:
            told.status, told.public = "published", told.body

    @rule(seconds=st.sampled_from([1, 16, 16, 3600, -3600]))
    def time_passes_or_a_clock_jumps(self, seconds: int) -> None:
        self.clock.move(seconds=seconds)

    @rule(failures=st.integers(0, 4), available=st.booleans())
    def the_classifier_changes(self, failures: int, available: bool) -> None:
        self.classifier.failures, self.classifier.available = failures, available

    @rule(target=comments)
    def a_process_takes_up_a_job_and_dies(self) -> Any:
        with self.database.write() as session:
            due = screening_jobs.due(session, lease=LEASE, now=self.clock(), limit=1)
            job = screening_jobs.claim(session, due[0], lease=LEASE, now=self.clock()) if due else None
        if job is None:
            return multiple()
        told = self.known[job.comment_id]
        if told.body == job.material.text:
            told.attempts, told.lease_until = job.attempt, self.clock() + LEASE
        return (job.comment_id, job)

    @rule()
    def sweep(self) -> None:
        """What is due is screened by another process, with whatever the classifier does at present."""
        screener = self.world.services.runner.screener
        with self.database.read() as session:
            due = screening_jobs.due(session, lease=LEASE, now=self.clock())
        for revision_id in due:
            failures_before = self.classifier.failures
            screener.screen_revision(revision_id)
            self.expect_swept(revision_id, failures_before)

    def expect_swept(self, revision_id: uuid.UUID, failures: int) -> None:
        with self.database.read() as session:
            revision = session.get_one(screening_jobs.Revision, revision_id)
        told = self.known[revision.comment_id]
        if revision.body != told.body:
            return
        begun = told.attempts
        told.attempts = revision.attempts
        if told.status != "screening":
            return
        if begun >= screening_jobs.MAX_ATTEMPTS:
            told.status, told.before = "held", None
        elif not self.classifier.available:
            assert revision.screened_at is None
        elif failures >= screening_jobs.MAX_ATTEMPTS - begun:
            told.status, told.before = "held", None
        else:
            assert told.author is not None
            self.expect_screened(told, self.standing_of(told.author))

    # What must hold after each of these.

    @invariant()
    def everything_is_as_the_model_says(self) -> None:
        with self.database.read() as session:
            for comment in session.scalars(select(Comment)):
                told = self.known[comment.id]
                body = None
                if comment.published_number is not None:
                    body = session.scalars(
                        select(screening_jobs.Revision.body).where(
                            screening_jobs.Revision.comment_id == comment.id,
                            screening_jobs.Revision.number == comment.published_number,
                        )
                    ).one()
                assert (comment.status, body) == (told.status, told.public)
                assert (appeal_records.waiting(session, comment.id) is not None) == told.waiting
                if body is not None and "Murrkopf" in body:
                    assert was_published_by_a_person(session, comment.id)

    @invariant()
    def the_queue_counts_every_appeal_that_waits(self) -> None:
        with self.database.read() as session:
            found = queue_state.state(session, ReviewFilter(), (), actor=self.moderator.actor)
        assert found.counts["appealed"] == sum(told.waiting for told in self.known.values())

    @invariant()
    def the_same_version_is_the_same_page(self) -> None:
        with self.database.read() as session:
            if session.scalar(select(func.count()).select_from(Article)) == 0:
                return
            version = threads.version(self.database, "demo", "artikel-1")
            page = threads.of_article(session, "demo", "artikel-1", PageRequest(), Viewer())
        assert self.pages.setdefault(version, page) == page

    @invariant()
    def nothing_is_public_that_nobody_allowed_and_all_counts_are_right(self) -> None:
        assert_whole(self.database)


def was_published_by_a_person(session: Any, comment_id: uuid.UUID) -> bool:
    query = select(func.count()).where(
        Decision.comment_id == comment_id, Decision.action == "publish", Decision.actor_id.is_not(None)
    )
    return bool(session.scalar(query))


def empty_comments(database: Database) -> None:
    """Remove what hangs on comments, and keep the people and the site."""
    kept = {"account", "site", "site_policy", "moderated_site", "sign_in_session"}
    with database.write() as session:
        for table in reversed(Base.metadata.sorted_tables):
            if table.name not in kept:
                session.execute(delete(table))


EXAMPLES = {"sqlite": 40, "postgresql": 12}


def test_g1_no_sequence_of_events_publishes_what_nobody_allowed(world: World) -> None:

    world.set_policy(dataclasses.replace(CALM, flags_to_hold=FLAG_LIMIT, edit_window_s=10**7))
    people = [world.person() for _ in range(3)]
    moderator = world.person(Role.MODERATOR, "demo")
    kind = "sqlite" if world.database.is_sqlite else "postgresql"
    machine: Callable[[], Life] = partial(Life, world, people, moderator)

    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=EXAMPLES[kind],
            stateful_step_count=30,
            deadline=None,
            derandomize=True,
            database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )


def test_g1_the_model_notices_a_revision_that_was_published_behind_its_back(world: World) -> None:
    """The checks above can fail: publishing without a decision is what they are for."""
    own = world.comment(world.person(), insult(0))
    assert_whole(world.database)
    with world.database.write() as session:
        comment = session.get_one(Comment, uuid.UUID(own["id"]))
        comment.published_number = 1
        comment.listed = True

    with pytest.raises(AssertionError):
        assert_whole(world.database)
    with world.database.read() as session:
        assert session.scalars(select(ScreeningRecord.outcome)).all() == ["hold"]
