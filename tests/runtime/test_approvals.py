"""Requests that wait for approvers."""

from __future__ import annotations

from typing import Any

import attrs
from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from gateway.domain.policy import SessionSettings
from gateway.domain.review import Decision, Review, Ruling
from gateway.interfaces import ApprovalError, IApprovals
from gateway.runtime.orders import NotForOneself
from tests.ssh.sessions import World

BY: dict[str, Any] = {"by": "bob", "by_name": "Bob", "reason": "why", "door": "test"}
LINE = Review("rm x", "rm", "exec")


@attrs.define(eq=False)
class Asking:
    """Where a request comes from."""

    said: list[str] = attrs.field(factory=list)
    decisions: list[Decision] = attrs.field(factory=list)

    def say(self, text: str) -> None:
        self.said.append(text)

    def decided(self, decision: Decision) -> None:
        self.decisions.append(decision)


class ApprovalTests(SynchronousTestCase):
    """Alice asks; bob, carol and dan may answer."""

    def setUp(self) -> None:
        self.make()

    def make(self, **grant: Any) -> None:
        self.world = World(**grant)
        self.approvals = self.world.approvals
        people = [("bob", "Bob"), ("alice", "Alice"), ("carol", ""), ("dan", "Dan")]
        self.approvals.approvers = lambda: people
        self.asking = Asking()

    def ask(self, review: Review = LINE) -> str:
        """Ask, and return the request's id."""
        self.take_back = self.approvals.ask(self.world.run, review, self.asking)
        return str(self.approvals.requests()[-1]["id"])

    def rulings(self) -> list[Ruling]:
        return [decision.ruling for decision in self.asking.decisions]

    def test_what_is_approved_was_first_put_on_disk(self) -> None:
        """The operator is told who is asked, never himself; the facts of the shared kinds hold no command."""
        verifyObject(IApprovals, self.approvals)
        request = self.ask()
        self.assertEqual(
            self.asking.said,
            [f'"rm x" waits for approval (rule rm) by one of Bob, carol, Dan; request {request}, 5 minutes. '
             "Ctrl-C cancels."],
        )  # fmt: skip
        self.assertEqual(self.approvals.requests()[0]["command"], "rm x")
        row = self.successResultOf(self.approvals.approve(request[:4].lower(), **BY))
        self.assertEqual(row["state"], "given")
        self.assertEqual(self.asking.decisions, [Decision(Ruling.GIVEN, "bob", "Bob", "why")])
        self.assertEqual(self.approvals.requests(), [])
        self.assertEqual(self.world.kinds("approval.", "command."),
                         ["approval.requested", "command.held", "approval.given"])  # fmt: skip
        (asked,), (held,) = self.world.bodies("approval.requested"), self.world.bodies("command.held")
        self.assertEqual((asked["approvers"], "command" in asked), (["bob", "carol", "dan"], False))
        self.assertEqual((held["command"], held["request"], held["session"]), ("rm x", request, self.world.run.id))
        self.world.clock.advance(1000)
        self.take_back()
        self.assertEqual(len(self.asking.decisions), 1)

    def test_a_refusal_a_silence_and_a_withdrawal_mean_no(self) -> None:
        """Each once, each told; who took it back needs no answer."""
        denied = self.ask()
        self.assertEqual(self.successResultOf(self.approvals.deny(denied, **BY))["state"], "denied")
        self.ask()
        self.world.clock.advance(299)
        self.assertEqual(self.rulings(), [Ruling.DENIED])
        self.world.clock.advance(1)
        self.ask()
        self.take_back()
        self.assertEqual(self.rulings(), [Ruling.DENIED, Ruling.EXPIRED])
        self.assertEqual([told["outcome"] for told in self.world.bodies("approval.denied")],
                         ["denied", "expired", "withdrawn"])  # fmt: skip

    def test_the_time_is_that_of_the_frozen_policy(self) -> None:
        """A change of the configuration reaches no running session."""
        self.make(settings=SessionSettings(approval_timeout=10))
        self.ask()
        self.assertIn("10 seconds", self.asking.said[0])
        self.world.clock.advance(10)
        self.assertEqual(self.rulings(), [Ruling.EXPIRED])

    def test_where_nobody_can_answer_it_is_refused_in_the_next_turn(self) -> None:
        """The operator himself is nobody; two are needed where two are."""
        for people, review in (([("alice", "")], LINE), ([("bob", "")], Review(needed=2))):
            self.make()
            self.approvals.approvers = lambda people=people: people
            self.approvals.ask(self.world.run, review, self.asking)
            self.assertEqual(self.asking.decisions, [])
            self.world.clock.advance(0)
            self.assertEqual((self.rulings(), self.asking.said), ([Ruling.NOBODY], []))

    def test_several_approvers_each_count_once(self) -> None:
        """One refusal is enough."""
        request = self.ask(Review(needed=2))
        self.assertIn("this session waits for approval by 2 of Bob, carol, Dan", self.asking.said[0])
        self.assertEqual(self.successResultOf(self.approvals.approve(request, **BY))["state"], "waiting")
        self.assertRaises(ApprovalError, self.approvals.approve, request, **BY)
        self.assertEqual(self.rulings(), [])
        carol = {**BY, "by": "carol", "by_name": ""}
        self.assertEqual(self.successResultOf(self.approvals.approve(request, **carol))["given"], ["bob", "carol"])
        self.assertEqual(self.asking.decisions[0].words, "approved by Bob, carol: why")
        request = self.ask(Review(needed=2))
        self.successResultOf(self.approvals.approve(request, **BY))
        self.successResultOf(self.approvals.deny(request, **carol))
        self.assertEqual(self.rulings(), [Ruling.GIVEN, Ruling.DENIED])

    def test_nobody_answers_his_own_request_or_one_that_is_not(self) -> None:
        """An ambiguous beginning names none."""
        request, himself = self.ask(), {**BY, "by": "alice"}
        self.assertRaises(NotForOneself, self.approvals.approve, request, **himself)
        self.assertRaises(NotForOneself, self.approvals.deny, request, **himself)
        self.ask()
        for prefix in ("", "Q-", "Q-!"):
            self.assertRaises(ApprovalError, self.approvals.approve, prefix, **BY)
        self.approvals._open["Q-" + "0" * 8] = self.approvals._open["Q-" + "0" * 7 + "1"] = next(
            iter(self.approvals._open.values())
        )
        with self.assertRaisesRegex(ApprovalError, "beginning of"):
            self.approvals.approve("q-oooooo", **BY)

    def test_a_locked_session_gets_no_approval(self) -> None:
        """But a refusal."""
        request = self.ask()
        self.successResultOf(self.world.lock())
        with self.assertRaisesRegex(ApprovalError, "locked"):
            self.approvals.approve(request, **BY)
        self.successResultOf(self.approvals.deny(request, **BY))
        self.assertEqual(self.rulings(), [Ruling.DENIED])

    def test_an_approval_that_can_not_be_kept_lets_nothing_run(self) -> None:
        """The session is over; a request that ended while it was being kept is told so."""
        request = self.ask()
        self.world.journal.failure = OSError(28, "No space left on device")
        self.failureResultOf(self.approvals.approve(request, **BY), OSError)
        self.assertNotIn(Ruling.GIVEN, self.rulings())
        self.make()
        request, commit = self.ask(), self.world.run.commit

        def late(fact: Any) -> Any:
            self.take_back()
            return commit(fact)

        type(self.world.run).commit, kept = (lambda run, fact: late(fact)), type(self.world.run).commit
        self.addCleanup(setattr, type(self.world.run), "commit", kept)
        self.failureResultOf(self.approvals.approve(request, **BY), ApprovalError)
        self.assertEqual(self.rulings(), [])
