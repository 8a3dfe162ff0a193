"""Who asks, and what that allows."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from moderation.errors import ForbiddenError
from moderation.models import Role


@dataclass(frozen=True, slots=True)
class Actor:
    """A signed-in person. ``sites`` are those that a moderator works for; an admin works for all."""

    account_id: uuid.UUID
    role: Role
    sites: frozenset[uuid.UUID] = frozenset()

    @property
    def is_staff(self) -> bool:
        return self.role in (Role.MODERATOR, Role.ADMIN)

    def may_moderate(self, site_id: uuid.UUID) -> bool:
        return self.role == Role.ADMIN or (self.role == Role.MODERATOR and site_id in self.sites)

    def demand_staff(self) -> None:
        """
        Raises:
            ForbiddenError: a reader asks for what is a moderator's.
        """
        if not self.is_staff:
            raise ForbiddenError
