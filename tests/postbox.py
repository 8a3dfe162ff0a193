"""Letters as their recipients get them."""

from __future__ import annotations

import re
from email.message import EmailMessage

from api.letters import send_due
from api.mail import compose
from moderation.models import OutboxMessage
from tests.world import World


class Postbox:
    """Keeps the letters that it is given, or refuses them while it is told to."""

    def __init__(self, world: World) -> None:
        self.works = True
        self.letters: list[EmailMessage] = []
        self._world = world

    def send(self, message: OutboxMessage) -> bool:
        if self.works:
            self.letters.append(compose(message, self._world.services.settings))
        return self.works

    def empty(self) -> list[EmailMessage]:
        send_due(self._world.services, self)
        found, self.letters = self.letters, []
        return found


def token_in(letter: EmailMessage) -> str:
    found = re.search(r"#(\S+)", plain(letter))
    assert found is not None
    return found.group(1)


def plain(letter: EmailMessage) -> str:
    part = letter.get_body(("plain",))
    assert part is not None
    text: str = part.get_content()
    return text


def html(letter: EmailMessage) -> str:
    part = letter.get_body(("html",))
    assert part is not None
    text: str = part.get_content()
    return text
