"""status, check, whoami, why and help."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from tests.admin.node import NOW, MemoryNode, session


class StatusTests(SynchronousTestCase):
    """How the node is."""

    def test_a_fault_is_named_with_since_when(self) -> None:
        """In words; the state says so."""
        node = MemoryNode(faults=[{"name": "disk_low", "since": NOW, "detail": "3 % are free"}])
        data = node.say("status --json").data
        self.assertEqual((data["node"], data["state"]), ("gw1", "degraded"))
        fault = {"name": "disk_low", "since": "2026-11-18T11:06:40.000Z", "detail": "3 % are free"}
        self.assertEqual(data["faults"], [fault])
        self.assertIn("since 2026-11-18 11:06:40 UTC: disk_low 3 % are free\n", node.say("status").out)

    def test_an_operator_is_not_told_what_is_not_guarded(self) -> None:
        """Nor what exactly is wrong."""
        node = MemoryNode(faults=[{"name": "disk_low", "since": NOW, "detail": "3 % are free"}])
        data = node.say("status --json", "alice").data
        self.assertEqual((data["gaps"], data["faults"][0]["detail"], data["live"]), ([], "", None))
        self.assertNotEqual(node.say("status --json", "ann").data["gaps"], [])


class CheckTests(SynchronousTestCase):
    """A strict check."""

    def test_problems_are_listed_and_are_the_exit_code(self) -> None:
        """Of the node's own configuration, or of a text."""
        node = MemoryNode()
        self.assertEqual(node.say("check").code, 0)
        node.problems = ["pam.toml:3:1: unknown key"]
        self.assertEqual(node.say("check --json").data["problems"], node.problems)
        said = node.say("check -", stdin=b"[node]\nnam = 1\n")
        self.assertEqual((said.code, said.out), (78, "pam.toml:3:1: unknown key\n"))

    def test_a_text_of_the_directory_is_checked_as_one(self) -> None:
        """Nothing is applied; an operator's is not compared with what there is."""
        node = MemoryNode()
        text = b'[[user]]\nname = "bob"\nrols = []\n'
        said = node.say("check access.toml", file=text)
        self.assertEqual(said.code, 78)
        self.assertIn("access.toml:3:1", said.out)
        self.assertEqual(node.say("check access.toml", file=text.replace(b"rols", b"roles")).code, 0)
        self.assertNotIn("bob", node.directory.snapshot().user)
        self.assertEqual(node.say("check -", "alice", stdin=text).code, 0)
        self.assertEqual(node.say("check -", stdin=b"[[user]]\nname = ").code, 78)


class CallerTests(SynchronousTestCase):
    """Who calls, and what was refused to him."""

    def refused(self) -> MemoryNode:
        """Return a node that has refused alice and bob."""
        node = MemoryNode()
        for reference, user in (("R1", "alice"), ("R2", "bob")):
            row = {"reference": reference, "user": user, "target": "web9", "detail": "no grant names it", "time": NOW}
            node.roster.refusals[reference] = row
        return node

    def test_whoami_says_who_and_whence(self) -> None:
        """With roles and groups."""
        data = MemoryNode().say("whoami --json", "alice").data
        self.assertEqual((data["user"], data["roles"], data["groups"]), ("alice", ["operator"], ["ops"]))
        self.assertEqual((data["source"], data["door"], data["node"]), ("10.9.9.9", "ssh", "gw1"))

    def test_an_admin_learns_what_stood_in_the_way(self) -> None:
        """Of anybody's refusal."""
        self.assertIn("no grant names it", self.refused().say("why R2").out)

    def test_an_operator_learns_whom_to_ask_and_only_of_his_own(self) -> None:
        """Somebody else's reads like one that never was."""
        node = self.refused()
        said = node.say("why R1", "alice")
        self.assertIn("not allowed: ask the desk", said.out)
        self.assertNotIn("no grant", said.out + node.say("why R1 --json", "alice").out)
        other, none = node.say("why R2", "alice"), node.say("why R9", "alice")
        self.assertEqual((other.code, other.err.replace("R2", "")), (none.code, none.err.replace("R9", "")))


class HelpTests(SynchronousTestCase):
    """What there is for whom."""

    def test_only_what_may_be_called_is_listed(self) -> None:
        """For an operator, and for an admin."""
        names = {each["name"] for each in MemoryNode().say("help --json", "alice").data}
        self.assertEqual(names, {"help", "targets", "sessions", "keys", "keys add", "keys rm", "whoami", "ssh-config",
                                 "why", "status", "check", "totp", "totp confirm"})  # fmt: skip
        self.assertIn("  user                activate add", MemoryNode().say("help").out)

    def test_a_verb_is_explained_to_who_may_call_it(self) -> None:
        """To others it does not exist."""
        node = MemoryNode()
        node.roster.rows = [session("S-1")]
        self.assertIn("--ttl DURATION", node.say("help lock").out)
        self.assertEqual(node.say("help user passwd --json").data["name"], "user passwd")
        self.assertEqual(node.say("help lock", "alice").code, 64)
        self.assertEqual(node.say("help lock now").code, 64)
