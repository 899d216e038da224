"""Who may reach what, and what stands in the way."""

from __future__ import annotations

import datetime
import json

from twisted.trial.unittest import SynchronousTestCase

from gateway.directory.access import Access
from gateway.domain.snapshot import Snapshot
from tests.directory.making import SMALL, key_line, planned, snapshot_of

NOON = datetime.datetime(2026, 7, 1, 12, tzinfo=datetime.UTC).timestamp()

MORE = f"""
[[target]]
name = "web1"
host_keys = ["{key_line()}"]
[[target]]
name = "db1"
address = "db1"
[[credential]]
name = "db"
target = "db1"
account = "dba"
[[user]]
name = "carol"
second_factor = "totp"
[[user]]
name = "dave"
active = false
groups = ["ops"]
[[user]]
name = "backup"
kind = "service"
origin = ["10.9.0.0/16"]
groups = ["ops"]
[[grant]]
name = "dba"
users = ["carol"]
targets = ["db*"]
accounts = ["dba", "other"]
rights = ["shell"]
approval = 1
origin = ["10.0.0.0/8"]
[[grant]]
name = "night"
users = ["alice"]
targets = ["*"]
accounts = ["*"]
rights = ["sftp"]
hours = "22:00-06:00"
[[grant]]
name = "over"
users = ["bob"]
targets = ["db1"]
accounts = ["dba"]
until = 2020-01-01T00:00:00Z
"""


class AccessTests(SynchronousTestCase):
    """Rows for people and scripts."""

    def setUp(self) -> None:
        self.snapshot: Snapshot = planned(MORE, snapshot_of(SMALL)).after
        self.access = Access(self.snapshot, NOON, {"erin"}.__contains__)

    def test_who_names_everybody_and_what_stands_in_his_way(self) -> None:
        """Also those who are switched off or too early."""
        rows = {row["user"]: row for row in self.access.who("web1")}
        self.assertEqual(set(rows), {"alice", "backup", "dave"})
        self.assertEqual((rows["alice"]["allowed"], rows["alice"]["grants"]), (True, ["ops-web"]))
        self.assertIn("grant night is closed at this hour (22:00-06:00)", rows["alice"]["obstacles"])
        self.assertEqual(rows["alice"]["rights"], ["exec", "shell"])
        self.assertFalse(rows["dave"]["allowed"])
        self.assertIn("user dave is switched off", rows["dave"]["obstacles"])
        self.assertIn("user from 10.9.0.0/16", rows["backup"]["conditions"])
        json.dumps(list(rows.values()))

    def test_who_says_what_a_target_lacks(self) -> None:
        """A host key nobody trusts, a time that has passed."""
        rows = {row["user"]: row for row in self.access.who("db1")}
        self.assertIn("no host key of db1 is trusted yet: `target trust db1`", rows["carol"]["obstacles"])
        self.assertEqual(rows["carol"]["conditions"], ["approval", "grant dba from 10.0.0.0/8"])
        self.assertIn("grant over has expired", rows["bob"]["obstacles"])
        self.assertFalse(rows["alice"]["allowed"])
        self.assertEqual(rows["alice"]["grants"], ["night"])

    def test_what_is_who_the_other_way_round(self) -> None:
        """Every row of one is a row of the other."""
        by_target = [row for target in sorted(self.snapshot.target) for row in self.access.who(target)]
        by_user = [row for user in sorted(self.snapshot.user) for row in self.access.what(user)]

        def order(row: dict[str, object]) -> tuple[str, ...]:
            return (str(row["user"]), str(row["target"]), str(row["account"]))

        self.assertEqual(sorted(by_target, key=order), sorted(by_user, key=order))

    def test_why_tells_all_that_stands_in_the_way(self) -> None:
        """Of each grant its own reason; without a source the origin is not judged."""
        self.assertTrue(self.access.why("alice", "root", "web1")["allowed"])
        told = self.access.why("carol", "dba", "db1", "192.0.2.1")
        self.assertFalse(told["allowed"])
        self.assertIn("grant dba is not for origin 192.0.2.1", told["obstacles"])
        self.assertEqual(self.access.why("carol", "dba", "db1")["grants"], ["dba"])
        self.assertIn("no credential for other@db1", self.access.why("carol", "other", "db1")["obstacles"])
        nobody = Access(planned('[[user]]\nname = "erin"', self.snapshot).after, NOON, {"erin"}.__contains__)
        self.assertEqual(nobody.why("erin", "root", "web1")["obstacles"], [
            "user erin is switched off", "no grant names user erin or one of his groups"])  # fmt: skip

    def test_unknown_names_are_key_errors(self) -> None:
        """The verb says so in its own words."""
        self.assertRaises(KeyError, self.access.who, "nowhere")
        self.assertRaises(KeyError, self.access.what, "nobody")
        self.assertRaises(KeyError, self.access.why, "nobody", "root", "web1")
        self.assertRaises(KeyError, self.access.why, "alice", "root", "nowhere")
