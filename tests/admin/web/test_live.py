"""The wall, a session's live page, the screen as picture and text."""

from __future__ import annotations

import json
import re
from typing import Any
from xml.etree import ElementTree

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase

from gateway.admin.web.miniature import colour, svg
from gateway.admin.web.pages.live import LOOK, OFTEN, TILES, TURN
from gateway.admin.web.reply import Reply
from gateway.admin.web.visits import MOST_STREAMS
from gateway.domain.facts import Fact
from gateway.domain.screen import Screen
from gateway.domain.screen.view import picture
from gateway.interfaces import NotWatchable
from tests.admin.node import ONE, TWO, session
from tests.admin.web.browsing import Browser


class Reader:
    """A browser's end of a stream; what it does not take waits."""

    def __init__(self, reply: Reply) -> None:
        self.taken = b""
        self.slow = False
        self.waiting: list[Deferred[None]] = []
        assert reply.stream is not None, reply
        self.flowing = Deferred.fromCoroutine(reply.stream(self))
        self.flowing.addErrback(lambda failure: None)

    async def send(self, chunk: bytes) -> None:
        if self.slow:
            self.waiting.append(Deferred())
            await self.waiting[-1]
        self.taken += chunk

    def offer(self, chunk: bytes) -> bool:
        return not self.slow

    def go_on(self) -> None:
        self.slow = False
        while self.waiting:
            self.waiting.pop().callback(None)

    def events(self, name: str) -> list[Any]:
        """Return the events of a name, oldest first."""
        found = re.findall(rb"event: (\w+)\ndata: (.*)\n", self.taken)
        return [json.loads(value) for kind, value in found if kind == name.encode()]


class LiveCase(SynchronousTestCase):
    """One admin, two sessions."""

    def setUp(self) -> None:
        self.browser = Browser()
        self.served = self.browser.served
        self.node = self.served.node
        self.live = self.node.live
        self.node.roster.rows = [session(ONE)]
        self.browser.log_in()

    def open(self, path: str) -> Reader:
        return Reader(self.browser.get(path))


class SessionTests(LiveCase):
    """One session followed."""

    def test_it_begins_with_the_whole_screen_and_goes_on_with_what_changes(self) -> None:
        """Once for each change; the record names the visitor and his door."""
        self.live.feed("hello")
        reader = self.open(f"/s/{ONE}/live")
        self.live.feed(" world")
        first, second = reader.events("screen")
        self.assertIn("hello", first["init"])
        self.assertIn("world", second["o"])
        self.assertEqual((self.live.asked[0]["by"], self.live.asked[0]["door"]), ("root", "web"))

    def test_a_slow_browser_is_shown_afresh_when_it_has_taken_what_it_had(self) -> None:
        """Nothing is queued for it meanwhile."""
        reader = self.open(f"/s/{ONE}/live")
        reader.slow = True
        for number in range(20):
            self.live.feed(f"{number}\r\n")
        self.assertEqual(len(reader.waiting), 1)
        reader.go_on()
        shown = reader.events("screen")
        self.assertLessEqual(len(shown), 3)
        self.assertIn("19", shown[-1]["init"])

    def test_it_ends_with_the_visit_with_the_page_and_with_the_session(self) -> None:
        """And each time the place is given back."""
        reader = self.open(f"/s/{ONE}/live")
        self.served.barred.add("root")
        self.node.journal.tell(Fact("user.locked", {"user": "root"}))
        self.assertTrue(reader.flowing.called)
        self.assertEqual(reader.events("over"), [{"words": "your visit has ended"}])
        self.assertEqual(self.live.stage.watchers, 0)
        self.served.barred.clear()
        self.browser.log_in()
        reader = self.open(f"/s/{ONE}/live")
        reader.flowing.cancel()
        self.assertEqual(self.live.stage.watchers, 0)
        reader = self.open(f"/s/{ONE}/live")
        self.live.stage.close("it is over")
        self.assertEqual(reader.events("over"), [{"words": "it is over"}])
        self.assertEqual([visit.streams for visit in self.served.visits.all()], [set()])

    def test_what_can_not_be_watched_is_said(self) -> None:
        """In the words of who refuses it."""
        self.live.failure = NotWatchable("it never leaves gw2")
        self.assertEqual(self.open(f"/s/{ONE}/live").events("over"), [{"words": "it never leaves gw2"}])
        self.live.failure = OSError(28, "No space left on device")
        self.assertIn("No space", self.open(f"/s/{ONE}/live").events("over")[0]["words"])
        self.assertEqual(self.browser.get("/s/S-9/live").code, 404)

    def test_one_visit_has_so_many_streams(self) -> None:
        """The next is refused, and there is room again when one ends."""
        readers = [self.open(f"/s/{ONE}/live") for _ in range(MOST_STREAMS)]
        self.assertEqual(self.browser.get(f"/s/{ONE}/live").code, 429)
        readers[0].flowing.cancel()
        self.assertEqual(self.browser.get(f"/s/{ONE}/live").code, 200)

    def test_the_screen_is_served_as_text_and_as_a_picture(self) -> None:
        """Without any script."""
        self.live.feed("hello")
        self.assertEqual(self.browser.get(f"/s/{ONE}/screen.txt").body.split(b"\n")[0], b"hello")
        tile = self.browser.get(f"/s/{ONE}/tile.svg")
        self.assertEqual(tile.kind.partition(";")[0], "image/svg+xml")
        self.assertIn(b">hello</text>", tile.body)
        self.assertEqual(self.browser.get("/s/S-9/screen.txt").code, 404)


class WallTests(LiveCase):
    """All that goes on."""

    def pass_time(self, seconds: float) -> None:
        """Let the wall have its turns."""
        self.served.clock.pump([TURN] * round(seconds / TURN + 2))

    def test_in_one_turn_one_tile_is_drawn(self) -> None:
        """So that a wall of many never keeps a key waiting."""
        self.node.roster.rows = [session(f"S-{number:013d}") for number in range(40)]
        reader = self.open("/stream/wall")
        before = len(reader.events("screen"))
        self.served.clock.advance(TURN)
        self.assertLessEqual(len(reader.events("screen")), before + 1)
        self.pass_time(TURN * TILES)
        self.assertEqual(self.live.stage.watchers, TILES)

    def test_tiles_come_with_their_sessions_and_go_with_them(self) -> None:
        """Each is one watch, however often it is painted."""
        self.live.feed("one")
        reader = self.open("/stream/wall")
        self.assertEqual([row["id"] for row in reader.events("wall")[0]], [ONE])
        self.assertIn("one", reader.events("screen")[0]["svg"])
        self.node.roster.rows.append(session(TWO))
        self.pass_time(LOOK)
        self.assertEqual(self.live.stage.watchers, 2)
        for _ in range(4):
            self.live.feed("x")
            self.pass_time(OFTEN)
        self.assertEqual(len(self.live.asked), 2)
        self.node.roster.rows.clear()
        self.pass_time(LOOK)
        self.assertEqual((reader.events("wall")[-1], self.live.stage.watchers), ([], 0))

    def test_a_tile_is_painted_now_and_then_and_only_when_it_changed(self) -> None:
        """However much passes."""
        reader = self.open("/stream/wall")
        for number in range(50):
            self.live.feed(f"{number} ")
        before = len(reader.events("screen"))
        self.assertLessEqual(before, 1)
        self.pass_time(OFTEN)
        after = reader.events("screen")
        self.assertEqual(len(after), before + 1)
        self.assertIn("49", after[-1]["svg"])
        self.pass_time(OFTEN * 5)
        self.assertEqual(len(reader.events("screen")), before + 1)

    def test_a_slow_browser_gets_the_newest_of_each_tile(self) -> None:
        """Nothing piles up."""
        reader = self.open("/stream/wall")
        reader.slow = True
        for number in range(30):
            self.live.feed(f"{number}\r\n")
            self.pass_time(OFTEN)
        self.assertLessEqual(len(reader.waiting), 1)
        reader.go_on()
        self.pass_time(OFTEN * 2)
        self.assertIn("29", reader.events("screen")[-1]["svg"])

    def test_everything_ends_with_the_page(self) -> None:
        """Clocks and places."""
        reader = self.open("/stream/wall")
        reader.flowing.cancel()
        self.assertEqual(self.live.stage.watchers, 0)
        self.assertEqual(self.served.clock.getDelayedCalls(), [])

    def test_a_session_without_a_screen_has_a_tile_without_a_picture(self) -> None:
        """Until it has one."""
        self.live.failure = NotWatchable("it shows nothing yet")
        reader = self.open("/stream/wall")
        self.assertEqual(reader.events("screen"), [])
        self.live.failure = None
        self.pass_time(LOOK * 2)
        self.assertEqual(len(reader.events("screen")), 1)


class MiniatureTests(SynchronousTestCase):
    """A screen as SVG."""

    @settings(max_examples=200)
    @given(st.binary(max_size=300) | st.text(max_size=80).map(str.encode))
    def test_any_screen_is_a_well_formed_picture_of_text_alone(self, output: bytes) -> None:
        """Nothing but shapes and text in it, no reference, no control."""
        screen = Screen(30, 6)
        screen.feed(output)
        drawn = svg(picture(screen))
        root = ElementTree.fromstring(drawn)
        names = {element.tag.rpartition("}")[2] for element in root.iter()}
        self.assertLessEqual(names, {"svg", "rect", "text"})
        allowed = {"viewBox", "font-family", "font-size", "width", "height", "fill", "x", "y", "textLength",
                   "lengthAdjust", "font-weight", "fill-opacity", "font-style", "text-decoration"}  # fmt: skip
        for element in root.iter():
            self.assertLessEqual(set(element.keys()), allowed)

    def test_looks_and_blanks_are_kept(self) -> None:
        """Colours of all three kinds, reverse, bold, and blanks between words."""
        screen = Screen(30, 2)
        screen.feed(b"\x1b[1;31ma  b\x1b[m \x1b[7mc\x1b[m \x1b[38;5;196md\x1b[38;2;1;2;3me\x1b[m\x1b[8mhidden\x1b[m<&>")
        drawn = svg(picture(screen))
        self.assertIn('font-weight="bold">a\u00a0\u00a0b</text>', drawn)
        self.assertIn("#ff0000", drawn)
        self.assertIn("#010203", drawn)
        self.assertNotIn("hidden", drawn)
        self.assertIn("&lt;&amp;&gt;", drawn)
        self.assertEqual([colour(value, "x") for value in (-1, 16, 231, 232, 255)],
                         ["x", "#000000", "#ffffff", "#080808", "#eeeeee"])  # fmt: skip
