"""Playing a recording in memory: time, places, keys, and a terminal that lags."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import attrs
from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.internet.defer import Deferred, fail, succeed
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase
from zope.interface import implementer

from gateway.admin.display import Display
from gateway.admin.play import Place, Play
from gateway.domain.cast import Document, Event
from gateway.domain.screen import Screen
from gateway.domain.screen.view import ENTER, GRAMMAR
from gateway.interfaces.archive import IReel


@implementer(IReel)
@attrs.define
class Reel:
    """Frames in memory; every one but the first has its screen, as long as ``kept``."""

    frames: Sequence[Sequence[Event]]
    kind: str = "pty"
    kept: bool = True
    late: bool = False
    failure: Exception | None = None
    session: str = "S-1"
    channel: int = 1
    facts: dict[str, Any] = attrs.field(factory=dict)
    size: tuple[int, int] = (20, 4)
    asked: list[int] = attrs.field(factory=list)
    waiting: list[tuple[Deferred[Document], Document]] = attrs.field(factory=list)

    @property
    def spans(self) -> tuple[tuple[float, float], ...]:
        return tuple((frame[0].at, frame[-1].at) for frame in self.frames)

    def segment(self, n: int) -> Deferred[Document]:
        self.asked.append(n)
        if self.failure is not None:
            return fail(self.failure)
        screen = Screen(*self.size)
        for frame in self.frames[:n]:
            for event in frame:
                screen.feed(event.text.encode())
        document = Document(tuple(self.frames[n]), snapshot=screen.snapshot() if self.kept else None)
        if not self.late:
            return succeed(document)
        self.waiting.append((Deferred(), document))
        return self.waiting[-1][0]


def frames(*texts: Sequence[tuple[float, str]]) -> list[list[Event]]:
    """Return frames of output events."""
    return [[Event(at, "o", text) for at, text in frame] for frame in texts]


THREE = frames([(0.0, "one\r\n"), (1.0, "two\r\n")], [(11.0, "three\r\n"), (12.0, "four\r\n")], [(60.0, "\x1b[2Jfive")])


class PlayTests(SynchronousTestCase):
    """One player on a terminal of 70 by 5."""

    def start(self, reel: Reel, at: float = 0.0, **how: Any) -> Play:
        self.clock, self.out, self.full = Clock(), bytearray(ENTER.encode()), False
        display = Display(70, 5, self.out.extend, lambda: self.full)
        self.play = Play(display, reel, self.clock, **how)
        display.holder = self.play
        self.play.seek(at)
        return self.play

    def seen(self) -> list[str]:
        screen = Screen(*self.play.display.size)
        screen.feed(bytes(self.out))
        self.assertIsNotNone(GRAMMAR.fullmatch(self.out.decode()))
        return [line.strip() for line in screen.text()]

    def test_time_goes_as_it_went_with_pauses_cut_short(self) -> None:
        """An idle minute takes two seconds; the end says so."""
        self.start(Reel(THREE))
        self.assertEqual(self.seen()[:2], ["one", ""])
        self.clock.advance(1.0)
        self.assertEqual(self.seen()[:2], ["one", "two"])
        self.clock.advance(1.9)
        self.assertEqual(self.seen()[2], "")
        self.clock.pump([0.2, 1.0, 2.0, 0.1])
        self.assertIn("five", "".join(self.seen()))
        self.assertIn("end", self.seen()[4])
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_a_place_is_reached_from_the_nearest_screen(self) -> None:
        """Only the frames that are needed are read; where none keeps its screen, from the beginning."""
        reel = Reel(THREE)
        self.start(reel, at=11.5)
        self.assertEqual((reel.asked, self.seen()[:3]), ([1], ["one", "two", "three"]))
        bare = Reel(THREE, kept=False)
        self.start(bare, at=11.5)
        self.assertEqual((bare.asked, self.seen()[:3]), ([1, 0, 1], ["one", "two", "three"]))
        self.start(Reel(THREE, kind="exec", kept=False), at=99.0)
        self.assertIn("five", "".join(self.seen()))

    @settings(max_examples=100, deadline=None)
    @given(st.lists(st.floats(0, 70), min_size=1, max_size=6), st.booleans())
    def test_wherever_one_comes_from_a_moment_looks_the_same(self, moments: list[float], kept: bool) -> None:
        """Seeking is exact."""
        self.start(Reel(THREE, kept=kept))
        for moment in moments:
            self.play.seek(moment)
        here = self.seen()[:4]
        self.start(Reel(THREE), at=moments[-1])
        self.assertEqual(here, self.seen()[:4])

    def test_keys(self) -> None:
        """Pause, speed, arrows cut between packets, places, start, help, leave."""
        self.start(Reel(THREE), places=[Place(11.0, "rm -rf [no-rm: denied]"), Place(60.0, "x")])
        self.play.typed(b" ")
        self.clock.advance(50)
        self.assertIn("paused", self.seen()[4])
        self.play.typed(b"n")
        self.assertEqual((self.play.at, "rm -rf" in "".join(self.seen())), (11.0, False))
        self.play.typed(b"nnp")
        self.assertEqual(self.play.at, 11.0)
        self.play.typed(b"\x1b")
        self.play.typed(b"[C")
        self.assertEqual(self.play.at, 16.0)
        self.play.typed(b"\x1b[Dp0zz\x1b[Z")
        self.assertEqual(self.play.at, 0.0)
        self.play.typed(b"++- ")
        self.assertEqual(self.play.speed, 2.0)
        self.clock.advance(0.5)
        self.assertEqual(self.seen()[1], "two")
        self.play.typed(b"?p" + b"+" * 20)
        self.assertEqual(self.play.speed, 64.0)
        self.play.typed(b"q")
        self.assertIsNone(self.successResultOf(self.play.done))
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_a_terminal_that_lags_sees_the_present_later(self) -> None:
        """Nothing is queued for it; another size is painted for."""
        self.start(Reel(THREE))
        self.full = True
        before = len(self.out)
        self.clock.advance(1.0)
        self.assertEqual(len(self.out), before)
        self.full = False
        self.play.drained()
        self.assertEqual(self.seen()[1], "two")
        self.play.display.resize(30, 8)
        self.assertIn("two", "".join(self.seen()))
        self.play.display.resize(20, 1)
        self.assertIn("S-1/1", self.seen()[0])

    def test_a_frame_that_comes_too_late_is_not_taken(self) -> None:
        """When something else is wanted by then, or nothing any more."""
        reel = Reel(THREE, late=True)
        self.start(reel)
        self.play.seek(60.0)
        for waiting, document in reversed(reel.waiting):
            waiting.callback(document)
        self.assertIn("five", "".join(self.seen()))
        self.play.seek(0.0)
        self.play.typed(b"q")
        reel.waiting[-1][0].callback(reel.waiting[-1][1])
        self.assertIn("five", "".join(self.seen()))

    def test_sizes_marks_and_nothing_at_all(self) -> None:
        """A resize is followed, a mark is said, a channel without frames says so, a failure ends it."""
        events = [("o", "x"), ("r", "5x2"), ("m", "bob: look"), ("x", "0")]
        self.start(Reel([[Event(0.0, code, text) for code, text in events]]))
        self.assertIn("bob: look", self.seen()[4])
        self.start(Reel([]))
        self.assertIn("nothing to see", self.seen()[4])
        self.start(Reel(THREE, failure=OSError("gone")))
        self.failureResultOf(self.play.done, OSError)
