"""apply and dump."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from tests.admin.node import LOCAL, MemoryNode

BOB = b'[[user]]\nname = "bob"\nroles = ["operator"]\n'


class ApplyTests(SynchronousTestCase):
    """The difference first, then all of it or nothing."""

    def test_the_difference_is_shown_and_made_true(self) -> None:
        """With who and why in the journal."""
        node = MemoryNode()
        said = node.say(["apply", "-", "--reason", "new colleague"], stdin=BOB)
        self.assertEqual((said.code, said.out.splitlines()[0]), (0, "+ user bob"))
        self.assertIn("applied 1 change\n", said.out)
        body = list(node.journal.entries(kinds=["directory.changed"]))[-1].body or {}
        self.assertEqual((body["by"], body["reason"]), ("root", "new colleague"))

    def test_a_dry_run_changes_nothing_and_says_by_its_code_whether_it_would(self) -> None:
        """3 for a difference, 0 for none."""
        node = MemoryNode()
        self.assertEqual(node.say("apply - --dry-run", stdin=BOB).code, 3)
        self.assertNotIn("bob", node.directory.snapshot().user)
        self.assertEqual(node.say("apply - --dry-run", stdin=node.say("dump").out.encode()).code, 0)

    def test_the_difference_is_data_too(self) -> None:
        """Each change with its fields."""
        data = MemoryNode().say("apply - --json", stdin=BOB).data
        self.assertEqual(
            [(each["table"], each["name"], each["kind"]) for each in data["changes"]], [("user", "bob", "add")]
        )

    def test_an_unknown_key_is_refused_with_its_place(self) -> None:
        """And nothing of the file is applied."""
        node = MemoryNode()
        said = node.say("apply access.toml", file=BOB + b"rols = []\n")
        self.assertEqual(said.code, 78)
        self.assertIn("access.toml:4:1: ", said.err)
        self.assertNotIn("bob", node.directory.snapshot().user)

    def test_pruning_removes_what_is_not_named_but_never_all_of_it(self) -> None:
        """An empty file is a mistake."""
        node = MemoryNode()
        self.assertEqual(node.say("apply - --prune", stdin=b" \n").code, 64)
        self.assertEqual(node.say("apply - --prune", LOCAL, stdin=BOB).code, 0)
        self.assertEqual(list(node.directory.snapshot().user), ["bob"])

    def test_nobody_grants_to_himself_by_a_file(self) -> None:
        """Neither a role nor a grant; on the node's machine it may be done."""
        node = MemoryNode()
        role = b'[[user]]\nname = "root"\nroles = ["admin", "operator"]\n'
        self.assertEqual(node.say("apply -", stdin=role).code, 77)
        grant = b'[[grant]]\nname = "mine"\nusers = ["root"]\ntargets = ["web1"]\naccounts = ["deploy"]\n'
        self.assertEqual(node.say("apply -", stdin=grant).code, 77)
        self.assertNotIn("mine", node.directory.snapshot().grant)
        self.assertEqual(node.say("apply -", LOCAL, stdin=grant).code, 0)


class DumpTests(SynchronousTestCase):
    """The directory as a file."""

    def test_what_is_dumped_is_what_would_be_applied(self) -> None:
        """By who may read it; the same text in JSON."""
        node = MemoryNode()
        text = node.say("dump", "ann").out
        self.assertIn('name = "ops-web"', text)
        self.assertEqual(node.say("dump --json").data["toml"].strip(), text.strip())
