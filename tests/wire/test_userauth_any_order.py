"""Whatever a client sends, in whatever order: one answer each, one success at most, and no exception."""

from __future__ import annotations

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from gateway.wire import userauth_messages as messages
from gateway.wire.authority import Outcome
from gateway.wire.fields import boolean, string, uint32
from gateway.wire.userauth import Ending, Limits
from tests.wire.authorities import ASK_CODE, SlowAttempt
from tests.wire.keys import KINDS, key_of
from tests.wire.logins import Login

_JUNK = st.binary(max_size=60)
_METHODS = st.sampled_from((b"none", b"publickey", b"password", b"keyboard-interactive", b"hostbased"))
_ANSWERS = (messages.FAILURE, messages.SUCCESS, 60)


class AnyOrder(RuleBasedStateMachine):
    """Client messages, answers of the authority, time and the end of the connection, interleaved."""

    def __init__(self) -> None:
        super().__init__()
        self.attempt = SlowAttempt()
        self.login = Login(self.attempt, limits=Limits(tries=4, requests=20, rounds=4, grace=50))
        self.sent = 0
        self.proofs = 0

    def _send(self, number: int, payload: bytes) -> None:
        if self.login.server.ending is Ending.OPEN:
            self.sent += 1
        self.login.server.packetReceived(number, payload)

    def _request(self, method: bytes, body: bytes, user: bytes = b"alice") -> None:
        self._send(messages.REQUEST, messages.request(user, b"ssh-connection", method, body))

    @rule(method=_METHODS, body=_JUNK, number=st.integers(0, 255), really=st.integers(0, 9))
    def send_junk(self, method: bytes, body: bytes, number: int, really: int) -> None:
        """Mostly a breach, so not often."""
        if really == 9:
            self._request(method, body)
        elif really == 8:
            self._send(number, body)

    @rule(user=st.sampled_from((*[b"alice"] * 9, b"bob")))
    def send_a_password(self, user: bytes) -> None:
        """Ask for a decision, sometimes as somebody else."""
        self._request(b"password", boolean(False) + string(b"x"), user)

    @rule()
    def ask_for_nothing(self) -> None:
        """Free once."""
        self._request(b"none", b"")

    @rule(kind=st.sampled_from(KINDS), right=st.booleans(), signed=st.booleans())
    def offer_a_key(self, kind: bytes, right: bool, signed: bool) -> None:
        """Ask or prove, with a right or a wrong signature."""
        key = key_of(kind)
        body = boolean(signed) + messages.key_ok(key.algorithm, key.blob)
        if signed:
            asked = messages.Request(b"alice", b"ssh-connection", b"publickey", b"")
            session = self.login.transport.sessionID if right else b"another"
            body += string(key.sign(messages.signed_message(session, asked, key.algorithm, key.blob)))
        self._request(b"publickey", body)

    @rule()
    def begin_interactive(self) -> None:
        """Ask for prompts."""
        self._request(b"keyboard-interactive", string(b"") + string(b""))

    @precondition(lambda self: 60 in self.login.transport.numbers)
    @rule(count=st.sampled_from((1, 1, 1, 0, 2)))
    def answer_prompts(self, count: int) -> None:
        """Answer, rightly numbered or not."""
        self._send(messages.INFO_RESPONSE, uint32(count) + string(b"1") * count)

    @precondition(lambda self: self.attempt.in_flight)
    @rule(result=st.sampled_from((Outcome.REFUSED, Outcome.PARTIAL, Outcome.ACCEPTED)), yes=st.booleans())
    def decide(self, result: Outcome, yes: bool) -> None:
        """Let the authority answer what it was asked, also when nobody waits for it any more."""
        what = self.attempt.in_flight[0][0]
        if what == "acceptable":
            self.attempt.answer(yes)
        elif what == "interactive" or (what == "answers" and yes):
            self.attempt.answer(ASK_CODE)
        else:
            self.proofs += result is Outcome.ACCEPTED
            self.attempt.answer(result)

    @rule(seconds=st.sampled_from((0.001, 0.1, 0.1, 0.1, 20.0)))
    def let_time_pass(self, seconds: float) -> None:
        """Paced answers come, or the time runs out."""
        self.login.clock.advance(seconds)

    @precondition(lambda self: self.sent > 4)
    @rule(really=st.integers(0, 9))
    def lose_the_connection(self, really: int) -> None:
        """Now and then."""
        if really == 0:
            self.login.transport.lose()

    @invariant()
    def never_more_answers_than_messages(self) -> None:
        """And the disconnect, if any, is the last; the transport itself refuses anything after it."""
        answered = [number for number in self.login.transport.numbers if number in _ANSWERS]
        assert len(answered) + len(self.login.transport.disconnects) <= self.sent + self._expired()
        assert set(self.login.transport.numbers) <= set(_ANSWERS)

    def _expired(self) -> int:
        return self.login.server.ending is Ending.GRACE

    @invariant()
    def one_success_at_most_and_only_after_a_proof(self) -> None:
        """The service is made once, and SUCCESS is the last thing said."""
        successes = self.login.transport.numbers.count(messages.SUCCESS)
        assert successes == len(self.attempt.finished) <= min(1, self.proofs)
        assert (self.login.server.ending is Ending.ACCEPTED) == bool(successes)
        if successes:
            assert self.login.transport.numbers[-1] == messages.SUCCESS
            assert not self.login.transport.disconnects

    @invariant()
    def little_waits_and_one_thing_is_asked(self) -> None:
        """The queue is bounded; the attempt itself asserts that it is asked one thing at a time."""
        assert len(self.login.server._waiting) <= self.login.server.limits.waiting
        assert len(self.login.authority.begun) <= 1
        assert self.login.server.failures <= self.login.server.limits.tries

    def teardown(self) -> None:
        """Answer everything: then a login that goes on has one answer for each message, in order."""
        server = self.login.server
        while self.attempt.in_flight or server._serving:
            if self.attempt.in_flight:
                what = self.attempt.in_flight[0][0]
                self.attempt.answer(False if what == "acceptable" else Outcome.REFUSED)
            self.login.clock.advance(0.5)
        if server.ending is Ending.OPEN:
            answered = [number for number in self.login.transport.numbers if number in _ANSWERS]
            assert len(answered) == self.sent
        self.never_more_answers_than_messages()
        self.one_success_at_most_and_only_after_a_proof()


AnyOrderTest = AnyOrder.TestCase
AnyOrderTest.settings = settings(max_examples=150, stateful_step_count=30, deadline=None)
