"""What inspectors' answers decide: any denial wins, a failure denies, who observes decides nothing."""

from __future__ import annotations

from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from gateway.domain.entries import TransferRule
from gateway.domain.evaluation import Decision, Given, Verdict, applying, binding, decide, inspectors_of

SIZE = TransferRule("small-only", inspectors=("size",))
VIRUS = TransferRule("no-malware", inspectors=("size", "clamd"), action="interrupt")


def given(name: str, decision: Decision = Decision.ALLOW, **more: Any) -> Given:
    """Return an answer."""
    return Given(name, Verdict(decision, **more))


class DecideTests(SynchronousTestCase):
    """The decision under a set of rules."""

    def test_a_file_passes_when_all_have_answered_and_nobody_denied(self) -> None:
        """Abstaining is no denial; scores add up."""
        found = decide((SIZE, VIRUS), (given("size", score=3), given("clamd", Decision.ABSTAIN, score=4)), True)
        self.assertEqual((found.denies, found.score, found.rule), (False, 7, ""))
        self.assertEqual(found.verdicts, ("size:allow", "clamd:abstain"))

    def test_any_denial_wins_and_the_strongest_action_is_done(self) -> None:
        """The operator reads the reason of the rule that does most."""
        denied = given("size", Decision.DENY, code="too_big", reason="it is too big")
        found = decide((SIZE, VIRUS), (denied, given("clamd")), True)
        self.assertEqual((found.decision, found.rule, found.action), (Decision.DENY, "no-malware", "interrupt"))
        self.assertEqual((found.reason, found.verdicts[0]), ("it is too big", "size:deny:too_big"))

    def test_quarantine_is_a_denial_that_keeps(self) -> None:
        """One inspector that wants it is enough."""
        answers = (given("size", Decision.DENY), given("clamd", Decision.QUARANTINE, code="EICAR"))
        found = decide((VIRUS,), answers, True)
        self.assertEqual((found.decision, found.denies), (Decision.QUARANTINE, True))
        self.assertEqual(found.reason, "inspector size denied it")
        missing = decide((VIRUS,), answers[1:], True)
        self.assertEqual(missing.reason, "EICAR")

    def test_a_failure_does_no_more_than_deny(self) -> None:
        """Nobody is interrupted because a scanner is down."""
        found = decide((VIRUS,), (given("size"), Given("clamd", None, "timed out")), True)
        self.assertEqual((found.denies, found.action), (True, "deny"))
        self.assertEqual(decide((VIRUS,), (), True).reason, "inspector size could not evaluate it (did not answer)")

    def test_a_failure_denies_unless_it_is_said_to_allow(self) -> None:
        """The inspector's own word goes before the rule's."""
        failed = Given("size", None, "timed out")
        found = decide((SIZE,), (failed,), True)
        self.assertEqual(found.reason, "inspector size could not evaluate it (timed out)")
        self.assertEqual((found.denies, found.verdicts), (True, ("size:error:timed out",)))
        self.assertFalse(decide((SIZE,), (Given("size", None, "timed out", on_error="allow"),), True).denies)
        lenient = TransferRule("lenient", inspectors=("size",), on_error="allow")
        self.assertFalse(decide((lenient,), (failed,), True).denies)
        self.assertTrue(decide((lenient,), (Given("size", None, "x", on_error="deny"),), True).denies)

    def test_who_does_not_answer_has_failed_where_the_whole_file_was_asked_about(self) -> None:
        """Before the first byte only those answer who deny by the name alone."""
        self.assertTrue(decide((SIZE,), (), True).denies)
        self.assertFalse(decide((SIZE,), (), True, whole=False).denies)

    def test_who_observes_decides_nothing_and_says_what_would_have_been(self) -> None:
        """A rule in observe mode, and every rule of a grant in observe mode."""
        watching = TransferRule("watching", inspectors=("size",), mode="observe")
        for rules, enforce in (((watching,), True), ((SIZE,), False)):
            found = decide(rules, (given("size", Decision.DENY),), enforce)
            self.assertEqual((found.denies, found.observed), (False, (rules[0].name,)))


class RulesTests(SynchronousTestCase):
    """Which rules and inspectors a transfer is about."""

    def test_rules_apply_by_direction(self) -> None:
        """``both`` is about either."""
        up = TransferRule("up", "upload")
        self.assertEqual(applying((up, SIZE), "download"), (SIZE,))
        self.assertEqual(applying((up, SIZE), "upload"), (up, SIZE))

    def test_rules_bind_where_rule_and_grant_enforce(self) -> None:
        """Either may observe."""
        watching = TransferRule("watching", mode="observe")
        self.assertEqual(binding((watching, SIZE), True), (SIZE,))
        self.assertEqual(binding((SIZE,), False), ())

    def test_each_inspector_is_asked_once(self) -> None:
        """In the order the rules name them."""
        self.assertEqual(inspectors_of((SIZE, VIRUS)), ("size", "clamd"))
