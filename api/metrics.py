"""Figures for Prometheus, as it reads them. What waits is counted in the database when somebody asks."""

from __future__ import annotations

import hmac
import os
import time
from collections.abc import Iterator

from flask import Blueprint, Flask, Response, abort, g, request
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector
from sqlalchemy.exc import SQLAlchemyError

from api import auth, counters, logs
from api.services import Services, services
from moderation import waiting, workers

blueprint = Blueprint("metrics", __name__)


class Waiting(Collector):
    """What waits in the database, by kind, and since when; how appeals stand; and which workers are there."""

    def __init__(self, held: Services) -> None:
        self._held = held

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Yields nothing where the database is away: a gap in a graph, not a zero."""
        there = GaugeMetricFamily("vorab_workers", "Workers heard of lately.", labels=["state"])
        length = GaugeMetricFamily("vorab_waiting", "What waits.", labels=["what"])
        oldest = GaugeMetricFamily("vorab_waiting_oldest_seconds", "For how long the oldest waits.", labels=["what"])
        appeals = GaugeMetricFamily("vorab_appeals", "Appeals against refusals.", labels=["status"])
        now = self._held.clock()
        try:
            with self._held.database.read() as session:
                found, present = waiting.all_kinds(session), workers.present(session, now=now)
                appealed = waiting.appeals(session)
        except SQLAlchemyError:
            return
        for kind, line in found.items():
            length.add_metric([kind], line.length)
            oldest.add_metric([kind], (now - line.oldest).total_seconds() if line.oldest else 0.0)
        for state, number in present.items():
            there.add_metric([state], number)
        for status, number in appealed.items():
            appeals.add_metric([status], number)
        yield there
        yield appeals
        yield length
        yield oldest


def register(app: Flask) -> None:
    app.register_blueprint(blueprint)
    app.after_request(_observe)


@blueprint.get("/metrics")
def metrics() -> Response:
    """Figures for whoever has the token of ``VORAB_METRICS_TOKEN``; to everybody else there is no such address."""
    expected, given = services().settings.metrics_token, auth.credential()
    if expected is None or given is None or not hmac.compare_digest(given.token.encode(), expected.encode()):
        abort(404)
    shown = generate_latest(everything(services()))
    return Response(shown, headers={"Cache-Control": "no-store"}, content_type=CONTENT_TYPE_LATEST)


def everything(held: Services) -> CollectorRegistry:
    """All figures of this server's processes, and of the database."""
    found = CollectorRegistry()
    if "PROMETHEUS_MULTIPROC_DIR" in os.environ:
        MultiProcessCollector(found)  # type: ignore[no-untyped-call]  # prometheus-client left it out.
    else:
        found.register(_Own())
    found.register(Waiting(held))
    return found


class _Own(Collector):
    """This process's own counters."""

    def collect(self) -> Iterator[object]:  # type: ignore[override]  # Metrics of any kind.
        yield from counters.REGISTRY.collect()


def _observe(answer: Response) -> Response:
    taken = time.perf_counter() - g.get("began", time.perf_counter())
    counters.REQUESTS.labels(request.method, logs.route() or "none", str(answer.status_code)).observe(taken)
    return answer
