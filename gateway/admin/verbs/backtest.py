"""What rules would have hit in the sessions that are stored.

The rule: nothing is changed and nothing is told of anybody; the rules of a file need not be applied. The journal is
read in a thread, oldest first.
"""

from __future__ import annotations

import tomllib
from collections import Counter
from collections.abc import Iterator
from typing import Any

from gateway.admin.answer import Answer, Cell, Column
from gateway.admin.arguments import Argument, Option
from gateway.admin.cleaning import counted
from gateway.admin.ids import unknown
from gateway.admin.refusal import usage
from gateway.admin.room import ADMIN, AUDITOR
from gateway.admin.times import spell
from gateway.admin.verb import Call, Verb, roles
from gateway.admin.verbs.sessions import asked_moment
from gateway.domain.backtest import KINDS, Backtest, Hit
from gateway.domain.difference import Plan
from gateway.domain.entries import AuditedRule

MONTH = 30 * 86_400.0
MOST_SHOWN = 1000
"""Hits that are listed one by one; all are counted."""

COLUMNS = (
    Column("time", "TIME", Cell.TIME),
    Column("session", "SESSION", Cell.ID),
    Column("user", "USER"),
    Column("target", "TARGET"),
    Column("rule", "RULE"),
    Column("action", "ACTION"),
    Column("certain", "CERTAIN"),
    Column("ran", "RAN"),
    Column("risk", "RISK"),
    Column("command", "COMMAND"),
)


async def backtest(call: Call) -> Answer:
    """Judge what stored sessions ran by the rules of a file, or by one that is in force."""
    rules = await _rules(call)
    snapshot = call.room.directory.snapshot()
    groups = {user.name: user.groups for user in snapshot.user.values()}
    since = asked_moment(call, "since") if call["since"] else call.room.now - MONTH
    told = Backtest(rules, groups)
    rows, counts = await call.room.in_thread(lambda: _replayed(call, told, since))
    notes = tuple(_summary(told, counts, since))
    return Answer(rows, COLUMNS, words="no stored line would have been hit", notes=notes)


async def _rules(call: Call) -> tuple[AuditedRule, ...]:
    named, snapshot = call["rules"], call.room.directory.snapshot()
    if named in snapshot.audited:
        return (snapshot.audited[named],)
    if named != "-" and "/" not in named and not named.endswith(".toml"):
        raise unknown("audited", named, snapshot.audited)
    texts = await call.streams.texts(named)
    plan: Plan = await call.room.in_thread(lambda: call.room.directory.plan(texts))
    names = {name for text in texts.values() for name in _named(text)}
    rules = tuple(rule for name, rule in sorted(plan.after.audited.items()) if name in names)
    if not rules:
        raise usage(f"{named} has no [[audited]] rule")
    return rules


def _named(text: str) -> Iterator[str]:
    for table in tomllib.loads(text).get("audited", ()):
        yield str(table.get("name", ""))


def _replayed(call: Call, told: Backtest, since: float) -> tuple[list[dict[str, Any]], Counter[tuple[str, str]]]:
    """Return the first hits as rows, and how often each rule would have done what."""
    rows: list[dict[str, Any]] = []
    counts: Counter[tuple[str, str]] = Counter()
    entries = (entry for entry in call.room.journal.entries(kinds=KINDS) if entry.time >= since)
    for hit in told.replay(entries):
        counts[hit.rule.name, _done(hit)] += 1
        if len(rows) < MOST_SHOWN:
            rows.append({**hit.row(), "time": spell(hit.past.time)})
    return rows, counts


def _done(hit: Hit) -> str:
    if hit.rule.mode == "observe":
        return "only reported"
    if not hit.certain:
        return "not checkable" if hit.action == "deny" else "perhaps reported"
    return f"{hit.action}, though it ran" if hit.changes else hit.action


def _summary(told: Backtest, counts: Counter[tuple[str, str]], since: float) -> Iterator[str]:
    yield (
        f"{counted(told.lines, 'stored line')} of {counted(len(told.sessions), 'session')} since {spell(since)}, "
        f"judged by {counted(len(told.rules), 'rule')}"
    )
    for (rule, done), count in sorted(counts.items()):
        yield f"rule {rule}: {counted(count, 'hit')}, {done}"
    worst = sorted(told.risks.items(), key=lambda pair: -pair[1])[:3]
    if worst and worst[0][1]:
        yield "highest risk: " + ", ".join(f"{session} {risk}" for session, risk in worst if risk)
    if sum(counts.values()) > MOST_SHOWN:
        yield f"only the first {MOST_SHOWN} of {sum(counts.values())} hits are listed"


VERBS = (
    Verb("rule backtest", "what rules would have hit in the stored sessions, and what would have been done", backtest,
         roles(ADMIN, AUDITOR),
         (Argument("RULES", "a file with [[audited]] rules, - for stdin, or the name of a rule in force"),),
         (Option("--since", "since then, or so long ago; default 30d", word="TIME"),), lists=True),
)  # fmt: skip
