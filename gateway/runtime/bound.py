"""One inspector as a session has it: made once from its frozen settings, with what every inspector's settings say.

The rule: it is made when the session starts. What was wrong then is said at every file; it is never made anew.
"""

from __future__ import annotations

import json

import attrs
from twisted.internet.defer import Deferred
from twisted.python.failure import Failure

from gateway.domain.entries import Inspector
from gateway.domain.evaluation import Decision, Verdict
from gateway.domain.units import seconds
from gateway.interfaces import IFileInspector


@attrs.define(eq=False, repr=False)
class Bound:
    """An inspector and its settings; ``timeout`` in seconds (0: by the file's size)."""

    name: str
    timeout: int = 0
    on_error: str = ""
    score: int = 0
    quarantine: bool = False
    _made: IFileInspector | Failure | None = attrs.field(init=False, default=None)
    _waiting: list[Deferred[IFileInspector]] = attrs.field(init=False, factory=list)

    @classmethod
    def of(cls, inspector: Inspector, made: Deferred[IFileInspector]) -> Bound:
        """Return the inspector that a Deferred brings."""
        settings = json.loads(inspector.settings)
        timeout = seconds(settings["timeout"]) if "timeout" in settings else 0
        bound = cls(
            inspector.name, timeout, settings.get("on_error", ""), settings.get("score", 0),
            settings.get("quarantine", False),
        )  # fmt: skip
        made.addBoth(bound._take)
        return bound

    def inspector(self) -> Deferred[IFileInspector]:
        """Return the inspector as soon as it is made; fails with what was wrong."""
        waiting: Deferred[IFileInspector] = Deferred()
        if self._made is None:
            self._waiting.append(waiting)
        else:
            waiting.callback(self._made)
        return waiting

    def said(self, verdict: Verdict) -> Verdict:
        """Return what a verdict is by the settings: a denial scores, and may mean that the file is kept."""
        if verdict.decision not in (Decision.DENY, Decision.QUARANTINE):
            return verdict
        decision = Decision.QUARANTINE if self.quarantine else verdict.decision
        return attrs.evolve(verdict, decision=decision, score=verdict.score + self.score)

    def _take(self, made: IFileInspector | Failure) -> None:
        self._made = made
        waiting, self._waiting = self._waiting, []
        for each in waiting:
            each.callback(made)
