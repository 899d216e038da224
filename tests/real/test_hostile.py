"""Hostile peers against the real gateway: after each of them others log in as before, and no memory is gone.

What is attacked is what stock Conch, OpenSSH, libssh, Erlang, asyncssh and Go have fallen to.
"""

from __future__ import annotations

import random
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import ClassVar

import attrs
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from gateway.wire.algorithms import GCM_FIRST, HOST_KEYS, parse_proposal, propose
from gateway.wire.fields import boolean, string, uint32
from gateway.wire.hostkeys import load_host_key
from gateway.wire.phases import Role
from gateway.wire.userauth_messages import Request, request, signed_message
from tests.real.harness import ACCOUNT, Place, PlaceCase, until
from tests.real.rogue import Rogue, clear

MOST_GROWTH = 20 * 1024 * 1024
CANARY_SECONDS = 5.0
SEED = random.SystemRandom().randrange(1 << 32)
CONNECTION = b"ssh-connection"
PROPOSAL = propose(Role.TARGET, HOST_KEYS, GCM_FIRST, first=True)


class HostileCase(PlaceCase):
    """A gateway that is attacked in each test, and looked at afterwards."""

    warm: ClassVar[set[Place]] = set()
    """Those that somebody has logged in to: what the first login needs is no growth."""

    def rogue(self) -> Rogue:
        """Connect."""
        made = Rogue(self.place.gateway.port)
        self.addCleanup(made.leave)
        return made

    def inside(self) -> Rogue:
        """Connect and log in, to a session on the target."""
        key = load_host_key(self.place.folder / "alice")
        return self.rogue().log_in(f"alice={ACCOUNT}=web1", key)

    def canary(self) -> float:
        """Log in as somebody else; return how long that took."""
        began = time.monotonic()
        outcome = self.place.ssh(self.place.to_web("bob"), "echo", "alive", key="bob")
        self.assertEqual((outcome.code, outcome.out), (0, b"alive\n"), outcome)
        return time.monotonic() - began

    @contextmanager
    def unharmed(self, attack: str) -> Iterator[None]:
        """Check that nobody else is worse off for what happens within, nor afterwards."""
        if self.place not in self.warm:
            self.warm.add(self.place)
            self.canary()
        before = self.place.gateway.memory()
        yield
        grown = self.place.gateway.memory() - before
        took = self.canary()
        sys.stdout.write(f"{attack}: {grown >> 10:+d} KiB, canary {took:.2f} s\n")
        self.assertLess(took, CANARY_SECONDS)
        self.assertLess(grown, MOST_GROWTH)


class OpeningTests(HostileCase):
    """Before keys are agreed upon."""

    def test_lines_without_end(self) -> None:
        """A megabyte without a line's end, and a thousand lines that are no version (CVE-2022-21716)."""
        with self.unharmed("version lines"):
            for octets in (b"A" * (1 << 20), b"hello\r\n" * 1000, b"SSH-2.0-" + b"x" * 10_000 + b"\r\n"):
                self.rogue().raw(octets).gone()

    def test_lengths_that_cannot_be(self) -> None:
        """Up to 4 GiB: refused by the four bytes that say so, and nothing is set aside for them."""
        with self.unharmed("lengths"):
            for length in (0, 1, 11, 35_001, 1 << 20, (1 << 31) - 1, 1 << 31, (1 << 32) - 1):
                self.rogue().greet().raw(uint32(length) + bytes(12)).gone()

    def test_lists_of_names_without_end(self) -> None:
        """Long names, many names, empty names, and lists that are longer than their packet."""
        rest = boolean(False) + uint32(0)
        lists = (
            string(b"a" * 30_000), string(b"," * 30_000), string(b"a," * 15_000), uint32(0xFFFFFFFF) + b"a",
            uint32(0x7FFFFFFF), string(b"\xff\x00" * 100),
        )  # fmt: skip
        with self.unharmed("name lists"):
            for names in lists:
                self.rogue().greet().raw(clear(20, bytes(16) + names + string(b"") * 9 + rest)).gone()

    def test_messages_before_their_time(self) -> None:
        """Logins in the clear, NEWKEYS first, a success of one's own, channels: all end the connection."""
        with self.unharmed("messages before keys"):
            for number in (0, 5, 6, 7, 21, 30, 31, 50, 51, 52, 60, 61, 80, 90, 91, 94, 98, 192, 255):
                self.rogue().greet().raw(clear(number, string(b"ssh-userauth") + bytes(64))).gone()

    def test_offers_of_key_exchanges_without_end(self) -> None:
        """A second offer within the first exchange ends the connection."""
        with self.unharmed("KEXINIT flood"):
            rogue = self.rogue().greet()
            rogue.pour(clear(20, PROPOSAL.encode()[1:]), times=5_000)
            rogue.gone()

    def test_weak_offers_are_not_made_and_not_taken(self) -> None:
        """No finite-field groups (seconds of work each), no compression (a gigabyte from a packet)."""
        weak = (
            {"exchanges": (b"diffie-hellman-group-exchange-sha256",)},
            {"exchanges": (b"diffie-hellman-group14-sha256",)},
            {"compressions_up": (b"zlib",), "compressions_down": (b"zlib",)},
            {"compressions_up": (b"zlib@openssh.com",)},
            {"ciphers_up": (b"3des-cbc", b"none")},
            {"host_keys": (b"ssh-rsa",)},
        )  # fmt: skip
        with self.unharmed("weak algorithms"):
            offered = self.offered()
            self.assertFalse([name for name in offered.exchanges if name.startswith(b"diffie-hellman")])
            self.assertEqual((offered.compressions_up, offered.compressions_down), ((b"none",), (b"none",)))
            for change in weak:
                rogue = self.rogue().greet().raw(clear(20, attrs.evolve(PROPOSAL, **change).encode()[1:]))
                rogue.raw(clear(30, string(bytes(1216)))).gone()

    def offered(self) -> object:
        """Return what the gateway offers."""
        rogue, packet = self.rogue().greet(), b""
        while len(packet) < 4 or len(packet) < 4 + int.from_bytes(packet[:4], "big"):
            packet += rogue.read()
            if packet.startswith(b"SSH-"):
                packet = packet.partition(b"\r\n")[2]
        return parse_proposal(packet[6 : 4 + int.from_bytes(packet[:4], "big") - packet[4]])

    def test_noise(self) -> None:
        """Any bytes at all, any bit changed in a good opening."""
        sys.stdout.write(f"seed {SEED}\n")
        chance = random.Random(SEED)
        good = b"SSH-2.0-rogue\r\n" + clear(20, PROPOSAL.encode()[1:]) + clear(30, string(chance.randbytes(1216)))
        with self.unharmed("noise"):
            for number in range(60):
                octets = bytearray(good if number % 2 else b"SSH-2.0-x\r\n" + chance.randbytes(2000))
                octets[chance.randrange(len(octets))] ^= 1 << chance.randrange(8)
                rogue = self.rogue().raw(bytes(octets))
                rogue.read(0.01)
                rogue.leave()


class LoginTests(HostileCase):
    """After keys are agreed upon, before the login."""

    def test_messages_of_those_inside(self) -> None:
        """A success of one's own (CVE-2018-10933), channels and requests (CVE-2025-32433): nothing is opened."""
        messages = (
            (52, b""), (51, b""), (60, b""), (80, string(b"x") + b"\1"), (90, string(b"session") + bytes(12)),
            (91, bytes(16)), (94, bytes(8)), (98, bytes(4) + string(b"exec") + b"\1" + string(b"id")),
            (5, string(b"ssh-connection")), (31, bytes(64)), (21, b""), (6, string(b"ssh-userauth")),
        )  # fmt: skip
        with self.unharmed("messages before login"):
            before = self.sessions()
            for number, payload in messages:
                self.assertIn("reason", self.rogue().secure().send(number, payload).gone(), number)
                if number != 5:
                    self.assertIn("reason", self.rogue().ask().send(number, payload).gone(), number)
            last = self.place.fence()
            self.assertEqual(self.sessions() - before, {last})

    def sessions(self) -> set[str]:
        """Return all that began so far."""
        return {row["id"] for row in self.place.pamctl("sessions")}

    def test_private_keys_and_worse_offered_as_public_ones(self) -> None:
        """A file that takes seconds to read as a key is not read as one; each is a failure that counts."""
        key = rsa.generate_private_key(65537, 4096)
        pem = key.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption())
        zeros = string(b"ssh-rsa") + string(b"\0" * 14_000)
        blobs = [pem, b"(" * 15_000, zeros, string(b"ssh-ed25519") + bytes(99), b"{"]
        with self.unharmed("key blobs"):
            rogue = self.rogue().ask()
            for number, blob in enumerate(blobs, 1):
                began = time.monotonic()
                body = boolean(False) + string(b"ssh-rsa") + string(blob)
                rogue.send(50, request(b"alice", CONNECTION, b"publickey", body))
                rogue.until(lambda number=number: rogue.heard.count(51) == number)
                self.assertLess(time.monotonic() - began, 1.0)
            self.assertEqual(rogue.heard.count(60), 0)

    def test_tries_are_counted_whatever_they_are(self) -> None:
        """Also ``none``, and also all at once: six, or four waiting, and it is over."""
        none = request(b"alice", CONNECTION, b"none")
        password = request(b"alice", CONNECTION, b"password", boolean(False) + string(b"guess"))
        with self.unharmed("tries"):
            rogue = self.rogue().ask()
            for _ in range(8):
                seen = rogue.heard.count(51)
                rogue.send(50, none).until(lambda seen=seen: rogue.heard.count(51) > seen)
            rogue.gone()
            self.assertLessEqual(rogue.heard.count(51), 7)
            rogue = self.rogue().ask().send(50, password, times=15)
            rogue.gone()
            self.assertEqual(rogue.heard.count(52), 0)

    def test_two_logins_at_once(self) -> None:
        """Two people's proofs in one breath: the first is in, the second is nobody, as is who leaves meanwhile."""
        with self.unharmed("two logins"):
            self.place.fence()
            before = len(self.succeeded())
            rogue = self.rogue().ask()
            proofs = [self.proof(rogue, name) for name in ("alice", "bob")]
            for proof in proofs:
                rogue.client.carrier.link.writer.write(50, proof)
            rogue.flush().until(lambda: rogue.heard.count(52))
            rogue.read()
            self.assertEqual(rogue.heard.count(52), 1)
            gone = self.rogue().ask()
            gone.send(50, self.proof(gone, "bob")).leave()
            rogue.leave()
            self.place.fence()
            found = self.succeeded()[before:]
            self.assertEqual((found[0], set(found)), ("alice", {"alice", "bob"}))
            until(lambda: all(row["ended"] for row in self.place.pamctl("sessions")), "nobody is left inside")

    def proof(self, rogue: Rogue, name: str) -> bytes:
        """Return the login of a person by key on one connection."""
        key = load_host_key(self.place.folder / name)
        user = f"{name}={ACCOUNT}=web1".encode()
        algorithm = key.algorithms[0]
        asked = Request(user, CONNECTION, b"publickey", b"")
        message = signed_message(rogue.client.sessionID, asked, algorithm, key.blob)
        body = boolean(True) + string(algorithm) + string(key.blob) + string(key.sign(algorithm, message))
        return request(user, CONNECTION, b"publickey", body)

    def succeeded(self) -> list[str]:
        """Return who logged in so far, in order."""
        return [row["user"] for row in self.place.events() if row["kind"] == "auth.succeeded"]

    def test_pings_whose_answers_are_not_read(self) -> None:
        """CVE-2025-26466: a hundred megabytes of them."""
        with self.unharmed("PING flood"):
            rogue = self.rogue().secure()
            pings = rogue.sealed(192, string(bytes(900)), 1000)
            rogue.pour(pings, times=100)
            rogue.gone()

    def test_messages_that_say_nothing(self) -> None:
        """IGNORE and DEBUG are few before a login."""
        with self.unharmed("IGNORE flood"):
            for number in (2, 4):
                self.rogue().secure().send(number, string(bytes(30_000)), times=200).gone()

    def test_key_exchanges_before_the_login(self) -> None:
        """Each is work: only a few are done."""
        with self.unharmed("rekey flood"):
            rogue = self.rogue().ask()
            rogue.send(20, attrs.evolve(PROPOSAL).encode()[1:], times=50)
            rogue.gone()
