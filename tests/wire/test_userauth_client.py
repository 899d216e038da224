"""A target gets one proof, at once, and learns nothing it did not need."""

from __future__ import annotations

from collections.abc import Callable

import attrs
from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from gateway.wire import userauth_messages as messages
from gateway.wire.authority import Prompts
from gateway.wire.fields import boolean, string, uint32
from gateway.wire.userauth_client import (
    CertificateOffer,
    KeyOffer,
    NoneOffer,
    Offer,
    PasswordOffer,
    TargetLoginLost,
    TargetLoginRefused,
    UserAuthClient,
    certificate_algorithm,
)
from tests.wire.keys import KINDS, key_of, strings
from tests.wire.recording import RecordingService, RecordingTransport

CONNECTION = b"ssh-connection"
SECRET = b"hunter2"
PASSWORD = PasswordOffer(lambda write: write(SECRET))
PASSWORD_REQUEST = messages.request(b"root", CONNECTION, b"password", boolean(False) + string(SECRET))
ASK_PASSWORD = messages.prompts(Prompts("", "", (("Password: ", False),)))
INTERACTIVE_ONLY = messages.failure((b"publickey", b"keyboard-interactive"), False)


@attrs.define
class Target:
    """A client under test and what its target says to it."""

    offer: Offer
    algorithms: tuple[bytes, ...] = ()
    clock: Clock = attrs.field(factory=Clock)
    connection: RecordingService = attrs.field(factory=RecordingService)
    transport: RecordingTransport = attrs.field(init=False)
    client: UserAuthClient = attrs.field(init=False)
    results: list[object] = attrs.field(factory=list)

    def __attrs_post_init__(self) -> None:
        self.transport = RecordingTransport(peer_sig_algs=self.algorithms)
        self.client = UserAuthClient(b"root", self.offer, self.connection, self.clock)
        self.client.outcome.addBoth(self.results.append)
        self.transport.setService(self.client)

    def say(self, number: int, payload: bytes = b"") -> None:
        """Say something to the client."""
        self.client.packetReceived(number, payload)

    @property
    def refusal(self) -> TargetLoginRefused:
        """Return the refusal that is the result."""
        value = getattr(self.results[0], "value", None)
        assert isinstance(value, TargetLoginRefused), self.results
        return value

    @property
    def loss(self) -> str:
        """Return the text of the loss that is the result."""
        value = getattr(self.results[0], "value", None)
        assert isinstance(value, TargetLoginLost), self.results
        return str(value)


def _key_offer(kind: bytes, algorithms: tuple[bytes, ...] = ()) -> KeyOffer:
    key = key_of(kind)
    return KeyOffer(key.blob, algorithms or (key.algorithm,), lambda algorithm, message: key.sign(message, algorithm))


RSA_BOTH = _key_offer(b"ssh-rsa", (b"rsa-sha2-256", b"rsa-sha2-512"))


class ProvingTest(SynchronousTestCase):
    """Keys and certificates."""

    def test_a_signed_request_is_the_first_and_only_message(self) -> None:
        """For every kind of key, over this connection's session id, and right."""
        from gateway.wire.keyblobs import parse_blob

        for kind in KINDS:
            target, key = Target(_key_offer(kind)), key_of(kind)
            [(number, payload)] = target.transport.sent
            asked = messages.read_request(payload)
            body = messages.read_key_request(asked.body)
            self.assertEqual((number, asked.username, asked.service), (messages.REQUEST, b"root", CONNECTION))
            self.assertEqual((body.algorithm, body.blob), (key.algorithm, key.blob))
            message = messages.signed_message(target.transport.sessionID, asked, key.algorithm, key.blob)
            self.assertTrue(parse_blob(key.blob).verify(key.algorithm, body.signature or b"", message))

    def test_success_installs_the_next_service(self) -> None:
        """Once, and no timer is left."""
        target = Target(_key_offer(b"ssh-ed25519"))
        target.say(messages.SUCCESS)
        target.say(messages.SUCCESS)
        self.assertEqual((target.results, target.connection.started), ([None], 1))
        self.assertIs(target.transport.service, target.connection)
        self.assertEqual(target.clock.getDelayedCalls(), [])

    def test_rsa_signs_with_what_the_target_named(self) -> None:
        """In the offer's order among those; rsa-sha2-512 when nothing was named."""
        for named, expected in (
            ((), b"rsa-sha2-512"),
            ((b"ssh-ed25519", b"rsa-sha2-256"), b"rsa-sha2-256"),
            ((b"rsa-sha2-512",), b"rsa-sha2-512"),
        ):
            target = Target(RSA_BOTH, named)
            asked = messages.read_request(target.transport.sent[0][1])
            self.assertEqual(messages.read_key_request(asked.body).algorithm, expected)

    def test_rsa_without_a_mutual_algorithm_is_refused_unsent(self) -> None:
        """SHA-1 is never tried instead."""
        for offer in (RSA_BOTH, KeyOffer(b"", (), RSA_BOTH.sign)):
            target = Target(offer, (b"ssh-rsa",))
            self.assertEqual(target.transport.sent, [])
            self.assertIn("signature algorithm", target.refusal.reason)

    def test_an_old_target_gets_the_only_algorithm_of_the_offer(self) -> None:
        """Legacy is the offer's choice alone."""
        target = Target(_key_offer(b"ssh-rsa", (b"ssh-rsa",)))
        self.assertEqual(strings(messages.read_request(target.transport.sent[0][1]).body[1:], 1), [b"ssh-rsa"])

    def test_a_certificate_goes_by_its_own_name(self) -> None:
        """The request says the certificate's algorithm, the signer hears the plain one."""
        asked_of: list[bytes] = []
        for plain, named in (
            (b"ssh-ed25519", b"ssh-ed25519-cert-v01@openssh.com"),
            (b"rsa-sha2-512", b"rsa-sha2-512-cert-v01@openssh.com"),
        ):
            offer = CertificateOffer(b"certificate", (plain,), lambda algorithm, _: asked_of.append(algorithm) or b"s")
            target = Target(offer)
            body = messages.read_key_request(messages.read_request(target.transport.sent[0][1]).body)
            self.assertEqual((body.algorithm, body.blob, asked_of.pop()), (named, b"certificate", plain))
        sk = certificate_algorithm(b"sk-ssh-ed25519@openssh.com")
        self.assertEqual(sk, b"sk-ssh-ed25519-cert-v01@openssh.com")

    def test_a_slow_signature_is_awaited(self) -> None:
        """Nothing is sent before it."""
        signing: Deferred[bytes] = Deferred()
        target = Target(KeyOffer(b"blob", (b"ssh-ed25519",), lambda algorithm, message: signing))
        self.assertEqual(target.transport.sent, [])
        signing.callback(b"signature")
        self.assertEqual(target.transport.numbers, [messages.REQUEST])

    def test_a_signature_that_comes_too_late_is_not_sent(self) -> None:
        """The signing is cancelled with the connection."""
        cancelled: list[object] = []
        signing: Deferred[bytes] = Deferred(cancelled.append)
        target = Target(KeyOffer(b"blob", (b"ssh-ed25519",), lambda algorithm, message: signing))
        target.transport.lose()
        self.assertEqual((len(cancelled), target.transport.sent), (1, []))
        self.assertIn("closed the connection", target.loss)

    def test_a_signature_given_while_it_is_cancelled_is_not_sent(self) -> None:
        """A signer that answers its cancellation changes nothing."""
        signing: Deferred[bytes] = Deferred(lambda question: question.callback(b"signature"))
        target = Target(KeyOffer(b"blob", (b"ssh-ed25519",), lambda algorithm, message: signing))
        target.transport.lose()
        self.assertEqual((len(target.results), target.transport.sent), (1, []))

    def test_a_failing_signer_is_the_result(self) -> None:
        """Its own error reaches the caller."""
        signing: Deferred[bytes] = Deferred()
        target = Target(KeyOffer(b"blob", (b"ssh-ed25519",), lambda algorithm, message: signing))
        signing.errback(RuntimeError("vault is sealed"))
        self.assertEqual(str(getattr(target.results[0], "value", None)), "vault is sealed")

    def test_success_before_anything_was_asked_is_not_believed(self) -> None:
        """A target cannot skip the login while the signature is made."""
        target = Target(KeyOffer(b"blob", (b"ssh-ed25519",), lambda algorithm, message: Deferred()))
        target.say(messages.SUCCESS)
        self.assertEqual(target.connection.started, 0)
        self.assertIn("before the login was asked for", target.loss)

    def test_a_refused_key_says_what_would_do(self) -> None:
        """Names that cannot be shown are not shown."""
        target = Target(_key_offer(b"ssh-ed25519"))
        target.say(messages.FAILURE, messages.failure((b"password", b"\x1b[2J", b"x" * 80), False))
        self.assertEqual(target.refusal.methods, ("password", "(unprintable)", "(unprintable)"))
        self.assertEqual(target.clock.getDelayedCalls(), [])

    def test_a_partial_success_is_a_refusal_that_says_so(self) -> None:
        """We have nothing more to offer."""
        for offer in (_key_offer(b"ssh-ed25519"), PASSWORD):
            target = Target(offer)
            target.say(messages.FAILURE, messages.failure((b"keyboard-interactive",), True))
            self.assertIn("another one besides", target.refusal.reason)
            self.assertEqual(len(target.transport.sent), 1)


class PasswordTest(SynchronousTestCase):
    """Passwords."""

    def test_the_password_is_written_into_the_first_message(self) -> None:
        """And only there."""
        target = Target(PASSWORD)
        self.assertEqual(target.transport.sent, [(messages.REQUEST, PASSWORD_REQUEST)])
        target.say(messages.SUCCESS)
        self.assertEqual(target.results, [None])
        self.assertNotIn("hunter2", repr(target.client))

    def test_a_wrong_password_is_not_tried_again(self) -> None:
        """Not by keyboard-interactive either: that would be a second failure at the target."""
        target = Target(PASSWORD)
        target.say(messages.FAILURE, messages.failure((b"password", b"keyboard-interactive"), False))
        self.assertEqual(target.refusal.methods, ("password", "keyboard-interactive"))
        self.assertEqual(len(target.transport.sent), 1)

    def test_a_target_with_interactive_only_gets_the_password_there(self) -> None:
        """One hidden prompt is answered; PAM's empty last round is acknowledged."""
        target = Target(PASSWORD)
        target.say(messages.FAILURE, INTERACTIVE_ONLY)
        interactive = messages.request(b"root", CONNECTION, b"keyboard-interactive", string(b"") * 2)
        self.assertEqual(target.transport.sent[1], (messages.REQUEST, interactive))
        target.say(messages.INFO_REQUEST, ASK_PASSWORD)
        self.assertEqual(target.transport.sent[2], (messages.INFO_RESPONSE, uint32(1) + string(SECRET)))
        target.say(messages.INFO_REQUEST, messages.prompts(Prompts("", "", ())))
        self.assertEqual(target.transport.sent[3], (messages.INFO_RESPONSE, uint32(0)))
        target.say(messages.SUCCESS)
        self.assertEqual(target.results, [None])

    def test_other_questions_are_never_answered_with_the_password(self) -> None:
        """Two prompts, a visible one, or a second one."""
        for first in ((("Password: ", True),), (("Password: ", False), ("Code: ", False))):
            target = Target(PASSWORD)
            target.say(messages.FAILURE, INTERACTIVE_ONLY)
            target.say(messages.INFO_REQUEST, messages.prompts(Prompts("", "", first)))
            self.assertIn("more than a password", target.refusal.reason)
            self.assertEqual(len(target.transport.sent), 2)
        target = Target(PASSWORD)
        target.say(messages.FAILURE, INTERACTIVE_ONLY)
        target.say(messages.INFO_REQUEST, ASK_PASSWORD)
        target.say(messages.INFO_REQUEST, ASK_PASSWORD)
        self.assertEqual((len(target.transport.sent), target.refusal.methods), (3, ("keyboard-interactive",)))

    def test_endless_rounds_end(self) -> None:
        """Four are enough for anybody."""
        target = Target(PASSWORD)
        target.say(messages.FAILURE, INTERACTIVE_ONLY)
        for _ in range(5):
            target.say(messages.INFO_REQUEST, messages.prompts(Prompts("", "", ())))
        self.assertIn("too many rounds", target.loss)

    def test_a_wrong_answer_is_a_refusal(self) -> None:
        """The exchange is not begun again."""
        target = Target(PASSWORD)
        target.say(messages.FAILURE, INTERACTIVE_ONLY)
        target.say(messages.INFO_REQUEST, ASK_PASSWORD)
        target.say(messages.FAILURE, INTERACTIVE_ONLY)
        self.assertEqual((len(target.transport.sent), target.refusal.methods[0]), (3, "publickey"))

    def test_an_expired_password_is_a_refusal_that_says_so(self) -> None:
        """No new one is invented."""
        target = Target(PASSWORD)
        target.say(messages.PASSWD_CHANGEREQ, string(b"expired") + string(b""))
        self.assertIn("expired", target.refusal.reason)


class BoundsTest(SynchronousTestCase):
    """A target that misbehaves."""

    def test_none_is_offered_where_it_is_the_offer(self) -> None:
        """The demonstration target."""
        target = Target(NoneOffer())
        self.assertEqual(target.transport.sent, [(messages.REQUEST, messages.request(b"root", CONNECTION, b"none"))])
        target.say(messages.SUCCESS)
        self.assertEqual(target.results, [None])

    def test_banners_are_dropped_and_few(self) -> None:
        """Of any size, at any time, sixteen."""
        target = Target(PASSWORD)
        for _ in range(16):
            target.say(messages.BANNER, messages.banner(b"x" * 9000))
        self.assertEqual(target.results, [])
        target.say(messages.BANNER, b"")
        self.assertIn("too many banners", target.loss)

    def test_the_target_has_its_time(self) -> None:
        """30 s, then the connection ends."""
        target = Target(PASSWORD)
        target.clock.advance(30)
        self.assertEqual(
            (target.loss, len(target.transport.disconnects)), ("no answer to the login within 30 seconds", 1)
        )

    def test_messages_that_make_no_sense_end_it(self) -> None:
        """PK_OK for a signed request, prompts nobody asked for, messages of the client's side, cut ones."""
        key = _key_offer(b"ssh-ed25519")
        cases: tuple[tuple[Offer, int, bytes], ...] = (
            (key, 60, messages.key_ok(b"ssh-ed25519", b"")),
            (NoneOffer(), 60, ASK_PASSWORD),
            (key, 50, b""),
            (key, 61, uint32(0)),
            (key, messages.FAILURE, b"\0\0"),
            (key, messages.SUCCESS, b"x"),
        )
        for offer, number, payload in cases:
            target = Target(offer)
            target.say(number, payload)
            self.assertEqual((len(target.transport.disconnects), bool(target.loss)), (1, True))
            self.assertEqual(target.connection.started, 0)

    @settings(max_examples=150, deadline=None)
    @given(
        st.sampled_from((PASSWORD, NoneOffer(), _key_offer(b"ssh-ed25519"))),
        st.lists(
            st.one_of(
                st.tuples(st.integers(0, 255), st.binary(max_size=40)),
                st.sampled_from(
                    (
                        (messages.FAILURE, INTERACTIVE_ONLY),
                        (messages.INFO_REQUEST, ASK_PASSWORD),
                        (messages.BANNER, b""),
                        (messages.SUCCESS, b""),
                    )
                ),
            ),
            max_size=12,
        ),
    )
    def test_any_target_gets_the_password_twice_at_most_and_one_result(
        self, offer: Offer, said: list[tuple[int, bytes]]
    ) -> None:
        """Whatever it says: no exception, one result, and the proof in two messages at most."""
        target = Target(offer)
        for number, payload in said:
            target.say(number, payload)
        target.transport.lose()
        self.assertEqual(len(target.results), 1)
        self.assertEqual(target.connection.started, int(target.results == [None]))
        holding: Callable[[tuple[int, bytes]], bool] = lambda message: SECRET in message[1]  # noqa: E731
        self.assertLessEqual(sum(map(holding, target.transport.sent)), 2)
