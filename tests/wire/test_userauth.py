"""The login queue lets in whoever proved it, once, and nobody else."""

from __future__ import annotations

from twisted.internet.defer import Deferred, fail
from twisted.trial.unittest import SynchronousTestCase

from gateway.domain.secret import Secret
from gateway.wire import userauth_messages as messages
from gateway.wire.authority import IAttempt, Outcome, Prompts
from gateway.wire.fields import boolean, string, uint32
from gateway.wire.keyblobs import parse_blob
from gateway.wire.userauth import Ending, Limits
from tests.wire.authorities import ASK_CODE, ListedAttempt, SlowAttempt
from tests.wire.keys import KINDS, key_of, strings
from tests.wire.logins import CONNECTION, Login

EVERYTHING = (b"publickey", b"password", b"keyboard-interactive")
MINE = key_of(b"ssh-ed25519")
OTHER = key_of(b"ssh-ed25519", 1)
F, S, B, Q = messages.FAILURE, messages.SUCCESS, messages.BANNER, 60


def _listed(*steps: tuple[bytes, ...]) -> ListedAttempt:
    return ListedAttempt(list(steps) or [EVERYTHING], frozenset({MINE.blob}))


class AcceptingTest(SynchronousTestCase):
    """What logs in."""

    def test_a_usual_client_logs_in_with_its_key(self) -> None:
        """none, query, signature: FAILURE, PK_OK, SUCCESS, and the finished service is installed."""
        attempt = _listed()
        login = Login(attempt)
        login.none()
        login.query(MINE)
        login.sign(MINE)
        self.assertEqual(login.transport.numbers, [F, Q, S])
        self.assertEqual(strings(login.transport.sent[1][1], 2), [b"ssh-ed25519", MINE.blob])
        self.assertIs(login.transport.service, attempt.finished[0])
        self.assertEqual((attempt.finished[0].started, attempt.finished[0].stopped), (1, 0))
        self.assertEqual((login.server.ending, login.server.failures), (Ending.ACCEPTED, 0))
        self.assertEqual(login.authority.begun, [(b"alice", "192.0.2.7")])
        self.assertEqual(login.clock.getDelayedCalls(), [])

    def test_every_kind_of_key_logs_in(self) -> None:
        """With the preferred algorithm of each."""
        for kind in KINDS:
            login = Login(ListedAttempt([EVERYTHING], frozenset({key_of(kind).blob})))
            login.sign(key_of(kind))
            self.assertEqual(login.transport.numbers, [S], kind)

    def test_the_authority_hears_of_the_key_that_signed(self) -> None:
        """Not of the one that was offered before it (CVE-2024-45337)."""
        attempt = ListedAttempt([EVERYTHING], frozenset({MINE.blob, OTHER.blob}))
        login = Login(attempt)
        login.query(MINE)
        login.query(OTHER)
        login.sign(MINE)
        self.assertEqual(attempt.asked[-1], ("verified", parse_blob(MINE.blob)))

    def test_a_password_logs_in(self) -> None:
        """The authority gets it as a secret."""
        login = Login(_listed())
        login.password(b"open sesame")
        self.assertEqual(login.transport.numbers, [S])

    def test_two_steps_on_one_connection(self) -> None:
        """A key is a partial success, and only the second factor may follow."""
        attempt = _listed((b"publickey",), (b"keyboard-interactive",))
        login = Login(attempt)
        login.sign(MINE)
        self.assertEqual(login.last_failure, messages.Failure((b"keyboard-interactive",), True))
        login.sign(MINE)
        self.assertEqual(login.last_failure, messages.Failure((b"keyboard-interactive",), False))
        login.interactive()
        self.assertEqual(login.transport.sent[-1], (Q, messages.prompts(ASK_CODE)))
        login.answers(b"123456")
        self.assertEqual(login.transport.numbers, [F, F, Q, S])

    def test_none_logs_in_only_where_it_is_listed(self) -> None:
        """The inner login of a connection already known; it is never named in a failure."""
        login = Login(_listed((b"none", b"password")))
        login.password(b"wrong")
        self.assertEqual(login.last_failure.methods, (b"password",))
        login.none()
        self.assertEqual(login.transport.numbers, [F, S])

    def test_the_banner_comes_once_and_first(self) -> None:
        """Before the first answer, whichever it is."""
        login = Login(_listed(), banner=b"watched")
        login.none()
        login.sign(MINE)
        self.assertEqual(login.transport.numbers, [B, F, S])
        self.assertEqual(strings(login.transport.sent[0][1], 2), [b"watched", b""])

    def test_what_comes_after_success_is_dropped(self) -> None:
        """A second proof in the same packet changes nothing (RFC 4252 §5.1)."""
        attempt = SlowAttempt()
        login = Login(attempt)
        login.password(b"first")
        login.password(b"second")
        attempt.answer(Outcome.ACCEPTED)
        login.wait()
        self.assertEqual((login.transport.numbers, len(attempt.finished)), ([S], 1))
        self.assertEqual(attempt.in_flight, [])


class RefusingTest(SynchronousTestCase):
    """What does not log in."""

    def test_an_unknown_key_gets_no_pk_ok(self) -> None:
        """Query and signature fail alike, and the facts know the fingerprint."""
        login = Login(_listed())
        login.query(OTHER)
        login.sign(OTHER)
        self.assertEqual(login.transport.numbers, [F, F])
        fingerprint = parse_blob(OTHER.blob).fingerprint
        self.assertEqual({refusal.fingerprint for refusal in login.refusals}, {fingerprint})

    def test_a_wrong_signature_never_reaches_the_authority(self) -> None:
        """Of another connection, of another user, with an algorithm that is not the key's, or cut off."""
        attempt = _listed()
        login = Login(attempt)
        login.sign(MINE, session=b"another connection")
        login.request(b"publickey", boolean(True) + messages.key_ok(b"ssh-ed25519", MINE.blob) + string(b""))
        login.request(b"publickey", boolean(True) + messages.key_ok(b"ssh-rsa", MINE.blob) + string(b""))
        login.sign(key_of(b"ssh-rsa"), algorithm=b"ssh-rsa")
        self.assertEqual((login.transport.numbers, attempt.asked), ([F] * 4, []))
        reasons = [refusal.reason for refusal in login.refusals]
        permitted = "signature algorithm not permitted for this key"
        self.assertEqual(reasons, ["signature does not verify"] * 2 + [permitted] * 2)

    def test_a_private_key_as_a_key_blob_is_refused_at_once(self) -> None:
        """What froze stock Conch for seconds is a counted failure."""
        login = Login(_listed())
        login.request(b"publickey", boolean(False) + string(b"ssh-rsa") + string(b"-----BEGIN RSA PRIVATE KEY"))
        self.assertEqual((login.transport.numbers, login.server.failures), ([F], 1))

    def test_a_method_that_is_not_offered_fails(self) -> None:
        """Also one nobody knows."""
        attempt = _listed((b"publickey",))
        login = Login(attempt)
        login.password(b"open sesame")
        login.request(b"hostbased", b"junk")
        self.assertEqual((login.transport.numbers, attempt.asked), ([F, F], []))

    def test_a_listed_method_that_is_unknown_here_fails(self) -> None:
        """An authority cannot invent methods."""
        login = Login(_listed((b"hostbased",)))
        login.request(b"hostbased")
        self.assertEqual(login.transport.numbers, [F])

    def test_a_password_change_is_refused(self) -> None:
        """It is not taken for a login with the old password."""
        attempt = _listed()
        login = Login(attempt)
        login.request(b"password", boolean(True) + string(b"open sesame") + string(b"new"))
        self.assertEqual((login.transport.numbers, attempt.asked), ([F], []))

    def test_an_endless_secret_is_refused_unweighed(self) -> None:
        """Nobody hashes 20 KiB."""
        attempt = _listed()
        login = Login(attempt)
        login.password(b"x" * 20_000)
        login.interactive()
        login.answers(b"x" * 20_000)
        self.assertEqual((login.transport.numbers, attempt.asked), ([F, Q, F], ["interactive"]))

    def test_the_wrong_number_of_answers_fails(self) -> None:
        """RFC 4256 §3.4; the prompts are void afterwards."""
        attempt = _listed()
        login = Login(attempt)
        for answers in ((), (b"123456", b"123456")):
            login.interactive()
            login.answers(*answers)
        self.assertEqual((login.transport.numbers, attempt.asked), ([Q, F, Q, F], ["interactive"] * 2))

    def test_the_sixth_failure_disconnects(self) -> None:
        """The first none is free, the second costs."""
        login = Login(_listed())
        login.none()
        login.none()
        for _ in range(6):
            login.password(b"wrong")
        self.assertEqual(login.transport.numbers, [F] * 6)
        text = b"too many authentication failures"
        self.assertEqual(login.transport.disconnects, [(messages.DISCONNECT_NO_MORE_AUTH_METHODS, text)])
        self.assertEqual((login.server.ending, login.server.failures), (Ending.TRIES, 6))

    def test_queries_and_prompts_have_an_end(self) -> None:
        """What costs no failure is counted too."""
        login = Login(_listed(), limits=Limits(requests=5, rounds=3))
        for _ in range(6):
            login.query(MINE)
        self.assertEqual((login.transport.numbers, login.server.ending), ([Q] * 5, Ending.TRIES))
        login = Login(_listed(), limits=Limits(rounds=3))
        for _ in range(4):
            login.interactive()
        self.assertEqual((login.transport.numbers, login.server.ending), ([Q] * 3, Ending.TRIES))


class BreachTest(SynchronousTestCase):
    """What ends the connection."""

    def _ends(self, login: Login, ending: Ending = Ending.BREACH) -> None:
        self.assertEqual(len(login.transport.disconnects), 1)
        self.assertIs(login.server.ending, ending)
        self.assertEqual(login.clock.getDelayedCalls(), [])

    def test_user_and_service_stay_the_same(self) -> None:
        """Changing either ends the connection, as OpenSSH does."""
        for user, service in ((b"bob", CONNECTION), (b"alice", b"ssh-userauth")):
            attempt = _listed()
            login = Login(attempt)
            login.none()
            login.request(b"password", boolean(False) + string(b"open sesame"), user=user, service=service)
            self._ends(login)
            self.assertEqual((len(login.authority.begun), attempt.asked), (1, []))

    def test_only_the_connection_service_can_be_asked_for(self) -> None:
        """Nobody is asked about a login to something else."""
        login = Login(_listed())
        login.request(b"none", service=b"ssh-banking")
        self._ends(login)
        self.assertEqual(login.authority.begun, [])

    def test_messages_of_the_other_side_end_it(self) -> None:
        """A client that says SUCCESS is not believed (CVE-2018-10933)."""
        for number in (F, S, B, Q, 61, 62, 79):
            login = Login(_listed())
            login.send(number, b"")
            self._ends(login)

    def test_answers_without_prompts_end_it(self) -> None:
        """Also when the prompts were abandoned by another request."""
        login = Login(_listed())
        login.interactive()
        login.none()
        login.answers(b"123456")
        self.assertEqual(login.transport.numbers, [Q, F])
        self._ends(login)

    def test_malformed_bodies_end_it(self) -> None:
        """Cut, overlong or with trailing bytes."""
        bodies = (
            (b"none", b"x"),
            (b"password", boolean(False) + string(b"x") + b"x"),
            (b"password", boolean(True) + string(b"x")),
            (b"publickey", boolean(True) + messages.key_ok(b"ssh-ed25519", MINE.blob)),
            (b"publickey", boolean(False) + messages.key_ok(b"ssh-ed25519", b"x" * 17_000)),
            (b"keyboard-interactive", b""),
            (b"password", b"x" * 40_000),
        )
        for method, body in bodies:
            login = Login(_listed())
            login.request(method, body)
            self._ends(login)
        login = Login(_listed())
        login.interactive()
        login.send(messages.INFO_RESPONSE, uint32(1 << 31))
        self._ends(login)

    def test_a_crowd_of_requests_ends_it(self) -> None:
        """Four wait behind the one under evaluation, the next is too many."""
        attempt = SlowAttempt()
        login = Login(attempt)
        for _ in range(5):
            login.password(b"x")
        self.assertEqual((login.transport.disconnects, len(attempt.in_flight)), ([], 1))
        login.password(b"x")
        self._ends(login)

    def test_an_authority_that_fails_lets_nobody_in(self) -> None:
        """Whether it raises, or its answer fails."""

        class Broken(ListedAttempt):
            def password(self, secret: Secret) -> Deferred[Outcome]:
                return fail(RuntimeError("store is gone"))

            def interactive(self) -> Deferred[Prompts | Outcome]:
                raise RuntimeError("store is gone")

        for ask in (lambda login: login.password(b"x"), Login.interactive):
            login = Login(Broken([EVERYTHING]))
            ask(login)
            self._ends(login, Ending.FAULT)
            self.assertEqual(len(self.flushLoggedErrors(RuntimeError)), 1)

    def test_a_service_that_cannot_be_made_is_no_success(self) -> None:
        """SUCCESS is said only when there is something to succeed to."""

        class Unfinished(ListedAttempt):
            def finish(self) -> IAttempt:  # type: ignore[override]
                raise RuntimeError("draining")

        login = Login(Unfinished([EVERYTHING]))
        login.password(b"open sesame")
        self.assertEqual(login.transport.numbers, [])
        self._ends(login, Ending.FAULT)
        self.assertEqual(len(self.flushLoggedErrors(RuntimeError)), 1)

    def test_a_service_that_cannot_start_ends_the_connection(self) -> None:
        """Nobody is left logged in to nothing."""
        login = Login(_listed())
        login.transport.setService = lambda service: [][0]  # type: ignore[method-assign]
        login.password(b"open sesame")
        self.assertEqual(len(login.transport.disconnects), 1)
        self.assertEqual(len(self.flushLoggedErrors(IndexError)), 1)
