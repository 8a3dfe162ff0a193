"""Who asks, and what that allows."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from moderation.errors import ForbiddenError, ForeignSiteAccountError, SecondFactorMissingError
from moderation.models import Role


@dataclass(frozen=True, slots=True)
class Actor:
    """A signed-in person. ``sites`` are those that a moderator works for; an admin works for all."""

    account_id: uuid.UUID
    role: Role
    sites: frozenset[uuid.UUID] = frozenset()
    home_site_id: uuid.UUID | None = None
    """The only site that the account is valid on; ``None`` for all."""
    lacks_second_factor: bool = False
    """A site that they work for wants a second factor, and this session has not seen one."""

    @property
    def is_staff(self) -> bool:
        return self.role in (Role.MODERATOR, Role.ADMIN)

    def may_moderate(self, site_id: uuid.UUID) -> bool:
        if self.lacks_second_factor:
            return False
        return self.role == Role.ADMIN or (self.role == Role.MODERATOR and site_id in self.sites)

    def demand_staff(self) -> None:
        """
        Raises:
            ForbiddenError: a reader asks for what is a moderator's.
            SecondFactorMissingError: a site of theirs wants a second factor first.
        """
        if not self.is_staff:
            raise ForbiddenError
        if self.lacks_second_factor:
            raise SecondFactorMissingError

    def demand_admin(self) -> None:
        """
        Raises:
            ForbiddenError: somebody else asks for what is an admin's.
            SecondFactorMissingError: a site wants a second factor first.
        """
        self.demand_staff()
        if self.role != Role.ADMIN:
            raise ForbiddenError

    def demand_valid_on(self, site_id: uuid.UUID) -> None:
        """
        Raises:
            ForeignSiteAccountError: another site vouched for this account, and only for itself.
        """
        if self.home_site_id not in (None, site_id):
            raise ForeignSiteAccountError
