"""Orders act first, then are committed, then acknowledged; they survive a restart; nobody orders for himself."""

from __future__ import annotations

from typing import Any

import attrs
from twisted.trial.unittest import SynchronousTestCase

from gateway.domain.entries import AuditedRule
from gateway.domain.lane import GiveOrder, OrderKind
from gateway.domain.policy import SessionSettings
from gateway.domain.restraint import WINDOW, Standing
from gateway.domain.session import State
from gateway.runtime.orders import POLICY, NotForOneself, Orders
from gateway.wire.fields import string
from tests.ssh.sessions import World, status

BY = {"by": "bob", "by_name": "Bob", "reason": "why", "door": "test"}


class OrderTests(SynchronousTestCase):
    """One session of alice, and bob who orders."""

    def test_a_lock_freezes_bars_and_is_told(self) -> None:
        """The shape that is acknowledged says whom it covers."""
        world = World()
        shape = self.successResultOf(world.lock())
        self.assertEqual((shape["user"], shape["sessions"], shape["state"]), ("alice", [world.run.id], "complete"))
        self.assertEqual((world.run.state, world.kinds("user.", "session.locked")),
                         (State.LOCKED, ["user.locked", "session.locked"]))  # fmt: skip
        barring = world.orders.barring("alice", (), "web2")
        assert barring is not None
        self.assertIsNone(world.orders.barring("carol", (), "web1"))
        self.assertEqual(world.orders.locks(), [shape])
        told = world.bodies("user.locked")[0]
        self.assertLessEqual(told["requested_at"], told["effective_at"])
        self.assertEqual(self.successResultOf(world.unlock()), (barring.id,))
        self.assertEqual((world.run.state, world.orders.locks()), (State.LIVE, []))
        self.assertIn("session.unlocked", world.kinds())
        self.assertEqual(self.successResultOf(world.unlock()), ())

    def test_each_scope_reaches_its_own(self) -> None:
        """Session, target by glob, group, all; and not the others."""
        for scope, mine, others in (("session", "S-0000000000001", ""), ("target", "web*", "db*"), ("group",
            "ops", "dba"),
                                    ("all", "", ""), ("user", "alice", "carol")):  # fmt: skip
            world = World()
            if others:
                self.successResultOf(world.orders.lock(scope, others, ttl=None, only=False, **BY))
                self.assertFalse(world.run.locked, scope)
            self.successResultOf(world.orders.lock(scope, mine, ttl=None, only=False, **BY))
            self.assertTrue(world.run.locked, scope)
            self.successResultOf(world.orders.unlock(scope, mine, **BY))
            self.assertFalse(world.run.locked, scope)
        self.assertRaises(ValueError, World().orders.lock, "planet", "x", ttl=None, only=False, **BY)

    def test_two_locks_need_two_releases(self) -> None:
        """A session goes on when no lock covers it any more."""
        world = World()
        self.successResultOf(world.lock())
        self.successResultOf(world.orders.lock("all", "", ttl=None, only=True, **BY))
        self.successResultOf(world.unlock())
        self.assertTrue(world.run.locked)
        self.assertIsNone(world.orders.barring("alice", (), "web1"))
        self.successResultOf(world.orders.unlock("all", "", **BY))
        self.assertFalse(world.run.locked)

    def test_a_lock_ends_by_itself_when_its_time_is_over(self) -> None:
        """The session is released, and that is told."""
        world = World()
        self.successResultOf(world.lock(ttl=60.0))
        world.clock.advance(59)
        self.assertTrue(world.run.locked)
        world.clock.advance(2)
        self.assertEqual((world.run.locked, world.run.state, world.orders.locks()), (False, State.LIVE, []))
        self.assertEqual(world.bodies("session.unlocked")[0]["reason"], "the time of the lock is over")
        self.assertEqual([call for call in world.clock.getDelayedCalls() if "Keepalive" not in str(call)], [])

    def test_orders_act_before_they_are_committed(self) -> None:
        """With a journal that cannot be written the effect stands and the acknowledgement fails."""
        world = World()
        world.journal.failure = OSError(28, "No space left on device")
        self.failureResultOf(world.lock(), OSError)
        self.assertTrue(world.run.locked)
        done = world.orders.interrupt("user", "alice", **BY)
        self.assertEqual(world.run.state, State.ENDED)
        self.failureResultOf(done, OSError)

    def test_orders_survive_a_restart(self) -> None:
        """The journal alone tells what is in force; a release and an activation too."""
        world = World()
        self.successResultOf(world.lock())
        self.successResultOf(world.orders.deactivate("carol", **BY))
        after = Orders(world.roster, world.journal, world.clock, world.wall)
        world.journal.attach(after)
        self.assertEqual([lock["id"] for lock in after.locks()], [lock["id"] for lock in world.orders.locks()])
        self.assertTrue(after.is_deactivated("carol"))
        self.successResultOf(world.unlock())
        self.successResultOf(world.orders.activate("carol", **BY))
        last = Orders(world.roster, world.journal, world.clock, world.wall)
        world.journal.attach(last)
        for orders in (world.orders, after, last):
            self.assertEqual((orders.locks(), orders.is_deactivated("carol")), ([], False))

    def test_an_interruption_is_a_cut_in_the_same_turn(self) -> None:
        """Without a notice both connections are aborted; with one the line and 79 come first."""
        for notice, words in (
            ("none", b""),
            ("generic", b"an administrator ended"),
            ("reason", b"Bob ended this session: why"),
        ):
            world = World(settings=SessionSettings(interrupt_notice=notice))
            _, heard = world.exec("cat")
            self.assertEqual(self.successResultOf(world.orders.interrupt("user", "alice", **BY)), [world.run.id])
            self.assertTrue(world.inner.closing)
            self.assertEqual(world.gateway.closing, notice == "none")
            world.settle()
            self.assertIn(words, heard.taken[1])
            self.assertEqual(status(79) in heard.events, notice != "none")
            (told,) = world.bodies("session.interrupted")
            self.assertEqual((told["by"], told["effective_at"]), ("bob", world.run.effective_at))
            self.assertEqual(self.successResultOf(world.orders.interrupt("user", "alice", **BY)), [])

    def test_nobody_orders_for_himself(self) -> None:
        """No lock, no release, no activation; not through his session either."""
        world = World()
        himself: dict[str, Any] = {**BY, "by": "alice"}
        for scope, subject in (("user", "alice"), ("session", world.run.id)):
            self.assertRaises(NotForOneself, world.orders.lock, scope, subject, ttl=None, only=False, **himself)
            self.successResultOf(world.orders.lock(scope, subject, ttl=None, only=False, **BY))
            self.assertRaises(NotForOneself, world.orders.unlock, scope, subject, **himself)
        self.assertRaises(NotForOneself, world.orders.deactivate, "alice", **himself)
        self.assertRaises(NotForOneself, world.orders.activate, "alice", **himself)
        self.assertEqual(len(world.orders.locks()), 2)

    def test_nobody_releases_himself_through_a_wider_lock(self) -> None:
        """What another's lock froze of somebody stays frozen by him; his own wide lock he may release."""
        world = World()
        himself: dict[str, Any] = {**BY, "by": "alice"}
        for scope, subject in (("all", "*"), ("group", "ops"), ("target", "web*")):
            self.successResultOf(world.orders.lock(scope, subject, ttl=None, only=False, **BY))
            self.assertRaises(NotForOneself, world.orders.unlock, scope, subject, **himself)
            self.successResultOf(world.orders.unlock(scope, subject, **BY))
            self.successResultOf(world.orders.lock(scope, subject, ttl=None, only=False, **himself))
            self.successResultOf(world.orders.unlock(scope, subject, **himself))
        self.assertFalse(world.run.locked)

    def test_a_lock_refuses_what_is_on_its_way_to_the_target(self) -> None:
        """75 and the words on every channel that waits or comes, also after the release; only freezing refuses none."""
        world = World(dialled=False)
        end, heard = world.open()
        self.successResultOf(world.lock())
        world.settle()
        end.request("exec", string(b"cat"), wants_reply=True)
        _, later = world.exec("ls")
        self.assertEqual(world.dialling.cancelled, 1)
        self.successResultOf(world.unlock())
        world.settle()
        for each in (heard, later):
            self.assertIn(status(75), each.events)
            self.assertIn(b"ostiary: alice is locked by Bob (bob) since ", each.taken[1])
        world.door.lost()
        self.assertEqual(world.run.ended_because, "locked")
        frozen = World(dialled=False)
        _, heard = frozen.open()
        self.successResultOf(frozen.lock(only=True))
        self.assertEqual((frozen.dialling.cancelled, heard.events), (0, []))

    def test_a_lock_ends_a_login_that_has_no_connection_yet(self) -> None:
        """Its door is not open; it never will be."""
        world = World()
        lonely = world.make_run("S-0000000000002", world.run.grant)
        self.successResultOf(world.lock())
        self.assertEqual((lonely.state, lonely.ended_because), (State.ENDED, "locked"))

    def test_a_mark_goes_into_the_recording_and_is_told(self) -> None:
        """The operator has nothing of it; a session that is over takes none."""
        world = World()
        _, heard = world.exec("cat")
        self.successResultOf(world.orders.mark(world.run.id, **BY))
        assert world.recording is not None
        self.assertEqual(world.recording.tracks[1].text("m"), b"bob: why")
        self.assertEqual((world.bodies("session.marked")[0]["by"], heard.taken), ("bob", [b"", b""]))
        self.failureResultOf(world.orders.mark("S-9", **BY), ValueError)

    def test_a_rule_gives_orders_about_the_operator(self) -> None:
        """A lock or a deactivation in the rule's name; where it can not be kept the session is over."""
        for action, kind in (("lock", "user.locked"), ("deactivate", "user.deactivated")):
            world = World(rules=(AuditedRule("rm", command="rm", action=action),))
            world.exec("rm x")
            (told,) = world.bodies(kind)
            self.assertEqual(told["by"], "policy rule rm")
            self.assertEqual(world.orders.is_deactivated("alice"), action == "deactivate")
            self.assertEqual(world.run.state, State.LOCKED if action == "lock" else State.ENDED)
        world = World(rules=(AuditedRule("rm", command="rm", action="lock"),))
        end, _ = world.open()
        world.journal.failure = OSError(28, "No space left on device")
        end.request("exec", b"\0\0\0\4rm x", wants_reply=True)
        world.settle()
        self.assertEqual(world.run.state, State.ENDED)

    def test_a_rule_switches_off_no_service_and_not_the_last_admin(self) -> None:
        """Only the session ends, and it is told; a rule may say that it is for services too."""
        rule = AuditedRule("rm", command="rm", action="deactivate")
        for standing, services, spared in (
            (Standing(service=True), False, "service"),
            (Standing(service=True), True, ""),
            (Standing(last_admin=True), True, "last_admin"),
        ):
            world = World(rules=(attrs.evolve(rule, services=services),))
            world.orders.standing = lambda user, standing=standing: standing
            world.exec("rm x")
            self.assertEqual([told["reason"] for told in world.bodies("user.spared")], [spared] if spared else [])
            self.assertEqual(world.orders.is_deactivated("alice"), not spared)
            self.assertEqual((world.run.state, world.orders.locks()), (State.ENDED, []))

    def test_rules_switch_off_five_accounts_in_ten_minutes_and_lock_the_others(self) -> None:
        """With one alarm; a restart forgets nothing; an admin is not counted and goes on switching off."""
        world = World(rules=(AuditedRule("rm", command="rm", action="deactivate"),))
        for number in range(4):
            given = world.orders.deactivate(f"u{number}", **{**BY, "door": POLICY})
            self.successResultOf(given)
        self.successResultOf(world.orders.deactivate("u9", **BY))
        order = GiveOrder(OrderKind.DEACTIVATE, "rm")
        world.orders.by_rule(world.run, order)
        after = Orders(world.roster, world.journal, world.clock, world.wall)
        world.journal.attach(after)
        for orders in (world.orders, after):
            orders.by_rule(world.run, order)
            self.assertEqual([lock["user"] for lock in orders.locks()][:1], ["alice"])
        (told, again) = world.bodies("user.deactivations_limited")
        self.assertEqual((told["rule"], told["outcome"], told["reason"]), ("rm", "locked", again["reason"]))
        world.orders.by_rule(world.run, order)
        self.assertEqual(len(world.bodies("user.deactivations_limited")), 2)
        world.clock.advance(WINDOW + 1)
        world.orders.by_rule(world.run, order)
        self.assertEqual(len(world.bodies("user.deactivated")), 7)
