"""Certificates in publickey requests: the certified key must have signed, under the certificate's own algorithm."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.internet.defer import Deferred, fail
from twisted.trial.unittest import SynchronousTestCase

from gateway.wire import userauth_messages as messages
from gateway.wire.authority import Outcome, Refused, ShownKey
from gateway.wire.certificates import Certificate, certified
from gateway.wire.fields import boolean, string
from tests.wire.authorities import ListedAttempt
from tests.wire.issuing import draft, options
from tests.wire.keys import KINDS, TestKey, key_of
from tests.wire.logins import CONNECTION, Login

METHODS = [(b"publickey",)]


class Reluctant(ListedAttempt):
    """An attempt that says why it refuses."""

    def key_acceptable(self, key: ShownKey) -> Deferred[bool]:
        """Refuse with a reason."""
        return fail(Refused("the certificate has expired", key.fingerprint))

    def key_verified(self, key: ShownKey) -> Deferred[Outcome]:
        """Refuse with a reason."""
        return fail(Refused("the certificate has expired", key.fingerprint))


class CertificateTests(SynchronousTestCase):
    """One login with a certificate, as it should be and otherwise."""

    def login(self, blob: bytes) -> Login:
        """Begin a login that knows one blob."""
        return Login(ListedAttempt([*METHODS], frozenset({blob})))

    def sign(self, login: Login, blob: bytes, key: TestKey, algorithm: bytes = b"", **how: Any) -> None:
        """Send a signature over a request that names the certificate."""
        named = algorithm or certified(key.algorithm)
        asked = messages.Request(b"alice", CONNECTION, b"publickey", b"")
        message = messages.signed_message(login.transport.sessionID, asked, named, blob)
        body = boolean(True) + messages.key_ok(named, blob) + string(key.sign(message, **how))
        login.request(b"publickey", body)

    def test_every_kind_of_certified_key_logs_in(self) -> None:
        """The question is answered with the certificate itself; the signature inside has the plain name."""
        for kind in KINDS:
            key = key_of(kind)
            blob = draft(key=key)
            login = self.login(blob)
            asked = messages.key_ok(certified(key.algorithm), blob)
            login.request(b"publickey", boolean(False) + asked)
            self.assertEqual(login.transport.sent[-1], (messages.PK_OK, asked))
            self.sign(login, blob, key)
            self.assertEqual(len(login.attempt.finished), 1, kind)
            self.assertIsInstance(login.attempt.asked[-1][1], Certificate)

    def test_names_and_blobs_that_do_not_belong_together_are_refused(self) -> None:
        """A certificate under a plain name, a key under a certificate's, another kind's, one that is too long."""
        key, blob = key_of(b"ssh-ed25519", 1), draft()
        for named, shown in (
            (b"ssh-ed25519", blob), (certified(b"ssh-ed25519"), key.blob), (certified(b"rsa-sha2-512"), blob),
            (certified(b"ssh-rsa"), draft(key=key_of(b"ssh-rsa"))), (certified(b"ssh-ed25519"), blob + b"x"),
        ):  # fmt: skip
            login = self.login(shown)
            self.sign(login, shown, key, named)
            self.assertEqual(login.transport.sent[-1][0], messages.FAILURE)
            self.assertEqual(login.attempt.asked, [])

    def test_a_certificate_that_somebody_else_shows_is_worth_nothing(self) -> None:
        """It is public: the signature must be the certified key's, with the flags that the certificate asks for."""
        login = self.login(draft())
        self.sign(login, draft(), key_of(b"ssh-ed25519", 2))
        self.assertEqual(login.refusals[-1].reason, "signature does not verify")
        key = key_of(b"sk-ssh-ed25519@openssh.com")
        blob = draft(key=key, critical=options((b"verify-required", b"")))
        for flags, accepted in ((1, 0), (5, 1)):
            login = self.login(blob)
            self.sign(login, blob, key, flags=flags)
            self.assertEqual(len(login.attempt.finished), accepted)

    def test_the_reason_of_an_attempt_reaches_the_facts_and_not_the_client(self) -> None:
        """For a question and for a signature; each counts as a failure."""
        login = Login(Reluctant([*METHODS]))
        key, blob = key_of(b"ssh-ed25519", 1), draft()
        login.request(b"publickey", boolean(False) + messages.key_ok(certified(b"ssh-ed25519"), blob))
        self.sign(login, blob, key)
        self.assertEqual([refusal.reason for refusal in login.refusals], ["the certificate has expired"] * 2)
        self.assertEqual(login.server.failures, 2)
        self.assertNotIn(b"expired", b"".join(payload for _, payload in login.transport.sent))

    @settings(max_examples=100, deadline=None)
    @given(st.binary(max_size=120), st.integers(0, 300), st.booleans())
    def test_damaged_certificates_never_reach_the_authority(self, noise: bytes, place: int, signed: bool) -> None:
        """Whatever stands in the blob, the answer is one failure."""
        blob = draft()[:place] + noise
        login = self.login(blob)
        if signed:
            self.sign(login, blob, key_of(b"ssh-ed25519", 1))
        else:
            login.request(b"publickey", boolean(False) + messages.key_ok(certified(b"ssh-ed25519"), blob))
        self.assertEqual(login.transport.sent[-1][0], messages.FAILURE)
        self.assertEqual((login.attempt.asked, login.server.failures), ([], 1))
