"""Authorities for tests of the login queue: one that answers at once, one that answers when told to."""

from __future__ import annotations

from collections.abc import Callable

import attrs
from twisted.internet.defer import Deferred, succeed
from zope.interface import implementer

from gateway.domain.secret import Secret
from gateway.wire.authority import IAttempt, IAuthority, IService, Outcome, Prompts
from gateway.wire.keyblobs import PublicKey
from tests.wire.recording import RecordingService

ASK_CODE = Prompts("second factor", "", (("Code: ", False),))


@implementer(IAttempt)
@attrs.define(eq=False)
class ListedAttempt:
    """Accept one key, one password and one code; *steps* are the methods that must succeed, in order."""

    steps: list[tuple[bytes, ...]]
    keys: frozenset[bytes] = frozenset()
    secret: bytes = b"open sesame"
    code: bytes = b"123456"
    asked: list[object] = attrs.field(factory=list)
    service: Callable[[], IService] = RecordingService
    finished: list[IService] = attrs.field(factory=list)

    def methods(self) -> tuple[bytes, ...]:
        """Return those of the present step."""
        return self.steps[0] if self.steps else ()

    def key_acceptable(self, key: PublicKey) -> Deferred[bool]:
        """Know the keys listed."""
        self.asked.append(("acceptable", key))
        return succeed(key.blob in self.keys)

    def key_verified(self, key: PublicKey) -> Deferred[Outcome]:
        """Accept the keys listed."""
        self.asked.append(("verified", key))
        return succeed(self._step(key.blob in self.keys))

    def password(self, secret: Secret) -> Deferred[Outcome]:
        """Accept the password."""
        self.asked.append(("password", secret.reveal()))
        return succeed(self._step(secret.reveal() == self.secret))

    def interactive(self) -> Deferred[Prompts | Outcome]:
        """Ask for the code."""
        self.asked.append("interactive")
        return succeed(ASK_CODE)

    def answers(self, answers: tuple[Secret, ...]) -> Deferred[Prompts | Outcome]:
        """Accept the code."""
        self.asked.append(("answers", tuple(answer.reveal() for answer in answers)))
        return succeed(self._step([answer.reveal() for answer in answers] == [self.code]))

    def finish(self) -> IService:
        """Make a service."""
        self.finished.append(self.service())
        return self.finished[-1]

    def _step(self, right: bool) -> Outcome:
        if not right:
            return Outcome.REFUSED
        self.steps.pop(0)
        return Outcome.PARTIAL if self.steps else Outcome.ACCEPTED


@implementer(IAttempt)
@attrs.define(eq=False)
class SlowAttempt:
    """Leave every question open until the test answers it; *in_flight* must never hold two."""

    in_flight: list[tuple[str, Deferred[object]]] = attrs.field(factory=list)
    finished: list[RecordingService] = attrs.field(factory=list)
    canceller: Callable[[Deferred[object]], None] | None = None

    def methods(self) -> tuple[bytes, ...]:
        """Offer everything."""
        return (b"publickey", b"password", b"keyboard-interactive")

    def _open(self, what: str) -> Deferred[object]:
        assert not self.in_flight, "two requests under evaluation"
        question: Deferred[object] = Deferred(self.canceller)
        self.in_flight.append((what, question))
        return question

    def answer(self, result: object) -> None:
        """Answer the open question."""
        self.in_flight.pop()[1].callback(result)

    def key_acceptable(self, key: PublicKey) -> Deferred[bool]:
        """Leave it open."""
        return self._open("acceptable")  # type: ignore[return-value]

    def key_verified(self, key: PublicKey) -> Deferred[Outcome]:
        """Leave it open."""
        return self._open("verified")  # type: ignore[return-value]

    def password(self, secret: Secret) -> Deferred[Outcome]:
        """Leave it open."""
        return self._open("password")  # type: ignore[return-value]

    def interactive(self) -> Deferred[Prompts | Outcome]:
        """Leave it open."""
        return self._open("interactive")  # type: ignore[return-value]

    def answers(self, answers: tuple[Secret, ...]) -> Deferred[Prompts | Outcome]:
        """Leave it open."""
        return self._open("answers")  # type: ignore[return-value]

    def finish(self) -> IService:
        """Make a service."""
        self.finished.append(RecordingService())
        return self.finished[-1]


@implementer(IAuthority)
@attrs.define
class OneAttemptAuthority:
    """Give everybody the same kind of attempt and write down who came."""

    make: Callable[[], IAttempt]
    text: bytes = b""
    begun: list[tuple[bytes, str]] = attrs.field(factory=list)

    def banner(self) -> bytes:
        """Return the text."""
        return self.text

    def begin(self, username: bytes, source: str) -> IAttempt:
        """Write down and make."""
        self.begun.append((username, source))
        return self.make()
