"""The sessions and their policies."""

from __future__ import annotations

import json
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from gateway.admin.verbs.sessions import compared, difference
from tests.admin.node import NOW, ONE, TWO, MemoryNode, session


def node() -> MemoryNode:
    """Return a node with two sessions."""
    made = MemoryNode()
    old = session(TWO, "bob", target="db1", risk=10, drifted=True, started="2026-01-01T00:00:00.000Z", state="ended",
                  ended="2026-01-01T01:00:00.000Z")  # fmt: skip
    made.roster.rows = [session(ONE), old]
    return made


class SessionTests(SynchronousTestCase):
    """Which there are."""

    def listed(self, options: str, caller: str = "root") -> list[str]:
        """Return the ids a list shows."""
        return [row["id"] for row in node().say(f"sessions {options} --json", caller).data]

    def test_each_filter_keeps_what_it_says(self) -> None:
        """Alone and together."""
        for options, ids in (
            ("", [ONE, TWO]),
            ("--live", [ONE]),
            ("--user bob", [TWO]),
            ("--target web*", [ONE]),
            ("--since 30d", [ONE]),
            ("--since 2025-12-31T00:00:00Z", [ONE, TWO]),
            ("--risk >50", [ONE]),
            ("--risk <=10", [TWO]),
            ("--drifted", [TWO]),
            ("--live --user bob", []),
        ):
            self.assertEqual(self.listed(options), ids, options)

    def test_an_operator_sees_his_own_and_no_watchers(self) -> None:
        """Whatever he asks for."""
        self.assertEqual(self.listed("", "alice"), [ONE])
        self.assertEqual(self.listed("--user bob", "alice"), [])
        self.assertIsNone(node().say("sessions --json", "alice").data[0]["watchers"])
        self.assertEqual(node().say("sessions --json").data[0]["watchers"], 1)
        self.assertEqual(MemoryNode().say("sessions", "alice").out, "no sessions of yours\n")

    def test_the_table_shows_short_unique_ids(self) -> None:
        """Unique among all sessions, not only those shown."""
        self.assertIn("S-012345678 ", node().say("sessions --live").out)

    def test_a_wrong_filter_is_refused(self) -> None:
        """In words."""
        for options in ("--since yesterday", "--risk high", "--risk '>'"):
            self.assertEqual(node().say(f"sessions {options}").code, 64, options)
        self.assertRaises(ValueError, compared, "> 1e9")

    def test_all_of_one_session_is_shown(self) -> None:
        """What happened, and what was not visible."""
        made = node()
        made.roster.rows[0] |= {
            "channels": [{"id": 1, "kind": "pty", "command": "", "exit": 0, "bytes_in": 5, "bytes_out": 9}],
            "commands": [{"t": 2.5, "text": "rm -rf /\x1b[2J", "rule": "rm", "action": "deny", "outcome": "kept",
                          "known_by": "held"}],
            "transfers": [{"direction": "upload", "path": "/tmp/x", "bytes": 3, "outcome": "denied"}],
            "admin_actions": [{"time": NOW, "kind": "session.locked", "by": "root", "reason": "call me"}],
            "blind_s": 4, "drifted": True, "reason": "CHG1",
        }  # fmt: skip
        text = made.say(f"session show {ONE[:11]}").out
        for words in ("alice as deploy@web1  live  risk 60", "channel 1: pty",
                      "t=2.5  rm -rf /[2J  [rm deny kept, known by held]",
                      "upload /tmp/x (3 bytes, denied)", "session.locked by root: call me", "not visible for 4s",
                      "older policy", "reason: CHG1"):  # fmt: skip
            self.assertIn(words, text)
        self.assertEqual(made.say(f"session show {ONE} --json").data["id"], ONE)
        self.assertEqual(made.say("session show S-9").code, 1)
        self.assertEqual(made.say("session show S-0123").code, 64)


class PolicyTests(SynchronousTestCase):
    """The frozen policy of a session."""

    def frozen(self) -> tuple[MemoryNode, dict[str, Any]]:
        """Return a node with a session under today's policy, and that policy."""
        made = node()
        policy = made._today(made.roster.rows[0]).policy
        made.roster.policies[ONE] = (policy.digest, policy.canonical)
        return made, json.loads(policy.canonical)

    def test_where_nothing_has_changed_that_is_said(self) -> None:
        """The digests are equal then."""
        made, document = self.frozen()
        data = made.say(f"policy show {ONE} --json").data
        self.assertEqual((data["frozen"], data["difference"], data["refused_today"]), (document, [], None))
        self.assertIn("under the same policy", made.say(f"policy show {ONE}").out)

    def test_a_change_since_then_is_shown_by_its_path(self) -> None:
        """With both values."""
        made, _ = self.frozen()
        made.say("grant add ops-web --rights shell,exec")
        data = made.say(f"policy show {ONE} --json").data
        self.assertEqual(data["difference"], [{"path": "rights", "frozen": ["shell"], "today": ["exec", "shell"]}])
        self.assertIn('rights: ["shell"] -> ["exec", "shell"]', made.say(f"policy show {ONE}").out)

    def test_a_session_that_would_be_refused_today_says_why(self) -> None:
        """Instead of a difference."""
        made, _ = self.frozen()
        made.say("grant rm ops-web")
        self.assertEqual(made.say(f"policy show {ONE} --json").data["refused_today"]["reason"], "no_grant")
        self.assertIn("today the session would be refused", made.say(f"policy show {ONE}").out)

    def test_lists_of_named_entries_are_compared_by_name(self) -> None:
        """One rule more is one line more."""
        before, after = (
            {"audited": [{"name": "a", "score": 1}]},
            {"audited": [{"name": "b"}, {"name": "a", "score": 2}]},
        )
        found = list(difference(before, after))
        self.assertEqual([each["path"] for each in found], ["audited.a.score", "audited.b"])
