"""A setting that is wrong is named, with what it should be and without what it was: that may be a password."""

from __future__ import annotations

import pytest

from api import settings
from api.settings import SettingsError


@pytest.fixture(autouse=True)
def with_a_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VORAB_SECRET_KEY", "k" * 32)


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("VORAB_DATABASE_URL", "geheim", "postgresql+psycopg://"),
        ("VORAB_DATABASE_URL", "postgres://vorab:geheim@host/vorab", "postgresql+psycopg://"),
        ("VORAB_DATABASE_URL", "postgresql+psycopg2://vorab:geheim@host/vorab", "postgresql+psycopg://"),
        ("VORAB_DATABASE_URL", "postgresql+psycopg://vorab:geheim@host:port/vorab", "postgresql+psycopg://"),
        ("VORAB_BROKER_URL", "http://geheim@host", "amqp://"),
        ("VORAB_REDIS_URL", "geheim:6379", "redis://"),
        ("VORAB_PREVIOUS_SECRET_KEYS", f"geheim,{'b' * 32}", "at least 32 characters"),
        ("VORAB_MAIL", "geheim@host", "smtp://"),
        ("VORAB_MAIL", "smtp://vorab:geheim@host:port", "smtp://"),
        ("VORAB_SESSION_ABSOLUTE_S", "1e30", "less than or equal to 3153600000"),
    ],
)
def test_a_wrong_setting_says_in_one_line_what_it_should_be(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, expected: str
) -> None:
    monkeypatch.setenv(name, value)

    with pytest.raises(SettingsError) as refused:
        settings.read()

    _, line = str(refused.value).splitlines()
    assert line.startswith(f"  {name}: ")
    assert expected in line
    assert "geheim" not in line


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("VORAB_DATABASE_URL", "postgresql://vorab:a#b@host:5432/vorab"),
        ("VORAB_DATABASE_URL", "postgresql+psycopg:///vorab?host=/run/postgresql"),
        ("VORAB_DATABASE_URL", "sqlite:////absolute/path.db"),
        ("VORAB_MAIL", "smtps://vorab:a%23b@[::1]:465"),
        ("VORAB_MAIL", "folder:var/mail"),
        ("VORAB_REDIS_URL", ""),
        ("VORAB_METRICS_TOKEN", ""),
        ("VORAB_PREVIOUS_SECRET_KEYS", f"{'a' * 32},{'b' * 32}"),
        ("VORAB_REDIS_URL", "redis+unix:///run/redis.sock?db=1"),
        ("VORAB_SESSION_ABSOLUTE_S", "3153600000"),
    ],
)
def test_a_right_setting_is_taken(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(name, value)

    settings.read()


def test_what_is_empty_is_not_set(monkeypatch: pytest.MonkeyPatch) -> None:
    """A compose file hands every variable over."""
    for name in ("REDIS_URL", "METRICS_TOKEN", "BROKER_URL", "MODEL_DIGEST", "PREVIOUS_SECRET_KEYS"):
        monkeypatch.setenv(f"VORAB_{name}", "")

    found = settings.read()

    assert (found.redis_url, found.metrics_token, found.broker_url, found.model_digest) == (None,) * 4
    assert found.previous_secret_keys == ()


def test_celery_with_an_empty_broker_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VORAB_SCREENING", "celery")
    monkeypatch.setenv("VORAB_BROKER_URL", "")

    with pytest.raises(settings.SettingsError, match="VORAB_BROKER_URL: Needed"):
        settings.read()
