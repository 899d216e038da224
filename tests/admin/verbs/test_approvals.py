"""requests, approve and deny."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from tests.admin.node import MemoryNode


class ApprovalVerbTests(SynchronousTestCase):
    """An approver's answers."""

    def test_what_waits_is_listed_without_control_characters(self) -> None:
        """With everything an approver needs to judge it."""
        node = MemoryNode()
        said = node.say("requests")
        self.assertIn("Q-0000000A", said.out)
        self.assertNotIn("\x1b", said.out)
        self.assertEqual(node.say("requests --json").data[0]["needed"], 2)
        node.approvals.rows.clear()
        self.assertIn("nothing waits", node.say("requests").out)

    def test_answers_carry_who_and_why(self) -> None:
        """And say what is still missing."""
        node = MemoryNode()
        said = node.say(["approve", "Q-0000", "--reason", "I looked"])
        self.assertIn("approved Q-0000000A: 1 more must approve it", said.out)
        self.assertIn("denied Q-0000000A", node.say("deny Q-0").out)
        self.assertEqual(node.approvals.given, [("approve", "root", "I looked"), ("deny", "root", "")])

    def test_what_can_not_be_answered_is_said(self) -> None:
        """Unknown is 1, one's own is 77."""
        node = MemoryNode()
        self.assertEqual(node.say("approve Q-ZZ").code, 1)
        node.approvals.rows[0]["operator"] = "root"
        self.assertEqual(node.say("deny Q-0").code, 77)
        self.assertEqual(node.say("approve Q-0", "alice").code, 77)
