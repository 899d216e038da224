"""What would happen to a command line."""

from __future__ import annotations

import shlex

from twisted.trial.unittest import SynchronousTestCase

from tests.admin.node import MemoryNode, Said

RULES = """
[[audited]]
name = "rm"
match = { command = "rm", options = ["r|recursive"] }
action = "deny"
score = 40
[[audited]]
name = "id"
match = { command = "id" }
users = ["ann"]
[[audited]]
name = "opaque"
match = { opaque = true }
action = "warn"
groups = ["staff"]
targets = ["db*"]
accounts = ["root"]
"""


def said(node: MemoryNode, line: str, caller: str = "root") -> Said:
    """Call a verb by a line with quotes."""
    return node.say(shlex.split(line), caller)


def ruled() -> MemoryNode:
    """Return a node with rules."""
    node = MemoryNode()
    done = node.say("apply -", "root", stdin=RULES.encode())
    assert done.code == 0, done.err
    return node


class RuleTests(SynchronousTestCase):
    """A line, explained."""

    def test_a_line_is_explained_for_people_and_programs(self) -> None:
        """Each command with its rule, then what would be done."""
        node = ruled()
        told = said(node, "rule test 'ls; sudo rm -r /x' --json", "ann").data
        self.assertEqual(
            [each["argv"] for each in told["commands"]], [["ls"], ["sudo", "rm", "-r", "/x"], ["rm", "-r", "/x"]]
        )
        self.assertEqual(told["commands"][2], {"argv": ["rm", "-r", "/x"], "rule": "rm", "action": "deny", "score": 40})
        self.assertEqual(told["action"], "deny")
        told = said(node, "rule test 'rm -r $X; $Y'").out
        for words in ("rm -r …  [rule rm: deny, score 40]", "opaque: the program is not known", "the line: deny"):
            self.assertIn(words, told)
        self.assertIn("may be what rule rm is for", said(node, "rule test 'rm $X'").out)

    def test_rules_out_of_scope_do_not_count(self) -> None:
        """By user, target and account; with all of them, what would be frozen."""
        node = ruled()
        for options, rules in (
            ("", ["id"]), ("--user ann", ["id"]), ("--user alice", [None]),
            ("--user alice --account deploy --target web1", [None]),
        ):  # fmt: skip
            told = said(node, f"rule test id {options} --json").data
            self.assertEqual([each["rule"] for each in told["commands"]], rules, options)
        for options, action in (
            ("", "warn"), ("--user root", "warn"), ("--user ann", "deny"), ("--target web1", "deny"),
            ("--account a", "deny"),
        ):  # fmt: skip
            self.assertEqual(said(node, f"rule test '$X' {options} --json").data["action"], action, options)

    def test_who_and_where_must_be_known(self) -> None:
        """And the account must be in reach."""
        node = ruled()
        self.assertIn("did you mean 'alice'?", said(node, "rule test ls --user alcie").err)
        self.assertIn("did you mean 'web1'?", said(node, "rule test ls --target web2").err)
        self.assertIn(
            "may not reach root@web1", said(node, "rule test ls --user alice --account root --target web1").err
        )
