"""The questions of one channel that somebody outside has to answer.

The rule: an answer is weighed as any event is, and not while the session is locked: it waits for the release. A channel
that stops takes back whatever it asked.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import attrs
from twisted.internet.defer import Deferred
from twisted.logger import Logger
from twisted.python.failure import Failure

from gateway.domain.elevation import Wanted
from gateway.domain.flow import FAILED
from gateway.domain.lane import Answered, Ask
from gateway.domain.review import Decision, Review
from gateway.runtime.run import Run

log = Logger()


@attrs.define(eq=False)
class _Question:
    """One ticket; it is the asker that approvals speak to."""

    questions: Questions
    ticket: int

    def say(self, text: str) -> None:
        """Tell the operator one line."""
        self.questions.tell_operator(text)

    def decided(self, decision: Decision) -> None:
        """Take the answer."""
        self.questions.decided(self.ticket, decision)


@attrs.define(eq=False)
class Questions:
    """Ask for a channel's gates, approvers or the target, and bring the answers."""

    run: Run
    tell_operator: Callable[[str], None]
    feed: Callable[[Answered], None]
    roomy: Callable[[], bool]
    _open: dict[int, Callable[[], None]] = attrs.field(init=False, factory=dict)
    _late: list[Answered] = attrs.field(init=False, factory=list)

    def ask(self, ask: Ask) -> bool:
        """Ask; return False where nobody can be asked such a thing."""
        if not isinstance(ask.question, Review):
            return self._ask_outside(ask)
        self._open[ask.ticket] = self.run.workings.ask(self.run, ask.question, _Question(self, ask.ticket))
        return True

    def _ask_outside(self, ask: Ask) -> bool:
        connections = self.run.connections
        if isinstance(ask.question, Wanted) and connections is not None:
            answering: Deferred[Any] | None = connections.elevate(self, ask.question)
        else:
            answering = self.run.answering(ask.question)
        if answering is None:
            return False
        self._open[ask.ticket] = answering.cancel
        answering.addCallbacks(
            self._answered, self._unanswered, callbackArgs=(ask.ticket,), errbackArgs=(ask.ticket,)
        )
        return True

    def _answered(self, answer: Any, ticket: int) -> None:
        """Bring an answer in a turn of its own, so that effects keep their order."""
        self.run.workings.clock.callLater(0, self.decided, ticket, answer)

    def _unanswered(self, failure: Failure, ticket: int) -> None:
        if self._open.pop(ticket, None) is not None:
            log.failure("session {session}: a question was not answered", failure, session=self.run.id)
            self.run.end(FAILED, "unanswered", "the gateway could not go on safely; the session is over")

    def withdraw(self, ticket: int) -> None:
        """Take one question back, if nobody has answered it."""
        self._late = [answered for answered in self._late if answered.ticket != ticket]
        take_back = self._open.pop(ticket, None)
        if take_back is not None:
            take_back()

    def withdraw_all(self) -> None:
        """Take every question back."""
        for ticket in tuple(self._open):
            self.withdraw(ticket)

    def decided(self, ticket: int, decision: Any) -> None:
        """Bring an answer, now or when no lock covers the session any more; one that was taken back is nobody's."""
        if self._open.pop(ticket, None) is None:
            return
        self._late.append(Answered(ticket, decision))
        self.bring()

    def bring(self) -> None:
        """Bring what was answered, unless the session is locked or a side lags behind what was written to it."""
        while self._late and not self.run.locked and self.roomy():
            self.feed(self._late.pop(0))
