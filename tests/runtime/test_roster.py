"""The sessions that run, and those the journal remembers."""

from __future__ import annotations

import attrs
from twisted.trial.unittest import SynchronousTestCase

from gateway.domain.facts import Entry, Fact
from gateway.domain.session import State
from gateway.runtime.roster import Roster
from tests.ssh.sessions import World


def again(world: World) -> Roster:
    """Return a roster that knows the journal alone."""
    roster = Roster(world.journal, world.wall, "gw1", world.details)
    world.journal.attach(roster)
    return roster


class RosterTests(SynchronousTestCase):
    """What admins read."""

    def test_a_session_is_shown_while_it_runs_and_after_its_end(self) -> None:
        """Live, ended, and lost where no end was told."""
        world = World()
        (row,) = world.roster.sessions(live=True)
        self.assertEqual(
            (row["operator"], row["account"], row["target"], row["state"]), ("alice", "root", "web1", "live")
        )
        self.assertEqual(again(world).sessions()[0]["state"], State.LOST.value)
        self.assertEqual([each["session"] for each in again(world).unfinished()], [world.run.id])
        world.client.abort()
        world.settle()
        self.assertEqual(world.roster.sessions(live=True), [])
        for roster in (world.roster, again(world)):
            (row,) = roster.sessions()
            self.assertEqual(
                (row["state"], row["reason"], row["policy"]), ("ended", "operator_left", world.run.grant.policy.digest)
            )
            self.assertEqual(roster.unfinished(), ())

    def test_a_session_is_found_by_the_beginning_of_its_id(self) -> None:
        """As typed; unknown and ambiguous ones are errors."""
        world = World()
        world.exec("ls")
        found = world.roster.find("s-OOOO")
        self.assertEqual((found["id"], found["channels"][0]["command"], found["commands"][0]["text"]),
                         (world.run.id, "ls", "ls"))  # fmt: skip
        self.assertEqual(world.roster.find(world.run.id)["policy_text"].encode(), world.run.grant.policy.canonical)
        world.make_run("S-0000000000002", world.run.grant)
        self.assertRaises(ValueError, world.roster.find, "S-0")
        self.assertEqual(world.roster.find("S-0000000000002")["id"], "S-0000000000002")
        self.assertRaises(KeyError, world.roster.find, "S-Z")

    def test_a_policy_is_found_also_after_the_end(self) -> None:
        """Byte for byte what was frozen."""
        world = World()
        policy = world.run.grant.policy
        self.assertEqual(world.roster.policy("S-0"), (policy.digest, policy.canonical))
        self.assertEqual(again(world).policy("S-0"), (policy.digest, policy.canonical))
        self.assertRaises(KeyError, world.roster.policy, "S-Z")

    def test_entries_that_come_twice_or_without_a_body_change_nothing(self) -> None:
        """A replay and a pruned journal are read over."""
        world = World()
        world.client.abort()
        world.settle()
        roster = again(world)
        before = roster.sessions()
        for entry in world.journal.entries():
            roster.apply(entry)
            roster.apply(attrs.evolve(entry, body=None))
        self.assertEqual(roster.sessions(), before)
        roster.details = lambda session: [Entry("o", 1, "channel.opened", 0.0, 1, None)]
        self.assertEqual(roster.find(world.run.id)["channels"], [])

    def test_a_refusal_is_found_by_its_reference(self) -> None:
        """However it is typed."""
        world = World()
        world.journal.tell(Fact("session.refused", {"reference": "R-ABC", "reason": "no_grant"}))
        self.assertEqual(world.roster.reference(" r-abc ")["reason"], "no_grant")
        self.assertRaises(KeyError, world.roster.reference, "R-X")

    def test_a_recording_that_can_not_be_sealed_is_told(self) -> None:
        """The end is told all the same, and nothing waits for ever."""
        world = World()
        assert world.recording is not None
        world.recording.seal_failure = OSError(5, "Input/output error")
        world.client.abort()
        world.settle()
        self.assertEqual(world.kinds("session.ended", "recording."), ["session.ended", "recording.failed"])
        world = World()
        assert world.recording is not None
        world.recording.seal_failure = RuntimeError("a defect")
        world.client.abort()
        world.settle()
        self.assertEqual(len(self.flushLoggedErrors(RuntimeError)), 1)
