"""Tell a fact that nobody waits for.

The rule: a fact that can not be kept is never passed over: it is logged as a diagnostic, once a fact, without a
traceback. Whoever must wait for a fact's commit tells it himself and refuses what it speaks of.
"""

from __future__ import annotations

from twisted.logger import Logger
from twisted.python.failure import Failure

from gateway.domain.facts import Fact
from gateway.interfaces import IFacts

log = Logger()


def tell(facts: IFacts, fact: Fact) -> None:
    """Tell a fact after its effect."""
    facts.tell(fact).addErrback(_untold, fact.kind)


def _untold(failure: Failure, kind: str) -> None:
    log.error("fact {kind} could not be kept: {reason}", kind=kind, reason=failure.getErrorMessage())
