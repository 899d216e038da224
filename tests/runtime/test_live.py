"""Live streams of a whole session in memory: who sees what, what is told, and what the operator has of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import attrs
from twisted.internet.defer import CancelledError, Deferred, fail
from twisted.trial.unittest import SynchronousTestCase
from zope.interface import implementer

from gateway.domain.facts import Entry, Fact
from gateway.domain.lane import Bytes, Lane
from gateway.domain.policy import SessionSettings
from gateway.domain.rights import Kind
from gateway.domain.screen import Screen
from gateway.domain.screen.view import Update, lines
from gateway.interfaces import IFacts
from gateway.interfaces.live import IViewer, NotWatchable
from gateway.runtime.compose import Way, way_now
from gateway.runtime.live import Live
from gateway.runtime.shown import KEPT, Trail
from gateway.runtime.stage import AT_ONCE, MERGED
from gateway.wire.fields import string
from tests.ssh.sessions import World

SIZE = b"\0\0\0\x14\0\0\0\4"
WHO = {"by": "carol", "by_name": "Carol Admin", "source": "10.0.0.9", "door": "ssh"}


@implementer(IViewer)
@attrs.define(eq=False)
class Viewer:
    """Keep what is shown on a screen of its own."""

    size: tuple[int, int] | None = None
    full: bool = False
    failure: Exception | None = None
    passing: Callable[[], None] | None = None
    updates: list[Update] = attrs.field(factory=list)
    words: list[str] = attrs.field(factory=list)
    screen: Screen = attrs.field(factory=Screen)

    def is_full(self) -> bool:
        return self.full

    def show(self, update: Update) -> None:
        if self.failure is not None:
            raise self.failure
        if update.fresh:
            self.screen = Screen(update.columns, update.rows)
        self.updates.append(update)
        self.screen.feed(update.painted)
        passing, self.passing = self.passing, None
        if passing is not None:
            passing()

    def over(self, words: str) -> None:
        self.words.append(words)


@implementer(IFacts)
@attrs.define(eq=False)
class Slow:
    """A journal whose disk takes its time."""

    tell_now: Any
    waiting: list[Any]

    def tell(self, fact: Fact) -> Deferred[Entry]:
        told: Deferred[Entry] = Deferred()
        self.tell_now(fact).addCallback(lambda entry: self.waiting.append((told, entry)))
        return told

    def tell_all(self, facts: Any) -> Any:
        return fail(OSError(28, "full"))


class LiveCase(SynchronousTestCase):
    """A session with a terminal."""

    def terminal(self, **grant: Any) -> World:
        world = World(**grant)
        self.live = Live(world.roster, "gw1")
        self.end, self.heard = world.open()
        self.end.request("pty-req", string(b"xterm") + SIZE + b"\0" * 8 + string(b""), wants_reply=True)
        self.end.request("shell", b"", wants_reply=True)
        world.settle()
        world.accept()
        return world

    def show(self, world: World, chunk: bytes) -> None:
        world.far()[0].write(chunk)
        world.settle()

    def watch(self, world: World, viewer: Viewer, channel: int | None = None) -> Any:
        return self.successResultOf(self.live.watch(world.run.id, channel, viewer, **WHO))


class LiveTests(LiveCase):
    """Watching."""

    def test_a_viewer_sees_what_the_operator_sees(self) -> None:
        """The present screen first, then merged differences; the operator gets not one byte more."""
        world = self.terminal()
        self.show(world, b"\x1b[2J\x1b[Hhello")
        before = bytes(self.heard.taken[0])
        viewer = Viewer()
        seat = self.watch(world, viewer)
        self.assertEqual((viewer.screen.text()[0], viewer.updates[0].fresh), ("hello", True))
        for letter in b" world":
            self.show(world, bytes([letter]))
        self.assertEqual(len(viewer.updates), 1)
        world.clock.advance(MERGED)
        self.assertEqual((viewer.screen.text()[0], len(viewer.updates)), ("hello world", 2))
        self.assertEqual(bytes(self.heard.taken[0]), before + b" world")
        self.assertEqual(world.roster.sessions()[0]["watchers"], 1)
        world.clock.advance(5)
        seat.leave()
        seat.leave()
        self.show(world, b"unseen")
        world.clock.advance(1)
        self.assertEqual(len(viewer.updates), 2)
        [begun], [ended] = world.bodies("live.watch_started"), world.bodies("live.watch_ended")
        self.assertEqual((begun["by"], begun["from"], begun["door"], begun["channel"]), ("carol", "10.0.0.9", "ssh", 1))
        self.assertEqual(ended["duration"], 5 + MERGED)
        self.assertEqual([each["kind"] for each in world.roster.find(world.run.id)["admin_actions"]],
                         ["live.watch_started", "live.watch_ended"])  # fmt: skip

    def test_a_viewer_who_leaves_while_it_is_being_told_ends_nothing_but_his_look(self) -> None:
        """The session goes on; that he began and ceased to look is in the journal."""
        world = self.terminal()
        waiting: list[Any] = []
        kept = world.journal.tell
        world.run.workings = attrs.evolve(world.run.workings, facts=Slow(kept, waiting))
        looking = self.live.watch(world.run.id, None, Viewer(), **WHO)
        looking.cancel()
        self.failureResultOf(looking, CancelledError)
        for told, entry in waiting:
            told.callback(entry)
        self.assertEqual(world.run.state.value, "live")
        self.assertEqual((len(world.bodies("live.watch_started")), len(world.bodies("live.watch_ended"))), (1, 1))

    def test_a_full_viewer_is_left_out_and_a_failing_one_dropped(self) -> None:
        """The others see on; the dropped one's end is told."""
        world = self.terminal()
        full, broken, well = Viewer(), Viewer(), Viewer(size=(10, 2))
        seats = [self.watch(world, viewer) for viewer in (full, broken, well)]
        full.full, broken.failure = True, RuntimeError("broken")
        self.show(world, b"\x1b[2J\x1b[Hone")
        world.clock.advance(MERGED)
        self.assertEqual(len(self.flushLoggedErrors(RuntimeError)), 1)
        self.assertEqual(len(world.bodies("live.watch_ended")), 1)
        world.clock.advance(MERGED)
        self.assertIn("one", "".join(well.screen.text()))
        self.assertEqual(len(full.updates), 1)
        full.full = False
        seats[0].refresh()
        self.assertEqual((full.screen.text()[0], full.updates[-1].fresh), ("one", True))

    def test_many_viewers_are_served_some_at_a_time(self) -> None:
        """So that no key waits for them all; each has every picture in order, whatever passes meanwhile."""
        world = self.terminal()
        viewers = [Viewer(size=(20, 4)) for _ in range(2 * AT_ONCE + 3)]
        for viewer in viewers:
            self.watch(world, viewer)
        world.clock.advance(1)
        self.show(world, b"\x1b[2J\x1b[Hone")
        world.clock.advance(MERGED)
        self.assertEqual([viewer.screen.text()[0] for viewer in viewers], ["one"] * len(viewers))
        meanwhile = viewers[AT_ONCE - 1]
        meanwhile.passing = lambda: self.show(world, b"two")
        self.show(world, b" ")
        viewers[-1].failure = RuntimeError("broken")
        for _ in range(8):
            world.clock.advance(MERGED)
        self.assertEqual([viewer.screen.text()[0] for viewer in viewers[:-1]], ["one two"] * (len(viewers) - 1))
        self.assertEqual(len(self.flushLoggedErrors(RuntimeError)), 1)
        self.show(world, b" three")
        viewers[0].failure = RuntimeError("broken at the end")
        world.run.cut("interrupted")
        self.assertEqual({viewer.screen.text()[0] for viewer in viewers[1:-1]}, {"one two three"})
        self.assertEqual(len(self.flushLoggedErrors(RuntimeError)), 1)
        self.assertEqual(world.run.stages, {})

    def test_a_new_size_of_the_session_is_shown_afresh(self) -> None:
        """A viewer who takes the session's size is told it."""
        world = self.terminal()
        viewer = Viewer()
        self.watch(world, viewer)
        self.end.request("window-change", b"\0\0\0\x1e\0\0\0\6" + b"\0" * 8, wants_reply=False)
        world.settle()
        world.clock.advance(MERGED)
        self.assertEqual((viewer.updates[-1].columns, viewer.updates[-1].rows, viewer.updates[-1].fresh), (30, 6, True))

    def test_the_end_of_a_channel_or_session_ends_the_watch(self) -> None:
        """With the last picture, words, and one fact, before the session's own."""
        world = self.terminal()
        viewer = Viewer()
        self.watch(world, viewer)
        self.show(world, b"\x1b[2J\x1b[Hlast")
        world.run.cut("interrupted")
        self.assertEqual((viewer.words, viewer.screen.text()[0]), ([f"{world.run.id} is over (interrupted)"], "last"))
        kinds = world.kinds("live.", "session.ended")
        self.assertEqual(kinds, ["live.watch_started", "live.watch_ended", "session.ended"])

    def test_a_snapshot_is_a_watch_that_ended_at_once(self) -> None:
        """Told like any other."""
        world = self.terminal()
        self.show(world, b"\x1b[2J\x1b[Hnow")
        number, shown = self.successResultOf(self.live.snapshot(world.run.id, None, **WHO))
        self.assertEqual((number, lines(shown, coloured=False).split("\n")[0]), (1, "now"))
        self.assertEqual(world.kinds("live."), ["live.watch_started", "live.watch_ended"])

    def test_the_operator_is_told_where_it_is_announced(self) -> None:
        """By the frozen settings."""
        world = self.terminal(settings=SessionSettings(live_announce=True))
        seat = self.watch(world, Viewer())
        world.settle()
        self.assertIn(b"ostiary: Carol Admin (carol) is watching this session", bytes(self.heard.taken[0]))
        seat.leave()
        self.assertIn(b"is not watching any more", bytes(self.heard.taken[0]) if world.settle() else b"")

    def test_what_has_no_screen_is_said_in_words(self) -> None:
        """Over, unknown, held elsewhere, a channel that is none, one that moves files, none yet."""
        world = self.terminal(rights=("shell", "sftp"))
        files, _ = world.open()
        files.request("subsystem", string(b"sftp"), wants_reply=True)
        world.settle()
        world.accept()
        for session, channel, words in (
            ("S-9", None, "has ended"), (world.run.id, 9, "not open"), (world.run.id, 2, "files or forwards"),
        ):  # fmt: skip
            failure = self.failureResultOf(self.live.watch(session, channel, Viewer(), **WHO), NotWatchable)
            self.assertIn(words, str(failure.value))
        fresh = World()
        watched = Live(fresh.roster, "gw1").watch(fresh.run.id, None, Viewer(), **WHO)
        failure = self.failureResultOf(watched, NotWatchable)
        self.assertIn("shows nothing yet", str(failure.value))
        self.assertEqual(world.kinds("live."), [])

    def test_a_session_of_another_node_names_its_owner(self) -> None:
        """And the command that reaches it."""
        world = self.terminal()
        world.run.cut("gone")
        row = {**world.roster.sessions()[0], "node": "gw2"}
        self.patch(type(world.roster), "sessions", lambda self, live=False: [row])
        failure = self.failureResultOf(self.live.watch(world.run.id, None, Viewer(), **WHO), NotWatchable)
        self.assertIn("never leaves gw2, which holds it; there: ssh -t carol@gw2 watch S-0", str(failure.value))

    def test_a_watch_that_can_not_be_told_is_not_shown(self) -> None:
        """No fact, no picture."""
        world = self.terminal()
        viewer = Viewer()
        told = world.run.workings.facts.tell
        self.patch(type(world.journal), "tell", lambda self, fact: _failed() if "live" in fact.kind else told(fact))
        self.failureResultOf(self.live.watch(world.run.id, None, viewer, **WHO), OSError)
        self.assertEqual(viewer.updates, [])


def _failed() -> Deferred[Any]:
    return fail(OSError(28, "full"))


class TrailTests(LiveCase):
    """Commands without a terminal."""

    def test_the_end_of_a_commands_output_is_shown_and_then_read(self) -> None:
        """While somebody watches the lane is read; afterwards it travels as before."""
        world = World()
        self.live = Live(world.roster, "gw1")
        _, heard = world.exec("make")
        world.accept()
        self.show(world, b"one\ntwo\n")
        viewer = Viewer()
        seat = self.watch(world, viewer)
        self.assertEqual(viewer.screen.text()[:3], ["one", "two", ""])
        flow = world.run.legs[1].junction.flow  # type: ignore[attr-defined]
        trail = flow.taps[1]
        self.assertTrue(trail.open)
        self.show(world, b"three\n")
        world.clock.advance(MERGED)
        self.assertEqual(viewer.screen.text()[2], "three")
        seat.leave()
        self.assertFalse(trail.open)
        self.assertEqual(heard.taken[0], b"one\ntwo\nthree\n")

    def test_only_the_end_of_much_output_is_kept(self) -> None:
        """Bounded, and whole lines of the usual size of it remain."""
        trail = Trail()
        for n in range(20_000):
            trail.see(Bytes(Lane.TO_OPERATOR, b"line %d\n" % n), 0.0)
        self.assertEqual(trail.screen.text()[22], "line 19999")
        trail.see(Bytes(Lane.TO_TARGET, b"typed"), 0.0)
        self.assertNotIn("typed", trail.screen.text())
        self.assertLess(sum(map(len, trail._chunks)), 2 * KEPT)

    def test_a_trail_reads_only_while_open(self) -> None:
        """A spliced lane stays so until somebody looks."""
        world = World(recorded=False)
        flow = world.run.compose(1, Kind.EXEC, False, "make")
        lane = Lane.TO_OPERATOR
        self.assertIs(way_now(Kind.EXEC, lane, flow), Way.TAP)
        self.assertEqual(flow.taps[0].screen.text()[0], "")  # type: ignore[attr-defined]
        self.assertIs(way_now(Kind.EXEC, lane, flow), Way.MEDIATE)
