"""siem status and siem test."""

from __future__ import annotations

from typing import Any

import attrs
from twisted.internet.defer import Deferred, succeed
from twisted.trial.unittest import SynchronousTestCase

from gateway.admin.room import Caller, Feeds, Room
from tests.admin.node import NOW, MemoryNode

ROW = {
    "destination": "tcp:a:1", "format": "cef", "state": "waiting", "since": NOW, "sent": 3, "lag": 9,
    "detail": "refused", "cursor": None,
}  # fmt: skip


class Sending(MemoryNode):
    """A node with one destination."""

    delivered = False

    def room(self, caller: Caller) -> Room:
        def test(by: str, name: str) -> Deferred[Any]:
            return succeed([{**ROW, "id": "gw1#0.1/9", "delivered": self.delivered}])

        return attrs.evolve(super().room(caller), feeds=Feeds(lambda: [ROW], test))


class SiemTests(SynchronousTestCase):
    """What an admin is told."""

    def test_status_names_each_destination_and_its_lag(self) -> None:
        """With the words of its last failure."""
        self.assertEqual(Sending().say("siem status --json").data[0]["lag"], 9)
        said = Sending().say("siem status")
        self.assertIn("tcp:a:1", said.out)
        self.assertIn("refused", said.out)
        self.assertIn("sent nowhere", MemoryNode().say("siem status").out)

    def test_a_test_that_was_not_delivered_has_its_exit_code(self) -> None:
        """75: it will be tried again."""
        node = Sending()
        self.assertEqual(node.say("siem test").code, 75)
        node.delivered = True
        self.assertEqual(node.say("siem test tcp:a:1").code, 0)
        self.assertEqual(node.say("siem test tcp:b:1").code, 1)

    def test_operators_learn_nothing(self) -> None:
        """Destinations are for admins."""
        self.assertEqual(Sending().say("siem status", "alice").code, 77)
