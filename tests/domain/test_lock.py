"""Locks in force: order never matters, and time ends them."""

from __future__ import annotations

import itertools
from typing import Any

import attrs
from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from gateway.domain.facts import Entry
from gateway.domain.lock import Lock, LockSet, Scope, Subject, lock_of

ALICE = Subject("S-1", "alice", ("ops", "dba"), "web1")


def lock(scope: Scope, subject: str = "", **fields: Any) -> Lock:
    """Make a lock by an admin."""
    return attrs.evolve(Lock("L-1", scope, subject, "bob", "Bob", "why", 10.0), **fields)


def told(kind: str, body: dict[str, Any] | None, seq: int = 1) -> Entry:
    """Make an entry of a journal."""
    return Entry("gw1#0.1", seq, kind, 10.0, 5, body)


class LockTests(SynchronousTestCase):
    """Whom one lock covers and bars."""

    def test_each_scope_covers_its_own(self) -> None:
        """A lock covers what it names and nothing else."""
        for scope, right, wrong in (
            (Scope.USER, "alice", "bob"), (Scope.SESSION, "S-1", "S-2"), (Scope.GROUP, "dba", "web"),
            (Scope.TARGET, "web*", "db*"), (Scope.TARGET, "web1", "web"),
        ):  # fmt: skip
            self.assertTrue(lock(scope, right).covers(ALICE), scope)
            self.assertFalse(lock(scope, wrong).covers(ALICE), scope)
        self.assertTrue(lock(Scope.ALL).covers(ALICE))

    def test_a_lock_bars_new_sessions_unless_it_only_freezes(self) -> None:
        """``--only`` freezes what runs and bars nothing."""
        new = attrs.evolve(ALICE, session="")
        self.assertTrue(lock(Scope.USER, "alice").bars(new))
        self.assertFalse(lock(Scope.USER, "alice", only=True).bars(new))

    def test_a_lock_of_a_session_bars_its_operator(self) -> None:
        """The session's operator can not go round it with a new one; others can work."""
        held = lock(Scope.SESSION, "S-1", user="alice")
        self.assertTrue(held.bars(attrs.evolve(ALICE, session="")))
        self.assertFalse(held.bars(attrs.evolve(ALICE, session="", user="carol")))

    def test_time_ends_a_lock(self) -> None:
        """``until`` is the first moment at which it holds no more."""
        self.assertTrue(lock(Scope.ALL).in_force(1e12))
        self.assertTrue(lock(Scope.ALL, until=20.0).in_force(19.9))
        self.assertFalse(lock(Scope.ALL, until=20.0).in_force(20.0))

    @given(st.builds(
        Lock, id=st.text(max_size=4), scope=st.sampled_from(Scope), subject=st.text(max_size=4), by=st.text(max_size=4),
        by_name=st.text(max_size=4), reason=st.text(max_size=4), since=st.floats(0, 1e9),
        until=st.none() | st.floats(0, 1e9), only=st.booleans(), user=st.text(max_size=4),
    ))  # fmt: skip
    def test_a_lock_is_read_back_from_its_fact(self, given_lock: Lock) -> None:
        """Nothing of it is lost in the journal."""
        self.assertEqual(lock_of(given_lock.body()), given_lock)


class LockSetTests(SynchronousTestCase):
    """The set of locks, folded from facts in any order."""

    FACTS = (
        ("user.locked", lock(Scope.USER, "alice", id="L-1").body()),
        ("user.locked", lock(Scope.USER, "alice", id="L-2", since=11.0).body()),
        ("user.unlocked", {"locks": ["L-1"]}),
        ("user.deactivated", {"order": "D-1", "user": "carol"}),
        ("user.deactivated", {"order": "D-2", "user": "carol"}),
        ("user.activated", {"orders": ["D-1"], "user": "carol"}),
    )

    def test_the_order_of_facts_never_matters(self) -> None:
        """A release takes out what it saw, also when it arrives first; a lock placed meanwhile stays."""
        for order in itertools.permutations(self.FACTS):
            locks = LockSet()
            for seq, (kind, body) in enumerate(order, 1):
                locks.apply(told(kind, body, seq))
                locks.apply(told(kind, body, seq))
            self.assertEqual([held.id for held in locks.in_force(50.0)], ["L-2"])
            self.assertEqual(locks.deactivations_of("carol"), ("D-2",))

    def test_what_is_not_about_locks_is_ignored(self) -> None:
        """Other kinds, and bodies that have not come, change nothing."""
        locks = LockSet()
        locks.apply(told("user.locked", None))
        locks.apply(told("session.started", {}))
        self.assertEqual(locks.in_force(0.0), ())

    def test_the_oldest_lock_bars_and_all_that_cover_are_told(self) -> None:
        """Who is refused hears of the first; a lock that has run out neither bars nor covers."""
        locks = LockSet()
        locks.add(lock(Scope.ALL, id="L-3", since=12.0))
        locks.add(lock(Scope.USER, "alice", id="L-1", since=11.0))
        locks.add(lock(Scope.USER, "bob", id="L-0", since=1.0))
        locks.add(lock(Scope.ALL, id="L-4", since=2.0, until=5.0))
        self.assertEqual([held.id for held in locks.covering(ALICE, 13.0)], ["L-1", "L-3"])
        barring = locks.barring(ALICE, 13.0)
        self.assertEqual(barring and barring.id, "L-1")
        locks.release(["L-1", "L-3"])
        self.assertIsNone(locks.barring(ALICE, 13.0))

    def test_the_next_end_is_the_earliest(self) -> None:
        """So that one timer is enough."""
        locks = LockSet()
        self.assertIsNone(locks.next_end(0.0))
        locks.add(lock(Scope.ALL, id="L-1", until=9.0))
        locks.add(lock(Scope.ALL, id="L-2", until=7.0))
        locks.add(lock(Scope.ALL, id="L-3"))
        self.assertEqual(locks.next_end(0.0), 7.0)
        self.assertEqual(locks.next_end(8.0), 9.0)
