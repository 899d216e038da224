"""Who may reach what."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from tests.admin.node import MemoryNode


class AccessTests(SynchronousTestCase):
    """The directory's answers, shown."""

    def test_who_and_what_show_the_grants(self) -> None:
        """From both sides."""
        node = MemoryNode()
        row = node.say("access who web1 --json", "ann").data[0]
        found = (row["user"], row["account"], row["grants"], row["rights"])
        self.assertEqual(found, ("alice", "deploy", ["ops-web"], ["shell"]))
        self.assertIn("alice  deploy", node.say("access who web1").out)
        self.assertEqual(node.say("access what alice --json").data[0]["target"], "web1")
        self.assertEqual(node.say("access what ann").out, "ann may reach nothing\n")

    def test_why_names_what_stands_in_the_way(self) -> None:
        """Or the grant that allows it."""
        node = MemoryNode()
        self.assertTrue(node.say("access why alice deploy@web1 --json").data["allowed"])
        row = node.say("access why alice root@web1 --json").data
        self.assertFalse(row["allowed"])
        self.assertIn("grant ops-web does not name account root", row["obstacles"])
        self.assertIn("obstacles", node.say("access why alice root@web1").out)

    def test_unknown_names_are_told_with_the_nearest(self) -> None:
        """And a place that is no place with the right form."""
        node = MemoryNode()
        self.assertIn("did you mean 'web1'?", node.say("access who web2").err)
        self.assertIn("did you mean 'alice'?", node.say("access what alcie").err)
        self.assertEqual(node.say("access why alcie deploy@web1").code, 1)
        self.assertEqual(node.say("access why alice deploy@web9").code, 1)
        for where in ("web1", "@web1", "deploy@"):
            self.assertEqual(node.say(f"access why alice {where}").code, 64)
