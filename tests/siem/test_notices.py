"""Notices to people, over real SMTP and HTTPS."""

from __future__ import annotations

import base64
import email
import email.policy
import hashlib
import hmac
import json
import ssl
import threading
import time
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import attrs
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from cryptography.x509 import load_pem_x509_certificate
from twisted.internet import reactor
from twisted.internet.protocol import Factory
from twisted.internet.ssl import CertificateOptions
from twisted.internet.threads import deferToThread
from twisted.protocols.basic import LineReceiver
from twisted.trial.unittest import TestCase

from gateway.domain.facts import Entry
from gateway.siem.notices import Hook, Mail, Notice, mailed, noticed
from tests.siem.certificates import Authority
from tests.siem.test_outlets import OutletCase, until


class Postbox(LineReceiver):
    """Take mail, and keep it."""

    def connectionMade(self) -> None:
        self.sendLine(b"220 here")
        self.mail: list[bytes] | None = None

    def lineReceived(self, line: bytes) -> None:
        if self.mail is not None:
            if line == b".":
                self.factory.mails.append(b"\r\n".join(self.mail))
                self.mail = None
                self.sendLine(b"250 taken")
            else:
                self.mail.append(line.removeprefix(b"."))
            return
        verb = line[:4].upper()
        if verb == b"DATA":
            self.mail = []
        answers = {b"DATA": b"354 go on", b"QUIT": b"221 bye", b"RCPT": self.factory.rcpt}
        self.sendLine(answers.get(verb, b"250 ok"))


class Guarded(Postbox):
    """Take mail over TLS only, from whoever logs in."""

    def lineReceived(self, line: bytes) -> None:
        verb = line[:4].upper()
        if self.mail is None and verb == b"EHLO":
            offered = b"AUTH PLAIN" if self.factory.secured or not self.factory.options else b"STARTTLS"
            self.sendLine(b"250-here\r\n250 " + offered)
        elif verb == b"STAR":
            self.sendLine(b"220 go on")
            self.factory.secured = True
            self.transport.startTLS(self.factory.options)
        elif verb == b"AUTH":
            self.factory.logins.append(base64.b64decode(line.split()[2]))
            self.sendLine(b"235 welcome" if self.factory.logins[-1].endswith(b"\0open sesame") else b"535 no")
        else:
            super().lineReceived(line)


class PostOffice(Factory):
    protocol = Postbox

    def __init__(self) -> None:
        self.mails: list[bytes] = []
        self.rcpt = b"250 ok"
        self.options: Any = None
        self.secured = False
        self.logins: list[bytes] = []

    def read(self, number: int) -> Any:
        return email.message_from_bytes(self.mails[number], policy=email.policy.default)


class MailTests(OutletCase):
    """By SMTP."""

    def setUp(self) -> None:
        super().setUp()
        self.office = PostOffice()
        port = reactor.listenTCP(0, self.office, interface="127.0.0.1")
        self.addCleanup(port.stopListening)
        self.notice = Notice(f"smtp://127.0.0.1:{port.getHost().port}", ("noc@example.com",), digest=0.5)

    async def test_grave_events_and_audited_commands_are_told_in_digests(self) -> None:
        """Nothing of before; the first at once, the others in one mail; nothing that is slight."""
        self.told(3, "user.deactivated")
        outlets = self.outlets()
        outlets.add_notice(self.notice, "gw1")
        outlets.start()
        await until(lambda: outlets.outlets[0].state == "connected")
        self.told(1)
        await until(lambda: len(self.office.mails) == 1)
        self.told(20, "session.interrupted")
        self.told(20, "command.executed")
        await until(lambda: len(self.office.mails) == 2)
        first, second = self.office.read(0), self.office.read(1)
        self.assertEqual(first["Subject"], "[Ostiary gw1] severity 6: command.audited")
        self.assertIn("command: rm 0\\u000a<13>1", first.get_content())
        self.assertEqual((first["To"], second["Subject"]),
                         ("noc@example.com", "[Ostiary gw1] severity 7: session.interrupted and 19 more"))
        await outlets.stop()
        self.assertEqual(len(self.office.mails), 2)

    async def test_a_mail_that_is_not_taken_is_tried_again(self) -> None:
        """None is left out."""
        self.office.rcpt = b"450 later"
        outlets = self.outlets()
        outlets.add_notice(self.notice, "gw1")
        outlets.start()
        await until(lambda: outlets.outlets[0].state == "connected")
        self.told(1)
        await until(lambda: outlets.outlets[0].state == "waiting")
        self.assertIn("did not take the mail", outlets.outlets[0].detail)
        self.office.rcpt = b"250 ok"
        await until(lambda: len(self.office.mails) == 1)


class LoginTests(TestCase):
    """A mail server that wants to know who sends."""

    def setUp(self) -> None:
        self.folder = Path(self.mktemp())
        self.folder.mkdir(parents=True)
        Authority(self.folder).issue("localhost")
        self.secret = self.folder / "secret"
        self.secret.write_text("open sesame\n")
        self.office = PostOffice()
        self.office.protocol = Guarded
        key = load_pem_private_key((self.folder / "localhost.key").read_bytes(), None)
        certificate = load_pem_x509_certificate((self.folder / "localhost.pem").read_bytes())
        self.office.options = CertificateOptions(key, certificate)
        port = reactor.listenTCP(0, self.office, interface="127.0.0.1")
        self.addCleanup(port.stopListening)
        notice = Notice(f"smtp://localhost:{port.getHost().port}", ("a@b",), secret=f"file:{self.secret}", login="gw")
        self.mail = Mail(notice, "gw1", ssl.create_default_context(cafile=str(self.folder / "ca.pem")))
        self.told = noticed(Entry("gw1#0.1", 7, "user.locked", time.time(), 6, {}))

    async def written(self) -> str:
        """Return why the mail was not taken; empty where it was."""
        try:
            await deferToThread(self.mail.write, [self.told])
        except OSError as failure:
            return str(failure)
        return ""

    async def test_it_logs_in_over_an_encrypted_connection(self) -> None:
        """With the password as it stands in the file at that moment."""
        self.assertEqual(await self.written(), "")
        self.assertEqual((len(self.office.mails), self.office.logins), (1, [b"\0gw\0open sesame"]))
        self.secret.write_text("wrong")
        self.office.secured = False
        self.assertIn("did not take the mail", await self.written())

    async def test_the_password_is_not_given_to_whoever_listens(self) -> None:
        """Neither where nothing is encrypted, nor to a server that can not prove its name."""
        self.mail = attrs.evolve(self.mail, trust=ssl.create_default_context())
        self.assertIn("CERTIFICATE_VERIFY_FAILED", await self.written())
        self.office.options = None
        self.assertIn("offers no encryption", await self.written())
        self.assertEqual((self.office.logins, self.office.mails), ([], []))


class HookTests(TestCase):
    """By a signed post."""

    def test_a_post_is_signed_and_checked_against_the_name(self) -> None:
        """The signature is over the body; an answer that is not 2xx, or another's certificate, is a failure."""
        folder = Path(self.mktemp())
        folder.mkdir(parents=True)
        Authority(folder).issue("localhost")
        (folder / "secret").write_text("open sesame\n")
        server, got = serve(folder)
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        url = f"https://localhost:{server.server_port}/hooks/token?x=1"
        notice = Notice(url, secret=f"file:{folder / 'secret'}")
        self.assertEqual(notice.name, f"https://localhost:{server.server_port}")
        trust = ssl.create_default_context(cafile=str(folder / "ca.pem"))
        told = noticed(Entry("gw1#0.1", 7, "user.locked", time.time(), 6, {"by": 'a"n\n', "long": "x" * 9999}))
        Hook(notice, "gw1", trust).write([told, told])
        path, body, signature = got.pop()
        self.assertEqual((path, len(json.loads(body)["events"])), ("/hooks/token?x=1", 2))
        self.assertEqual(signature, "sha256=" + hmac.new(b"open sesame", body, hashlib.sha256).hexdigest())
        self.assertLess(len(body), 2500)
        with self.assertRaisesRegex(OSError, "CERTIFICATE_VERIFY_FAILED"):
            Hook(notice, "gw1").write([told])
        server.answer = 500
        with self.assertRaisesRegex(OSError, "answered 500"):
            Hook(notice, "gw1", trust).write([told])
        (folder / "secret").write_text("\n")
        with self.assertRaisesRegex(OSError, "unsigned"):
            Hook(notice, "gw1", trust).write([told])

    def test_a_mail_can_not_be_given_headers(self) -> None:
        """Whatever the kind and the values hold."""
        events = [{"severity": 7, "kind": "a\r\nBcc: x@y", "time": "t", "id": "i", "user": "b\n.\nc"}]
        raw = mailed("gw1", ["a@b.example"], events).as_bytes()
        self.assertIsNone(email.message_from_bytes(raw)["Bcc"])


def serve(folder: Any) -> tuple[Any, list[tuple[str, bytes, str]]]:
    """Listen on loopback with the certificate of localhost."""
    got: list[tuple[str, bytes, str]] = []

    class Taking(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            got.append((self.path, body, self.headers["X-Ostiary-Signature"]))
            self.send_response(self.server.answer)
            self.end_headers()

        def log_message(self, *told: object) -> None:
            """Keep quiet."""

    server: Any = HTTPServer(("127.0.0.1", 0), Taking)
    server.answer = 204
    server.handle_error = lambda *told: None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "localhost.pem", folder / "localhost.key")
    server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server, got


