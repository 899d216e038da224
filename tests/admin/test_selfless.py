"""Nobody does himself a favour."""

from __future__ import annotations

import attrs
from twisted.trial.unittest import SynchronousTestCase

from gateway.admin.refusal import Refusal
from gateway.admin.room import Caller
from gateway.admin.selfless import favours_of, refuse_favours, spare_oneself
from gateway.domain.difference import Change
from gateway.domain.entries import GrantRule, User
from gateway.domain.snapshot import Snapshot
from tests.admin.node import LOCAL

ROOT = User("root", roles=("admin",), groups=("staff",))
SNAPSHOT = Snapshot(user={"root": ROOT}, grant={"g": GrantRule("g", groups=("staff",))})
CALLER = Caller("root", "Ruth", frozenset({"admin"}), "10.0.0.1", "ssh")


class SelflessTests(SynchronousTestCase):
    """Orders and changes that concern the caller himself."""

    def test_an_order_for_oneself_is_refused(self) -> None:
        """By name, by a session of one's own, by a group one is in."""
        for scope, subject in (("user", "root"), ("session", "root"), ("group", "staff")):
            refusal = self.assertRaises(Refusal, spare_oneself, CALLER, SNAPSHOT, scope, subject, "unlock")
            self.assertEqual(refusal.code, 77)
            spare_oneself(LOCAL, SNAPSHOT, scope, subject, "unlock")

    def test_an_order_for_others_is_not(self) -> None:
        """Nor one for everybody, which is no favour to oneself."""
        for scope, subject in (("user", "alice"), ("group", "ops"), ("all", "*"), ("target", "root")):
            spare_oneself(CALLER, SNAPSHOT, scope, subject, "lock")

    def test_who_may_start_sessions_does_not_release_everybody(self) -> None:
        """Unless it was he who locked everybody; an admin who is no operator is not covered."""
        both = Snapshot(user={"root": User("root", roles=("admin", "operator"))})
        self.assertRaises(Refusal, spare_oneself, CALLER, both, "all", "carol", "unlock")
        spare_oneself(CALLER, both, "all", "root", "unlock")
        spare_oneself(CALLER, SNAPSHOT, "all", "carol", "unlock")

    def test_a_plan_that_favours_the_caller_is_refused(self) -> None:
        """His own roles, groups or activity, or a grant that names him or his group."""
        for change in (
            Change("user", "root", "change", ROOT, attrs.evolve(ROOT, roles=("admin", "operator"))),
            Change("user", "root", "remove", ROOT, None),
            Change("grant", "n", "add", None, GrantRule("n", users=("root",))),
            Change("grant", "n", "add", None, GrantRule("n", users=("ro*",))),
            Change("grant", "n", "add", None, GrantRule("n", groups=("staff",))),
        ):
            self.assertRaises(Refusal, refuse_favours, CALLER, SNAPSHOT, [change])
            refuse_favours(LOCAL, SNAPSHOT, [change])

    def test_a_plan_for_others_or_of_no_favour_is_not(self) -> None:
        """A key of one's own, a grant that is taken away, somebody else's grant."""
        refuse_favours(CALLER, SNAPSHOT, [
            Change("user", "root", "change", ROOT, attrs.evolve(ROOT, keys=("k",))),
            Change("grant", "g", "remove", SNAPSHOT.grant["g"], None),
            Change("grant", "n", "add", None, GrantRule("n", users=("alice",), groups=("ops",))),
            Change("user", "alice", "add", None, User("alice", roles=("admin",))),
        ])  # fmt: skip

    def test_a_single_change_is_judged_by_the_keys_that_are_set(self) -> None:
        """And by what a grant says already."""
        for table, name, values in (
            ("user", "root", {"roles": ["admin", "operator"]}),
            ("user", "root", None),
            ("grant", "n", {"users": ["root"]}),
            ("grant", "g", {"rights": ["shell"]}),
        ):
            self.assertRaises(Refusal, favours_of, CALLER, SNAPSHOT, table, name, values)
            favours_of(LOCAL, SNAPSHOT, table, name, values)
        favours_of(CALLER, SNAPSHOT, "user", "root", {"full_name": "Ruth"})
        favours_of(CALLER, SNAPSHOT, "grant", "g", None)
        favours_of(CALLER, SNAPSHOT, "grant", "g", {"groups": ["ops"]})
        favours_of(CALLER, SNAPSHOT, "target", "web1", {"address": "x:22"})
