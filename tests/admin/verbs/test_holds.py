"""Legal holds, by their verbs."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from tests.admin.node import LOCAL, ONE, MemoryNode


class HoldTests(SynchronousTestCase):
    """Placed, listed, lifted."""

    def test_a_hold_is_placed_with_a_reason_and_lifted_by_another(self) -> None:
        """Each by prefix; what is not held, or no recording, is said."""
        node = MemoryNode()
        node.archive.results[ONE] = "OK"
        self.assertEqual(node.say(f"hold add {ONE}").code, 64)
        self.assertEqual(node.say(f"hold add {ONE} --reason case-7").code, 0)
        self.assertIn("case-7", node.say("hold list", "ann").out)
        self.assertEqual(node.say(f"hold rm {ONE}").code, 64)
        said = node.say(f"hold rm {ONE} --reason over")
        self.assertEqual((said.code, "ask another admin" in said.err), (77, True))
        self.assertEqual(node.say(f"hold rm {ONE} --reason over", LOCAL).code, 0)
        self.assertEqual(node.say(f"hold rm {ONE} --reason over", LOCAL).code, 1)
        self.assertEqual(node.say("hold list").out, "nothing is held\n")
        self.assertEqual(node.say("hold add S-ZZZ --reason x").code, 1)
        self.assertEqual(node.say(f"hold add {ONE} --reason x", "ann").code, 77)
