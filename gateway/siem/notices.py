"""Grave events told to people: by mail, or to a web hook that can check who told it.

The rule: the first event is told at once, what follows within the digest window comes as one notice. The journal is the
spool here as well: a notice that could not be handed over is tried again, and none is left out.
"""

from __future__ import annotations

import hashlib
import hmac
import http.client
import json
import smtplib
import ssl
from collections.abc import Awaitable, Callable, Sequence
from email.message import EmailMessage
from typing import Any
from urllib.parse import urlsplit

import attrs
from twisted.internet.defer import Deferred

from gateway.domain.facts import Entry, flat
from gateway.siem.feed import Filter
from gateway.siem.local import Blocking
from gateway.siem.product import PRODUCT, VERSION
from gateway.siem.texts import encoded, json_line, printable
from gateway.siem.ways import IWay

PATIENCE = 20.0
MOST_CHARACTERS = 500
"""Of one value in a notice; the whole event is in the journal."""
SIGNATURE = "X-Ostiary-Signature"
ALWAYS = frozenset({"command.audited", "approval.requested", "siem.tested"})
"""Kinds that people are told of whatever their severity: the second has to be answered."""
SHOWN = ("user", "source", "target", "account", "session", "command", "rule", "outcome", "reason", "by", "request")


@attrs.frozen
class Notice:
    """One ``[[notify]]``; ``secret`` signs what goes to a web hook."""

    transport: str
    to: tuple[str, ...] = ()
    min_severity: int = 7
    secret: str = ""
    login: str = ""
    """The name to log in to a mail server with; ``secret`` then holds its password."""
    digest: float = 60.0
    """The least seconds between two notices."""

    @property
    def name(self) -> str:
        """Return what it is called: a hook by its host alone, for paths may be secrets; a mail with its addresses."""
        where = urlsplit(self.transport)
        place = f"{where.scheme}://{where.netloc.rpartition('@')[2]}"
        return place if self.is_hook else f"{place} {' '.join(self.to)}"

    @property
    def is_hook(self) -> bool:
        """Say whether it is a web hook."""
        return self.transport.startswith("https:")

    @property
    def wanted(self) -> Filter:
        """Return which events are told."""
        return Filter(self.min_severity, always=ALWAYS)


def noticed(entry: Entry) -> bytes:
    """Return an entry as JSON, with its long texts cut."""
    told = {key: _short(value) for key, value in flat(entry).items()}
    return encoded(json_line(told))


def _short(value: Any) -> Any:
    if isinstance(value, str | list | dict):
        text = printable(value)
        return value if len(text) <= MOST_CHARACTERS else f"{text[:MOST_CHARACTERS]}…"
    return value


def opening_notice(notice: Notice, node: str, in_thread: Callable[..., Deferred[Any]]) -> Callable[[], Awaitable[IWay]]:
    """Return what opens a way for notices; it fails with OSError."""

    async def open_way() -> IWay:
        inner = Hook(notice, node) if notice.is_hook else Mail(notice, node)
        return Blocking(inner, in_thread)

    return open_way


@attrs.frozen
class Mail:
    """Send notices by SMTP: encrypted where the server can, always with ``smtps:`` and where it logs in."""

    notice: Notice
    node: str
    trust: ssl.SSLContext | None = None

    def write(self, messages: Sequence[bytes]) -> None:
        """Send one mail; raise OSError where it was not taken for all."""
        where = urlsplit(self.notice.transport)
        mail = mailed(self.node, self.notice.to, [json.loads(message) for message in messages])
        trust = self.trust or ssl.create_default_context()
        try:
            with _connected(where.scheme, where.hostname or "", where.port, trust) as server:
                encrypted = where.scheme == "smtps"
                if not encrypted and server.has_extn("starttls"):
                    server.starttls(context=trust)
                    encrypted = True
                if self.notice.login:
                    self._log_in(server, encrypted)
                refused = server.send_message(mail)
        except smtplib.SMTPException as failure:
            raise OSError(f"{where.hostname} did not take the mail: {printable(str(failure))}") from None
        if refused:
            raise OSError(f"{where.hostname} did not take the mail for {', '.join(refused)}")

    def _log_in(self, server: smtplib.SMTP, encrypted: bool) -> None:
        """Log in; raise OSError rather than give the password to whoever listens."""
        if not encrypted:
            raise OSError("the mail server offers no encryption, so it is not given the password")
        server.login(self.notice.login, _secret_of(self.notice).decode("utf-8", "replace"))

    def close(self) -> None:
        """Do nothing: each mail is a connection."""


def _connected(scheme: str, host: str, port: int | None, trust: ssl.SSLContext) -> smtplib.SMTP:
    if scheme == "smtps":
        made: smtplib.SMTP = smtplib.SMTP_SSL(host, port or 465, timeout=PATIENCE, context=trust)
    else:
        made = smtplib.SMTP(host, port or 25, timeout=PATIENCE)
    made.ehlo()
    return made


def mailed(node: str, to: Sequence[str], events: Sequence[dict[str, Any]]) -> EmailMessage:
    """Return the mail that tells of events, the gravest in its subject."""
    gravest = max(events, key=lambda event: event["severity"])
    more = f" and {len(events) - 1} more" if len(events) > 1 else ""
    mail = EmailMessage()
    mail["Subject"] = printable(f"[{PRODUCT} {node}] severity {gravest['severity']}: {gravest['kind']}{more}")
    mail["From"] = f"{PRODUCT} <ostiary@{node}>"
    mail["To"] = ", ".join(to)
    mail["Auto-Submitted"] = "auto-generated"
    mail.set_content("\n\n".join(map(_paragraph, events)) + "\n")
    return mail


def _paragraph(event: dict[str, Any]) -> str:
    rows = [f"  {key}: {printable(event[key])}" for key in SHOWN if event.get(key) not in (None, "")]
    return "\n".join([f"{event['time']} severity {event['severity']} {event['kind']} ({event['id']})", *rows])


@attrs.frozen
class Hook:
    """Post notices as JSON; ``X-Ostiary-Signature`` is ``sha256=`` and the HMAC of the body in hexadecimal digits."""

    notice: Notice
    node: str
    trust: ssl.SSLContext | None = None

    def write(self, messages: Sequence[bytes]) -> None:
        """Post one notice; raise OSError unless the answer is 2xx."""
        where = urlsplit(self.notice.transport)
        body = encoded(f'{{"node":{json.dumps(self.node)},"events":[') + b",".join(messages) + b"]}"
        path = (where.path or "/") + (f"?{where.query}" if where.query else "")
        headers = {"Content-Type": "application/json", "User-Agent": f"{PRODUCT}/{VERSION}"}
        headers[SIGNATURE] = self._sign(body)
        trust = self.trust or ssl.create_default_context()
        server = http.client.HTTPSConnection(where.hostname or "", where.port or 443, timeout=PATIENCE, context=trust)
        try:
            server.request("POST", path, body, headers)
            status = server.getresponse().status
        except http.client.HTTPException as failure:
            raise OSError(f"{where.hostname} gave no answer of HTTP: {type(failure).__name__}") from None
        finally:
            server.close()
        if not 200 <= status < 300:
            raise OSError(f"{where.hostname} answered {status}")

    def _sign(self, body: bytes) -> str:
        return f"sha256={hmac.new(_secret_of(self.notice), body, hashlib.sha256).hexdigest()}"

    def close(self) -> None:
        """Do nothing: each notice is a connection."""


def _secret_of(notice: Notice) -> bytes:
    """Read the secret anew each time, so that it can be changed; raise OSError where there is none."""
    with open(notice.secret.removeprefix("file:"), "rb") as opened:
        secret = opened.read(4096).strip()
    if not secret:
        raise OSError(f"{notice.secret} is empty; a notice is sent neither unsigned nor without a login")
    return secret
