"""Control G1: whatever happens to comments in whatever order, against a few lines of plain Python as a model.

No sequence of writing, editing, withdrawing, flagging, deciding, dying, sweeping and failing makes a revision public
that neither the classifier nor a moderator allowed; and the counters are right after every single step.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import uuid
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

from moderation import review_queue, screening_jobs, submissions, threads
from moderation.comment_views import Viewer
from moderation.db import Base, Database
from moderation.errors import VorabError
from moderation.models import Article, Comment, Decision, Role, ScreeningRecord
from moderation.reactions import flag
from moderation.review_queue import Review
from moderation.screening.pipeline import default_rules, screen
from moderation.screening_jobs import Job
from moderation.submissions import NewComment
from moderation.threads import Page, PageRequest, Version
from tests.fakes import Clock, FakeClassifier
from tests.integrity import assert_whole
from tests.sentences import CALM, insult, sentence
from tests.world import ORIGIN, Person, World

LEASE = dt.timedelta(seconds=15)
FLAG_LIMIT = 2


@dataclass
class Told:
    """What the model knows of a comment."""

    author: int
    body: str
    status: str = "screening"
    public: str | None = None
    flags: set[int] = field(default_factory=set)
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

    @initialize()
    def begin(self) -> None:
        empty_comments(self.database)
        self.classifier.failures, self.classifier.available = 0, True

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
        except VorabError:
            assert parent is not None
            assert self.known[parent].public is None
            return multiple()
        assert parent is None or self.known[parent].public is not None
        assert made.job is not None
        self.known[made.comment_id] = Told(author, body, lease_until=self.clock() + LEASE)
        return (made.comment_id, made.job)

    @rule(target=comments, one=comments, toxic=st.booleans())
    def edit(self, one: tuple[uuid.UUID, Job], toxic: bool) -> Any:
        told, body = self.known[one[0]], self.text(toxic)
        try:
            with self.database.write() as session:
                job = submissions.edit(
                    session, one[0], body, actor=self.people[told.author].actor, lease=LEASE, now=self.clock()
                )
        except VorabError:
            assert told.status in ("withdrawn", "rejected")
            return multiple()
        assert told.status not in ("withdrawn", "rejected")
        assert job is not None
        told.body, told.status, told.attempts = body, "screening", 1
        told.lease_until = self.clock() + LEASE
        return (one[0], job)

    @rule(one=comments)
    def withdraw(self, one: tuple[uuid.UUID, Job]) -> None:
        told = self.known[one[0]]
        try:
            with self.database.write() as session:
                submissions.withdraw(session, one[0], actor=self.people[told.author].actor, now=self.clock())
        except VorabError:
            assert told.status == "withdrawn"
            return
        assert told.status != "withdrawn"
        told.status, told.public = "withdrawn", None
        told.flags.clear()
        told.lease_until = None

    # What readers and moderators do.

    @rule(one=comments, by=st.integers(0, 2))
    def flag(self, one: tuple[uuid.UUID, Job], by: int) -> None:
        told = self.known[one[0]]
        try:
            with self.database.write() as session:
                flag(session, one[0], "spam", None, actor=self.people[by].actor, now=self.clock())
        except VorabError as error:
            refused = error.code
        else:
            refused = None
        if refused is not None:
            allowed = {"not_found": told.public is None, "own_comment": by == told.author}
            assert allowed.get(refused, refused == "already_flagged")
            return
        assert told.public is not None
        told.flags.add(by)
        if len(told.flags) >= FLAG_LIMIT:
            told.status, told.public = "held", None

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
        told.status = {"publish": "published", "reject": "rejected"}[action]
        told.public = told.body if action == "publish" else None
        told.flags.clear()

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
            self.expect_screened(told)
        if is_current:
            told.lease_until = None

    def expect_screened(self, told: Told) -> None:
        if "Murrkopf" in told.body or len(told.flags) >= FLAG_LIMIT:
            told.status = "held"
            told.public = None if len(told.flags) >= FLAG_LIMIT and "Murrkopf" not in told.body else told.public
        else:
            told.status, told.public = "published", told.body

    @rule(seconds=st.sampled_from([1, 16]))
    def time_passes(self, seconds: int) -> None:
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
            told.status = "held"
        elif not self.classifier.available:
            assert revision.screened_at is None
        elif failures >= screening_jobs.MAX_ATTEMPTS - begun:
            told.status = "held"
        else:
            self.expect_screened(told)

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
                if body is not None and "Murrkopf" in body:
                    assert was_published_by_a_person(session, comment.id)

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
