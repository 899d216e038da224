"""The small parts: what was asked, visits, entries, the brake, streams, files, numbers for people."""

from __future__ import annotations

import hashlib
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from gateway.admin.refusal import Refusal
from gateway.admin.web import paint
from gateway.admin.web.asked import Ask, cookies_of, pairs, path_of
from gateway.admin.web.brake import CHECKS, Brake
from gateway.admin.web.entries import Entries
from gateway.admin.web.spool import MOST, Spool
from gateway.admin.web.sse import BEAT, Newest, event
from gateway.admin.web.visits import MOST_OF_ONE
from tests.admin.web.browsing import Served

VENDORED = {
    "asciinema-player.min.js": "a13c37632e1b5c49fe9128417b9319a9b5bc64cb457dd5ae52cbba8a3aceb880",
    "asciinema-player.css": "f619fe17597043564f03b2c6918b3daf890ee8b912fb408542fba11afade4fdb",
    "asciinema-player.LICENSE": "63422284ed65be54ab38d8a94e7518d27e222fbb26c9ae4cd984c63926e91c12",
}
"""SHA-256 of the files of asciinema-player 3.17.0, as npm's registry has them."""


class AskedTests(SynchronousTestCase):
    """Whatever comes is read or refused."""

    @settings(max_examples=200)
    @given(st.binary(max_size=60))
    def test_any_bytes_are_a_path_and_a_query_or_refused(self, raw: bytes) -> None:
        """With nothing in between."""
        for read in (path_of, pairs):
            try:
                read(raw)
            except Refusal:
                pass

    @settings(max_examples=200)
    @given(st.text(max_size=80))
    def test_any_cookie_header_is_cookies(self, header: str) -> None:
        """And no name without an equals sign."""
        for name in cookies_of(header):
            self.assertTrue(name)

    @settings(max_examples=200)
    @given(st.binary(max_size=60))
    def test_any_body_is_a_form_and_json_or_refused(self, raw: bytes) -> None:
        """Neither raises anything else."""
        for kind in ("application/x-www-form-urlencoded", "application/json", "text/plain"):
            ask = Ask("POST", headers={"content-type": kind}, body=raw)
            for part in ("form", "document"):
                try:
                    getattr(ask, part)
                except Refusal:
                    pass

    def test_of_two_cookies_with_one_name_the_first_counts(self) -> None:
        """A browser sends the one with the longer path first."""
        self.assertEqual(cookies_of('a=1; a=2; b="x"; junk; =y'), {"a": "1", "b": "x"})


class VisitTests(SynchronousTestCase):
    """Who is logged in."""

    def test_one_person_has_so_many_visits_and_the_idlest_makes_way(self) -> None:
        """So a script that logs in again and again does not fill the memory."""
        served = Served()
        words = []
        for _ in range(MOST_OF_ONE + 1):
            served.clock.advance(1)
            words.append(served.visits.begin("root", "10.0.0.1", "password", "")[0])
        self.assertIsNone(served.visits.find(words[0]))
        self.assertIsNotNone(served.visits.find(words[1]))
        self.assertEqual(len(served.visits.all()), MOST_OF_ONE)

    def test_what_streams_ends_with_the_longest_life_of_a_visit(self) -> None:
        """A wall that is left open keeps it from being idle, and not for ever."""
        served = Served()
        _, visit = served.visits.begin("root", "10.0.0.1", "password", "")
        cut: list[int] = []
        visit.streams.add(lambda: cut.append(1))
        served.clock.advance(3600)
        served.visits.tick()
        self.assertEqual(cut, [])
        served.clock.advance(8 * 3600)
        served.visits.tick()
        self.assertEqual(cut, [1])


class BrakeTests(SynchronousTestCase):
    """How often."""

    def test_an_ipv6_address_is_as_good_as_its_network(self) -> None:
        """Who has a /64 has all of it."""
        brake = Brake(Clock().seconds)
        for number in range(10):
            brake.failed(f"2001:db8::{number}")
        with self.assertRaises(Refusal):
            brake.may_try("2001:db8::ffff")
        brake.may_try("2001:db8:1::1")

    def test_passwords_are_weighed_a_few_at_a_time(self) -> None:
        """Each takes a thread and memory."""
        brake = Brake(Clock().seconds)
        for _ in range(CHECKS):
            brake.begin_check()
        with self.assertRaises(Refusal):
            brake.begin_check()
        brake.end_check()
        brake.begin_check()

    def test_a_thousand_waiting_browsers_are_kept_and_no_more(self) -> None:
        """The oldest goes."""
        entries = Entries(lambda: 0.0)
        first = entries.wait("browser 0", "10.0.0.1", "")
        for number in range(1, 1200):
            entries.wait(f"browser {number}", "10.0.0.1", "")
        with self.assertRaises(Refusal):
            entries.waiting(first.code)


class Slow:
    """A reader who takes what he is given when he is let."""

    def __init__(self) -> None:
        self.taken: list[bytes] = []
        self.waiting: list[Deferred[None]] = []
        self.slow = False

    async def send(self, chunk: bytes) -> None:
        if self.slow:
            self.waiting.append(Deferred())
            await self.waiting[-1]
        self.taken.append(chunk)

    def offer(self, chunk: bytes) -> bool:
        if not self.slow:
            self.taken.append(chunk)
        return not self.slow


class StreamTests(SynchronousTestCase):
    """What goes on."""

    def test_a_slow_reader_gets_the_newest_of_each_thing(self) -> None:
        """What was newer in the meantime has taken the older's place."""
        stream, pipe = Newest(Clock()), Slow()
        flowing = Deferred.fromCoroutine(stream.flow(pipe))
        pipe.slow = True
        for number in range(5):
            stream.put("a", event("a", number))
            stream.put("b", event("b", number))
        self.assertTrue(stream.is_behind)
        pipe.slow = False
        pipe.waiting[0].callback(None)
        stream.end()
        self.successResultOf(flowing)
        self.assertEqual(pipe.taken[1:], [event("a", 0), event("a", 4), event("b", 4)])

    def test_a_sign_of_life_is_given_and_nothing_is_left_of_it(self) -> None:
        """Every some seconds, until the end."""
        clock, pipe = Clock(), Slow()
        stream = Newest(clock)
        flowing = Deferred.fromCoroutine(stream.flow(pipe))
        clock.pump([BEAT, BEAT])
        self.assertEqual(pipe.taken[1:], [b": \n\n", b": \n\n"])
        stream.end()
        self.successResultOf(flowing)
        self.assertEqual(clock.getDelayedCalls(), [])

    def test_an_event_is_one_line_of_ascii(self) -> None:
        """Whatever is in it."""
        said = event("x", {"a": "line\nline\u2028é"}, "7")
        self.assertEqual(said.count(b"\n"), 4)
        self.assertTrue(said.isascii())

    def test_a_verb_that_writes_much_waits_for_the_reader(self) -> None:
        """And no more than so much is kept."""
        spool = Spool()
        streams = spool.streams()

        async def write() -> None:
            for _ in range(100):
                await streams.send(b"x" * 32 * 1024)

        writing = Deferred.fromCoroutine(write())
        self.assertFalse(writing.called)
        self.assertTrue(spool.begun.called)
        taken = 0
        while not writing.called:
            chunk = spool.take()
            self.assertLessEqual(len(chunk), MOST + 32 * 1024)
            taken += len(chunk)
        self.assertEqual(taken + len(spool.take()), 100 * 32 * 1024)


class PaintTests(SynchronousTestCase):
    """Files and numbers."""

    def test_what_is_vendored_is_what_was_published(self) -> None:
        """Byte for byte, with its licence."""
        folder = Path(paint.__file__).parent / "static" / "vendor"
        found = {name: hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in VENDORED}
        self.assertEqual(found, VENDORED)

    def test_every_file_of_the_console_is_served(self) -> None:
        """And none that is not there; what only exports carry is not among them."""
        folder = Path(paint.__file__).parent / "static"
        there = {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}
        self.assertLessEqual(set(paint.STATIC), there)
        for name in paint.STATIC:
            self.assertEqual(paint.static(paint.address(name)).code, 200)

    def test_numbers_are_written_for_people(self) -> None:
        """Bytes, seconds into a recording, times."""
        self.assertEqual([paint.size(each) for each in (0, 1023, 1536, 20_000_000, None)],
                         ["0 B", "1023 B", "1.5 KiB", "19 MiB", ""])  # fmt: skip
        told = [paint.clock(each) for each in (0, 67.9, 3727, None, True)]
        self.assertEqual(told, ["0:00", "1:07", "1:02:07", "", ""])
        self.assertEqual(paint.when_utc("junk"), "")
