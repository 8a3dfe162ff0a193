"""What the views need, made once by ``create_app`` and found through the application."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import cast

from flask import current_app

from api.public_pages import PublicPages
from api.screening_runner import ScreeningRunner
from api.settings import Settings
from moderation.classifiers.protocol import Classifier
from moderation.db import Database
from moderation.limits import Limit
from moderation.passwords import Hasher
from moderation.sessions import Lifetimes, SignInLimits


@dataclass(frozen=True, slots=True)
class Services:
    settings: Settings
    database: Database
    hasher: Hasher
    classifier: Classifier
    runner: ScreeningRunner
    clock: Callable[[], dt.datetime]
    public_pages: PublicPages = field(default_factory=PublicPages)

    @property
    def lifetimes(self) -> Lifetimes:
        return Lifetimes(self.settings.session_idle, self.settings.session_absolute)

    @property
    def sign_in_limits(self) -> SignInLimits:
        defaults = SignInLimits()
        return SignInLimits(
            Limit(defaults.per_account.name, self.settings.sign_in_per_account, defaults.per_account.window_s),
            Limit(defaults.per_address.name, self.settings.sign_in_per_address, defaults.per_address.window_s),
        )


def services() -> Services:
    return cast(Services, current_app.extensions["vorab"])
