"""New rules over old lines."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from gateway.domain import backtest as backtest_module
from gateway.domain.backtest import KINDS, Backtest, past_of
from gateway.domain.entries import AuditedRule
from gateway.domain.facts import Entry

RM = AuditedRule("rm", command="rm", action="deny", score=40)
WHO = {"session": "S-1", "user": "alice", "target": "web1", "account": "root"}


def told(kind: str, line: str, **more: Any) -> Entry:
    """Return a fact of alice's."""
    return Entry("gw1#0.1", 1, kind, 1000.0, 1, {**WHO, "command": line, **more})


def opened(line: str, **more: Any) -> Entry:
    return told("channel.opened", line, **{"channel_kind": "exec", **more})


def hits(entries: list[Entry], *rules: AuditedRule, **groups: Any) -> list[tuple[str, str, str, bool]]:
    """Return what is hit: line, rule, action and whether it ran."""
    found = Backtest(rules, groups).replay(entries)
    return [(hit.past.line, hit.rule.name, hit.action, hit.past.ran) for hit in found]


class BacktestTests(SynchronousTestCase):
    """What would have been done."""

    def test_an_exec_is_judged_by_its_whole_line_once(self) -> None:
        """Whether it ran is told behind it, or not at all."""
        run = [opened("sudo rm x"), told("command.executed", "rm x", known_by="exec"),
               told("command.executed", "sudo rm x", known_by="exec")]  # fmt: skip
        self.assertEqual(hits(run, RM), [("sudo rm x", "rm", "deny", True)])
        for kept in (told("command.denied", "rm x", known_by="exec", outcome="denied"),
                     told("command.opaque", "rm x", known_by="exec", outcome="denied")):  # fmt: skip
            self.assertEqual(hits([opened("rm x"), kept], RM), [("rm x", "rm", "deny", False)])
        self.assertEqual(len(hits([opened("rm x"), opened("rm y")], RM)), 2)
        self.assertEqual(hits([opened("rm x", channel_kind="pty"), opened("")], RM), [])

    def test_typed_lines_are_judged_by_the_commands_they_had(self) -> None:
        """By their words, which are not parsed again; a denied line by its text."""
        run = [told("command.executed", "echo ;rm x", known_by="held"), told("command.executed", "rm -rf a b"),
               told("command.denied", "true; rm y", known_by="held", outcome="denied"),
               told("command.unmediated", "rm z", known_by="unmediated")]  # fmt: skip
        self.assertEqual(hits(run, RM), [("rm -rf a b", "rm", "deny", True), ("true; rm y", "rm", "deny", False),
                                         ("rm z", "rm", "deny", True)])  # fmt: skip

    def test_a_line_that_was_opaque_counts_for_rules_for_those(self) -> None:
        """Its commands are told apart; what is only possible is said so."""
        opaque = AuditedRule("o", opaque=True, action="warn")
        run = [told("command.opaque", "rm x; $Y", known_by="held", outcome="passed")]
        self.assertEqual(hits(run, RM, opaque), [("rm x; $Y", "o", "warn", True)])
        some = AuditedRule("f", command="rm", options=("f",), action="interrupt")
        warn = AuditedRule("w", command="rm", options=("f",), action="warn")
        found = list(Backtest((some, warn)).replay([opened("rm $X")]))
        self.assertEqual([(hit.rule.name, hit.action, hit.certain) for hit in found],
                         [("f", "deny", False), ("w", "warn", False)])  # fmt: skip
        elsewhere = AuditedRule("e", command="rm", options=("f",), targets=("db*",))
        self.assertEqual(hits([opened("rm $X")], elsewhere), [])
        self.assertEqual(len(hits([told("command.executed", "rm x"), told("command.executed", "rm x")], RM)), 2)

    def test_scopes_attempts_and_risk_count_as_they_would_have(self) -> None:
        """For each session; groups are those of today."""
        rule = AuditedRule("rm", command="rm", action="warn", attempts=2, then="interrupt", score=30, groups=("ops",))
        run = [opened("rm 1"), opened("rm 2"), opened("rm 3", session="S-2"), opened("rm 4", user="bob")]
        testing = Backtest((rule,), {"alice": ("ops",)})
        found = list(testing.replay(run))
        self.assertEqual(sorted((hit.past.line, hit.action, hit.risk, hit.changes) for hit in found), [
            ("rm 1", "warn", 30, False), ("rm 2", "interrupt", 60, True), ("rm 3", "warn", 30, False),
        ])  # fmt: skip
        self.assertEqual((testing.lines, testing.risks), (4, {"S-1": 60, "S-2": 30}))
        self.assertEqual(found[0].row()["session"], "S-1")
        for scoped, count in ((AuditedRule("r", command="rm", users=("al*",)), 3),
                              (AuditedRule("r", command="rm", targets=("db*",)), 0),
                              (AuditedRule("r", command="rm", accounts=("root",)), 4)):  # fmt: skip
            self.assertEqual(len(hits(run, scoped)), count)

    def test_what_is_kept_of_judgements_is_bounded(self) -> None:
        """The answer stays the same."""
        self.patch(backtest_module, "MOST_KEPT", 2)
        run = [opened(f"rm {number % 3}") for number in range(9)]
        self.assertEqual(len(hits(run, RM)), 9)

    def test_a_line_that_came_before_is_judged_as_it_was(self) -> None:
        """Each time it came counts."""
        self.assertEqual(len(hits([opened("rm 1"), opened("rm 1", session="S-2")], RM)), 2)

    def test_what_is_only_possible_has_its_scope_too(self) -> None:
        """A rule for somebody else is not hit by what can not be read."""
        for users, count in ((("bob",), 0), (("alice",), 1)):
            rule = AuditedRule("f", command="rm", options=("f",), action="deny", users=users)
            self.assertEqual(len(hits([opened("rm $X")], rule)), count)

    @given(st.sampled_from([*KINDS, "node.started"]), st.none() | st.dictionaries(
        st.sampled_from(["command", "known_by", "outcome", "channel_kind", "session"]),
        st.none() | st.integers() | st.text(max_size=8)))  # fmt: skip
    def test_any_stored_fact_is_read(self, kind: str, body: Any) -> None:
        """Whatever a body holds."""
        entry = Entry("o", 1, kind, 1.0, 1, body)
        past = past_of(entry)
        list(Backtest((RM,)).replay([entry]))
        self.assertTrue(past is None or past.line)
