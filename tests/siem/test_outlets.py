"""Outlets over real sockets and files, behind a journal in memory."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.serialization import load_pem_private_key
from cryptography.x509 import load_pem_x509_certificate
from twisted.internet import reactor
from twisted.internet.defer import Deferred
from twisted.internet.protocol import Factory, Protocol
from twisted.internet.ssl import Certificate, CertificateOptions, trustRootFromCertificates
from twisted.internet.task import deferLater
from twisted.trial.unittest import TestCase

from gateway.domain.facts import Fact
from gateway.journal import MemoryJournal
from gateway.siem.cursor import cursor_of
from gateway.siem.destinations import Destination
from gateway.siem.outlets import Outlets
from tests.siem.certificates import Authority


class Heard(Protocol):
    """Count octets and keep the messages."""

    def connectionMade(self) -> None:
        self.left = b""
        self.factory.open.append(self)

    def dataReceived(self, data: bytes) -> None:
        self.left += data
        while b" " in self.left[:8]:
            count, _, rest = self.left.partition(b" ")
            if len(rest) < int(count):
                return
            self.factory.messages.append(rest[: int(count)])
            self.left = rest[int(count) :]

    def connectionLost(self, reason: object = None) -> None:
        self.factory.open.remove(self)


class Ear(Factory):
    """Accept connections; hold every message that was ever received."""

    protocol = Heard

    def __init__(self) -> None:
        self.messages: list[bytes] = []
        self.open: list[Any] = []

    def ids(self) -> set[str]:
        return {json.loads(each.partition(b" - {")[2].join((b"{", b"")))["ostiary"]["id"] for each in self.messages}


async def until(holds: Callable[[], Any], seconds: float = 20.0) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, "it did not come to pass"
        await deferLater(reactor, 0.02)


class OutletCase(TestCase):
    """A journal, and a folder for cursors."""

    def setUp(self) -> None:
        self.folder = Path(self.mktemp())
        self.folder.mkdir(parents=True)
        self.journal = MemoryJournal("gw1")
        self.ear = Ear()

    def outlets(self, *destinations: Destination) -> Outlets:
        made = Outlets(self.journal, reactor, time.time, self.folder / "siem")
        for destination in destinations:
            made.add(destination)
        made.start()
        self.addCleanup(lambda: Deferred.fromCoroutine(made.stop()))
        return made

    def listen(self, options: Any = None, port: int = 0) -> Any:
        if options is None:
            found = reactor.listenTCP(port, self.ear, interface="127.0.0.1")
        else:
            found = reactor.listenSSL(port, self.ear, options, interface="127.0.0.1")
        self.addCleanup(found.stopListening)
        self.addCleanup(lambda: [each.transport.abortConnection() for each in tuple(self.ear.open)])
        return found

    def told(self, count: int, kind: str = "command.audited") -> None:
        for number in range(count):
            self.journal.tell(Fact(kind, {"user": "alice", "command": f"rm {number}\n<13>1"}))

    def all_ids(self) -> set[str]:
        return {entry.id for entry in self.journal.entries()}


class StreamTests(OutletCase):
    """TCP and TLS."""

    async def test_a_stream_that_breaks_is_sent_again_from_the_cursor(self) -> None:
        """What was handed over and not yet sure is sent twice; nothing is missing."""
        port = self.listen()
        where = f"tcp:127.0.0.1:{port.getHost().port}"
        outlets = self.outlets(Destination(where, "ecs"))
        self.told(500)
        await until(lambda: len(self.ear.ids()) > 100)
        self.ear.messages.clear()
        self.ear.open[0].transport.abortConnection()
        self.told(500)
        await until(lambda: self.ear.ids() == self.all_ids())
        self.assertEqual(outlets.status()[0]["state"], "connected")
        self.assertEqual(outlets.outlets[0].confirmed, None)

    async def test_a_restart_goes_on_behind_the_cursor(self) -> None:
        """Once the window is over, nothing is sent again."""
        port = self.listen()
        where = f"tcp:127.0.0.1:{port.getHost().port}"
        outlets = self.outlets(Destination(where, "ecs"))
        self.told(10)
        await until(lambda: outlets.outlets[0]._way is not None)
        outlets.outlets[0]._way.window = 0.5
        await until(lambda: self.ear.ids() == self.all_ids())
        place = self.journal.head()[0]
        await until(lambda: outlets.outlets[0].confirmed and outlets.outlets[0].confirmed.seq == place)
        await outlets.stop()
        self.assertEqual(cursor_of(self.folder / "siem", where).read().seq, place)
        self.ear.messages.clear()
        self.outlets(Destination(where, "ecs"))
        self.told(1)
        await until(lambda: self.ear.messages)
        self.assertEqual(self.ear.ids(), {f"{self.journal.origin}/{place + 1}"})

    async def test_filters_hold_back_but_never_an_anchor(self) -> None:
        """min_severity and kinds; the journal's head goes to each."""
        port = self.listen()
        where = f"tcp:127.0.0.1:{port.getHost().port}"
        outlets = self.outlets(Destination(where, "ecs", min_severity=6, kinds=("command.*",)))
        self.told(1, "command.executed")
        self.told(1, "user.locked")
        self.told(1)
        outlets.anchor()
        await until(lambda: len(self.ear.messages) == 2)
        kinds = [each.split(b" ")[5] for each in self.ear.messages]
        self.assertEqual(kinds, [b"command.audited", b"journal.head"])

    async def test_a_receiver_that_does_not_read_stops_only_its_outlet(self) -> None:
        """What waits is bounded; the file beside it gets all; stopping does not take long."""
        port = self.listen()
        where, path = f"tcp:127.0.0.1:{port.getHost().port}", self.folder / "all.log"
        outlets = self.outlets(Destination(where, "ecs"), Destination(f"file:{path}", "ecs"))
        await until(lambda: self.ear.open)
        self.ear.open[0].transport.pauseProducing()
        for _ in range(300):
            self.journal.tell(Fact("command.audited", {"command": "x" * 60_000}))
        await until(lambda: outlets.outlets[1].lag() == 0)
        self.assertGreater(outlets.outlets[0].lag(), 0)
        self.assertEqual(outlets.outlets[0].confirmed, None)
        begun = time.monotonic()
        await outlets.stop()
        self.assertLess(time.monotonic() - begun, 10)


class TlsTests(OutletCase):
    """Both sides prove who they are."""

    def setUp(self) -> None:
        super().setUp()
        self.authority = Authority(self.folder)
        self.authority.issue("client")

    def receiver(self, name: str, address: str | None = None) -> int:
        self.authority.issue(name, address)
        own = load_pem_x509_certificate((self.folder / f"{name}.pem").read_bytes())
        key = load_pem_private_key((self.folder / f"{name}.key").read_bytes(), None)
        trust = trustRootFromCertificates([Certificate.loadPEM((self.folder / "ca.pem").read_bytes())])
        return self.listen(CertificateOptions(key, own, trustRoot=trust)).getHost().port

    def destination(self, port: int, cert: str = "client", ca: str = "ca", host: str = "127.0.0.1") -> Destination:
        files = [f"file:{self.folder / name}" for name in (f"{ca}.pem", f"{cert}.pem", f"{cert}.key")]
        return Destination(f"tls:{host}:{port}", "ecs", *(files if cert else [files[0], "", ""]))

    async def refused(self, destination: Destination) -> str:
        outlets = self.outlets(destination)
        self.told(3)
        await until(lambda: outlets.outlets[0].state == "waiting")
        self.assertEqual(self.ear.messages, [])
        return str(outlets.outlets[0].detail)

    async def test_events_arrive_at_who_proves_his_address(self) -> None:
        """Mutual TLS with an authority of one's own; 500 events of 20 KiB, each whole."""
        port = self.receiver("right", "127.0.0.1")
        self.outlets(self.destination(port))
        for _ in range(500):
            self.journal.tell(Fact("command.audited", {"command": "x" * 20_000}))
        await until(lambda: self.ear.ids() == self.all_ids())

    async def test_a_name_is_checked(self) -> None:
        """A receiver with a certificate for its name is written to by that name."""
        port = self.receiver("localhost")
        self.outlets(self.destination(port, host="localhost"))
        self.told(3)
        await until(lambda: self.ear.ids() == self.all_ids())

    async def test_a_wrong_name_is_refused(self) -> None:
        """Nothing is written to it."""
        self.assertIn("Verification", await self.refused(self.destination(self.receiver("other.example"))))

    async def test_an_authority_that_is_not_ours_is_refused(self) -> None:
        """The system's, or another one of one's own."""
        Authority(self.folder, "stranger")
        port = self.receiver("right", "127.0.0.1")
        self.assertIn("certificate", (await self.refused(self.destination(port, ca="stranger"))).lower())

    async def test_a_receiver_that_wants_a_certificate_gets_nothing_without(self) -> None:
        """It ends the connection; nothing counts as delivered."""
        outlets = self.outlets(self.destination(self.receiver("right", "127.0.0.1"), cert=""))
        self.told(3)
        await until(lambda: outlets.outlets[0].detail)
        self.assertEqual((self.ear.messages, outlets.outlets[0].confirmed), ([], None))

    async def test_files_that_are_no_certificates_are_named(self) -> None:
        """By their path, in words."""
        (self.folder / "ca.pem").write_text("nothing")
        self.assertIn("ca.pem holds no certificate", await self.refused(self.destination(1)))
