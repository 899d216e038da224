"""The questions of one channel that somebody outside has to answer.

The rule: an answer is weighed as any event is, and not while the session is locked: it waits for the release. A channel
that stops takes back whatever it asked.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import attrs

from gateway.domain.elevation import Proven, Wanted, Withheld
from gateway.domain.lane import Answered, Ask
from gateway.domain.review import Decision, Review
from gateway.runtime.run import Run


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
    _open: dict[int, Callable[[], None]] = attrs.field(init=False, factory=dict)
    _late: list[Answered] = attrs.field(init=False, factory=list)

    def ask(self, ask: Ask) -> bool:
        """Ask; return False where nobody can be asked such a thing."""
        match ask.question:
            case Review():
                self._open[ask.ticket] = self.run.workings.ask(self.run, ask.question, _Question(self, ask.ticket))
            case Wanted() if self.run.connections is not None:
                decided = partial(self.decided, ask.ticket)
                self._open[ask.ticket] = self.run.connections.elevate(self, ask.question, decided)
            case _:
                return False
        return True

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

    def decided(self, ticket: int, decision: Decision | Proven | Withheld) -> None:
        """Bring an answer, now or when no lock covers the session any more."""
        self._open.pop(ticket, None)
        self._late.append(Answered(ticket, decision))
        self.bring()

    def bring(self) -> None:
        """Bring what was answered, unless the session is locked."""
        while self._late and not self.run.locked:
            self.feed(self._late.pop(0))
