"""``create_app``: the one place that picks implementations."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass

import flask_smorest
from flask import Flask, Request
from werkzeug.middleware.proxy_fix import ProxyFix

from api import auth, counters, errors, headers, logs, mail, metrics
from api.blueprints import (
    account_pages,
    accounts,
    addresses,
    articles,
    comments,
    data_protection,
    docs,
    embed,
    figures,
    health,
    icon,
    password_changes,
    perspective,
    provider_pages,
    provider_sign_in,
    reactions,
    removals,
    review,
    sanctions,
    second_factors,
    sessions,
    site_sign_in,
)
from api.classifying import classifier_for
from api.desk import pages as desk
from api.json_input import StrictJSONProvider
from api.limiting import limiters_for
from api.maintenance import Maintenance
from api.openapi import Api, configure
from api.replays import Replays
from api.routing import TextConverter
from api.screening_runner import Runner, RunnerLimits, ScreeningRunner
from api.services import Services
from api.settings import Settings
from moderation.classifiers.protocol import Classifier
from moderation.db import Database
from moderation.passwords import Hasher
from moderation.screener import Screener
from moderation.screening.pipeline import default_rules

_API = (
    accounts,
    sessions,
    password_changes,
    second_factors,
    data_protection,
    articles,
    comments,
    reactions,
    review,
    sanctions,
    removals,
    figures,
    site_sign_in,
    addresses,
    provider_sign_in,
)


def utc_now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Replacements:
    """What a test puts in the place of the real thing."""

    database: Database | None = None
    classifier: Classifier | None = None
    hasher: Hasher | None = None
    clock: Callable[[], dt.datetime] = utc_now


class LimitedRequest(Request):
    max_form_memory_size = 0


def create_app(settings: Settings, replacements: Replacements | None = None) -> Flask:
    """The application. Nothing runs in the background until a server calls :func:`start`, after its fork."""
    replaced = replacements or Replacements()
    app = Flask("api", static_folder=None)
    app.json = StrictJSONProvider(app)
    app.request_class = LimitedRequest
    app.config.update(
        MAX_CONTENT_LENGTH=settings.max_body_bytes,
        TRUSTED_HOSTS=list(settings.trusted_hosts) or None,
        PROPAGATE_EXCEPTIONS=False,
    )
    app.url_map.strict_slashes = False
    # Both would answer with a redirect, and to whatever host the request claims to have come for.
    app.url_map.merge_slashes = False
    app.url_map.converters["default"] = TextConverter
    app.extensions["vorab"] = make_services(settings, replaced, queued=settings.screening == "celery")
    _register(app)
    held: Services = app.extensions["vorab"]
    app.wsgi_app = Replays(app.wsgi_app, lambda: held.public_pages)  # type: ignore[method-assign]  # Flask's documented way.
    if settings.trusted_proxies:
        hops = settings.trusted_proxies
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=hops, x_proto=hops, x_host=0)  # type: ignore[method-assign]  # Flask's documented way.
    return app


def make_services(settings: Settings, replaced: Replacements, *, queued: bool = False) -> Services:
    """What a process works with. With ``queued``, workers screen for it, and it loads no model."""
    database = replaced.database or Database(settings.database_url)
    limits = RunnerLimits(settings.screening_threads, settings.screening_backlog, settings.screening_deadline)

    def screener_with(classifier: Classifier) -> Screener:
        return Screener(
            database,
            classifier,
            default_rules(),
            replaced.clock,
            settings.screening_lease,
            observer=counters.ScreeningFigures(),
        )

    runner: Runner
    if queued:
        from api.broker import celery_for
        from api.queued_screening import QueuedRunner, RemoteClassifier

        celery = celery_for(settings)
        remote = RemoteClassifier(database, celery, replaced.clock, settings.screening_deadline)
        runner = QueuedRunner(screener_with(remote), limits, celery)
    else:
        runner = ScreeningRunner(screener_with(replaced.classifier or classifier_for(settings)), limits)
    return Services(
        settings=settings,
        database=database,
        hasher=replaced.hasher or Hasher(memory_kib=settings.password_memory_kib),
        limiters=limiters_for(settings, database),
        classifier=runner.screener.classifier,
        runner=runner,
        clock=replaced.clock,
    )


def start(app: Flask) -> Maintenance:
    """Load the classifier and begin to look after what was left over. Returns what ``stop`` needs."""
    held: Services = app.extensions["vorab"]
    begin_to_load(held.classifier)
    maintenance = Maintenance(held, mail.mailer_for(held.settings))
    maintenance.start()
    return maintenance


def begin_to_load(classifier: Classifier) -> None:
    """Let a classifier that loads a model begin to, on a thread of its own."""
    begin = getattr(classifier, "start", None)
    if begin is not None:
        begin()


def stop(app: Flask, maintenance: Maintenance) -> None:
    """Finish what was begun: every screening under way, then the classifier, then the connections."""
    held: Services = app.extensions["vorab"]
    maintenance.stop()
    held.runner.close()
    close = getattr(held.classifier, "close", None)
    if close is not None:
        close()
    held.database.dispose()


def _register(app: Flask) -> None:
    logs.register(app)
    metrics.register(app)
    headers.register(app)
    auth.register(app)
    configure(app)
    api: flask_smorest.Api = Api(app)
    # After flask-smorest's own, which it replaces.
    errors.register(app)
    for module in _API:
        api.register_blueprint(module.blueprint)
    app.register_blueprint(health.blueprint)
    app.register_blueprint(icon.blueprint)
    app.register_blueprint(docs.blueprint)
    app.register_blueprint(account_pages.blueprint)
    app.register_blueprint(provider_pages.blueprint)
    app.register_blueprint(desk.blueprint)
    app.register_blueprint(perspective.blueprint)
    app.register_blueprint(embed.blueprint)
    if app.extensions["vorab"].settings.demo:
        from api.blueprints import demo

        app.register_blueprint(demo.blueprint)
