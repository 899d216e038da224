"""Frozen policy: what changes after a session began does not reach it, and reaches the next."""

from __future__ import annotations

import json

from tests.real.harness import ACCOUNT, GRANT, PlaceCase
from tests.real.masters import Master

MORE = (
    GRANT
    + """
[[audited]]
name = "no-halt"
match = {{ command = "halt" }}
score = 10
action = "deny"
users = ["bob"]
"""
)


class FrozenCase(PlaceCase):
    """A running session is one ControlMaster; each command is a channel opened later."""

    access = MORE

    def master(self, user: str = "alice") -> Master:
        made = Master(self.place, self.place.to_web(user), user)
        self.addCleanup(made.leave)
        return made

    def row(self) -> dict[str, object]:
        return self.place.live()[0]


class TightenTests(FrozenCase):
    """Stricter settings wait for the next session."""

    def test_a_new_rule_reaches_the_next_session_only(self) -> None:
        """A prohibited command still runs in the session that began before, in every later channel."""
        running = self.master()
        digest = self.row()["policy"]
        match = 'match = { command = "hostid" }'
        self.place.pamctl("audited", "add", "no-hostid", "--action", "deny", "--score", "5", "--set", match)
        self.addCleanup(self.place.pamctl, "audited", "rm", "no-hostid")
        self.assertEqual(running.run("hostid").code, 0)
        self.assert_said(self.place.ssh(self.place.to_web(), "hostid"), 77, "hostid", "no-hostid")
        self.assertEqual((self.row()["policy"], self.row()["drifted"]), (digest, True))
        self.assertEqual(running.run("/usr/bin/hostid").code, 0)

    def test_a_right_taken_away_stays_with_the_running_session(self) -> None:
        """Without the sftp right now: the old session may, the next may not."""
        running = self.master()
        self.place.pamctl("grant", "add", "ops-web", "--rights", "shell,exec")
        self.addCleanup(self.place.pamctl, "grant", "add", "ops-web", "--rights", "shell,exec,sftp,scp,rsync")
        self.assertEqual(running.sftp("ls /").code, 0)
        self.assert_said(self.place.ssh(self.place.to_web(), "-s", "--", "sftp"), 77, "sftp is not allowed")

    def test_leaving_the_group_does_not_reach_the_running_session(self) -> None:
        """No longer in the group: the old session goes on, a new one is refused."""
        running = self.master("bob")
        self.place.pamctl("user", "add", "bob", "--groups", "")
        self.addCleanup(self.place.pamctl, "user", "add", "bob", "--groups", "ops")
        self.assertEqual(running.run("echo on").out, b"on\n")
        self.assert_said(self.place.ssh(self.place.to_web("bob"), "true", key="bob"), 77, "not allowed")

    def test_a_target_pointed_elsewhere_does_not_move_a_running_session(self) -> None:
        """Target and credential removed or changed: later channels still open on the same connection."""
        running = self.master()
        right = f"file:{self.place.folder}/credential"
        self.place.pamctl("credential", "add", "web", "--secret", "file:/none")
        self.addCleanup(self.place.pamctl, "credential", "add", "web", "--secret", right)
        self.assertEqual(running.run("id -un").out.decode().strip(), ACCOUNT)
        self.assert_said(self.place.ssh(self.place.to_web(), "true"), 78, "web1")


class LoosenTests(FrozenCase):
    """Looser settings wait too."""

    def test_a_rule_removed_still_binds_the_running_session(self) -> None:
        """What was prohibited at its start stays prohibited; the next session may."""
        running = self.master("bob")
        self.place.pamctl("audited", "rm", "no-halt")
        back = 'match = { command = "halt" }'
        self.addCleanup(
            self.place.pamctl, "audited", "add", "no-halt", "--action", "deny", "--users", "bob", "--set", back
        )
        refused = running.run("halt --no-such-option")
        self.assertEqual((refused.code, refused.out), (77, b""))
        self.assertNotEqual(self.place.ssh(self.place.to_web("bob"), "halt --no-such-option", key="bob").code, 77)

    def test_a_right_given_reaches_the_next_session_only(self) -> None:
        """A forward allowed now is refused in the session that began without."""
        running = self.master()
        self.place.pamctl("grant", "add", "more", "--users", "alice", "--targets", "web1", "--accounts", ACCOUNT,
                          "--rights", "forward:loopback")  # fmt: skip
        self.addCleanup(self.place.pamctl, "grant", "rm", "more")
        port = str(self.place.sshd.port)
        refused = running.place.ssh(running.login, *running.over, "-W", f"127.0.0.1:{port}", "--")
        self.assertNotEqual(refused.code, 0)
        self.assertIn("forward:loopback", json.dumps(self.frozen_and_today()[1]))
        self.assertNotIn("forward:loopback", json.dumps(self.frozen_and_today()[0]))

    def frozen_and_today(self) -> tuple[object, object]:
        shown = self.place.pamctl("policy", "show", str(self.row()["id"]))
        return shown["frozen"], shown["today"]


class DigestTests(FrozenCase):
    """One digest names the policy everywhere."""

    def test_policy_show_prints_the_difference_to_today(self) -> None:
        """The frozen text, and what a new session would have instead; --drifted finds the session."""
        running = self.master()
        identity = str(self.row()["id"])
        self.assertEqual(self.place.pamctl("policy", "show", identity)["difference"], [])
        self.assertEqual(self.place.pamctl("sessions", "--drifted"), [])
        self.place.pamctl("grant", "add", "ops-web", "--idle-timeout", "30m")
        self.addCleanup(self.place.pamctl, "grant", "add", "ops-web", "--set", 'idle_timeout = "0s"')
        changed = self.place.pamctl("policy", "show", identity)["difference"]
        self.assertEqual([each["path"] for each in changed], ["restrictions.idle_timeout"])
        self.assertEqual([row["id"] for row in self.place.pamctl("sessions", "--drifted")], [identity])
        running.leave()

    def test_the_digest_is_in_every_event_and_in_the_recording(self) -> None:
        """Sessions under equal settings have equal digests, in facts, rows and manifests."""
        for _ in range(2):
            self.assertEqual(self.place.ssh(self.place.to_web(), "true").code, 0)
        self.place.sealed()
        newest = self.place.newest()
        rows = self.place.events("--session", newest["id"])
        self.assertEqual({row["policy"] for row in rows}, {newest["policy"]})
        kinds = {row["kind"] for row in rows}
        self.assertLessEqual({"session.started", "channel.opened", "command.executed", "session.ended"}, kinds)
        self.assertEqual(self.place.pamctl("verify", newest["id"])[0]["policy"], newest["policy"])
        alike = {row["policy"] for row in self.place.pamctl("sessions", "--user", "alice")[:2]}
        self.assertEqual(len(alike), 1)
