"""What the frozen policy makes of a line about to run, whatever way the line came.

The rule: deny wins; under ``allow_only`` a command runs only when some rule with action ``allow`` matches it; what
can not be read for certain is refused where any rule prohibits or only some commands are allowed, unless a rule for
opaque lines says otherwise. A command whose unknown words may be what a rule prohibits is refused. Rules and grants
in ``observe`` mode report what would have happened and let it run. A line with several readings is judged by all of
them: what one of them prohibits is prohibited. A threshold of risk that the line reaches acts as a rule does. A line
that waits for a review is told as denied only when the review ends so; whatever else forbids it needs no review.

A verdict is told in three parts: what is told at once, what is said and done when the line is kept from the target,
and what is told when it runs. Whoever asked does the middle part in the way of its channel.

Known limits: a rule counts once for a line's further readings; what those would have counted more is not known.
"""

from __future__ import annotations

import enum

import attrs

from gateway.domain.entries import AuditedRule
from gateway.domain.facts import Fact
from gateway.domain.lane import Effect, EndSession, GiveOrder, Mark, Notice, OrderKind, Tell
from gateway.domain.policy import FrozenPolicy
from gateway.domain.risk import RULE, Risk
from gateway.domain.rules import PROHIBITING, STRENGTH, Judged, judge, not_allowed, prohibits, unsettled
from gateway.domain.shell import Shell, Simple

ENDED = 79
"""The exit code of a session that a rule ended."""
MOST_WORDS = 64
"""Words of a command that a fact lists."""
UNMEDIATED = "unmediated"
"""How a line is known that ran before it was judged."""
REVIEW = "review"
_PROHIBITED = "prohibited commands"


class Outcome(enum.Enum):
    """Say what becomes of a line."""

    PASS = "pass"
    """It runs."""
    REVIEW = "review"
    """It waits for somebody to decide."""
    REFUSED = "refused"
    """It does not run; the channel or its next line goes on as its kind can."""
    ENDS = "ends"
    """It does not run, and the session is over."""


@attrs.frozen
class Verdict:
    """Say what becomes of a line and everything that is to be told of it, each part in order."""

    outcome: Outcome
    line: str
    """The line as people see it."""
    told: tuple[Effect, ...] = ()
    """To be done at once, whatever the outcome."""
    words: str = ""
    """What the operator reads when the line is refused."""
    orders: tuple[Effect, ...] = ()
    """To be done after the line was refused: orders, the session's end."""
    executed: tuple[Effect, ...] = ()
    """To be done when the line runs."""
    refused: tuple[Effect, ...] = ()
    """To be told when a review ends without an approval."""
    shell: Shell | None = None
    """What the line leaves in the shell when it runs."""
    rule: str = ""
    """The rule that decided."""
    commands: tuple[Simple, ...] = ()
    """The simple commands of the likeliest reading."""


@attrs.define
class Attempts:
    """Count a session's hits of each rule, over all its channels."""

    _hits: dict[str, int] = attrs.field(init=False, factory=dict)

    def action(self, rule: AuditedRule) -> str:
        """Count one hit and return the action that is due."""
        hits = self._hits[rule.name] = self._hits.get(rule.name, 0) + 1
        return rule.then if rule.then and rule.attempts and hits >= rule.attempts else rule.action


@attrs.define(eq=False)
class Judge:
    """Judge a session's lines by its frozen policy."""

    policy: FrozenPolicy
    attempts: Attempts
    risk: Risk

    @property
    def ruled(self) -> bool:
        """Say whether any line could be told of, or refused, by a rule."""
        return bool(self.policy.audited) or self.policy.restrictions.allow_only

    def weigh(
        self, readings: tuple[str, ...], known_by: str, shell: Shell | None = None, doubt: str = ""
    ) -> Verdict:
        """Judge a line by all its readings, the likeliest first, in the state of a shell, and count its hits.

        A ``doubt`` is a reason of the caller's why the line can not be read for certain.
        """
        line = next((each for each in readings if each.strip()), readings[0])
        state = (shell or Shell()).copy()
        judged = judge(line, self.policy.audited, state, doubt)
        others = [judge(other, self.policy.audited, (shell or Shell()).copy()) for other in readings if other != line]
        weighing = _Weighing(self, _united(judged, others), tuple(others), line, known_by)
        return attrs.evolve(weighing.verdict(), shell=state, commands=judged.commands)

    def would_refuse(
        self, readings: tuple[str, ...], shell: Shell, *, commands: bool = True, doubts: bool = True
    ) -> bool:
        """Say whether a line would be kept back, without counting it.

        ``commands``: also for commands that are not among the allowed; ``doubts``: also for what is not known of it.
        """
        if not self.policy.restrictions.enforce:
            return False
        return any(self._would_refuse(line, shell, commands, doubts) for line in readings)

    def _would_refuse(self, line: str, shell: Shell, commands: bool, doubts: bool) -> bool:
        rules, only = self.policy.audited, self.policy.restrictions.allow_only
        judged = judge(line, rules, shell.copy())
        if any(prohibits(rule) for _, rule in judged.hits if rule.mode == "enforce"):
            return True
        if commands and only and not_allowed(judged):
            return True
        return doubts and (unsettled(judged, rules, only) or (only and not judged.commands))


@attrs.define(eq=False)
class _Weighing:
    """One line under judgement."""

    judge: Judge
    judged: Judged
    """What all readings come to; the commands are those of the likeliest."""
    others: tuple[Judged, ...]
    line: str
    known_by: str

    def verdict(self) -> Verdict:
        """Return what becomes of it."""
        due = [(command, rule, self.judge.attempts.action(rule)) for command, rule in self.judged.hits]
        told: list[Effect] = []
        for command, rule, action in due:
            self.judge.risk.add(rule.score)
            told.append(Tell(Fact("command.audited", self._hit(command, rule, action))))
            told.append(Mark(f"{shown(command.shown)} [{rule.name} {action}, risk +{rule.score}]"))
        binding = [(rule.name, action) for _, rule, action in due if self._enforced and rule.mode == "enforce"]
        binding += self._crossings(told)
        name, strongest = max(binding, key=lambda pair: STRENGTH.index(pair[1]), default=("", ""))
        if strongest in PROHIBITING and strongest != REVIEW:
            return self._prohibited(tuple(told), name, strongest)
        refusal = self._opaque() or self._not_allowed()
        if refusal is not None and self._enforced:
            return self._denied(tuple(told), *refusal)
        if strongest == REVIEW:
            return self._prohibited(tuple(told), name, strongest)
        if refusal is not None:
            kind, _, why = refusal
            told.append(Tell(Fact(kind, self._body(outcome="observed", reason=why))))
        if strongest == "warn" and name != RULE:
            told.append(Notice(f'"{shown(self.line)}" is an audited command (rule {name})'))
        return Verdict(Outcome.PASS, shown(self.line), tuple(told), executed=self._executed(refusal is not None))

    def _crossings(self, told: list[Effect]) -> list[tuple[str, str]]:
        """Tell which thresholds the line's risk reached, and return them as if they were rules."""
        crossings = self.judge.risk.crossed()
        for crossing in crossings:
            told.extend(crossing.effects(self._enforced))
            if crossing.action == "warn" and self._enforced:
                told.append(Notice(f"the risk of this session is {crossing.level} now; administrators were told"))
        return [(RULE, crossing.action) for crossing in crossings if self._enforced]

    @property
    def _enforced(self) -> bool:
        return self.judge.policy.restrictions.enforce

    @property
    def _late(self) -> bool:
        return self.known_by == UNMEDIATED

    def _body(self, **more: object) -> dict[str, object]:
        return {"command": shown(self.line), "known_by": self.known_by, **more}

    def _hit(self, command: Simple, rule: AuditedRule, action: str) -> dict[str, object]:
        enforced = rule.mode == "enforce" and self._enforced
        outcome = "executed" if self._late else action if enforced else "observed"
        return {
            **_words(command), "rule": rule.name, "action": action, "score": rule.score,
            "risk": self.judge.risk.score, "known_by": self.known_by, "outcome": outcome,
        }  # fmt: skip

    def _opaque(self) -> tuple[str, str, str] | None:
        """Return the fact, the words and the reason, where not enough is known of the line."""
        policy = self.judge.policy
        if not unsettled(self.judged, policy.audited, policy.restrictions.allow_only):
            return None
        binding = (rule.name for _, rule in self.judged.possible if rule.mode == "enforce" and prohibits(rule))
        name = next(binding, "")
        return "command.opaque", shown(self.line), f"can not be checked for {f'rule {name}' if name else _PROHIBITED}"

    def _not_allowed(self) -> tuple[str, str, str] | None:
        if not self.judge.policy.restrictions.allow_only:
            return None
        missing = [command.shown for each in (self.judged, *self.others) for command in not_allowed(each)]
        if not missing and self.judged.commands:
            return None
        return "command.denied", shown(missing[0] if missing else self.line), "is not among the allowed commands"

    def _executed(self, told: bool = False) -> tuple[Effect, ...]:
        """Return what is told when the line runs; of a line that is told of already, no doubts."""
        facts = [
            Fact("command.executed", {**_words(command), "known_by": self.known_by})
            for command in self.judged.commands
            if not command.guessed
        ]
        if self.judged.opaque and not told:
            facts.append(Fact("command.opaque", self._body(outcome="passed")))
        return tuple(Tell(fact) for fact in facts)

    def _denied(self, told: tuple[Effect, ...], kind: str, line: str, why: str) -> Verdict:
        words = f'"{line}" {why} on {self.judge.policy.target.name}. The attempt was reported.'
        body = self._body(outcome="executed" if self._late else "denied", reason=why) | {"command": line}
        told = (*told, Tell(Fact(kind, body)))
        return Verdict(Outcome.REFUSED, line, told, words, executed=self._executed(told=True))

    def _prohibited(self, told: tuple[Effect, ...], rule: str, action: str) -> Verdict:
        line = shown(self.line)
        words = f'"{line}" is not allowed on {self.judge.policy.target.name} (rule {rule}). '
        words += "The attempt was reported."
        denied = Tell(Fact("command.denied", self._body(rule=rule, action=action, outcome="denied")))
        outcome, orders = _orders(rule, action, words)
        if action == REVIEW:
            return Verdict(outcome, line, told, words, orders, self._executed(), (denied,), rule=rule)
        told = told if self._late else (*told, denied)
        return Verdict(outcome, line, told, words, orders, self._executed(), rule=rule)


def _orders(rule: str, action: str, words: str) -> tuple[Outcome, tuple[Effect, ...]]:
    """Return what an action does beyond keeping the line from the target."""
    match action:
        case "interrupt":
            return Outcome.ENDS, (EndSession(ENDED, f"rule_interrupt:{rule}", words),)
        case "deactivate":
            orders = GiveOrder(OrderKind.DEACTIVATE, rule), EndSession(ENDED, f"rule_deactivate:{rule}", None)
            return Outcome.ENDS, (Notice(words), *orders)
        case "lock":
            return Outcome.REFUSED, (GiveOrder(OrderKind.LOCK, rule),)
        case "review":
            return Outcome.REVIEW, ()
        case _:
            return Outcome.REFUSED, ()


def _united(judged: Judged, others: list[Judged]) -> Judged:
    """Add to the likeliest reading what the others find besides."""
    for other in others:
        known = {rule.name for _, rule in judged.hits}
        hits = judged.hits + tuple(pair for pair in other.hits if pair[1].name not in known)
        judged = Judged(
            judged.commands,
            judged.doubts + tuple(doubt for doubt in other.doubts if doubt not in judged.doubts),
            tuple(sorted(hits, key=lambda pair: -STRENGTH.index(pair[1].action))),
            judged.possible + other.possible,
        )
    return judged


def _words(command: Simple) -> dict[str, object]:
    """Return a command as facts have it: as one text, and word by word."""
    words = command.argv[:MOST_WORDS]
    return {"command": shown(command.shown), "argv": [shown(Simple((word,)).shown) for word in words]}


def shown(text: str) -> str:
    """Return a command as people and facts see it: one line, printable, at most 1 KiB."""
    clean = "".join(character if character.isprintable() else "\N{REPLACEMENT CHARACTER}" for character in text)
    return clean if len(clean) <= 1024 else clean[:1021] + "..."
