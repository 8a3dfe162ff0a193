"""An export put in order before anything of it is stored: parents before their replies, bad rows sorted out.

Exports may name a reply before its parent, and an author long after their comments. So all of it goes into a database
in a temporary file first, which the system takes away when this process ends in whatever way: a million comments need
no more memory than a thousand.
"""

from __future__ import annotations

import datetime as dt
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import Any, Self

from moderation.imports import checking
from moderation.imports.checking import Rules
from moderation.imports.entries import ArticleEntry, AuthorEntry, BadEntry, CommentEntry, Entry, Was

_CHUNK = 500
IMPORTED = (Was.PUBLISHED, Was.HELD, Was.REJECTED)

_SCHEMA = """
CREATE TABLE article (
  key TEXT PRIMARY KEY, external_id TEXT NOT NULL, url TEXT, title TEXT, page TEXT, problem TEXT
) WITHOUT ROWID;
CREATE TABLE author (id TEXT PRIMARY KEY, name TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE row (
  seq INTEGER PRIMARY KEY, place TEXT NOT NULL, id TEXT NOT NULL UNIQUE, parent TEXT, article TEXT, external_id TEXT,
  author TEXT, subject TEXT, name TEXT, body TEXT NOT NULL, at INTEGER, was TEXT NOT NULL, problem TEXT,
  level INTEGER, fate TEXT
);
CREATE TABLE known (id TEXT PRIMARY KEY, external_id TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE bad (place TEXT NOT NULL, id TEXT, problem TEXT NOT NULL);
"""

_ORDER = """
UPDATE article SET problem = 'ambiguous_article_id' WHERE problem IS NULL AND external_id IN (
  SELECT external_id FROM article WHERE problem IS NULL GROUP BY external_id HAVING count(DISTINCT page) > 1);

-- Where an article is wrong, all that stands under it is.
UPDATE row SET external_id = (SELECT external_id FROM article WHERE key = row.article AND problem IS NULL);
UPDATE row SET problem = coalesce((SELECT problem FROM article WHERE key = row.article), 'missing_article')
  WHERE external_id IS NULL AND was IN ('published', 'held', 'rejected');
UPDATE row SET problem = 'parent_on_another_article', level = -1
  WHERE parent IS NOT NULL AND external_id IS NOT NULL AND (
  EXISTS (SELECT 1 FROM row AS p WHERE p.id = row.parent AND p.external_id <> row.external_id)
  OR EXISTS (SELECT 1 FROM known AS k WHERE k.id = row.parent AND k.external_id <> row.external_id));

-- Downwards from what has no parent, or one that was imported before. What is not reached hangs on nothing.
CREATE TABLE reached (seq INTEGER PRIMARY KEY, level INTEGER NOT NULL);
INSERT INTO reached WITH RECURSIVE found (seq, id, level) AS (
  SELECT seq, id, 0 FROM row
    WHERE external_id IS NOT NULL AND level IS NULL AND (parent IS NULL OR parent IN (SELECT id FROM known))
  UNION ALL
  SELECT row.seq, row.id, found.level + 1 FROM found CROSS JOIN row ON row.parent = found.id
    WHERE row.external_id IS NOT NULL AND row.level IS NULL
) SELECT seq, level FROM found;
UPDATE row SET level = (SELECT level FROM reached WHERE reached.seq = row.seq);

CREATE TABLE adrift (id TEXT PRIMARY KEY) WITHOUT ROWID;
INSERT INTO adrift WITH RECURSIVE lost (id) AS (
  SELECT id FROM row WHERE level IS NULL AND (
    external_id IS NULL OR problem IS NOT NULL
    OR (parent IS NOT NULL AND parent NOT IN (SELECT id FROM row) AND parent NOT IN (SELECT id FROM known)))
  UNION
  SELECT row.id FROM lost CROSS JOIN row ON row.parent = lost.id WHERE row.level IS NULL
) SELECT id FROM lost;
UPDATE row SET problem = CASE WHEN id IN (SELECT id FROM adrift) THEN 'unknown_parent' ELSE 'parent_cycle' END
  WHERE level IS NULL AND (problem IS NULL OR external_id IS NOT NULL AND problem <> 'parent_on_another_article')
    AND was IN ('published', 'held', 'rejected');
"""

_DECIDE = """
UPDATE row SET fate = 'import' WHERE problem IS NULL AND level IS NOT NULL AND was IN ({wanted});
-- Upwards from each of these: what its thread hangs on keeps a place.
CREATE TABLE above (id TEXT PRIMARY KEY) WITHOUT ROWID;
INSERT INTO above WITH RECURSIVE upwards (id) AS (
  SELECT parent FROM row WHERE fate = 'import' AND parent IS NOT NULL
  UNION
  SELECT row.parent FROM upwards CROSS JOIN row ON row.id = upwards.id
    WHERE row.fate IS NULL AND row.parent IS NOT NULL
) SELECT id FROM upwards;
UPDATE row SET fate = 'place', at = coalesce(at, (SELECT min(c.at) FROM row AS c WHERE c.parent = row.id))
  WHERE fate IS NULL AND level IS NOT NULL AND id IN (SELECT id FROM above);
INSERT INTO bad SELECT place, id, problem FROM row WHERE problem IS NOT NULL;
CREATE TABLE turn (n INTEGER PRIMARY KEY, seq INTEGER NOT NULL);
INSERT INTO turn (seq) SELECT seq FROM row WHERE fate IS NOT NULL ORDER BY level, seq;
CREATE INDEX article_external_id ON article (external_id);
"""


@dataclass(frozen=True, slots=True)
class Staged:
    """A comment to store; without a ``was``, only its place in the thread. ``subject`` is ``""`` for nobody known."""

    seq: int
    where: str
    id: str
    parent: str | None
    article: str
    author_id: str | None
    subject: str
    name: str | None
    body: str
    created_at: dt.datetime | None
    was: Was | None


@dataclass(frozen=True, slots=True)
class StagedArticle:
    external_id: str
    url: str | None
    title: str | None


@dataclass(frozen=True, slots=True)
class Bad:
    where: str
    id: str | None
    reason: str


class Stage:
    """One export, in order once :meth:`settle` was called."""

    def __init__(self, rules: Rules) -> None:
        self._rules = rules
        # A temporary file of SQLite's own; it has no name by the time it is written to.
        self._database = sqlite3.connect("", isolation_level=None)
        self._database.executescript("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF;" + _SCHEMA)

    @classmethod
    @contextmanager
    def opened(cls, rules: Rules) -> Iterator[Self]:
        stage = cls(rules)
        with closing(stage._database):  # Our own.
            yield stage

    def add(self, entries: Iterable[Entry]) -> Iterator[int]:
        """Take entries in; says after each how many comments there are by now."""
        count = 0
        self._database.execute("BEGIN")
        for entry in entries:
            match entry:
                case ArticleEntry():
                    self._add_article(entry)
                case AuthorEntry():
                    name = checking.shown_name(entry.name)
                    self._database.execute("INSERT OR REPLACE INTO author VALUES (?, ?)", (entry.id, name or ""))
                case CommentEntry():
                    self._add_comment(entry)
                    count += 1
                case BadEntry():
                    self._complain(entry.where, entry.id, entry.reason)
            yield count
        self._database.execute("COMMIT")

    def settle(self, known: Callable[[Sequence[str]], Mapping[str, str]], *, wanted: Sequence[Was] = IMPORTED) -> None:
        """Put everything in order.

        ``known`` tells which of some comments were imported before, and under which articles they stand.
        """
        self._database.execute("BEGIN")
        self._database.execute("CREATE INDEX row_parent ON row (parent)")
        for ids in self._absent_parents():
            self._database.executemany("INSERT INTO known VALUES (?, ?)", known(ids).items())
        for statement in _statements(_ORDER):
            self._database.execute(statement)
        names = ", ".join(f"'{one.value}'" for one in wanted)
        for statement in _statements(_DECIDE.format(wanted=names)):
            self._database.execute(statement)
        self._database.execute("COMMIT")

    def batches(self, size: int) -> Iterator[list[Staged]]:
        """What is to be stored, parents before their replies."""
        last = 0
        while True:
            rows = self._database.execute(
                "SELECT n, row.seq, place, row.id, parent, external_id, row.author, subject,"
                " coalesce(nullif(row.name, ''), nullif(author.name, '')), body, at, was, fate"
                " FROM turn JOIN row ON row.seq = turn.seq LEFT JOIN author ON author.id = row.author"
                " WHERE n > ? ORDER BY n LIMIT ?",
                (last, size),
            ).fetchall()
            if not rows:
                return
            yield [_staged(row) for row in rows]
            last = rows[-1][0]

    def articles(self, external_ids: Iterable[str]) -> list[StagedArticle]:
        """What the export says of these articles."""
        found = (
            self._database.execute(
                "SELECT external_id, max(url), max(title) FROM article WHERE external_id = ? AND problem IS NULL",
                (one,),
            ).fetchone()
            for one in sorted(set(external_ids))
        )
        return [StagedArticle(*row) for row in found]

    def sample_articles(self, limit: int = 3) -> list[StagedArticle]:
        rows = self._database.execute(
            "SELECT external_id, url, title FROM article WHERE problem IS NULL ORDER BY key LIMIT ?", (limit,)
        )
        return [StagedArticle(*row) for row in rows]

    def total(self) -> int:
        """How many comments and places there are to store."""
        return int(self._database.execute("SELECT count(*) FROM turn").fetchone()[0])

    def left_out(self) -> dict[str, int]:
        """How many comments are not imported for what became of them elsewhere."""
        rows = self._database.execute(
            "SELECT was, count(*) FROM row WHERE problem IS NULL AND fate IS NOT 'import' GROUP BY was ORDER BY was"
        )
        return dict(rows.fetchall())

    def problems(self) -> dict[str, int]:
        """How many rows are bad, by reason, the commonest first."""
        rows = self._database.execute("SELECT problem, count(*) FROM bad GROUP BY problem ORDER BY 2 DESC, 1")
        return dict(rows.fetchall())

    def bad(self, limit: int) -> list[Bad]:
        rows = self._database.execute("SELECT place, id, problem FROM bad ORDER BY rowid LIMIT ?", (limit,))
        return [Bad(*row) for row in rows]

    def _add_article(self, entry: ArticleEntry) -> None:
        found = checking.article(entry, self._rules)
        self._database.execute(
            "INSERT INTO article VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (key) DO UPDATE"
            " SET url = coalesce(url, excluded.url), title = coalesce(title, excluded.title)",
            (
                checking.storable(entry.key),
                checking.storable(found.external_id),
                found.url,
                found.title,
                found.page,
                found.problem,
            ),
        )

    def _add_comment(self, entry: CommentEntry) -> None:
        body, problem = "", None
        at, wrong_date = checking.written_at(entry, self._rules)
        if entry.was in IMPORTED:
            body, problem = checking.body(entry, self._rules)
            problem = problem or wrong_date
        author = entry.author
        values = (
            entry.where,
            entry.id,
            entry.parent,
            None if entry.article is None else checking.storable(entry.article),
            author.id,
            checking.subject(author, self._rules),
            checking.shown_name(author.name),
            body if problem is None else "",
            None if at is None else int(at.timestamp() * 1000),
            entry.was.value,
            problem,
        )
        added = self._database.execute(
            "INSERT OR IGNORE INTO row (place, id, parent, article, author, subject, name, body, at, was, problem)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            values,
        )
        if added.rowcount == 0:
            self._complain(entry.where, entry.id, "duplicate_id")

    def _complain(self, where: str, comment_id: str | None, reason: str) -> None:
        self._database.execute("INSERT INTO bad VALUES (?, ?, ?)", (where, comment_id, reason))

    def _absent_parents(self) -> Iterator[list[str]]:
        """The parents that are not in the export, some at a time."""
        last = ""
        while True:
            rows = self._database.execute(
                "SELECT DISTINCT parent FROM row WHERE parent > ? AND parent NOT IN (SELECT id FROM row)"
                " ORDER BY parent LIMIT ?",
                (last, _CHUNK),
            ).fetchall()
            if not rows:
                return
            yield [row[0] for row in rows]
            last = rows[-1][0]


def _statements(script: str) -> Iterator[str]:
    """The statements of a script, so that they run in the transaction that is open (``executescript`` ends it)."""
    yield from (part for part in script.split(";") if part.strip())


def _staged(row: Sequence[Any]) -> Staged:
    _, *values, at, was, fate = row
    seq, where, own, parent, article, author_id, subject, name, body = values
    return Staged(
        seq=seq,
        where=where,
        id=own,
        parent=parent,
        article=article,
        author_id=author_id,
        subject=subject or "",
        name=name,
        body=body,
        created_at=None if at is None else dt.datetime.fromtimestamp(at / 1000, dt.UTC),
        was=Was(was) if fate == "import" else None,
    )
