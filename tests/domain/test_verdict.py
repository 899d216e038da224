"""The verdict on a line: what is told, what is said, what is done, for every kind of channel."""

from __future__ import annotations

from typing import Any

import attrs
from twisted.trial.unittest import SynchronousTestCase

from gateway.domain.entries import AuditedRule, RiskThresholds
from gateway.domain.lane import Effect, EndSession, GiveOrder, Mark, Notice, OrderKind, Tell
from gateway.domain.risk import Risk
from gateway.domain.shell import Shell
from gateway.domain.verdict import ENDED, Attempts, Judge, Outcome, Verdict, shown
from tests.domain.policies import policy

RM = AuditedRule("rm", command="rm", action="deny", score=40)


def judge(*rules: AuditedRule, **grant: Any) -> Judge:
    """Return the judge of a policy with these rules."""
    return Judge(policy(rules=rules, **grant), Attempts(), Risk())


def facts(effects: tuple[Effect, ...]) -> list[tuple[str, str]]:
    """Return the facts told, with their outcome."""
    return [(each.fact.kind, str(each.fact.body.get("outcome", ""))) for each in effects if isinstance(each, Tell)]


class VerdictTests(SynchronousTestCase):
    """One line, one verdict."""

    def verdict(self, line: str, *rules: AuditedRule, known_by: str = "held", **grant: Any) -> Verdict:
        return judge(*rules, **grant).weigh((line,), known_by)

    def test_a_harmless_line_passes_and_is_told_when_it_runs(self) -> None:
        """Each simple command, with the way it is known."""
        verdict = self.verdict("ls -l; id", RM)
        self.assertEqual((verdict.outcome, verdict.told), (Outcome.PASS, ()))
        self.assertEqual(facts(verdict.executed), [("command.executed", "")] * 2)
        told = verdict.executed[0]
        assert isinstance(told, Tell)
        self.assertEqual(told.fact.body, {"command": "ls -l", "argv": ["ls", "-l"], "known_by": "held"})

    def test_each_action_has_its_outcome(self) -> None:
        """From allow to deactivate."""
        words = '"rm x" is not allowed on web1 (rule rm). The attempt was reported.'
        for action, outcome, orders in (
            ("allow", Outcome.PASS, ()),
            ("warn", Outcome.PASS, ()),
            ("review", Outcome.REVIEW, ()),
            ("deny", Outcome.REFUSED, ()),
            ("lock", Outcome.REFUSED, (GiveOrder(OrderKind.LOCK, "rm"),)),
            ("interrupt", Outcome.ENDS, (EndSession(ENDED, "rule_interrupt:rm", words),)),
            ("deactivate", Outcome.ENDS, (Notice(words), GiveOrder(OrderKind.DEACTIVATE, "rm"),
                                          EndSession(ENDED, "rule_deactivate:rm", None))),
        ):  # fmt: skip
            verdict = self.verdict("rm x", attrs.evolve(RM, action=action))
            self.assertEqual((verdict.outcome, verdict.orders), (outcome, orders), action)
            self.assertEqual(verdict.words, "" if outcome is Outcome.PASS else words)
            self.assertIn(Mark(f"rm x [rm {action}, risk +40]"), verdict.told)
            self.assertEqual(any(isinstance(each, Notice) for each in verdict.told), action == "warn")

    def test_attempts_are_counted_for_the_session(self) -> None:
        """By every judge that shares them."""
        rule = attrs.evolve(RM, attempts=2, then="interrupt")
        judging = judge(rule)
        outcomes = [judging.weigh(("rm x",), "held").outcome for _ in range(2)]
        self.assertEqual((outcomes, judging.risk.score), ([Outcome.REFUSED, Outcome.ENDS], 80))

    def test_what_is_not_known_is_refused_where_something_is_prohibited(self) -> None:
        """Or observed, or passed."""
        self.assertEqual(facts(self.verdict("$X", RM).told), [("command.opaque", "denied")])
        self.assertIn("for prohibited commands", self.verdict("$X", RM).words)
        self.assertIn("for rule rm", self.verdict("rm $X", attrs.evolve(RM, options=("r",))).words)
        self.assertEqual(facts(self.verdict("$X", RM, mode="observe").told), [("command.opaque", "observed")])
        executed = self.verdict("$X").executed
        self.assertEqual(facts(executed), [("command.executed", ""), ("command.opaque", "passed")])

    def test_only_what_is_allowed_runs_under_allow_only(self) -> None:
        """All readings count; a line without a command is none that is allowed."""
        ls = AuditedRule("ls", command="ls", action="allow")
        judging = judge(ls, allow_only=True)
        self.assertEqual(judging.weigh(("ls",), "held").outcome, Outcome.PASS)
        self.assertIn('"id" is not among', judging.weigh(("ls; id",), "held").words)
        self.assertEqual(judging.weigh(("ls", "id"), "held").outcome, Outcome.REFUSED)
        self.assertEqual(judging.weigh((";",), "held").outcome, Outcome.REFUSED)

    def test_the_verdicts_of_all_readings_are_united(self) -> None:
        """A rule counts once; the commands told are those of the likeliest reading."""
        warn = AuditedRule("dd", command="dd", score=5)
        judging = judge(RM, warn)
        verdict = judging.weigh(("ls; dd if=x", "rm x; dd if=y; $X"), "screen")
        self.assertEqual((verdict.outcome, verdict.rule, judging.risk.score), (Outcome.REFUSED, "rm", 45))
        commands = [each.fact.body["command"] for each in verdict.executed if isinstance(each, Tell)]
        self.assertEqual(commands, ["ls", "dd if=x", "ls; dd if=x"])

    def test_a_line_that_ran_already_is_told_as_such(self) -> None:
        """Nothing was denied; orders still follow."""
        late = self.verdict("rm x", attrs.evolve(RM, action="lock"), known_by="unmediated")
        self.assertEqual(facts(late.told), [("command.audited", "executed")])
        self.assertEqual(late.orders, (GiveOrder(OrderKind.LOCK, "rm"),))
        self.assertEqual(
            facts(self.verdict("$X", RM, known_by="unmediated").told), [("command.opaque", "executed")]
        )

    def test_what_a_line_leaves_is_kept_by_whoever_lets_it_run(self) -> None:
        """The given state does not change."""
        shell = Shell(typed=True)
        judging = judge(RM)
        verdict = judging.weigh(("alias x='rm -r'; f() { ls; }; cd /tmp; v=(a b)",), "held", shell)
        self.assertEqual(shell, Shell(typed=True))
        assert verdict.shell is not None
        self.assertEqual((verdict.shell.aliases["x"], verdict.shell.typed), ("rm -r", True))
        self.assertEqual(judging.weigh(("x y",), "held", verdict.shell).outcome, Outcome.REFUSED)

    def test_one_may_ask_without_counting(self) -> None:
        """With and without what is not known."""
        judging, shell = judge(attrs.evolve(RM, attempts=1, then="interrupt")), Shell()
        for readings, opaque, wanted in (
            (("rm x",), False, True), (("ls", "rm x"), False, True), (("ls",), True, False), (("$X",), True, True),
            (("$X",), False, False),
        ):  # fmt: skip
            self.assertEqual(judging.would_refuse(readings, shell, doubts=opaque), wanted, readings)
        self.assertEqual(judging.risk.score, 0)
        self.assertFalse(judge(RM, mode="observe").would_refuse(("rm x",), shell))
        self.assertTrue(judge(allow_only=True).would_refuse(("",), shell))
        self.assertFalse(judge().would_refuse(("$X",), shell))
        only = judge(allow_only=True)
        self.assertTrue(only.would_refuse(("id",), shell, doubts=False))
        self.assertFalse(only.would_refuse(("id",), shell, commands=False, doubts=False))
        self.assertTrue(judging.would_refuse(("id\0",), shell))

    def test_a_doubt_of_the_caller_is_a_doubt(self) -> None:
        """Also for rules on what can not be read."""
        judging = judge(RM, AuditedRule("o", opaque=True, action="deny"))
        self.assertEqual(judging.weigh(("ls",), "held", doubt="why").rule, "o")

    def test_a_threshold_of_risk_acts_as_a_rule_does(self) -> None:
        """On the line that reaches it, once; the stronger of the two wins."""
        rule = AuditedRule("rm", command="rm", action="warn", score=30)
        thresholds = RiskThresholds(warn=30, lock=60, interrupt=90)
        judging = judge(rule, risk=thresholds)
        judging.risk.thresholds = thresholds
        verdicts = [judging.weigh(("rm x",), "exec") for _ in range(4)]
        self.assertEqual([each.outcome for each in verdicts],
                         [Outcome.PASS, Outcome.REFUSED, Outcome.ENDS, Outcome.PASS])  # fmt: skip
        self.assertIn(Notice("the risk of this session is medium now; administrators were told"), verdicts[0].told)
        self.assertEqual(verdicts[1].orders, (GiveOrder(OrderKind.LOCK, "risk"),))
        self.assertIn("(rule risk)", verdicts[1].words)
        self.assertIsInstance(verdicts[2].orders[0], EndSession)
        told = [each.fact.body["action"] for verdict in verdicts for each in verdict.told
                if isinstance(each, Tell) and each.fact.kind == "risk.threshold"]  # fmt: skip
        self.assertEqual(told, ["warn", "lock", "interrupt"])

    def test_thresholds_of_a_grant_that_observes_are_only_told(self) -> None:
        """What would have been done."""
        thresholds = RiskThresholds(warn=1, interrupt=1)
        judging = judge(AuditedRule("rm", command="rm", score=30), risk=thresholds, mode="observe")
        judging.risk.thresholds = thresholds
        verdict = judging.weigh(("rm x",), "exec")
        self.assertEqual(verdict.outcome, Outcome.PASS)
        self.assertNotIn(Notice, [type(each) for each in verdict.told])
        outcomes = [each.fact.body["outcome"] for each in verdict.told
                    if isinstance(each, Tell) and each.fact.kind == "risk.threshold"]  # fmt: skip
        self.assertEqual(outcomes, ["observed", "observed"])

    def test_what_another_rule_forbids_needs_no_review(self) -> None:
        """Deny wins, also where it is only not known that it applies."""
        review = AuditedRule("w", command="wipefs", action="review")
        self.assertIs(judge(review, RM).weigh(("wipefs x",), "exec").outcome, Outcome.REVIEW)
        for line in ("wipefs x; rm y", "wipefs x; $(cat z)"):
            self.assertIs(judge(review, RM).weigh((line,), "exec").outcome, Outcome.REFUSED, line)
        verdict = judge(review).weigh(("wipefs x",), "exec")
        self.assertNotIn("command.denied", [each.fact.kind for each in verdict.told if isinstance(each, Tell)])
        self.assertEqual([each.fact.kind for each in verdict.refused if isinstance(each, Tell)], ["command.denied"])

    def test_a_policy_without_rules_has_nothing_to_say(self) -> None:
        """Rules and allow_only do."""
        self.assertEqual([each.ruled for each in (judge(), judge(RM), judge(allow_only=True))], [False, True, True])

    def test_commands_are_shown_in_one_printable_line(self) -> None:
        """No control or bidi characters, at most 1 KiB."""
        self.assertEqual(shown("a\n\x1b[31m\u202eb\udcff"), "a\ufffd\ufffd[31m\ufffdb\ufffd")
        self.assertEqual(shown("é" * 1024), "é" * 1024)
        self.assertEqual(len(shown("x" * 5000)), 1024)
