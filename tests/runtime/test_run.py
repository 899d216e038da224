"""One session's clock, recording and end."""

from __future__ import annotations

import errno

from twisted.trial.unittest import SynchronousTestCase

from gateway.domain.entries import Recorded
from gateway.domain.lane import Bytes, Lane
from gateway.domain.policy import SessionSettings
from gateway.domain.rights import Kind
from gateway.domain.session import State
from gateway.runtime.compose import Way, way_now
from gateway.runtime.run import BEGINNING, duration
from gateway.runtime.shown import Showing
from tests.ssh.sessions import World, status

FULL = OSError(errno.ENOSPC, "No space left on device")


class ScreenTests(SynchronousTestCase):
    """The screen of a channel that has a terminal."""

    def test_a_recording_is_given_the_screen_of_what_it_records(self) -> None:
        """Of terminals only, and only where output is recorded at all."""
        lane = Lane.TO_OPERATOR
        for world, kind, terminal, given in (
            (World(), Kind.PTY, True, True), (World(), Kind.EXEC, True, True), (World(), Kind.EXEC, False, False),
            (World(), Kind.SFTP, True, False), (World(record=Recorded(output=False)), Kind.PTY, True, False),
        ):  # fmt: skip
            flow = world.run.compose(1, kind, terminal, "", (30, 5))
            flow.feed(Bytes(lane, b"hello"), 0.0)
            assert world.recording is not None
            snapshot = world.recording.snapshots[1]
            self.assertEqual(snapshot is not None, given)
            if snapshot is not None:
                self.assertEqual(snapshot(), {"cols": 30, "rows": 5, "init": "\x1b[1;1Hhello\x1b[1;6H"})
                self.assertIs(way_now(kind, lane, flow), Way.MEDIATE)

    def test_a_session_without_a_recording_has_its_screen_too(self) -> None:
        """Nobody is asked for it, everybody may be."""
        flow = World(recorded=False).run.compose(1, Kind.PTY, True, "")
        tap = flow.taps[0]
        assert isinstance(tap, Showing)
        flow.feed(Bytes(Lane.TO_OPERATOR, b"hello"), 0.0)
        self.assertEqual((tap.screen.text()[0], tap.screen.columns), ("hello", 80))


class ClockTests(SynchronousTestCase):
    """What time does to a session."""

    def ticks(self, world: World, seconds: int) -> None:
        """Let time pass, a tick a second."""
        for _ in range(seconds):
            world.clock.advance(1)
            world.roster.tick()
            world.settle()

    def test_idleness_ends_a_session_and_a_lock_stops_its_clock(self) -> None:
        """What is typed begins the count anew; so does a release."""
        world = World(idle_timeout=60)
        end, heard = world.exec("cat")
        self.ticks(world, 50)
        end.write(b"x")
        world.settle()
        self.ticks(world, 59)
        self.successResultOf(world.lock())
        self.ticks(world, 1000)
        self.assertEqual(world.run.state, State.LOCKED)
        self.successResultOf(world.unlock())
        self.ticks(world, 59)
        self.assertEqual(world.run.state, State.LIVE)
        self.ticks(world, 1)
        self.assertEqual((world.run.state, world.run.ended_because), (State.ENDED, "idle"))
        self.assertEqual(heard.events[-3:], [status(75), "eof", "closed"])

    def test_the_end_is_announced_twice_and_comes_also_under_a_lock(self) -> None:
        """Ten minutes and one before, each once."""
        world = World(max_duration=1200)
        _, heard = world.exec("cat")
        self.ticks(world, 1199)
        self.assertEqual(
            heard.taken[1], b"ostiary: this session ends in 10 minutes\nostiary: this session ends in 60 seconds\n"
        )
        self.assertEqual([body["seconds"] for body in world.bodies("session.expiring")], [600, 60])
        self.successResultOf(world.lock())
        self.ticks(world, 1)
        self.assertEqual((world.run.state, world.run.ended_because), (State.ENDED, "expired"))
        self.assertEqual(world.kinds("session.ended"), ["session.ended"])
        self.assertEqual((duration(600), duration(90), duration(0.2)), ("10 minutes", "90 seconds", "1 seconds"))

    def test_a_clock_set_back_lengthens_nothing(self) -> None:
        """The end comes by whichever clock says it is sooner."""
        back, forward = World(max_duration=100), World(max_duration=100)
        for world, seconds in ((back, -5000.0), (forward, 5000.0)):
            world.exec("cat")
            world.set_forward = seconds
        self.ticks(forward, 1)
        self.assertEqual(forward.run.ended_because, "expired")
        self.ticks(back, 99)
        self.assertEqual(back.run.state, State.LIVE)
        self.ticks(back, 1)
        self.assertEqual(back.run.ended_because, "expired")

    def test_a_session_nobody_took_up_is_over(self) -> None:
        """A login that went away between its policy and its connection leaves nothing behind."""
        world = World()
        lonely = world.make_run("S-0000000000002", world.run.grant)
        self.ticks(world, int(BEGINNING))
        self.assertIn(lonely, world.roster.running())
        self.ticks(world, 2)
        self.assertEqual((lonely.ended_because, world.roster.running()), ("never_began", (world.run,)))


class RecordingTests(SynchronousTestCase):
    """No record, no session; or a session without."""

    def test_a_recording_that_fails_ends_the_session_where_it_must(self) -> None:
        """Nothing of that turn is seen; the next command would not start either."""
        world = World()
        _, heard = world.exec("cat")
        assert world.recording is not None
        world.recording.failure = FULL
        world.far()[0].write(b"unrecorded")
        world.settle()
        self.assertEqual((world.run.state, heard.taken[0]), (State.ENDED, b""))
        self.assertIn("session.failed", world.kinds())
        world = World()
        assert world.recording is not None
        world.recording.failure = FULL
        _, heard = world.exec("cat")
        self.assertEqual((world.run.state, world.far()[1].taken[0]), (State.ENDED, b""))
        self.assertEqual(heard.events[-3:], [status(75), "eof", "closed"])

    def test_without_the_must_a_session_goes_on(self) -> None:
        """Told once, whether the beginning, an event or a tick failed."""
        settings = SessionSettings(record_required=False)
        world = World(settings=settings)
        assert world.recording is not None
        world.recording.failure = FULL
        _, heard = world.exec("cat")
        world.far()[0].write(b"seen")
        world.settle()
        self.assertEqual((heard.taken[0], world.kinds("recording.")), (b"seen", ["recording.failed"]))
        world = World(settings=settings)
        assert world.recording is not None
        _, heard = world.exec("cat")
        world.recording.failure = FULL
        world.far()[0].write(b"seen")
        world.settle()
        for _ in range(3):
            world.roster.tick()
        self.assertEqual((heard.taken[0], world.run.state), (b"seen", State.LIVE))
        self.assertEqual(world.kinds("session.failed"), ["session.failed"])

    def test_the_maximum_ends_the_session(self) -> None:
        """With a line, and 77."""
        world = World()
        assert world.recording is not None
        _, heard = world.exec("cat")
        world.recording.written = world.run.grant.policy.restrictions.record.maximum + 1
        world.roster.tick()
        world.settle()
        self.assertEqual(heard.events[-3:], [status(77), "eof", "closed"])
        self.assertEqual(world.kinds("recording.budget"), ["recording.budget"])

    def test_a_journal_that_fails_ends_the_session(self) -> None:
        """A session whose facts can not be kept is over; the target sees nothing more."""
        world = World()
        world.exec("cat")
        world.journal.failure = FULL
        world.exec("id")
        self.assertEqual((world.run.state, world.run.ended_because), (State.ENDED, "journal_failed"))
        self.assertTrue(world.inner.closed)
        self.flushLoggedErrors()
