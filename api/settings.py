"""Every setting, read once. All of them are environment variables that begin with ``VORAB_``."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from environs import Env, EnvValidationError, ValidationError, validate
from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError

from moderation.imports.pseudonyms import Pseudonyms
from moderation.sealing import Sealer

_MIN_SECRET = 32
PUBLISHED_MODELS = ("original", "unbiased", "multilingual", "original-small", "unbiased-small")
"""Values of ``VORAB_MODEL`` that mean what Detoxify's makers publish."""
_DRIVERS = ("sqlite", "postgresql", "postgresql+psycopg")
_LIMIT = re.compile(r"_per_(account|address|site)$")
_LEAST_DAYS = {"keep_refused": 1, "keep_withdrawn": 1, "keep_held": 1, "keep_unconfirmed": 3}
"""How short periods may be. An account stays for as long as the link in the first letter to it is good."""


class SettingsError(Exception):
    """One or more settings are missing or wrong; the message names them all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What an operator can choose. ``docs/settings.md`` has every variable with its default and meaning."""

    secret_key: str = field(repr=False)
    previous_secret_keys: tuple[str, ...] = field(default=(), repr=False)
    database_url: str = field(repr=False)
    base_url: str = "http://127.0.0.1:8000"
    trusted_hosts: tuple[str, ...] = ()
    trusted_proxies: int = 0
    model: str = "embedded"
    model_digest: str | None = None
    model_languages: tuple[str, ...] = ()
    screening: str = "inline"
    broker_url: str | None = field(default=None, repr=False)
    broker_queue: str = "vorab"
    screening_deadline: dt.timedelta = dt.timedelta(seconds=2)
    screening_lease: dt.timedelta = dt.timedelta(seconds=15)
    screening_threads: int = 16
    screening_backlog: int = 200
    classifier_timeout: dt.timedelta = dt.timedelta(seconds=10)
    max_body_bytes: int = 64 * 1024
    redis_url: str | None = field(default=None, repr=False)
    sign_in_per_account: int = 10
    sign_in_per_address: int = 50
    sign_in_per_site: int = 2000
    registrations_per_account: int = 5
    registrations_per_address: int = 20
    registrations_per_site: int = 10_000
    mails_per_account: int = 5
    mails_per_address: int = 20
    mails_per_site: int = 1000
    posts_per_account: int = 300
    posts_per_address: int = 1200
    posts_per_site: int = 12_000
    flags_per_account: int = 60
    flags_per_address: int = 300
    flags_per_site: int = 6000
    appeals_per_account: int = 20
    appeals_per_address: int = 100
    appeals_per_site: int = 2000
    votes_per_account: int = 600
    previews_per_account: int = 60
    exports_per_account: int = 20
    session_idle: dt.timedelta = dt.timedelta(days=14)
    session_absolute: dt.timedelta = dt.timedelta(days=90)
    undo_window: dt.timedelta = dt.timedelta(minutes=10)
    site_session: dt.timedelta = dt.timedelta(hours=12)
    site_sign_ins_per_address: int = 120
    keep_refused: dt.timedelta = dt.timedelta(days=184)
    keep_withdrawn: dt.timedelta = dt.timedelta(days=30)
    keep_held: dt.timedelta = dt.timedelta(days=90)
    keep_unconfirmed: dt.timedelta = dt.timedelta(days=30)
    password_memory_kib: int = 47_104
    verify_addresses: bool = True
    mail: str = "folder:var/mail"
    mail_from: str = "Vorab <noreply@localhost>"
    metrics_token: str | None = field(default=None, repr=False)
    log_level: str = "info"
    demo: bool = False

    @property
    def sealer(self) -> Sealer:
        return Sealer(self.secret_key, self.previous_secret_keys)

    @property
    def pseudonyms(self) -> Pseudonyms:
        return Pseudonyms(self.secret_key, self.previous_secret_keys)


def read(*, secret_needed: bool = True) -> Settings:
    """Read the settings from the process's environment. Commands that sign nothing need no secret.

    Raises:
        SettingsError: naming everything that is missing or wrong.
    """
    env = Env(eager=False, prefix="VORAB_")
    defaults = Settings(secret_key="", database_url="")
    at_least_one = validate.Range(min=1)
    values: dict[str, Any] = {
        "secret_key": env.str("SECRET_KEY", validate=validate.Length(min=_MIN_SECRET)) if secret_needed else "",
        "previous_secret_keys": env.list("PREVIOUS_SECRET_KEYS", [], validate=_secret_keys),
        "database_url": env.str("DATABASE_URL", default_database_url(), validate=_database_url),
        "base_url": env.str("BASE_URL", defaults.base_url, validate=validate.URL(require_tld=False)),
        "trusted_hosts": env.list("TRUSTED_HOSTS", []),
        "trusted_proxies": env.int("TRUSTED_PROXIES", 0, validate=validate.Range(min=0, max=10)),
        "model": env.str("MODEL", defaults.model),
        "model_digest": env.str("MODEL_DIGEST", None),
        "model_languages": env.list("MODEL_LANGUAGES", []),
        "screening": env.str("SCREENING", defaults.screening, validate=validate.OneOf(["inline", "celery"])),
        "broker_url": env.str("BROKER_URL", None, validate=_unless_empty(_broker_url)),
        "broker_queue": env.str("BROKER_QUEUE", defaults.broker_queue, validate=validate.Length(min=1, max=100)),
        "screening_threads": env.int("SCREENING_THREADS", defaults.screening_threads, validate=at_least_one),
        "screening_backlog": env.int("SCREENING_BACKLOG", defaults.screening_backlog, validate=at_least_one),
        "redis_url": env.str("REDIS_URL", None, validate=_unless_empty(_redis_url)),
        "max_body_bytes": env.int("MAX_BODY_BYTES", defaults.max_body_bytes, validate=validate.Range(min=1024)),
        "password_memory_kib": env.int(
            "PASSWORD_MEMORY_KIB",
            defaults.password_memory_kib,
            validate=validate.Range(min=defaults.password_memory_kib),
        ),
        "mail": env.str("MAIL", defaults.mail, validate=_mail),
        "mail_from": env.str("MAIL_FROM", defaults.mail_from),
        "metrics_token": env.str("METRICS_TOKEN", None, validate=_unless_empty(validate.Length(min=16))),
        "log_level": env.str("LOG_LEVEL", "info", validate=validate.OneOf(["debug", "info", "warning", "error"])),
        "demo": env.bool("DEMO", False),
    }
    # In the demo nobody reads the letters, and everybody is invited to write.
    values["verify_addresses"] = env.bool("VERIFY_ADDRESSES", not values["demo"])
    for name in (entry.name for entry in fields(Settings) if _LIMIT.search(entry.name)):
        values[name] = env.int(name.upper(), getattr(defaults, name), validate=at_least_one)
    for name in (
        "screening_deadline",
        "screening_lease",
        "classifier_timeout",
        "session_idle",
        "session_absolute",
        "undo_window",
        "site_session",
    ):
        values[name] = env.float(f"{name.upper()}_S", getattr(defaults, name).total_seconds(), validate=_seconds)
    for name, least in _LEAST_DAYS.items():
        allowed = validate.Range(min=least, max=36_500)
        days = env.int(f"{name.upper()}_DAYS", getattr(defaults, name).days, validate=allowed)
        # Without a value there is an error to tell of, which is read at the end.
        values[name] = dt.timedelta(days=days or 0)
    try:
        env.seal()
    except EnvValidationError as error:
        raise SettingsError(_explain(error)) from error
    if values["screening"] == "celery" and not values["broker_url"]:
        raise SettingsError(
            "These settings are missing or wrong:\n  VORAB_BROKER_URL: Needed with VORAB_SCREENING=celery."
        )
    return Settings(**{name: _typed(value, getattr(defaults, name)) for name, value in values.items()})


def default_database_url() -> str:
    return f"sqlite:///{Path('var/vorab.db').absolute()}"


_redis_url = validate.Regexp(r"(rediss?|redis\+unix)://.+", error="Has to be like redis://host:port/number.")
_broker_url = validate.Regexp(
    r"(amqps?|rediss?)://.+", error="Has to be like amqp://user:password@host:port/vhost or redis://host:port/number."
)
_seconds = validate.Range(min=0, min_inclusive=False, max=36_500 * 86_400)


def _unless_empty(check: Callable[[str], object]) -> Callable[[str], None]:
    """A compose file hands over as empty what nobody set: as good as not there, where that is allowed."""

    def checked(value: str) -> None:
        if value:
            check(value)

    return checked


def _secret_keys(values: list[str]) -> None:
    if any(len(value) < _MIN_SECRET for value in values):
        raise ValidationError(f"Each has to have at least {_MIN_SECRET} characters; a comma stands between them.")


def _mail(value: str) -> None:
    try:
        is_known = re.fullmatch(r"folder:.+|console|smtps?://.+", value) is not None and urlsplit(value).port != 0
    except ValueError:
        is_known = False
    if not is_known:
        raise ValidationError("Has to be like smtp://user:password@host:port, folder:PATH or console.")


def _database_url(value: str) -> None:
    try:
        driver = make_url(value).drivername
    except (ArgumentError, ValueError):
        driver = ""
    if driver not in _DRIVERS:
        # The value may hold a password, and is not repeated.
        raise ValidationError(
            "Has to be like postgresql+psycopg://user:password@host/name or sqlite:////absolute/path.db."
        )


def _typed(value: Any, default: object) -> Any:
    if default is None and value == "":
        return None
    if isinstance(default, dt.timedelta) and isinstance(value, int | float):
        return dt.timedelta(seconds=value)
    return tuple(value) if isinstance(value, list) else value


def _explain(error: EnvValidationError) -> str:
    assert isinstance(error.error_messages, Mapping)
    lines = [
        f"  {name}: {' '.join(str(message) for message in messages)}" for name, messages in error.error_messages.items()
    ]
    return "These settings are missing or wrong:\n" + "\n".join(sorted(lines))
