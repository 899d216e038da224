"""Who vouches for operators' keys, and what is revoked: closed on every fault."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import attrs
from twisted.internet.defer import Deferred
from twisted.logger import LogEvent, globalLogPublisher
from twisted.trial.unittest import SynchronousTestCase

from gateway.domain.entries import User
from gateway.domain.secret import Secret
from gateway.ssh.login import Authority, Login
from gateway.ssh.vouching import UNUSABLE, Revocations, Vouching, read_authorities
from gateway.wire.authority import Outcome, Refused, ShownKey
from gateway.wire.certificates import parse_certificate
from gateway.wire.krl import LARGEST_LIST
from tests.wire.issuing import AUTHORITY, draft, options, public
from tests.wire.keys import key_of
from tests.wire.recording import RecordingService

KEY, OTHER = public(key_of(b"ssh-ed25519", 1)), public(key_of(b"ssh-ed25519", 2))
NOW = 1_800_000_000.0


@attrs.define
class Threads:
    """Run at once what would run in a thread, and count."""

    calls: int = 0

    def __call__(self, function: Callable[..., Any], *arguments: Any) -> Deferred[Any]:
        """Run a function."""
        self.calls += 1

        async def call() -> Any:
            return function(*arguments)

        return Deferred.fromCoroutine(call())


class RevocationTests(SynchronousTestCase):
    """A file that changes, vanishes and breaks."""

    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory(prefix="vouching-")
        self.addCleanup(folder.cleanup)
        self.path = Path(folder.name) / "revoked"
        self.now = NOW
        self.revocations = Revocations(str(self.path), Threads(), lambda: self.now)
        self.logged: list[LogEvent] = []
        globalLogPublisher.addObserver(self.logged.append)
        self.addCleanup(globalLogPublisher.removeObserver, self.logged.append)

    def refusal(self, key: ShownKey = KEY) -> str:
        """Ask once."""
        return str(self.successResultOf(Deferred.fromCoroutine(self.revocations.refusal(key))))

    def write(self, *keys: Any) -> None:
        """Write a plain list, as careful people do: beside it, then in its place."""
        beside = self.path.with_suffix(".new")
        beside.write_text("".join(f"{key.line}\n" for key in keys))
        beside.rename(self.path)

    def test_a_changed_file_is_read_again_and_an_unchanged_one_is_not(self) -> None:
        """Also where its size is the same."""
        self.write(OTHER)
        self.assertEqual(self.refusal(), "")
        first = self.revocations._reading
        self.assertEqual(self.refusal(), "")
        self.assertIs(self.revocations._reading, first)
        self.write(KEY)
        self.assertIn("revoked", self.refusal())
        self.assertEqual(self.refusal(OTHER), "")
        self.assertEqual(self.revocations.faults(), [])

    def test_a_file_that_is_missing_or_broken_refuses_everybody_until_it_is_repaired(self) -> None:
        """The fault has a name, a beginning and one line in the log, however many log in meanwhile."""
        for spoil, words in (
            (lambda: None, "can not be read (No such file or directory)"),
            (lambda: self.path.write_text("nonsense\n"), "line 1 is not a public key"),
            (lambda: self.path.write_bytes(b"SSHKRL\n\0"), "damaged"),
            (lambda: os.truncate(self.path, LARGEST_LIST + 1), "larger"),
        ):
            spoil()
            self.now += 60
            self.assertEqual((self.refusal(), self.refusal(OTHER)), (UNUSABLE, UNUSABLE))
            (fault,) = self.revocations.faults()
            self.assertEqual((fault["name"], fault["since"]), ("revoked_keys", self.now))
            self.assertIn(words, str(fault["detail"]))
            self.write(OTHER)
            self.assertEqual((self.refusal(), self.revocations.faults()), ("", []))
        errors = [event for event in self.logged if event.get("log_level") and event["log_level"].name == "error"]
        self.assertEqual(len(errors), 4)

    def test_a_pipe_or_folder_in_the_file_s_place_holds_nobody_up(self) -> None:
        """It is no list, and opening it does not wait for a writer."""
        os.mkfifo(self.path)
        self.assertEqual(self.refusal(), UNUSABLE)
        self.path.unlink()
        self.path.mkdir()
        self.assertEqual(self.refusal(), UNUSABLE)
        self.assertIn("not a regular file", str(self.revocations.faults()[0]["detail"]))


class AuthorityTests(SynchronousTestCase):
    """Configured authorities."""

    def test_lines_are_keys_or_the_gateway_does_not_start(self) -> None:
        """With the number of the entry; a certificate is no authority."""
        self.assertEqual(read_authorities((KEY.line, OTHER.line)), (KEY, OTHER))
        with self.assertRaisesRegex(ValueError, "user_ca, entry 2"):
            read_authorities((KEY.line, "ssh-ed25519 " + "A" * 68))

    def test_by_default_nobody_vouches_and_nothing_is_revoked(self) -> None:
        """A gateway without these settings knows keys alone."""
        self.assertEqual(self.successResultOf(Vouching().revoked(KEY)), "")
        attempt = Authority(Alone(), lambda login: RecordingService(), "", Vouching()).begin(b"alice", "10.1.2.3")
        refused = self.failureResultOf(attempt.key_acceptable(parse_certificate(draft())), Refused)
        self.assertIn("unknown authority", refused.value.reason)


@attrs.define
class Alone:
    """A directory with alice in it, who has one key."""

    alice: User = attrs.field(factory=lambda: User("alice", roles=("operator",), keys=(KEY.line,)))
    active: bool = True

    def find(self, name: str) -> User | None:
        """Find alice."""
        return self.alice if name == "alice" else None

    def is_active(self, name: str) -> bool:
        """Say whether alice is switched on."""
        return self.active and name == "alice"

    def check_password(self, user: User | None, password: Secret) -> Deferred[bool]:
        """Refuse every password."""
        raise NotImplementedError


class LoginTests(SynchronousTestCase):
    """Keys and certificates as the login weighs them."""

    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory(prefix="vouching-")
        self.addCleanup(folder.cleanup)
        self.path = Path(folder.name) / "revoked"
        self.path.write_text("")
        self.operators = Alone()
        self.opened: list[Login] = []

    def attempt(self, name: bytes = b"alice=root=web1") -> Any:
        """Begin a login from 10.1.2.3."""
        revocations = Revocations(str(self.path), Threads(), lambda: NOW)
        vouching = Vouching((public(AUTHORITY),), lambda: NOW, revocations)
        return Authority(self.operators, self._open, "", vouching).begin(name, "10.1.2.3")

    def _open(self, login: Login) -> RecordingService:
        self.opened.append(login)
        return RecordingService()

    def refused(self, key: ShownKey, name: bytes = b"alice") -> str:
        """Show a key that is refused, unproven and proven; return why."""
        why = self.failureResultOf(self.attempt(name).key_acceptable(key), Refused).value
        again = self.failureResultOf(self.attempt(name).key_verified(key), Refused).value
        self.assertEqual((why.reason, why.fingerprint), (again.reason, key.fingerprint))
        return str(why.reason)

    def test_a_certificate_lets_in_and_is_remembered(self) -> None:
        """Whose it is comes from the directory, who vouched from the certificate."""
        certificate = parse_certificate(draft(key=key_of(b"ssh-ed25519", 9)))
        attempt = self.attempt()
        self.assertTrue(self.successResultOf(attempt.key_acceptable(certificate)))
        self.assertIs(self.successResultOf(attempt.key_verified(certificate)), Outcome.ACCEPTED)
        attempt.finish()
        (login,) = self.opened
        self.assertEqual((login.user.name, login.method, login.certificate), ("alice", "publickey", certificate))
        self.assertEqual(login.fingerprint, certificate.key.fingerprint)

    def test_a_key_lets_in_as_before(self) -> None:
        """Without a certificate there is none to remember."""
        attempt = self.attempt()
        self.assertIs(self.successResultOf(attempt.key_verified(KEY)), Outcome.ACCEPTED)
        attempt.finish()
        self.assertIsNone(self.opened[0].certificate)
        self.assertIn("not a key", self.refused(OTHER))

    def test_what_keeps_a_certificate_out_is_said_to_the_facts(self) -> None:
        """Another's, another origin's, one for a command, one of a user who is unknown or switched off."""
        for fields, words in (
            ({"principals": (b"bob",)}, "principals"),
            ({"critical": options((b"source-address", b"192.0.2.0/24"))}, "10.1.2.3"),
            ({"critical": options((b"force-command", b"true"))}, "one command"),
            ({"before": 1}, "expired"),
        ):
            self.assertIn(words, self.refused(parse_certificate(draft(**fields))))
        bobs = parse_certificate(draft(principals=(b"bob", b"")))
        self.assertIn("unknown", self.refused(bobs, b"bob"))
        self.assertIn("unknown", self.refused(bobs, b"\xff"))
        self.operators.active = False
        self.assertIn("inactive", self.refused(parse_certificate(draft())))

    def test_the_revoked_are_refused_whatever_vouches_for_them(self) -> None:
        """A key of the directory, a certified key, and all certificates of a revoked authority."""
        certificate = parse_certificate(draft(key=key_of(b"ssh-ed25519", 2)))
        for revoked, key in ((KEY, KEY), (OTHER, certificate), (public(AUTHORITY), certificate)):
            self.path.write_text(f"{revoked.line}\n")
            self.assertIn("revoked", self.refused(key))
        self.path.write_text("nonsense")
        self.assertEqual(self.refused(certificate), UNUSABLE)
        self.assertEqual(self.refused(KEY), UNUSABLE)

    def test_a_second_factor_is_not_skipped_by_a_certificate(self) -> None:
        """Who has no authenticator is refused."""
        self.operators.alice = attrs.evolve(self.operators.alice, second_factor="totp")
        verified = self.attempt().key_verified(parse_certificate(draft()))
        self.assertIs(self.successResultOf(verified), Outcome.REFUSED)
