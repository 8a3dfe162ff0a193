"""The database: one declarative base, column types that behave the same on SQLite and PostgreSQL, and transactions."""

from __future__ import annotations

import datetime as dt
import threading
import time
from collections.abc import Hashable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

from sqlalchemy import JSON, DateTime, Engine, MetaData, Select, Table, create_engine, event, insert, make_url
from sqlalchemy.dialects import postgresql
from sqlalchemy.engine import Connection, Dialect
from sqlalchemy.exc import InvalidatePoolError, OperationalError
from sqlalchemy.orm import DeclarativeBase, MappedAsDataclass, Session, sessionmaker
from sqlalchemy.pool import ConnectionPoolEntry
from sqlalchemy.types import TypeDecorator

from moderation.recent import Recent

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}

_BUSY_MS = 30_000
_TRUSTED_S = 1.0
"""So long a connection that nobody used is taken to be alive."""
_RECENT_S = 0.01
"""So long many may share what one of them has asked. Other processes' changes are seen so much later at most."""
_MOST_WRITERS = 4
"""So many writing transactions a process has open at once on PostgreSQL. More of them that want the same rows queue up
in the database, and whoever holds those rows waits longer for a turn of Python's."""


_GIVING_UP = {"keepalives_idle": 10, "keepalives_interval": 5, "keepalives_count": 3, "tcp_user_timeout": 15_000}
"""When a connection counts as lost whose other end has gone without a word, its machine or the network: in seconds, the
last one in milliseconds. The system's own defaults are two hours for one that waits, a quarter of an hour for one that
sends."""


class UTCDateTime(TypeDecorator[dt.datetime]):
    """An aware time, stored in UTC. SQLite forgets time zones; a naive value going in is a mistake and raises."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: dt.datetime | None, _dialect: Dialect) -> dt.datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a naive time cannot be stored")
        return value.astimezone(dt.UTC)

    def process_result_value(self, value: dt.datetime | None, _dialect: Dialect) -> dt.datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=dt.UTC) if value.tzinfo is None else value.astimezone(dt.UTC)


JSONValue = JSON().with_variant(postgresql.JSONB(), "postgresql")


class Base(MappedAsDataclass, DeclarativeBase, eq=False):
    metadata = MetaData(naming_convention=NAMING)


def insert_plainly(session: Session, row: Base) -> None:
    """Insert a row that the session is not to watch, at a fraction of the price of ``Session.add``.

    For rows that are written once and not changed in the same transaction.
    """
    # The statement is the same each time, and its SQL is made once.
    table = cast(Table, row.__table__)
    session.connection().execute(insert(table), {column.key: getattr(row, column.key) for column in table.columns})


class Database:
    """Opens transactions. A unit of work is one ``with`` block: it commits at its end and rolls back if it raises.

    On SQLite a writing transaction takes the write lock when it begins. One that starts by reading and wants to write
    later cannot wait for the lock (SQLite answers SQLITE_BUSY at once, whatever the timeout), which is where "database
    is locked" comes from.
    """

    def __init__(self, url: str, *, pool_size: int = 10, max_overflow: int = 10) -> None:
        parsed = make_url(url)
        self.is_sqlite = parsed.get_backend_name() == "sqlite"
        options: dict[str, Any] = {
            "pool_size": pool_size,
            "max_overflow": max_overflow,
            "pool_timeout": 5,
            # An error's message would otherwise quote the values, people's texts among them, into a log.
            "hide_parameters": True,
        }
        if self.is_sqlite:
            Path(parsed.database or "").parent.mkdir(parents=True, exist_ok=True)
            options["connect_args"] = {"timeout": _BUSY_MS / 1000, "check_same_thread": False}
        else:
            options["connect_args"] = {"connect_timeout": 3, **_GIVING_UP}
        self.engine = create_engine(parsed, **options)
        if self.is_sqlite:
            _prepare_sqlite(self.engine)
            self._asking = self.engine.execution_options(vorab_alone=True)
        else:
            _ping_idle_connections(self.engine)
            self._asking = self.engine.execution_options(isolation_level="AUTOCOMMIT")
        self._reading = sessionmaker(self._engine_for_reading(), autoflush=False, expire_on_commit=False)
        self._seeing_one_moment = self._reading
        if not self.is_sqlite:
            repeatable = self._engine_for_reading().execution_options(isolation_level="REPEATABLE READ")
            self._seeing_one_moment = sessionmaker(repeatable, autoflush=False, expire_on_commit=False)
        self._alone = sessionmaker(self._asking, autoflush=False, expire_on_commit=False)
        if not self.is_sqlite:
            _hasten_postgresql(self.engine)
        self._writing = sessionmaker(self.engine, expire_on_commit=False)
        self._hastening = sessionmaker(self.engine.execution_options(vorab_hasty=True), expire_on_commit=False)
        self._writers = threading.BoundedSemaphore(1 if self.is_sqlite else _MOST_WRITERS)
        self._recent: Recent[Sequence[Any] | None] = Recent(_RECENT_S)

    def _engine_for_reading(self) -> Engine:
        return self.engine.execution_options(vorab_read_only=True, postgresql_readonly=True)

    @contextmanager
    def read(self) -> Iterator[Session]:
        """A transaction that cannot write: the database refuses it."""
        with self._reading() as session, session.begin():
            yield session

    @contextmanager
    def read_one_moment(self) -> Iterator[Session]:
        """As :meth:`read`; all its queries see what was there at the first one, as SQLite's always do."""
        with self._seeing_one_moment() as session, session.begin():
            yield session

    @contextmanager
    def alone(self) -> Iterator[Session]:
        """A session for reading outside of any transaction: each query sees what is there by then. As :meth:`ask`."""
        with self._alone() as session:
            yield session

    @contextmanager
    def write(self) -> Iterator[Session]:
        with self._turn(), self._writing() as session, session.begin():
            yield session

    @contextmanager
    def write_hastily(self) -> Iterator[Session]:
        """As :meth:`write`, but its end does not wait for the disk.

        Everybody sees at once what was written, and it outlives the death of this process. If the database's machine
        loses its power within the next moment it may be gone, unless a later :meth:`write` came to its end before:
        that one waits for all that was written earlier too. So nothing may be acknowledged on this alone.
        """
        with self._turn(), self._hastening() as session, session.begin():
            yield session

    @contextmanager
    def write_among_many(self) -> Iterator[Session]:
        """As :meth:`write`, for rows that many want at once: PostgreSQL lets go of them before it waits for the disk.

        Others see what was written a moment before it is sure to outlive a loss of power.
        """
        if self.is_sqlite:
            # One writer at a time, and nobody else's transaction ends together with this one.
            with self.write() as session:
                yield session
            return
        with self.write_hastily() as session:
            yield session
        self._wait_for_the_disk()

    def _wait_for_the_disk(self) -> None:
        """Wait until PostgreSQL has written everything down that was committed so far, together with all who wait."""
        with self._asking.connect() as connection:
            # Only what has written something waits at its end. A message to replicas that nobody reads is the least.
            connection.exec_driver_sql("SELECT pg_logical_emit_message(true, 'vorab', '')")

    @contextmanager
    def _turn(self) -> Iterator[None]:
        """One writer of this process at a time where the database takes no more than one anyway, else a few.

        Who waits for SQLite's own lock sleeps between tries, longer each time, and may be overtaken by all others.
        """
        came = self._writers.acquire(timeout=_BUSY_MS / 1000)
        try:
            yield
        finally:
            self.forget_recent()
            if came:
                self._writers.release()

    def ask(self, question: Select[Any], values: Mapping[str, Any]) -> Sequence[Any] | None:
        """The one row that a query finds, if it finds one.

        Outside of any transaction, which a single query does not need: at half the price of :meth:`read`, for what is
        asked with every request.
        """
        with self._asking.connect() as connection:
            return connection.execute(question, values).one_or_none()

    def ask_recent(self, question: Select[Any], values: Mapping[str, Hashable]) -> Sequence[Any] | None:
        """As :meth:`ask`, once for all who want to know the same within ten milliseconds.

        Whatever this process wrote before is in it; what other processes wrote may be missing for so long.
        """
        return self._recent.get((question, *values.values()), lambda: self.ask(question, values))

    def forget_recent(self) -> None:
        """Have :meth:`ask_recent` ask anew: somebody has changed something for us."""
        self._recent.forget()

    def dispose(self) -> None:
        self.engine.dispose()


def _ping_idle_connections(engine: Engine) -> None:
    """Ask a connection that has lain idle whether it still lives, before it is used.

    SQLAlchemy's own ``pool_pre_ping`` asks each time, which under load is a third of what a small query costs. Where a
    server ends under load, one request for each connection fails in between, with a 503 that says when to come again.
    """

    @event.listens_for(engine, "checkin")
    def remember(_connection: Any, record: ConnectionPoolEntry) -> None:
        record.info["idle_since"] = time.monotonic()

    @event.listens_for(engine, "checkout")
    def ping(connection: Any, record: ConnectionPoolEntry, _proxy: object) -> None:
        idle_since = record.info.get("idle_since")
        if idle_since is None or time.monotonic() - idle_since < _TRUSTED_S:
            return
        try:
            engine.dialect.do_ping(connection)
        except engine.dialect.loaded_dbapi.Error as error:
            # The pool then opens another one, and forgets all that are as old.
            raise InvalidatePoolError from error


_HASTILY = "SET LOCAL synchronous_commit TO off"


def _hasten_postgresql(engine: Engine) -> None:
    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        if connection.get_execution_options().get("vorab_hasty", False):
            # Past SQLAlchemy, which would take as long again for a statement that gives nothing back.
            driver: Any = connection.connection.driver_connection
            try:
                driver.execute(_HASTILY)
            except engine.dialect.loaded_dbapi.OperationalError as error:
                # The first to notice that the connection is dead: SQLAlchemy would have said so in its own words.
                connection.invalidate(error)
                raise OperationalError(_HASTILY, None, error, hide_parameters=True) from error


def _lower(text: str | None) -> str | None:
    return text.lower() if text is not None else None


def _prepare_sqlite(engine: Engine) -> None:
    @event.listens_for(engine, "connect")
    def configure(connection: Any, _record: object) -> None:
        # The driver must not begin transactions of its own: we do, in `begin` below.
        connection.isolation_level = None
        cursor = connection.cursor()
        cursor.execute("PRAGMA journal_mode = WAL")
        cursor.execute("PRAGMA foreign_keys = ON")
        # Its own lower() knows no letter beyond ASCII.
        connection.create_function("vorab_lower", 1, _lower, deterministic=True)
        cursor.close()

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        options = connection.get_execution_options()
        if options.get("vorab_alone", False):
            return
        read_only = options.get("vorab_read_only", False)
        _pragma(connection, "query_only", "ON" if read_only else "OFF")
        if not read_only:
            # FULL: a commit survives power loss too, not only the death of the process.
            _pragma(connection, "synchronous", "NORMAL" if options.get("vorab_hasty", False) else "FULL")
        connection.exec_driver_sql("BEGIN" if read_only else "BEGIN IMMEDIATE")


def _pragma(connection: Connection, name: str, value: str) -> None:
    """Set what holds for the connection from now on, unless it does already."""
    if connection.info.get(name) != value:
        connection.exec_driver_sql(f"PRAGMA {name} = {value}")
        connection.info[name] = value
