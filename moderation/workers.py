"""Which processes screen for the others, and with which model. Told by themselves, every few seconds."""

from __future__ import annotations

import datetime as dt
import uuid
from dataclasses import asdict
from typing import Any

from sqlalchemy import ColumnElement, delete, select
from sqlalchemy.orm import Session

from moderation.classifiers.protocol import ModelIdentity
from moderation.errors import ClassifierUnavailableError
from moderation.models import Worker

BEAT_EVERY = dt.timedelta(seconds=3)
GONE_AFTER = dt.timedelta(seconds=15)
"""A worker that was not heard of for so long is taken to be gone."""
_REASON_LENGTH = 500


def beat(
    session: Session, worker_id: uuid.UUID, model: ModelIdentity | None, reason: str = "", *, now: dt.datetime
) -> None:
    """A worker says that it is there; without a ``model``, why it cannot screen."""
    row = session.get(Worker, worker_id) or Worker(id=worker_id, started_at=now, seen_at=now)
    row.model = _as_json(model) if model else None
    row.reason = reason[:_REASON_LENGTH]
    row.seen_at = now
    session.add(row)


def leave(session: Session, worker_id: uuid.UUID) -> None:
    session.execute(delete(Worker).where(Worker.id == worker_id))


def forget_gone(session: Session, *, now: dt.datetime) -> None:
    session.execute(delete(Worker).where(Worker.seen_at < now - 20 * GONE_AFTER))


def identity(session: Session, *, now: dt.datetime) -> ModelIdentity:
    """The model that the youngest worker with one has.

    Raises:
        ClassifierUnavailableError: no worker is there, or none has a model; the message says why.
    """
    present = session.scalars(select(Worker).where(_is_present(now)).order_by(Worker.started_at.desc())).all()
    for worker in present:
        if worker.model is not None:
            return _from_json(worker.model)
    raise ClassifierUnavailableError(present[0].reason if present else "no worker is there")


def present(session: Session, *, now: dt.datetime) -> dict[str, int]:
    """How many workers are there: ``ready`` ones with a model, and ``unready`` ones without."""
    found = session.scalars(select(Worker.model).where(_is_present(now))).all()
    ready = sum(model is not None for model in found)
    return {"ready": ready, "unready": len(found) - ready}


def _is_present(now: dt.datetime) -> ColumnElement[bool]:
    # Nor is one there that was heard of in a future which a clock has taken back.
    return (Worker.seen_at > now - GONE_AFTER) & (Worker.seen_at < now + GONE_AFTER)


def _as_json(model: ModelIdentity) -> dict[str, Any]:
    thresholds = {language: dict(labels) for language, labels in model.hold_thresholds.items()}
    return {**asdict(model), "languages": sorted(model.languages), "hold_thresholds": thresholds}


def _from_json(stored: dict[str, Any]) -> ModelIdentity:
    return ModelIdentity(**{**stored, "labels": tuple(stored["labels"]), "languages": frozenset(stored["languages"])})
