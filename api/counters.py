"""What each process counts for Prometheus: what was asked, what screening takes and decides.

With several processes, prometheus-client adds the counters up from files in ``PROMETHEUS_MULTIPROC_DIR``, which
``vorab serve`` sets before this module is imported.
"""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Histogram

REGISTRY = CollectorRegistry()

_FAST = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.15, 0.25, 0.5, 1, 2.5, 5, 10)
REQUESTS = Histogram(
    "vorab_request_seconds", "Requests answered, and what they took.", ("method", "route", "status"), buckets=_FAST,
    registry=REGISTRY,
)  # fmt: skip
_SCREENING = Histogram(
    "vorab_screening_seconds",
    "Screenings by stage: model scores, rules is all else that looks, store writes the outcome, wait is before it.",
    ("stage",), buckets=_FAST, registry=REGISTRY,
)  # fmt: skip
_OUTCOMES = Counter("vorab_screening_outcomes", "What screenings came to.", ("outcome",), registry=REGISTRY)
_RETRIES = Counter(
    "vorab_screening_retries", "Screenings begun again after a lease ran out or a try broke.", registry=REGISTRY
)
_LOST = Counter(
    "vorab_screening_leases_expired", "Screenings whose process did not come back in time.", registry=REGISTRY
)
_PAGES = Counter("vorab_public_pages", "Public answers by where they came from.", ("result",), registry=REGISTRY)


class ScreeningFigures:
    """What a ``moderation.screener.Screener`` tells of its work."""

    def began(self, *, waited_s: float, attempt: int, was_lost: bool) -> None:
        # A clock that was set back must not make a wait negative.
        _SCREENING.labels("wait").observe(max(waited_s, 0.0))
        if was_lost:
            _LOST.inc()
        if attempt > 1:
            _RETRIES.inc()

    def ended(self, outcome: str, *, model_s: float, rules_s: float, store_s: float) -> None:
        for stage, taken in (("model", model_s), ("rules", rules_s), ("store", store_s)):
            _SCREENING.labels(stage).observe(taken)
        _OUTCOMES.labels(outcome).inc()


def count_page(result: str) -> None:
    """``kept``, ``made`` or ``unchanged`` (a 304)."""
    _PAGES.labels(result).inc()
