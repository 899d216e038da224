"""rule backtest."""

from __future__ import annotations

from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from gateway.admin.verbs import backtest as backtest_module
from gateway.domain.facts import Fact
from tests.admin.node import MemoryNode
from tests.admin.verbs.test_rules import RULES, ruled

NEW = """
[[audited]]
name = "mkfs"
match = { command = "mkfs" }
action = "interrupt"
score = 30
[[audited]]
name = "watching"
match = { command = "mkfs" }
mode = "observe"
action = "deny"
"""


class BacktestTests(SynchronousTestCase):
    """What would have been hit."""

    def node(self) -> MemoryNode:
        node = ruled()
        for line in ("rm -r /x", "mkfs /dev/sda", "ls", "rm -$X y"):
            self.tell(node, line)
        return node

    def tell(self, node: MemoryNode, line: str, **more: Any) -> None:
        body = {"session": "S-1", "user": "alice", "target": "web1", "account": "root", "command": line}
        node.journal.tell(Fact("channel.opened", {**body, "channel_kind": "exec", **more}))

    def test_a_rule_in_force_is_tried_on_what_is_stored(self) -> None:
        """Each hit is listed, the sums are said beside."""
        said = self.node().say("rule backtest rm --json")
        self.assertEqual([(row["command"], row["action"], row["certain"]) for row in said.data],
                         [("rm -r /x", "deny", True), ("rm -$X y", "deny", False)])  # fmt: skip
        said = self.node().say("rule backtest rm --since 2h")
        for words in ("4 stored lines of 1 session since", "rule rm: 1 hit, deny, though it ran",
                      "rule rm: 1 hit, not checkable", "highest risk: S-1 40"):  # fmt: skip
            self.assertIn(words, said.err)

    def test_rules_of_a_file_need_not_be_applied(self) -> None:
        """Only those the file names are tried, and nothing is changed."""
        node = self.node()
        said = node.say("rule backtest -", stdin=NEW.encode())
        self.assertIn("rule mkfs: 1 hit, interrupt, though it ran", said.err)
        self.assertIn("rule watching: 1 hit, only reported", said.err)
        self.assertNotIn("rule rm:", said.err)
        self.assertNotIn("mkfs", node.directory.snapshot().audited)
        self.assertIn("rule rm: 1 hit", node.say("rule backtest -", stdin=RULES.encode()).err)

    def test_what_can_not_be_tried_is_said(self) -> None:
        """An unknown rule, a file without one, a time that is none."""
        node = self.node()
        self.assertIn("did you mean 'rm'", node.say("rule backtest rmm").err)
        self.assertEqual(node.say("rule backtest -", stdin=b"").code, 64)
        self.assertEqual(node.say("rule backtest rm --since soon").code, 64)
        self.assertEqual(node.say("rule backtest rm", "alice").code, 77)
        self.assertIn("no stored line", MemoryNode().say("rule backtest -", stdin=NEW.encode()).out)

    def test_long_lists_are_cut_and_counted(self) -> None:
        """The counts are of all."""
        self.patch(backtest_module, "MOST_SHOWN", 2)
        node = ruled()
        for number in range(5):
            self.tell(node, f"rm -r {number}")
        said = node.say("rule backtest rm --json")
        self.assertEqual(len(said.data), 2)
        self.assertIn("only the first 2 of 5", node.say("rule backtest rm").err)
