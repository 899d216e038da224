"""lock, unlock, locks and kill."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from tests.admin.node import LOCAL, NOW, ONE, TWO, MemoryNode, session


def node() -> MemoryNode:
    """Return a node with a session of alice's and one of the admin's own."""
    made = MemoryNode()
    made.roster.rows = [session(ONE), session(TWO, "root")]
    return made


class LockTests(SynchronousTestCase):
    """Whom a lock concerns."""

    def test_a_lock_is_given_with_everything_it_needs(self) -> None:
        """By whom, why, how long, by which door."""
        made = node()
        said = made.say(["lock", "alice", "--ttl", "30m", "--reason", "call me"])
        self.assertEqual(
            made.orders.given, [("lock", "user", "alice", "root", "Ruth Admin", "call me", 1800.0, False, "ssh")]
        )
        self.assertIn("locked alice until 2026-", said.out)
        self.assertIn("new sessions are refused", said.out)

    def test_each_scope_finds_its_subject(self) -> None:
        """A session by its prefix; exactly one of them."""
        for line, scope, subject in (
            (f"lock --session {ONE[:11]}", "session", ONE),
            ("lock --target web*", "target", "web*"),
            ("lock --group ops", "group", "ops"),
            ("lock --all", "all", "*"),
            ("lock alice --only", "user", "alice"),
        ):
            made = node()
            self.assertEqual(made.say(line).code, 0, line)
            self.assertEqual(made.orders.given[0][1:3], (scope, subject))
        for line in ("lock", "lock alice --all", "unlock"):
            self.assertEqual(node().say(line).code, 64, line)

    def test_who_is_not_there_is_not_locked(self) -> None:
        """A typing mistake would be a false sense of safety."""
        self.assertEqual(node().say("lock alcie").code, 1)
        self.assertEqual(node().say("lock --session S-9").code, 1)
        self.assertEqual(node().say("lock alice --ttl soon").code, 64)

    def test_nobody_locks_or_unlocks_himself(self) -> None:
        """Not by name, by his group, or by a session of his."""
        made = node()
        for verb in ("lock", "unlock"):
            for what in ("root", "--group staff", f"--session {TWO}"):
                self.assertEqual(made.say(f"{verb} {what}").code, 77, f"{verb} {what}")
        self.assertEqual(made.orders.given, [])
        self.assertEqual(made.say("lock root", LOCAL).code, 0)

    def test_a_lock_is_released_and_listed_while_in_force(self) -> None:
        """What is not locked can not be unlocked."""
        made = node()
        self.assertEqual(made.say("locks").out, "no lock is in force\n")
        identity = made.say("lock alice --json").data["id"]
        self.assertEqual(made.say("locks --json").data[0]["since"], "2026-11-18T11:06:40.000Z")
        self.assertIn("complete", made.say("locks").out)
        self.assertEqual(made.say("unlock alice --json").data, {"released": [identity]})
        self.assertEqual(made.say("unlock alice").code, 1)
        self.assertEqual(NOW, made.clock.seconds())


class MarkTests(SynchronousTestCase):
    """Notes in recordings."""

    def test_a_note_is_put_into_a_session(self) -> None:
        """By whom and by which door; an empty one is none."""
        made = node()
        self.assertEqual(made.say(f"mark {ONE[:11]} look at this", "ann").code, 0)
        self.assertEqual(made.orders.given, [("mark", ONE, "ann", "", "look at this", "ssh")])
        self.assertEqual(made.say(["mark", ONE, " "]).code, 64)
        self.assertEqual(made.say("mark S-9 x").code, 1)


class KillTests(SynchronousTestCase):
    """Cutting sessions."""

    def test_a_session_or_all_of_a_user_are_cut(self) -> None:
        """Under both names of the verb."""
        for line, scope, subject in (
            (f"kill {ONE[:11]} --reason theft", "session", ONE),
            ("interrupt --user alice", "user", "alice"),
        ):
            made = node()
            said = made.say(line)
            self.assertEqual((said.code, said.out), (0, f"interrupted {ONE}\n"))
            self.assertEqual(made.orders.given[0][1:3], (scope, subject))

    def test_nothing_to_cut_is_said(self) -> None:
        """By the code of what is not there."""
        for line in ("kill S-9", "kill --user ann", "kill --user nobody"):
            self.assertEqual(node().say(line).code, 1, line)
        self.assertEqual(node().say("kill").code, 64)

    def test_what_the_orders_refuse_is_denied(self) -> None:
        """Their words are said."""
        said = node().say("kill --user root")
        self.assertEqual((said.code, said.err), (77, "ostiary: nobody interrupts himself\n"))
