"""quarantine list, show, release and rm."""

from __future__ import annotations

import base64
import tempfile
from pathlib import Path

import attrs
from twisted.trial.unittest import SynchronousTestCase

from gateway.admin.room import Caller, Room
from gateway.runtime.quarantine import Quarantine
from tests.admin.node import LOCAL, NOW, MemoryNode
from tests.inspectors.files import kept, transfer
from tests.runtime.test_evaluate import at_once

VERDICT = {"inspector": "clamd", "decision": "deny", "code": "infected", "reason": "infected: Test"}


class Holding(MemoryNode):
    """A node that holds one file."""

    def hold(self, content: bytes = b"bad\n") -> str:
        """Hold a file; return its id."""
        self.held = Quarantine(Path(tempfile.mkdtemp()), 9999, 86_400, at_once, self.journal, lambda: NOW)
        names: list[str] = []
        self.held.keep(transfer(), kept(content), [VERDICT], "no-malware").addCallback(names.append)
        return names[0]

    def room(self, caller: Caller) -> Room:
        return attrs.evolve(super().room(caller), quarantine=self.held)


class QuarantineTests(SynchronousTestCase):
    """What an admin can do with what is held."""

    def setUp(self) -> None:
        """Hold one file."""
        self.node = Holding()
        self.name = self.node.hold()

    def test_what_is_held_is_listed(self) -> None:
        """With whose it is and which rule held it."""
        row = self.node.say("quarantine list --json").data[0]
        self.assertEqual((row["sha256"], row["operator"], row["rule"]), (self.name, "alice", "no-malware"))
        self.assertIn("no-malware", self.node.say("quarantine list").out)

    def test_one_file_is_shown_with_what_was_said_of_it(self) -> None:
        """By the beginning of its digest."""
        self.assertIn("clamd deny infected: Test", self.node.say(f"quarantine show {self.name[:7]}").out)
        self.assertEqual(self.node.say(f"quarantine show {self.name[:7]} --json").data["occurrences"][0]["path"],
                         "/home/root/file")  # fmt: skip

    def test_a_file_is_released_to_stdout(self) -> None:
        """As it is, or in base64 where JSON was asked for; told with the reason."""
        self.assertEqual(self.node.say(["quarantine", "release", self.name, "--reason", "false alarm"]).out, "bad\n")
        found = self.node.say(f"quarantine release {self.name} --json").data
        self.assertEqual(base64.b64decode(found["content"]), b"bad\n")
        self.assertEqual(self.node.kinds().count("quarantine.released"), 2)

    def test_a_file_is_written_on_the_node_by_whoever_is_there(self) -> None:
        """Not from elsewhere, not to a place that is not whole, not over another file."""
        to = str(Path(tempfile.mkdtemp()) / "held")
        line = ["quarantine", "release", self.name, "--to"]
        self.assertEqual(self.node.say([*line, to]).code, 77)
        self.assertEqual(self.node.say([*line, "held"], LOCAL).code, 64)
        self.assertEqual(self.node.say([*line, to], LOCAL).code, 0)
        self.assertEqual(Path(to).read_bytes(), b"bad\n")
        self.assertEqual(self.node.say([*line, to], LOCAL).code, 64)

    def test_a_file_is_removed(self) -> None:
        """Then there is nothing."""
        self.assertEqual(self.node.say(f"quarantine rm {self.name}").code, 0)
        self.assertIn("nothing is in quarantine", self.node.say("quarantine list").out)
        self.assertEqual(self.node.say(f"quarantine rm {self.name}").code, 1)

    def test_nobody_else_sees_what_is_held(self) -> None:
        """Neither an operator nor an auditor."""
        for who in ("alice", "ann"):
            for verb in ("list", f"show {self.name}", f"release {self.name}", f"rm {self.name}"):
                self.assertEqual(self.node.say(f"quarantine {verb}", who).code, 77)

    def test_a_node_without_a_quarantine_says_so(self) -> None:
        """In words."""
        self.assertIn("no quarantine", MemoryNode().say("quarantine list").err)
