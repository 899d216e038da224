"""The audit log."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from gateway.admin.verbs.events import PAGE
from gateway.domain.facts import Entry, Fact, flat
from tests.admin.node import NOW, ONE, TWO, MemoryNode, session


class EventTests(SynchronousTestCase):
    """One flat object a line."""

    def told(self) -> MemoryNode:
        """Return a node with a few events."""
        node = MemoryNode()
        node.roster.rows = [session(ONE), session(TWO)]
        for identity in (ONE, TWO):
            node.journal.tell(Fact("command.executed", {"session": identity, "user": "alice", "command": "ls\u202e"}))
        node.journal.tell(Fact("session.failed", {"session": ONE}))
        return node

    def rows(self, options: str) -> list[dict[str, Any]]:
        """Return what is written."""
        said = self.told().say(f"events {options}")
        self.assertEqual(said.code, 0, said.err)
        self.assertTrue(said.out.isascii())
        return [json.loads(line) for line in said.out.splitlines()]

    def test_each_line_has_the_envelope_and_the_body(self) -> None:
        """Times in UTC, the node's name, the stable number."""
        row = self.rows("--kind session.failed")[0]
        self.assertEqual((row["kind"], row["number"], row["severity"]), ("session.failed", 204, 8))
        self.assertEqual((row["node"], row["session"], row["time"]), ("gw1", ONE, "2026-11-18T11:06:40.000Z"))
        self.assertTrue(row["id"].endswith(f"/{row['seq']}"))

    def test_filters_keep_what_they_say(self) -> None:
        """By kind or glob, by session, by time."""
        self.assertEqual(len(self.rows("--kind command.* --kind session.failed")), 3)
        self.assertEqual([row["session"] for row in self.rows(f"--session {TWO}")], [TWO])
        self.assertEqual(len(self.rows("--since 1h --kind command.*")), 2)
        self.assertEqual(self.rows("--since 2030-01-01T00:00:00Z"), [])

    def test_all_pages_are_read(self) -> None:
        """More events than one page holds."""
        node = MemoryNode()
        for _ in range(PAGE * 2 + 3):
            node.journal.tell(Fact("session.failed", {}))
        self.assertEqual(node.say("events --kind session.failed").out.count("\n"), PAGE * 2 + 3)

    def test_json_is_one_object(self) -> None:
        """Also an empty one."""
        self.assertEqual(len(self.told().say("events --kind command.* --json").data), 2)
        self.assertEqual(self.told().say("events --kind siem.gap --json").data, [])

    def test_hashes_codes_and_sealed_boxes_are_withheld(self) -> None:
        """The chain keeps them; nobody is shown them."""
        node = MemoryNode()
        node.say("user passwd alice", stdin=b"correct horse\n")
        node.journal.tell(
            Fact("user.password_set", {"user": "alice", "code": "c", "key": "KKK", "tag": "TTT", "ends": 1})
        )
        node.journal.tell(Fact("secret.sealed", {"secret": "credential/x", "version": 1, "epoch": "e", "box": "BBBB"}))
        text = node.say("events").out
        for withheld in ("scrypt", "KKK", "TTT", "BBBB"):
            self.assertNotIn(withheld, text)
        self.assertIn('"secret": "credential/x"', text)

    def test_what_can_not_be_written_is_refused(self) -> None:
        """An endless object, a table of many shapes, a kind that does not exist."""
        for options in ("--follow --json", "--csv", "--kind sesion.*", "--since x"):
            self.assertEqual(self.told().say(f"events {options}").code, 64, options)

    @settings(max_examples=100, deadline=None)
    @given(st.none() | st.dictionaries(st.text(max_size=8), st.text(max_size=8), max_size=5), st.text(max_size=12))
    def test_no_body_can_forge_the_envelope(self, body: dict[str, str] | None, origin: str) -> None:
        """What the journal says of an entry goes before what the entry says of itself."""
        row = flat(Entry(origin, 7, "session.failed", NOW, 8, {**body, "id": "x", "seq": "y"} if body else body))
        self.assertEqual((row["id"], row["seq"], row["kind"]), (f"{origin}/7", 7, "session.failed"))
