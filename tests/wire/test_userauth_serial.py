"""One request at a time, in time, and nothing for somebody who has left."""

from __future__ import annotations

from collections.abc import Callable

from twisted.trial.unittest import SynchronousTestCase

from gateway.wire import userauth_messages as messages
from gateway.wire.authority import Outcome
from gateway.wire.fields import boolean, string
from gateway.wire.userauth import Ending, Limits
from tests.wire.authorities import ASK_CODE, ListedAttempt, SlowAttempt
from tests.wire.logins import Login

EVERYTHING = (b"publickey", b"password", b"keyboard-interactive")
F, S, Q = messages.FAILURE, messages.SUCCESS, 60


class SerialTest(SynchronousTestCase):
    """Requests wait for each other."""

    def test_the_next_request_waits_for_the_answer(self) -> None:
        """Pipelined passwords are weighed one after the other and answered in order."""
        attempt = SlowAttempt()
        login = Login(attempt)
        for secret in (b"one", b"two", b"three"):
            login.password(secret)
        self.assertEqual(login.transport.numbers, [])
        for answered in (1, 2, 3):
            attempt.answer(Outcome.REFUSED)
            self.assertEqual(len(login.transport.numbers), answered - 1)
            login.clock.advance(2)
            self.assertEqual(login.transport.numbers, [F] * answered)
        self.assertEqual(login.server.failures, 3)

    def test_two_in_flight_cannot_both_succeed(self) -> None:
        """The first success ends the queue; the second request is never weighed."""
        attempt = SlowAttempt()
        login = Login(attempt)
        login.password(b"mine")
        login.password(b"yours")
        attempt.answer(Outcome.ACCEPTED)
        login.wait()
        self.assertEqual((login.transport.numbers, attempt.in_flight, len(attempt.finished)), ([S], [], 1))

    def test_a_second_request_does_not_overtake_a_paced_failure(self) -> None:
        """The wait of a failure holds up everything behind it."""
        attempt = ListedAttempt([EVERYTHING])
        login = Login(attempt)
        body = messages.request(b"alice", b"ssh-connection", b"password", boolean(False) + string(b"wrong"))
        login.server.packetReceived(messages.REQUEST, body)
        login.server.packetReceived(messages.REQUEST, body)
        self.assertEqual((login.transport.numbers, len(attempt.asked)), ([], 1))
        login.wait()
        self.assertEqual((login.transport.numbers, len(attempt.asked)), ([F, F], 2))

    def test_a_request_abandons_open_prompts_only_when_it_is_their_turn(self) -> None:
        """Answers that were sent before the abandoning request still count."""
        attempt = SlowAttempt()
        login = Login(attempt)
        login.interactive()
        attempt.answer(ASK_CODE)
        login.wait()
        login.answers(b"123456")
        login.password(b"x")
        self.assertEqual([what for what, _ in attempt.in_flight], ["answers"])
        attempt.answer(Outcome.REFUSED)
        login.wait()
        self.assertEqual([what for what, _ in attempt.in_flight], ["password"])


class LeavingTest(SynchronousTestCase):
    """Results for somebody who has left are dropped."""

    def test_an_acceptance_after_the_connection_is_gone_makes_nothing(self) -> None:
        """No service is finished, nothing is sent, and the question was cancelled."""
        attempt = SlowAttempt()
        login = Login(attempt)
        login.password(b"x")
        question = attempt.in_flight[0][1]
        login.transport.lose()
        self.assertTrue(question.called)
        question.callback(Outcome.ACCEPTED)
        login.wait()
        self.assertEqual((attempt.finished, login.transport.sent), ([], []))
        self.assertIs(login.server.ending, Ending.LEFT)

    def test_an_acceptance_while_cancelling_makes_nothing(self) -> None:
        """An authority that answers its own cancellation with a yes changes nothing."""
        attempt = SlowAttempt(canceller=lambda question: question.callback(Outcome.ACCEPTED))
        login = Login(attempt)
        login.password(b"x")
        login.transport.lose()
        self.assertEqual((attempt.finished, login.transport.sent), ([], []))

    def test_a_failing_authority_after_the_end_is_only_logged(self) -> None:
        """Its error is seen, but the connection is gone already."""
        attempt = SlowAttempt(canceller=lambda question: question.errback(RuntimeError("not now")))
        login = Login(attempt)
        login.password(b"x")
        login.transport.lose()
        self.assertEqual(login.transport.disconnects, [])
        self.assertEqual(len(self.flushLoggedErrors(RuntimeError)), 1)

    def test_an_authority_may_cut_the_connection_itself(self) -> None:
        """Whatever it was asked when it did so, nothing is sent and nothing is installed."""
        for moment in ("begin", "methods", "finish"):
            for body in (boolean(False) + string(b"open sesame"), b"malformed"):
                attempt = ListedAttempt([EVERYTHING])
                login = Login(attempt)
                cutting = login.authority if moment == "begin" else attempt
                real = getattr(cutting, moment)

                def cut(*asked: object, real: Callable[..., object] = real, login: Login = login) -> object:
                    login.transport.lose()
                    return real(*asked)

                self.patch(type(cutting), moment, lambda _, *asked, cut=cut: cut(*asked))
                login.request(b"password", body)
                self.assertEqual((login.transport.sent, login.server.failures), ([], 0))
                self.assertIs(login.transport.service, login.server)
                self.doCleanups()

    def test_messages_after_the_end_are_dropped(self) -> None:
        """Nothing is weighed, nothing is sent, no timer is left."""
        attempt = SlowAttempt()
        login = Login(attempt)
        login.transport.lose()
        login.password(b"x")
        login.server.start_grace()
        login.server.serviceStopped()
        self.assertEqual((attempt.in_flight, login.transport.sent, login.clock.getDelayedCalls()), ([], [], []))

    def test_a_paced_failure_is_not_sent_after_the_end(self) -> None:
        """Its timer is gone with the connection."""
        login = Login(ListedAttempt([EVERYTHING]))
        login.server.packetReceived(
            messages.REQUEST,
            messages.request(b"alice", b"ssh-connection", b"password", boolean(False) + string(b"wrong")),
        )
        login.transport.lose()
        self.assertEqual(login.clock.getDelayedCalls(), [])
        login.wait()
        self.assertEqual(login.transport.sent, [])


class GraceTest(SynchronousTestCase):
    """The login has an end."""

    def test_the_time_runs_out(self) -> None:
        """Also while a request is under evaluation, whose result is dropped."""
        attempt = SlowAttempt()
        login = Login(attempt)
        login.password(b"x")
        question = attempt.in_flight[0][1]
        login.clock.advance(60)
        self.assertEqual(login.transport.disconnects, [(messages.DISCONNECT_BY_APPLICATION, b"login took too long")])
        question.callback(Outcome.ACCEPTED)
        self.assertEqual((login.server.ending, attempt.finished), (Ending.GRACE, []))

    def test_the_time_starts_once(self) -> None:
        """Starting it from the first byte is not undone by the start of the service."""
        login = Login(ListedAttempt([EVERYTHING]), limits=Limits(grace=30))
        login.clock.advance(20)
        login.server.start_grace()
        login.server.serviceStarted()
        login.clock.advance(9.9)
        self.assertEqual(login.transport.disconnects, [])
        login.clock.advance(0.2)
        self.assertEqual(len(login.transport.disconnects), 1)

    def test_the_time_stops_at_success(self) -> None:
        """Hours later nothing happens."""
        login = Login(ListedAttempt([EVERYTHING]))
        login.password(b"open sesame")
        login.clock.advance(36_000)
        self.assertEqual((login.transport.disconnects, login.server.ending), ([], Ending.ACCEPTED))


class PacingTest(SynchronousTestCase):
    """The time of a failure tells nothing."""

    def _time_of_failure(self, method: bytes, body: bytes) -> float:
        login = Login(ListedAttempt([EVERYTHING]))
        login.server.packetReceived(messages.REQUEST, messages.request(b"alice", b"ssh-connection", method, body))
        while not login.transport.sent:
            login.clock.advance(0.0001)
        return login.clock.seconds()

    def test_every_failure_of_one_name_takes_the_same_time(self) -> None:
        """Whether the authority was asked or not."""
        wrong = self._time_of_failure(b"password", boolean(False) + string(b"wrong"))
        change = self._time_of_failure(b"password", boolean(True) + string(b"a") + string(b"b"))
        unknown = self._time_of_failure(b"hostbased", b"")
        self.assertEqual(len({wrong, change, unknown}), 1)
        self.assertGreaterEqual(wrong, 0.005)
        self.assertLess(wrong, 0.0095)

    def test_the_first_none_is_answered_at_once(self) -> None:
        """Every usual client begins with it."""
        login = Login(ListedAttempt([EVERYTHING]))
        login.server.packetReceived(messages.REQUEST, messages.request(b"alice", b"ssh-connection", b"none"))
        self.assertEqual((login.transport.numbers, login.clock.seconds()), ([F], 0))
