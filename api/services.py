"""What the views need, made once by ``create_app`` and found through the application."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import cast

from flask import current_app

from api.limiting import Limiters
from api.page_cache import PublicPages
from api.provider_client import ProviderClient
from api.screening_runner import Runner
from api.settings import Settings
from moderation import passkeys
from moderation.classifiers.protocol import Classifier
from moderation.db import Database
from moderation.passwords import Hasher
from moderation.proofs import Checker
from moderation.retention import Periods
from moderation.sealing import Sealer
from moderation.sessions import Lifetimes


@dataclass(frozen=True, slots=True)
class Services:
    settings: Settings
    database: Database
    hasher: Hasher
    limiters: Limiters
    classifier: Classifier
    runner: Runner
    clock: Callable[[], dt.datetime]
    public_pages: PublicPages = field(default_factory=PublicPages)
    providers: ProviderClient = field(default_factory=ProviderClient)

    @property
    def lifetimes(self) -> Lifetimes:
        return Lifetimes(self.settings.session_idle, self.settings.session_absolute)

    @property
    def site_lifetimes(self) -> Lifetimes:
        """Of sessions that a site began: shorter, because leaving the site does not end them."""
        return Lifetimes(self.settings.session_idle, self.settings.site_session)

    @property
    def periods(self) -> Periods:
        kept = self.settings
        return Periods(
            refused=kept.keep_refused,
            withdrawn=kept.keep_withdrawn,
            held=kept.keep_held,
            unconfirmed=kept.keep_unconfirmed,
        )

    @property
    def sealer(self) -> Sealer:
        return self.settings.sealer

    @property
    def checker(self) -> Checker:
        """Of second factors."""
        return Checker(self.sealer, passkeys.relying_party(self.settings.base_url))


def services() -> Services:
    return cast(Services, current_app.extensions["vorab"])
