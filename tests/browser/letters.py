"""The letters that the running server has sent, as files in a folder."""

from __future__ import annotations

import email
import email.policy
import re
import time
from pathlib import Path

from sqlalchemy import select

from moderation.models import OutboxMessage
from tests.browser.visitors import Site

_PATIENCE_S = 15
_POLICY = email.policy.default


def letters_to(site: Site, address: str) -> list[email.message.EmailMessage]:
    """The oldest first."""
    folder = Path(site.world.services.settings.mail.removeprefix("folder:"))
    # The names begin with the time: they are the letters' ids.
    found = [
        email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
        for path in sorted(folder.glob("*.eml"))
    ]
    return [letter for letter in found if letter["To"] == address]


def link_in_letter_to(site: Site, address: str) -> str:
    """The link in the newest letter, which the server has sent or is about to send."""
    until = time.monotonic() + _PATIENCE_S
    while time.monotonic() < until:
        time.sleep(0.3)
        # In this order: a letter that is sent between the two would make the link of the one before void.
        is_quiet = _is_quiet(site)
        settled = [letter for letter in letters_to(site, address) if link_in(letter)]
        if settled and is_quiet:
            return link_in(settled[-1])
    raise AssertionError(f"no letter with a link to {address}")


def link_in(letter: email.message.EmailMessage) -> str:
    part = letter.get_body(("plain",))
    found = re.search(r"https?://\S+#\S+", part.get_content()) if part else None
    return found.group() if found else ""


def _is_quiet(site: Site) -> bool:
    """Nothing waits to be sent, or is being sent, but what waits until nobody takes a decision back any more."""
    waiting = OutboxMessage.sent_at.is_(None), OutboxMessage.kind.not_like("appeal%")
    with site.world.database.read() as session:
        return session.scalar(select(OutboxMessage.id).where(*waiting).limit(1)) is None
