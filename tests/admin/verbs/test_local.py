"""What is done on the node's own machine only."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from tests.admin.node import LOCAL, MemoryNode


class LocalTests(SynchronousTestCase):
    """By the caller of pamctl."""

    def test_an_empty_store_is_initialised_with_its_first_admin(self) -> None:
        """Named, or admin."""
        node = MemoryNode()
        self.assertEqual(node.say("init", LOCAL).out, "init done\n")
        node.say("init ruth", LOCAL)
        self.assertEqual(node.done, [("init", "admin", LOCAL.name), ("init", "ruth", LOCAL.name)])

    def test_the_demo_is_switched_off(self) -> None:
        """Once it is said who did."""
        node = MemoryNode()
        self.assertEqual(node.say("demo off --json", LOCAL).data["done"], "demo removed")
        self.assertEqual(node.done, [("demo off", LOCAL.name)])

    def test_access_is_recovered_only_when_no_admin_is_left(self) -> None:
        """Not one who can log in."""
        node = MemoryNode()
        said = node.say("recover-access alice", LOCAL)
        self.assertEqual((said.code, node.done), (77, []))
        self.assertIn("root is an admin and can log in", said.err)
        node.orders.off.add("root")
        self.assertEqual(node.say("recover-access alice", LOCAL).code, 0)
        self.assertEqual(node.done, [("recover", "alice", LOCAL.name)])

    def test_what_is_refused_in_words_is_said_in_words(self) -> None:
        """By the code of configuration."""
        node = MemoryNode(refusal=ValueError("the store is not empty"))
        said = node.say("init", LOCAL)
        self.assertEqual((said.code, said.err), (78, "ostiary: the store is not empty\n"))
