"""What rules would have made of what stored sessions ran.

The rule: a stored line is judged as if it were new, under the rules given and nothing else; attempts and scores are
counted for each session in the order of its lines. Nothing is executed and nothing is told.

Known limits: what is stored of a command are its words, joined by spaces, so a word with a space in it counts as two;
of a typed line the commands as they were read then. A line is stored up to 1 KiB. What no gateway saw is not there.
Where several channels of a session begin at once, what is said of one line may be said of the other.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import attrs

from gateway.domain.entries import AuditedRule, Names
from gateway.domain.facts import Entry
from gateway.domain.rules import STRENGTH, Judged, hit, judge, prohibits
from gateway.domain.shell import Simple
from gateway.domain.snapshot import matches_any
from gateway.domain.verdict import Attempts

KINDS = ("channel.opened", "command.executed", "command.denied", "command.opaque", "command.unmediated")
"""The facts that tell what ran or was tried."""
COMMANDED = frozenset({"exec", "git", "scp", "rsync"})
"""Kinds of channels that begin with a command line."""
MOST_KEPT = 20_000
"""Judgements that are kept for lines that come again."""


@attrs.frozen
class Past:
    """A stored line; ``words``: it is one simple command; ``doubtful``: it was opaque, its commands are told apart."""

    time: float
    session: str
    user: str
    target: str
    account: str
    line: str
    ran: bool = True
    words: bool = False
    doubtful: bool = False


@attrs.frozen
class Hit:
    """Say what a rule would have made of a line: ``risk`` is the session's sum up to it."""

    past: Past
    rule: AuditedRule
    action: str
    risk: int
    certain: bool = True

    @property
    def changes(self) -> bool:
        """Say whether something ran then that would be kept back now."""
        return self.past.ran and prohibits(self.rule) and self.rule.mode == "enforce" and self.action != "warn"

    def row(self) -> dict[str, Any]:
        """Return it as JSON values, but for the time."""
        past = self.past
        return {
            "time": past.time, "session": past.session, "user": past.user, "target": past.target,
            "account": past.account, "command": past.line, "rule": self.rule.name, "action": self.action,
            "certain": self.certain, "ran": past.ran, "score": self.rule.score, "risk": self.risk,
        }  # fmt: skip


def past_of(entry: Entry) -> Past | None:
    """Read a stored line from its fact; None where the fact tells of none, or its body is gone."""
    body = entry.body
    if body is None or not body.get("command") or entry.kind not in KINDS:
        return None
    by_exec, opaque = body.get("known_by") == "exec", entry.kind == "command.opaque"
    if entry.kind == "channel.opened":
        if body.get("channel_kind") not in COMMANDED:
            return None
    elif by_exec:
        return None  # its line is that of the channel
    passed = body.get("outcome") in ("passed", "observed", "executed", None)
    return Past(
        time=entry.time,
        session=str(body.get("session", "")),
        user=str(body.get("user", "")),
        target=str(body.get("target", "")),
        account=str(body.get("account", "")),
        line=str(body["command"]),
        ran=entry.kind != "command.denied" and passed,
        words=entry.kind == "command.executed",
        doubtful=opaque and body.get("outcome") == "passed",
    )


@attrs.define(eq=False)
class Backtest:
    """Judge stored lines by rules; ``groups`` are those of each user today."""

    rules: tuple[AuditedRule, ...]
    groups: dict[str, Names] = attrs.field(factory=dict)
    lines: int = 0
    sessions: set[str] = attrs.field(factory=set)
    risks: dict[str, int] = attrs.field(factory=dict)
    _begun: dict[str, Past] = attrs.field(factory=dict)
    """Command lines of channels of which it is not told yet whether they ran."""
    _attempts: dict[str, Attempts] = attrs.field(factory=dict)
    _judged: dict[tuple[str, bool], Judged] = attrs.field(factory=dict)

    def replay(self, entries: Iterable[Entry]) -> Iterator[Hit]:
        """Yield every hit, oldest first."""
        for entry in entries:
            past = self._settled(entry) or past_of(entry)
            if past is None:
                continue
            if entry.kind == "channel.opened":
                before = self._begun.pop(past.session, None)
                self._begun[past.session], past = past, before
            if past is not None:
                yield from self._weigh(past)
        for past in self._begun.values():
            yield from self._weigh(past)

    def _settled(self, entry: Entry) -> Past | None:
        """Return the command line of a channel once it is told whether it ran."""
        body = entry.body or {}
        if entry.kind == "channel.opened" or body.get("known_by") != "exec":
            return None
        begun = self._begun.pop(str(body.get("session", "")), None)
        kept = entry.kind == "command.denied" or body.get("outcome") == "denied"
        return None if begun is None else attrs.evolve(begun, ran=not kept)

    def _weigh(self, past: Past) -> Iterator[Hit]:
        self.lines += 1
        self.sessions.add(past.session)
        judged = self._judge(past)
        attempts = self._attempts.setdefault(past.session, Attempts())
        seen = set()
        for _, rule in judged.hits:
            if self._concerns(rule, past) and (rule.opaque or not past.doubtful):
                seen.add(rule.name)
                risk = self.risks[past.session] = self.risks.get(past.session, 0) + rule.score
                yield Hit(past, rule, attempts.action(rule), risk)
        for rule in {rule.name: rule for _, rule in judged.possible}.values():
            if self._concerns(rule, past) and rule.name not in seen and not past.doubtful:
                action = "deny" if prohibits(rule) else rule.action
                yield Hit(past, rule, action, self.risks.get(past.session, 0), certain=False)

    def _judge(self, past: Past) -> Judged:
        key = past.line, past.words
        if key not in self._judged:
            if len(self._judged) >= MOST_KEPT:
                self._judged.clear()
            self._judged[key] = self._words(past.line) if past.words else judge(past.line, self.rules)
        return self._judged[key]

    def _words(self, line: str) -> Judged:
        command = Simple(tuple(line.split(" ")), line)
        hits = [(command, rule) for rule in self.rules if not rule.opaque and hit(rule, command)]
        hits.sort(key=lambda pair: -STRENGTH.index(pair[1].action))
        return Judged((command,), (), tuple(hits))

    def _concerns(self, rule: AuditedRule, past: Past) -> bool:
        if rule.users or rule.groups:
            named = matches_any(rule.users, past.user)
            if not named and not set(rule.groups) & set(self.groups.get(past.user, ())):
                return False
        if rule.targets and not matches_any(rule.targets, past.target):
            return False
        return not rule.accounts or matches_any(rule.accounts, past.account)
