"""The login queue: ssh-userauth as the server speaks it (RFC 4252, RFC 4256).

The rule: one connection has one user, one attempt and one request under evaluation. What comes meanwhile
waits, in order, and little of it. A result that arrives when the connection is over is dropped, so nothing is
ever made for somebody who has left. Who logged in is whoever the *verified* key belongs to, never the key
offered last.

    phase      REQUEST                         INFO_RESPONSE
    OPEN       weigh it                        breach: disconnect
    PROMPTED   abandon the prompts, weigh it   weigh the answers
    OVER       drop                            drop

Any other message is a breach. Each message gets exactly one answer: SUCCESS, FAILURE, PK_OK, INFO_REQUEST or
the disconnect that ends it all.
"""

from __future__ import annotations

import enum
from collections import deque
from collections.abc import Callable
from typing import Final, TypeVar, assert_never

import attrs
from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.internet.task import deferLater
from twisted.logger import Logger
from twisted.python.failure import Failure

from gateway.wire import userauth_messages as messages
from gateway.wire.authority import IAttempt, IAuthority, IAuthTransport, Outcome, Prompts, Refused
from gateway.wire.fields import MalformedField
from gateway.wire.pacing import FailurePace
from gateway.wire.userauth_methods import Answer, Weighing

__all__ = ["Ending", "IAttempt", "IAuthority", "Limits", "Outcome", "Prompts", "Refusal", "UserAuthServer"]

CONNECTION_SERVICE: Final = b"ssh-connection"

_T = TypeVar("_T")


class Ending(enum.Enum):
    """How the login ended, for admission's penalties."""

    OPEN = "not ended"
    ACCEPTED = "logged in"
    TRIES = "too many failures"
    GRACE = "not logged in in time"
    BREACH = "the client broke the protocol"
    FAULT = "the gateway could not decide"
    LEFT = "the connection ended"


class Phase(enum.Enum):
    """What the queue may take up next."""

    OPEN = "open"
    PROMPTED = "prompted"
    OVER = "over"


_TAKEN_UP: Final[dict[Phase, frozenset[int]]] = {
    Phase.OPEN: frozenset({messages.REQUEST}),
    Phase.PROMPTED: frozenset({messages.REQUEST, messages.INFO_RESPONSE}),
    Phase.OVER: frozenset(),
}


@attrs.frozen
class Limits:
    """How much one connection may ask; times in seconds."""

    tries: int = 6
    grace: float = 60.0
    waiting: int = 4
    requests: int = 64
    rounds: int = 16


@attrs.frozen
class Refusal:
    """One refused request, for the facts; *fingerprint* is that of the key it named, empty without one."""

    username: bytes
    method: bytes
    reason: str
    fingerprint: str


class _Breach(Exception):
    """This connection ends."""

    def __init__(self, ending: Ending, code: int, text: str) -> None:
        super().__init__(text)
        self.ending = ending
        self.code = code
        self.text = text


class _Left(Exception):
    """The connection ended while an answer was awaited."""


def _untold(refusal: Refusal) -> None:
    """Tell nobody."""


@attrs.define(eq=False, repr=False)
class UserAuthServer:
    """Ask *authority* about each request in turn and install the service it finishes with.

    *source* is the client's address. *tell* hears of every refused request, also of those that never reached
    the authority. ``transport`` is set by the transport, or by whoever calls :meth:`start_grace` before it.
    """

    authority: IAuthority
    clock: IReactorTime
    pace: FailurePace
    source: str = ""
    limits: Limits = Limits()
    tell: Callable[[Refusal], None] = _untold

    name = b"ssh-userauth"
    transport: IAuthTransport = attrs.field(init=False)
    ending: Ending = attrs.field(default=Ending.OPEN, init=False)
    failures: int = attrs.field(default=0, init=False)

    _phase: Phase = attrs.field(default=Phase.OPEN, init=False)
    _waiting: deque[tuple[int, bytes]] = attrs.field(factory=deque, init=False, repr=False)
    _serving: bool = attrs.field(default=False, init=False)
    _asking: Deferred[object] | None = attrs.field(default=None, init=False)
    _grace: IDelayedCall | None = attrs.field(default=None, init=False)
    _weighing: Weighing = attrs.field(init=False)
    _begun: bool = attrs.field(default=False, init=False)
    _username: bytes = attrs.field(default=b"", init=False)
    _method: bytes = attrs.field(default=b"", init=False)
    _prompted: int = attrs.field(default=0, init=False)
    _requests: int = attrs.field(default=0, init=False)
    _rounds: int = attrs.field(default=0, init=False)
    _none_forgiven: bool = attrs.field(default=False, init=False)
    _greeted: bool = attrs.field(default=False, init=False)

    _log = Logger()

    def start_grace(self) -> None:
        """Start the time within which the login must be done, if it does not run yet."""
        if self._grace is None and self._phase is not Phase.OVER:
            self._grace = self.clock.callLater(self.limits.grace, self._grace_over)

    def serviceStarted(self) -> None:
        """Wait for the first request."""
        self.start_grace()

    def serviceStopped(self) -> None:
        """Drop everything: the connection is gone, or the login is done. May come at any time, also twice."""
        self._close(Ending.LEFT)

    def packetReceived(self, number: int, payload: bytes) -> None:
        """Queue one message; never raise, whatever it is."""
        if self._phase is Phase.OVER:
            return
        if len(self._waiting) >= self.limits.waiting:
            self._end(Ending.BREACH, messages.DISCONNECT_PROTOCOL_ERROR, "too many login requests at once")
            return
        self._waiting.append((number, payload))
        if not self._serving:
            Deferred.fromCoroutine(self._serve()).addErrback(self._broken)

    async def _serve(self) -> None:
        self._serving = True
        try:
            while self._waiting:
                number, payload = self._waiting.popleft()
                await self._answer(number, payload)
        except _Breach as breach:
            self._end(breach.ending, breach.code, breach.text)
        except MalformedField as malformed:
            self._end(Ending.BREACH, messages.DISCONNECT_PROTOCOL_ERROR, str(malformed))
        finally:
            self._serving = False

    async def _answer(self, number: int, payload: bytes) -> None:
        """Weigh one message and send its one answer."""
        started = self.clock.seconds()
        if number not in _TAKEN_UP[self._phase]:
            raise _breach(f"unexpected message {number} during login")
        self._phase = Phase.OPEN
        result: Answer | Refused
        try:
            if number == messages.INFO_RESPONSE:
                result = await self._weighing.answers(payload, self._prompted)
            else:
                asked = messages.read_request(payload)
                result = await self._identify(asked).request(asked)
        except Refused as refused:
            result = refused
        self._still_here()
        await self._reply(result, started)

    def _identify(self, asked: messages.Request) -> Weighing:
        """Return what weighs this connection's requests; the first one fixes user and service."""
        self._requests += 1
        if self._requests > self.limits.requests:
            raise _too_many()
        if asked.service != CONNECTION_SERVICE:
            code = messages.DISCONNECT_SERVICE_NOT_AVAILABLE
            raise _Breach(Ending.BREACH, code, "only ssh-connection can be logged in to")
        if not self._begun:
            self._begun = True
            self._username = asked.username
            attempt = self.authority.begin(asked.username, self.source)
            self._weighing = Weighing(attempt, self.transport.sessionID, self._ask)
        if asked.username != self._username:
            raise _breach("change of user name not allowed during login")
        self._method = asked.method
        return self._weighing

    async def _ask(self, answer: Deferred[_T]) -> _T:
        """Await what may take long; raise :exc:`_Left` when the connection has ended meanwhile."""
        self._asking = answer  # type: ignore[assignment]
        try:
            result = await answer
        finally:
            self._asking = None
        self._still_here()
        return result

    def _still_here(self) -> None:
        if self._phase is Phase.OVER:
            raise _Left

    async def _reply(self, result: Answer | Refused, started: float) -> None:
        match result:
            case Outcome.ACCEPTED:
                self._accept()
            case Outcome.PARTIAL:
                self._say(messages.FAILURE, messages.failure(self._continuing(), True))
            case Outcome.REFUSED:
                await self._refuse(Refused("refused"), started)
            case Refused():
                await self._refuse(result, started)
            case messages.KeyRequest():
                self._say(messages.PK_OK, messages.key_ok(result.algorithm, result.blob))
            case Prompts():
                await self._prompt(result, started)
            case _:
                assert_never(result)

    async def _prompt(self, round_: Prompts, started: float) -> None:
        self._rounds += 1
        if self._rounds > self.limits.rounds:
            raise _too_many()
        await self._until_paced(started)
        self._phase = Phase.PROMPTED
        self._prompted = len(round_.prompts)
        self._say(messages.INFO_REQUEST, messages.prompts(round_))

    async def _refuse(self, why: Refused, started: float) -> None:
        """Count a failure and say so, not before its time; the first ``none`` is free and prompt."""
        if self._method == b"none" and not self._none_forgiven:
            self._none_forgiven = True
        else:
            self.failures += 1
            self.tell(Refusal(self._username, self._method, why.reason, why.fingerprint))
            await self._until_paced(started)
        if self.failures >= self.limits.tries:
            raise _too_many()
        self._say(messages.FAILURE, messages.failure(self._continuing(), False))

    async def _until_paced(self, started: float) -> None:
        wait = self.pace.wait(self._username, self.clock.seconds() - started)
        await self._ask(deferLater(self.clock, wait))

    def _continuing(self) -> tuple[bytes, ...]:
        return tuple(method for method in self._weighing.attempt.methods() if method != b"none")

    def _accept(self) -> None:
        service = self._weighing.attempt.finish()
        self._still_here()
        self._greet()
        self._close(Ending.ACCEPTED)
        self.transport.sendPacket(messages.SUCCESS, b"")
        self.transport.setService(service)

    def _say(self, number: int, payload: bytes) -> None:
        self._greet()
        self.transport.sendPacket(number, payload)

    def _greet(self) -> None:
        """Send the banner, once, before the first answer."""
        if not self._greeted:
            self._greeted = True
            text = self.authority.banner()
            if text:
                self.transport.sendPacket(messages.BANNER, messages.banner(text))

    def _grace_over(self) -> None:
        self._end(Ending.GRACE, messages.DISCONNECT_BY_APPLICATION, "login took too long")

    def _end(self, ending: Ending, code: int, text: str) -> None:
        """Disconnect; :meth:`_close` first, so that nothing which runs meanwhile can still succeed."""
        if self._phase is Phase.OVER:
            return
        self._close(ending)
        self.transport.sendDisconnect(code, text.encode())

    def _close(self, ending: Ending) -> None:
        if self._phase is Phase.OVER:
            return
        self._phase = Phase.OVER
        self.ending = ending
        self._waiting.clear()
        if self._grace is not None and self._grace.active():
            self._grace.cancel()
        if self._asking is not None:
            self._asking.cancel()

    def _broken(self, failure: Failure) -> None:
        """End the login when the authority failed: closed, never open."""
        if self._phase is Phase.OVER and isinstance(failure.value, _Left | CancelledError):
            return
        self._log.failure("login from {source} could not be decided", failure, source=self.source)
        if self._phase is Phase.OVER and self.ending is not Ending.ACCEPTED:
            return
        self._close(Ending.FAULT)
        text = b"the gateway cannot check logins now; try again later"
        self.transport.sendDisconnect(messages.DISCONNECT_BY_APPLICATION, text)


def _breach(text: str) -> _Breach:
    return _Breach(Ending.BREACH, messages.DISCONNECT_PROTOCOL_ERROR, text)


def _too_many() -> _Breach:
    return _Breach(Ending.TRIES, messages.DISCONNECT_NO_MORE_AUTH_METHODS, "too many authentication failures")
