"""Letters: from a row of the outbox to a message, and from there to a mail server, a folder or the console."""

from __future__ import annotations

import ipaddress
import smtplib
import ssl
import sys
from collections.abc import Mapping
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import parseaddr
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import unquote, urlsplit

import structlog
from jinja2 import Environment

from api import language, sanction_texts
from api.settings import Settings
from moderation.models import OutboxMessage

log = structlog.get_logger()

_TIMEOUT_S = 10
jinja = Environment(autoescape=True)
_PAGE = """<!doctype html>
<html lang="{{ language }}"><body style="font:16px/1.5 sans-serif;color:#1f2328;margin:0;padding:24px">
<div style="max-width:34em;margin:0 auto">
{%- for part in paragraphs %}
{% if label and part.startswith(("http://", "https://")) and " " not in part -%}
<p><a href="{{ part }}" style="display:inline-block;padding:10px 18px;border-radius:6px;
background:#1f4e8c;color:#ffffff;text-decoration:none">{{ label }}</a></p>
{%- else -%}
<p>{{ part }}</p>
{%- endif %}
{%- endfor %}
</div></body></html>
"""


class Mailer(Protocol):
    def send(self, message: OutboxMessage) -> bool:
        """Hand a letter on; ``False`` if that failed and is worth another try later."""
        ...


def mailer_for(settings: Settings) -> Mailer:
    if settings.mail == "console":
        return ConsoleMailer(settings)
    if settings.mail.startswith("folder:"):
        return FolderMailer(settings, Path(settings.mail.removeprefix("folder:")))
    return SmtpMailer(settings)


def compose(message: OutboxMessage, settings: Settings) -> EmailMessage:
    """The letter in its recipient's language. The message's id stays the same however often it is sent."""
    details = {
        "site": urlsplit(settings.base_url).hostname or "",
        "forgotten_url": f"{settings.base_url.rstrip('/')}/account/forgotten?lang={message.language}",
        "unconfirmed_days": settings.keep_unconfirmed.days,
        **message.context,
        **sanction_texts.in_letter(message.context, message.language),
    }
    letter = EmailMessage(policy=SMTP)
    letter["From"] = settings.mail_from
    letter["To"] = message.recipient
    letter["Subject"] = _words(message, "subject", details)
    letter["Message-ID"] = f"<{message.id}@{parseaddr(settings.mail_from)[1].rpartition('@')[2] or 'localhost'}>"
    letter["Date"] = message.created_at
    letter["Auto-Submitted"] = "auto-generated"
    body = _words(message, "body", details)
    letter.set_content(body)
    letter.add_alternative(_html(body, message), subtype="html")
    return letter


def _words(message: OutboxMessage, part: str, details: Mapping[str, Any]) -> str:
    """German says „Sie“ to staff and „du“ to readers. What names nobody has one form only."""
    code = f"{message.kind}.{part}"
    is_formal = message.context.get("formal", False) and code in language.texts(message.language).get("mail_formal", {})
    return language.text("mail_formal" if is_formal else "mail", code, language=message.language, **details)


def _html(body: str, message: OutboxMessage) -> str:
    """The same words as a page: a paragraph that is nothing but a link becomes a button."""
    action = f"{message.kind}.action"
    label = language.text("mail", action, language=message.language) if language.has_text("mail", action) else None
    paragraphs = [part.strip() for part in body.split("\n\n") if part.strip()]
    return jinja.from_string(_PAGE).render(paragraphs=paragraphs, label=label, language=message.language)


class FolderMailer:
    """One file a letter, for trying things out: nothing leaves the machine."""

    def __init__(self, settings: Settings, folder: Path) -> None:
        self._settings = settings
        self._folder = folder

    def send(self, message: OutboxMessage) -> bool:
        self._folder.mkdir(parents=True, exist_ok=True)
        path = self._folder / f"{message.id}.eml"
        path.write_bytes(compose(message, self._settings).as_bytes())
        return True


class ConsoleMailer:
    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def send(self, message: OutboxMessage) -> bool:
        sys.stderr.write(compose(message, self._settings).as_string() + "\n")
        return True


class SmtpMailer:
    """``smtp://user:password@host:port`` or ``smtps://…``; STARTTLS is used wherever the server offers it.

    Its certificate has to be good, and no password goes to another machine unencrypted: letters carry links that open
    accounts. A server on this machine is trusted, whatever certificate it made for itself.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._server = urlsplit(settings.mail)

    def send(self, message: OutboxMessage) -> bool:
        try:
            with self._connection() as connection:
                connection.send_message(compose(message, self._settings))
        except (OSError, smtplib.SMTPException) as error:
            log.warning("mail_postponed", message_id=str(message.id), error=type(error).__name__)
            return False
        return True

    def _connection(self) -> smtplib.SMTP:
        host = self._server.hostname or "localhost"
        context = ssl.create_default_context()
        if is_local := _is_this_machine(host):
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        if self._server.scheme == "smtps":
            connection: smtplib.SMTP = smtplib.SMTP_SSL(
                host, self._server.port or 465, timeout=_TIMEOUT_S, context=context
            )
        else:
            connection = smtplib.SMTP(host, self._server.port or 25, timeout=_TIMEOUT_S)
        try:
            self._greet(connection, context, is_local=is_local)
        except BaseException:
            connection.close()
            raise
        return connection

    def _greet(self, connection: smtplib.SMTP, context: ssl.SSLContext, *, is_local: bool) -> None:
        """Encrypt, and say who we are."""
        is_private = is_local or self._server.scheme == "smtps"
        connection.ehlo_or_helo_if_needed()
        if self._server.scheme == "smtp" and connection.has_extn("starttls"):
            connection.starttls(context=context)
            is_private = True
        if self._server.username:
            if not is_private:
                raise smtplib.SMTPNotSupportedError("no STARTTLS: the password is not sent")
            connection.login(unquote(self._server.username), unquote(self._server.password or ""))


def _is_this_machine(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
