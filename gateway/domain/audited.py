"""The gate of audited commands: what is about to run is judged before the target sees it.

The rule: deny wins; under ``allow_only`` a command runs only when some rule with action ``allow`` matches it; what
can not be read for certain is refused where any rule prohibits or only some commands are allowed, unless a rule for
opaque lines says otherwise. A command whose unknown words may be what a rule prohibits is refused. Rules and grants
in ``observe`` mode report what would have happened and let it run.

Known limits: here the command line of an ``exec`` is judged; what a subsystem may do is the rights' affair. What is
typed or piped into a shell is not read in this version; a session with such rules says so (``status``, ``check``).
"""

from __future__ import annotations

from collections.abc import Iterator

import attrs

from gateway.domain.entries import AuditedRule
from gateway.domain.facts import Fact
from gateway.domain.lane import (
    Effect,
    EndSession,
    Event,
    GiveOrder,
    Lane,
    Mark,
    Notice,
    Order,
    OrderKind,
    Refuse,
    Request,
    Tell,
    Tick,
)
from gateway.domain.policy import FrozenPolicy
from gateway.domain.risk import Risk
from gateway.domain.rules import PROHIBITING, STRENGTH, Judged, judge, not_allowed, prohibits, unsettled
from gateway.domain.shell import Simple

DENIED = 77
ENDED = 79
_PROHIBITED = "prohibited commands"


@attrs.define
class Attempts:
    """Count a session's hits of each rule, over all its channels."""

    _hits: dict[str, int] = attrs.field(init=False, factory=dict)

    def action(self, rule: AuditedRule) -> str:
        """Count one hit and return the action that is due."""
        hits = self._hits[rule.name] = self._hits.get(rule.name, 0) + 1
        return rule.then if rule.then and rule.attempts and hits >= rule.attempts else rule.action


@attrs.define(eq=False)
class AuditedGate:
    """Judge exec requests by the frozen rules."""

    policy: FrozenPolicy
    attempts: Attempts
    risk: Risk

    def weigh(self, event: Event, at: float) -> Iterator[Event | Effect]:
        """Pass what may run; report, refuse or end otherwise."""
        match event:
            case Request(lane=Lane.TO_TARGET, name="exec"):
                yield from self._judged(event, event.payload[4:].decode("utf-8", "surrogateescape"))
            case Tick() | Order():
                pass
            case _:
                yield event

    def _judged(self, event: Request, line: str) -> Iterator[Event | Effect]:
        judged = judge(line, self.policy.audited)
        due = [(command, rule, self.attempts.action(rule)) for command, rule in judged.hits]
        enforce = self.policy.restrictions.enforce
        for command, rule, action in due:
            self.risk.add(rule.score)
            yield Tell(Fact("command.audited", self._told(command, rule, action)))
            yield Mark(f"{shown(command.shown)} [{rule.name} {action}, risk +{rule.score}]")
        binding = [(rule, action) for _, rule, action in due if enforce and rule.mode == "enforce"]
        strongest = max(binding, key=lambda pair: STRENGTH.index(pair[1]), default=None)
        if strongest is not None and strongest[1] in PROHIBITING:
            yield from self._prohibited(line, *strongest)
            return
        refusal = self._opaque(judged, line) or self._not_allowed(judged, line)
        yield from refusal
        if any(isinstance(effect, Refuse) for effect in refusal):
            return
        if strongest is not None and strongest[1] == "warn":
            yield Notice(f'"{shown(line)}" is an audited command (rule {strongest[0].name})')
        for command in judged.commands:
            yield Tell(Fact("command.executed", {"command": shown(command.shown), "known_by": "exec"}))
        if judged.opaque and not refusal:
            yield Tell(Fact("command.opaque", {"command": shown(line), "outcome": "passed"}))
        yield event

    def _told(self, command: Simple, rule: AuditedRule, action: str) -> dict[str, object]:
        enforced = rule.mode == "enforce" and self.policy.restrictions.enforce
        return {
            "command": shown(command.shown), "rule": rule.name, "action": action, "score": rule.score,
            "risk": self.risk.score, "known_by": "exec", "outcome": action if enforced else "observed",
        }  # fmt: skip

    def _opaque(self, judged: Judged, line: str) -> list[Effect]:
        if not unsettled(judged, self.policy.audited, self.policy.restrictions.allow_only):
            return []
        binding = (rule.name for _, rule in judged.possible if rule.mode == "enforce" and prohibits(rule))
        name = next(binding, "")
        return self._denied("command.opaque", line, f"can not be checked for {f'rule {name}' if name else _PROHIBITED}")

    def _not_allowed(self, judged: Judged, line: str) -> list[Effect]:
        if not self.policy.restrictions.allow_only:
            return []
        missing = [command.shown for command in not_allowed(judged)]
        if not missing and judged.commands:
            return []
        return self._denied("command.denied", missing[0] if missing else line, "is not among the allowed commands")

    def _denied(self, kind: str, line: str, why: str) -> list[Effect]:
        where = self.policy.target.name
        if not self.policy.restrictions.enforce:
            return [Tell(Fact(kind, {"command": shown(line), "outcome": "observed", "reason": why}))]
        fact = Fact(kind, {"command": shown(line), "outcome": "denied", "reason": why})
        return [Tell(fact), Refuse(DENIED, f'"{shown(line)}" {why} on {where}. The attempt was reported.')]

    def _prohibited(self, line: str, rule: AuditedRule, action: str) -> Iterator[Effect]:
        told = {"command": shown(line), "rule": rule.name, "action": action, "outcome": "denied"}
        words = f'"{shown(line)}" is not allowed on {self.policy.target.name} (rule {rule.name}). '
        words += "The attempt was reported."
        yield Tell(Fact("command.denied", told))
        match action:
            case "interrupt":
                yield EndSession(ENDED, f"rule_interrupt:{rule.name}", words)
            case "deactivate":
                yield Notice(words)
                yield GiveOrder(OrderKind.DEACTIVATE, rule.name)
                yield EndSession(ENDED, f"rule_deactivate:{rule.name}", None)
            case "lock":
                yield Refuse(DENIED, words)
                yield GiveOrder(OrderKind.LOCK, rule.name)
            case _:
                yield Refuse(DENIED, words)


def shown(text: str) -> str:
    """Return a command as people and facts see it: one line, printable, at most 1 KiB."""
    clean = "".join(character if character.isprintable() else "\N{REPLACEMENT CHARACTER}" for character in text)
    return clean if len(clean) <= 1024 else clean[:1021] + "..."
