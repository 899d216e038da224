"""notify test."""

from __future__ import annotations

from typing import Any

import attrs
from twisted.internet.defer import Deferred, succeed
from twisted.trial.unittest import SynchronousTestCase

from gateway.admin.room import Caller, Feeds, Room
from tests.admin.node import MemoryNode
from tests.admin.verbs.test_siem import ROW

MAIL = {**ROW, "destination": "smtp://mail_noc@x", "format": "mail"}


class Telling(MemoryNode):
    """A node with a SIEM and somebody to tell."""

    delivered = True
    asked = ""

    def room(self, caller: Caller) -> Room:
        def test(by: str, name: str) -> Deferred[Any]:
            self.asked = name
            return succeed([{**MAIL, "id": "gw1#0.1/9", "delivered": self.delivered}])

        return attrs.evolve(super().room(caller), feeds=Feeds(lambda: [ROW, MAIL], test))


class NotifyTests(SynchronousTestCase):
    """Only people are told."""

    def test_people_are_told_all_or_one(self) -> None:
        """A SIEM is none of them; what was not taken is tried again."""
        node = Telling()
        self.assertEqual((node.say("notify test").code, node.asked), (0, "people"))
        self.assertEqual((node.say(f"notify test {MAIL['destination']}").code, node.asked), (0, MAIL["destination"]))
        self.assertEqual(node.say("notify test tcp:a:1").code, 1)
        node.delivered = False
        self.assertEqual(node.say("notify test").code, 75)
        self.assertIn("nobody is told", MemoryNode().say("notify test").out)
        self.assertEqual(node.say("notify test", "alice").code, 77)
