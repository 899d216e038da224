"""What would happen to a command line, without running it.

The rule: a line is read as a session's first one, in a fresh shell. With user, account and target the policy is what
would be frozen for them now; with fewer of them, every rule counts whose scope they do not leave.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from gateway.admin.answer import Answer
from gateway.admin.arguments import Argument, Option
from gateway.admin.ids import unknown
from gateway.admin.refusal import usage
from gateway.admin.room import ADMIN, AUDITOR
from gateway.admin.verb import Call, Verb, roles
from gateway.domain.entries import AuditedRule
from gateway.domain.grant import Refused
from gateway.domain.rules import Explanation, explain
from gateway.domain.snapshot import matches_any


async def rule_test(call: Call) -> Answer:
    """Explain a line: the parse, the rule that hits each command, and what would be done."""
    rules, only = _frozen(call) if all(call[key] for key in ("user", "account", "target")) else (_scoped(call), False)
    told = await call.room.in_thread(lambda: explain(call["line"], rules, only))
    return Answer(told.document(), words="\n".join(_words(told)))


def _frozen(call: Call) -> tuple[tuple[AuditedRule, ...], bool]:
    """Return what would be frozen now; a grant that observes binds nothing."""
    row = {
        "operator": call["user"],
        "account": call["account"],
        "target": call["target"],
        "source": call["origin"] or "",
    }
    found = call.room.access.today(row)
    if isinstance(found, Refused):
        raise usage(f"{call['user']} may not reach {call['account']}@{call['target']}: {found.detail}")
    return found.policy.audited, found.policy.restrictions.allow_only


def _scoped(call: Call) -> tuple[AuditedRule, ...]:
    snapshot = call.room.directory.snapshot()
    user = snapshot.user.get(call["user"]) if call["user"] else None
    if call["user"] and user is None:
        raise unknown("user", call["user"], snapshot.user)
    if call["target"] and call["target"] not in snapshot.target:
        raise unknown("target", call["target"], snapshot.target)
    tests: list[Callable[[AuditedRule], bool]] = []
    if user is not None:
        tests.append(lambda rule: not (rule.users or rule.groups) or matches_any(rule.users, user.name)
                     or bool(set(rule.groups) & set(user.groups)))  # fmt: skip
    if call["target"]:
        tests.append(lambda rule: not rule.targets or matches_any(rule.targets, call["target"]))
    if call["account"]:
        tests.append(lambda rule: not rule.accounts or matches_any(rule.accounts, call["account"]))
    return tuple(rule for _, rule in sorted(snapshot.audited.items()) if all(test(rule) for test in tests))


def _words(told: Explanation) -> Iterator[str]:
    for command, rule in told.commands:
        hit = f"rule {rule.name}: {rule.action}, score {rule.score}" if rule is not None else "no rule"
        yield f"{command.shown}  [{hit}]"
    for why in told.judged.doubts:
        yield f"opaque: {why}"
    for _, rule in told.judged.possible:
        yield f"may be what rule {rule.name} is for, as far as its words are known"
    yield f"the line: {told.action}"


VERBS = (
    Verb("rule test", "what would happen to a command line: its parse, the rules that hit, the action", rule_test,
         roles(ADMIN, AUDITOR), (Argument("LINE", "a command line, as one quoted word"),), (
             Option("--user", "typed by this user", word="USER"),
             Option("--target", "on this target", word="TARGET"),
             Option("--account", "as this account", word="ACCOUNT"),
             Option("--origin", "coming from this address", word="ADDRESS"),
         )),
)  # fmt: skip
