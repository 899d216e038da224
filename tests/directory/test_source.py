"""Where policies come from: hours and files resolved, then frozen."""

from __future__ import annotations

import datetime
import json
import os
import tempfile
from typing import Any

import attrs
from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from gateway.directory.source import LARGEST_FILE, PolicySource
from gateway.domain.entries import User
from gateway.domain.grant import Grant, Refused
from gateway.domain.snapshot import Snapshot
from gateway.interfaces import IPolicySource
from tests.directory.making import SMALL, planned, snapshot_of

NOON = datetime.datetime(2026, 7, 1, 12, tzinfo=datetime.UTC).timestamp()


class SourceTests(SynchronousTestCase):
    """Grants and refusals."""

    def source(self, text: str = "", now: float = NOON) -> PolicySource:
        """Return a source over a small directory and more."""
        snapshot = planned(text, snapshot_of(SMALL)).after
        return PolicySource(lambda: snapshot, lambda: now)

    def grant(self, source: PolicySource, account: str = "root", origin: str = "10.0.0.9") -> Any:
        """Ask for alice on web1."""
        return source.grant(User("alice", groups=("ops",)), "web1", account, origin)

    def test_it_is_a_policy_source(self) -> None:
        """It provides the interface."""
        verifyObject(IPolicySource, self.source())

    def test_hours_are_resolved_in_their_zone(self) -> None:
        """The end of the hours is the end of the session."""
        text = '[[grant]]\nname = "ops-web"\nhours = "Mon-Fri 07:00-19:00 Europe/Lisbon"'
        found = self.grant(self.source(text))
        self.assertIsInstance(found, Grant)
        self.assertEqual(found.ends, NOON + 6 * 3600)
        late = self.grant(self.source(text, NOON + 6 * 3600))
        self.assertEqual(late.reason, "no_grant")
        self.assertIn("closed at this hour", late.detail)
        before = self.grant(self.source(text, NOON + 6 * 3600 - 0.001))
        self.assertIsInstance(before, Grant)

    def test_a_referenced_file_is_frozen_by_its_content(self) -> None:
        """Another content is another digest; the same content written again is the same."""
        handle, path = tempfile.mkstemp(prefix="hashes-")
        self.addCleanup(os.unlink, path)
        os.write(handle, b"sha256:00\n")
        os.close(handle)
        text = (
            f'[inspector.hash]\ndeny = ["file:{path}", "sha256:11"]\n[[transfer]]\nname = "t"\ninspectors = ["hash"]\n'
        )
        source = self.source(text)
        first = self.grant(source)
        [inspector] = first.policy.inspectors
        self.assertEqual(list(json.loads(inspector.settings)["deny"][0]), ["file", "sha256"])
        self.assertEqual(self.grant(source).policy.digest, first.policy.digest)
        with open(path, "ab") as opened:
            opened.write(b"sha256:22\n")
        self.assertNotEqual(self.grant(source).policy.digest, first.policy.digest)

    def test_a_file_that_can_not_be_read_is_a_refusal(self) -> None:
        """Missing, too large, or no file at all."""
        handle, large = tempfile.mkstemp(prefix="large-")
        os.close(handle)
        os.truncate(large, LARGEST_FILE + 1)
        self.addCleanup(os.unlink, large)
        for path in ("/nonexistent/list", "/dev/null", large):
            text = f'[inspector.yara]\nrules = "file:{path}"\n[[transfer]]\nname = "t"\ninspectors = ["yara"]'
            found = self.grant(self.source(text))
            self.assertIsInstance(found, Refused)
            self.assertEqual(found.reason, "inspector_file")
            self.assertIn(path, found.detail)


class ReachTests(SynchronousTestCase):
    """What a user may reach now."""

    MORE = """
[[target]]
name = "db1"
address = "db1"
[[credential]]
name = "db-all"
target = "db*"
account = "dba"
[[grant]]
name = "night"
users = ["alice"]
targets = ["db1"]
accounts = ["*"]
hours = "22:00-06:00"
[[grant]]
name = "home"
users = ["alice"]
targets = ["db*"]
accounts = ["d*", "x"]
origin = ["192.0.2.0/24"]
[[grant]]
name = "old"
users = ["bob"]
targets = ["*"]
accounts = ["*"]
until = 2020-01-01T00:00:00Z
"""

    def setUp(self) -> None:
        self.snapshot = planned(self.MORE, snapshot_of(SMALL)).after
        self.now = NOON
        self.source = PolicySource(lambda: self.snapshot, lambda: self.now)

    def test_only_what_is_open_now_and_from_here_is_told(self) -> None:
        """And only accounts that have a credential."""
        alice, bob = self.snapshot.user["alice"], self.snapshot.user["bob"]
        self.assertEqual(self.source.reachable(alice, "10.0.0.1"), (("web1", ("root",)),))
        self.assertEqual(self.source.reachable(alice, "192.0.2.1"), (("db1", ("dba",)), ("web1", ("root",))))
        self.now += 11 * 3600
        self.assertEqual(self.source.reachable(alice, "10.0.0.1"), (("db1", ("dba",)), ("web1", ("root",))))
        self.assertEqual(self.source.reachable(bob, "10.0.0.1"), ())

    def test_who_is_off_or_elsewhere_reaches_nothing(self) -> None:
        """A service is bound to its origins."""
        alice = self.snapshot.user["alice"]
        self.assertEqual(self.source.reachable(attrs.evolve(alice, active=False), "10.0.0.1"), ())
        self.assertEqual(self.source.reachable(attrs.evolve(alice, origin=("192.0.2.0/24",)), "10.0.0.1"), ())

    def test_a_change_of_the_directory_is_seen_and_other_changes_forget_nothing(self) -> None:
        """A new user does not make every answer be worked out anew."""
        alice = self.snapshot.user["alice"]
        first = self.source.reachable(alice, "10.0.0.1")
        self.snapshot = planned('[[user]]\nname = "carol"', self.snapshot).after
        self.assertIs(self.source.reachable(alice, "10.0.0.1"), first)
        self.snapshot = planned('[[target]]\nname = "web2"\naddress = "b"', self.snapshot).after
        self.assertEqual(self.source.reachable(alice, "10.0.0.1"), (("web1", ("root",)), ("web2", ("root",))))

    @given(st.sampled_from(("alice", "bob")), st.sampled_from(("10.0.0.1", "192.0.2.1")), st.integers(0, 23))
    @settings(max_examples=40)
    def test_what_is_told_is_what_is_granted(self, name: str, origin: str, hour: int) -> None:
        """The menu neither promises what is refused nor hides what is granted."""
        self.now = NOON + hour * 3600
        user = self.snapshot.user[name]
        told = {(target, account) for target, accounts in self.source.reachable(user, origin) for account in accounts}
        for target in self.snapshot.target:
            for account in ("root", "dba", "deploy"):
                granted = isinstance(self.source.grant(user, target, account, origin), Grant)
                self.assertEqual(granted, (target, account) in told, (target, account))

    def test_an_empty_directory_reaches_nothing(self) -> None:
        """And nobody."""
        self.assertEqual(PolicySource(Snapshot, lambda: 0.0).reachable(User("a"), "::1"), ())
