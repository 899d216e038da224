"""What every gate of transfers shares: which rules decide, how files are weighed, and what is told of them.

The rule: one fact for each file, whatever became of it; a denial reaches the operator as one line. An action beyond
denying is done after the operator has his answer.

Known limits: rules about names judge a path as it was asked for and with the real path of its deepest existing parent.
They filter names; they are no jail: between the look and the opening the target may change, and whoever has a shell
beside can paste. ``check`` says so.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from typing import Any

import attrs

from gateway.domain.depot import Depot, Kept, Question, Settle
from gateway.domain.entries import TransferRule
from gateway.domain.evaluation import (
    Answers,
    Consider,
    Decision,
    Evaluate,
    Evaluation,
    Keep,
    Transfer,
    applying,
    binding,
    decide,
    inspectors_of,
)
from gateway.domain.facts import Fact
from gateway.domain.lane import Effect, EndSession, GiveOrder, Notice, OrderKind, Tell
from gateway.domain.passage import Passage
from gateway.domain.policy import FrozenPolicy
from gateway.domain.risk import Risk
from gateway.domain.verdict import shown

ENDED = 79
PATIENCE = 2.0
"""Seconds of an evaluation after which the operator is told that it goes on."""
AGAIN = 10.0
"""Seconds between such lines."""


@attrs.define(eq=False)
class Desk:
    """Where one channel's transfers are weighed."""

    policy: FrozenPolicy
    depot: Depot
    risk: Risk
    session: str
    channel: int
    protocol: str
    at: float = 0.0
    """Seconds since the session's start, kept current by the gate."""
    _weighing: str = attrs.field(default="", init=False)
    _due: float = attrs.field(default=0.0, init=False)
    _began: float = attrs.field(default=0.0, init=False)

    def rules(self, direction: str) -> tuple[TransferRule, ...]:
        """Return the rules that are about a direction."""
        return applying(self.policy.transfers, direction)

    def decides(self, direction: str) -> bool:
        """Say whether a rule decides about a direction, so that no byte goes on unweighed."""
        return bool(binding(self.rules(direction), self.policy.restrictions.enforce))

    def observes(self, direction: str) -> bool:
        """Say whether there are rules about a direction that only report."""
        return bool(self.rules(direction)) and not self.decides(direction)

    def transfer(self, direction: str, path: bytes, real: bytes, **more: Any) -> Transfer:
        """Describe a transfer."""
        policy = self.policy
        return Transfer(
            direction, self.protocol, text(path), text(real), policy.operator, policy.target.name, policy.account,
            self.session, **more,
        )  # fmt: skip

    # Weighing, as parts of jobs.

    def considered(self, transfer: Transfer) -> Generator[Any, Any, Evaluation]:
        """Ask what is decided before the first byte."""
        rules = self.rules(transfer.direction)
        given = yield Question(Consider(transfer, inspectors_of(rules)))
        return decide(rules, given, self.policy.restrictions.enforce, whole=False)

    def weighed(self, transfer: Transfer, kept: Kept) -> Generator[Any, Any, tuple[Evaluation, str]]:
        """Have a whole file evaluated; return what was decided and the file's type."""
        failed = yield Question(Settle(kept))
        if failed:
            return Evaluation(Decision.DENY, reason=failed), ""
        self._weighing, self._began, self._due = transfer.path, self.at, self.at + PATIENCE
        rules = self.rules(transfer.direction)
        answers = yield Question(Evaluate(transfer, inspectors_of(rules), kept))
        self._weighing = ""
        assert isinstance(answers, Answers)  # noqa: S101 - what Evaluate is answered with
        found = decide(rules, answers.given, self.policy.restrictions.enforce)
        self.risk.add(found.score)
        return found, answers.kind

    @property
    def due(self) -> float | None:
        """Say when :meth:`patience` has something to say; None while nothing is evaluated."""
        return self._due if self._weighing else None

    def patience(self) -> Iterator[Effect]:
        """Tell the operator from time to time that his file is being evaluated."""
        if self._weighing and self.at >= self._due:
            self._due = self.at + AGAIN
            yield Notice(f"{shown(self._weighing)} is being evaluated ({self.at - self._began:.0f} s)")

    # What is told.

    def told(self, transfer: Transfer, **more: Any) -> Tell:
        """Tell that a file was transferred, or failed to be."""
        return Tell(Fact("file.transferred", self._body(transfer, outcome=more.pop("outcome", "transferred"), **more)))

    def passed(self, transfer: Transfer, passage: Passage, begun: float, outcome: str) -> Tell:
        """Tell of a file whose bytes passed without anybody deciding about them."""
        more: dict[str, Any] = {
            "bytes": passage.count, "sha256": passage.digest(), "whole": passage.whole and passage.steady,
            "seconds": round(self.at - begun, 3), "outcome": outcome,
        }  # fmt: skip
        return self.told(transfer, **more)

    def observed(self, transfer: Transfer, passage: Passage, begun: float, outcome: str) -> None:
        """Have a copy of a file that has passed evaluated; the fact is told when that is done."""
        kept = passage.copy
        assert kept is not None  # noqa: S101 - only what was copied is observed
        rules, at = self.rules(transfer.direction), self.at

        def told(answers: Answers) -> Fact:
            found = decide(rules, answers.given, self.policy.restrictions.enforce)
            self.risk.add(found.score)
            would = {"would_deny": list(found.observed)} if found.observed else {}
            return Fact("file.transferred", self._body(
                transfer, outcome=outcome, bytes=passage.count, sha256=passage.digest(), type=answers.kind,
                whole=passage.whole and passage.steady, verdicts=list(found.verdicts), score=found.score,
                seconds=round(at - begun, 3), mode="observe", **would,
            ))  # fmt: skip

        self.depot.observe(Evaluate(transfer, inspectors_of(rules), kept), told)

    def denied(self, transfer: Transfer, found: Evaluation, kept: Kept | None = None, **more: Any) -> Any:
        """Tell that a file was denied, and the operator why: a part of a job."""
        body = self._body(
            transfer, outcome="denied", rule=found.rule, action=found.action, reason=found.reason, score=found.score,
            verdicts=list(found.verdicts), **more,
        )  # fmt: skip
        name = ""
        if kept is not None:
            body |= {"bytes": kept.size, "sha256": kept.sha256}
            if found.decision is Decision.QUARANTINE:
                name = yield Question(Keep(transfer, kept, found.given, found.rule))
        kind = "file.quarantined" if name else "file.denied"
        yield Tell(Fact(kind, {**body, "quarantine": name} if name else body))
        rule = f" (rule {found.rule})" if found.rule else ""
        yield Notice(f"{transfer.direction} of {shown(transfer.path)} denied: {shown(found.reason)}{rule}")

    def acted(self, found: Evaluation) -> Iterator[Effect]:
        """Do what a denial wants besides."""
        words = f"a file was denied (rule {found.rule}); the session is over"
        match found.action:
            case "interrupt":
                yield EndSession(ENDED, f"rule_interrupt:{found.rule}", words)
            case "deactivate":
                yield GiveOrder(OrderKind.DEACTIVATE, found.rule)
                yield EndSession(ENDED, f"rule_deactivate:{found.rule}", None)
            case "lock":
                yield GiveOrder(OrderKind.LOCK, found.rule)
            case _:
                pass

    def _body(self, transfer: Transfer, **more: Any) -> dict[str, Any]:
        real = {} if transfer.real == transfer.path else {"real": shown(transfer.real)}
        return {
            "channel": self.channel, "direction": transfer.direction, "protocol": transfer.protocol,
            "path": shown(transfer.path), **real, "bytes": 0, "sha256": "", "type": "", "verdicts": [], **more,
        }  # fmt: skip


def text(name: bytes) -> str:
    """Return a name as text; bytes that are not UTF-8 become surrogate escapes."""
    return name.decode("utf-8", "surrogateescape")
