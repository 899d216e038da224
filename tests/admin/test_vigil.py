"""A lost right ends what is open."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from gateway.admin.refusal import denied
from gateway.admin.room import Room
from gateway.admin.verbs import VERBS
from gateway.admin.vigil import Vigil
from gateway.domain.facts import Fact
from tests.admin.channel import Channel
from tests.admin.node import MemoryNode


class VigilTests(SynchronousTestCase):
    """At once, not at the next line."""

    def setUp(self) -> None:
        """Open a shell and a verb that follows the log, both of an auditor."""
        self.node = MemoryNode()
        self.vigil = Vigil(VERBS)
        self.node.journal.attach(self.vigil)
        self.barred = False
        self.shell = self.channel().run(None, (80, 24))
        self.verb = self.channel().run("events --follow --kind siem.gap")

    def channel(self) -> Channel:
        """Return a channel whose program is under watch."""
        channel = Channel(self.node)
        channel.program = self.vigil.program(self.room)
        return channel

    def room(self) -> Room:
        """Return the auditor's room, or say that he is locked."""
        if self.barred:
            raise denied("ann is locked")
        return self.node.room(self.node.caller("ann"))

    def test_a_lost_role_ends_a_shell_and_a_running_verb(self) -> None:
        """Whoever keeps another role may come again."""
        self.node.say("user add ann --roles operator")
        self.assertEqual((self.shell.codes, self.verb.codes), ([77], [77]))
        self.assertEqual(bytes(self.verb.err), b"ostiary: you are not auditor any more\n")

    def test_a_lock_ends_them_too(self) -> None:
        """In the room's words."""
        self.barred = True
        self.node.journal.tell(Fact("user.locked", {"user": "ann"}))
        self.assertEqual((self.shell.codes, self.verb.codes), ([77], [77]))
        self.assertIn("ostiary: ann is locked", self.shell.shown())

    def test_what_does_not_concern_him_ends_nothing(self) -> None:
        """Nor a role more."""
        self.node.say("user add ann --roles auditor,approver")
        self.node.journal.tell(Fact("session.failed", {}))
        self.assertEqual((self.shell.codes, self.verb.codes), ([], []))

    def test_what_is_over_is_not_watched_any_more(self) -> None:
        """By itself, or with its channel."""
        self.shell.program.received(b"exit\r")
        self.verb.program.stopped()
        self.barred = True
        self.node.journal.tell(Fact("user.locked", {"user": "ann"}))
        self.assertEqual((self.shell.codes, self.verb.codes), ([0], []))
