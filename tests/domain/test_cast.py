"""Bytes become characters, and characters documents, the same way however they were cut."""

from __future__ import annotations

import json

from hypothesis import example, given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from gateway.domain import cast
from gateway.domain.cast import (
    CastError,
    CastHeader,
    Document,
    Event,
    Joiner,
    asciicast,
    decode_document,
    encode_document,
    encode_event,
    encode_snapshot,
    micros,
    size_of,
)

STREAM = st.one_of(
    st.binary(max_size=60), st.text(max_size=40).map(lambda text: text.encode("utf-8", "replace"))
)
EVENTS = st.lists(
    st.tuples(st.integers(0, 10**12), st.sampled_from("oirmx"), st.text(st.characters(), max_size=20)),
    max_size=20,
)


class JoinerTests(SynchronousTestCase):
    """Characters that packets have cut."""

    @settings(max_examples=200, deadline=None)
    @given(STREAM, st.lists(st.integers(0, 200)), st.integers(0, 10))
    @example(b"\xed\xa0\x80\xf4\x90\x80\x80\xc0\xaf", [1, 2, 3, 4, 5, 6], 1)
    def test_cut_anywhere_gives_the_same_text(self, stream: bytes, places: list[int], renewed: int) -> None:
        """Also when the joiner is put down and taken up again in between."""
        edges = [0, *sorted(place % (len(stream) + 1) for place in places), len(stream)]
        joiner = Joiner()
        text = ""
        for number, end in enumerate(edges[1:]):
            text += joiner.feed("o", stream[edges[number] : end])
            if number == renewed:
                joiner = Joiner(joiner.carry())
        text += "".join(rest for _, rest in joiner.flush())
        self.assertEqual(text, stream.decode("utf-8", "surrogateescape"))
        self.assertEqual(text.encode("utf-8", "surrogateescape"), stream)

    def test_each_stream_waits_for_its_own_tail(self) -> None:
        """What is typed meanwhile does not break a character of the output."""
        joiner = Joiner()
        self.assertEqual(joiner.feed("o", b"a\xc3"), "a")
        self.assertEqual(joiner.feed("i", b"\xe2\x82"), "")
        self.assertEqual(joiner.carry(), {"o": b"\xc3", "i": b"\xe2\x82"})
        self.assertEqual(joiner.feed("o", b"\xa9"), "é")
        self.assertEqual(joiner.flush(), [("i", "\udce2\udc82")])
        self.assertEqual(joiner.carry(), {})

    def test_what_is_no_stream_is_read_at_once(self) -> None:
        """A resize, a marker, an exit."""
        self.assertEqual(Joiner().feed("m", b"\xc3\xa9\xff"), "é\udcff")


class DocumentTests(SynchronousTestCase):
    """Frame documents."""

    @settings(max_examples=200, deadline=None)
    @given(EVENTS, st.dictionaries(st.sampled_from("oi"), st.binary(min_size=1, max_size=3)))
    def test_what_is_encoded_is_decoded(
        self, events: list[tuple[int, str, str]], carry: dict[str, bytes]
    ) -> None:
        """Every text, lone surrogates too, at every microsecond."""
        document = encode_document([encode_event(*each) for each in events], carry)
        decoded = decode_document(document)
        self.assertEqual([(micros(each.at), each.code, each.text) for each in decoded.events], events)
        self.assertEqual(decoded.carry, carry)
        self.assertIsNone(json.loads(document)["snapshot"])
        self.assertEqual("carry" in json.loads(document), bool(carry))

    def test_a_snapshot_goes_with_the_events(self) -> None:
        """The screen before them, unless it is larger than it may be; what else it says is not written."""
        screen = {"cols": 80, "rows": 24, "init": "\x1b[1;1H漢\udcff"}
        document = encode_document([encode_event(0, "o", "x")], {}, encode_snapshot({**screen, "more": 1}))
        self.assertEqual(decode_document(document), Document((Event(0.0, "o", "x"),), {}, screen))
        self.assertTrue(document.isascii())
        self.assertEqual(encode_snapshot({**screen, "init": "x" * cast.MAX_SNAPSHOT}), "null")

    @settings(max_examples=200, deadline=None)
    @given(st.binary(max_size=80))
    @example(b"[" * 20000)
    @example(b"1" * 5000)
    def test_hostile_bytes_are_refused_or_read(self, document: bytes) -> None:
        """Nothing but a CastError comes out."""
        try:
            self.assertIsInstance(decode_document(document), Document)
        except CastError as error:
            self.assertTrue(str(error))

    def test_what_is_no_document_is_refused(self) -> None:
        """Each shape that could confuse a reader."""
        for document in (
            "[]", "{}", '{"events":{}}', '{"events":[1]}', '{"events":[[true,"o","x"]]}', '{"events":[[NaN,"o","x"]]}',
            '{"events":[[-1,"o","x"]]}', '{"events":[[1e13,"o","x"]]}', '{"events":[[1,"q","x"]]}',
            '{"events":[[1,"oi","x"]]}', '{"events":[[1,"","x"]]}', '{"events":[[1,"o",2]]}',
            '{"events":[[1,"o"]]}', '{"events":[],"carry":[]}', '{"events":[],"carry":{"r":"00"}}',
            '{"events":[],"carry":{"o":"0g"}}', '{"events":[],"carry":{"o":"00000000"}}',
            '{"events":[],"carry":{"o":1}}', "\ud800", '{"events":[],"snapshot":[]}',
            '{"events":[],"snapshot":{"cols":80,"rows":24}}', '{"events":[],"snapshot":{"cols":0,"rows":1,"init":""}}',
            '{"events":[],"snapshot":{"cols":true,"rows":1,"init":""}}', '{"events":[],"snapshot":{"rows":false}}',
        ):  # fmt: skip
            self.assertRaises(CastError, decode_document, document.encode("utf-8", "surrogatepass"))

    def test_too_large_a_document_is_refused(self) -> None:
        """In bytes, and in events."""
        self.assertRaises(CastError, decode_document, b" " * (cast.MAX_DOCUMENT + 1))
        many = ",".join(['[0,"o",""]'] * (cast.MAX_EVENTS + 1))
        self.assertRaises(CastError, decode_document, f'{{"events":[{many}]}}'.encode())

    def test_a_time_before_the_start_is_the_start(self) -> None:
        """A clock may be set back."""
        self.assertEqual([micros(-3.5), micros(0.0000014), micros(1.5)], [0, 1, 1_500_000])


class AsciicastTests(SynchronousTestCase):
    """What players read."""

    def test_an_asciicast_has_a_header_and_its_events_in_order_of_time(self) -> None:
        """Masked input comes late into a track and is put where it was typed."""
        header = CastHeader(100, 30, 1795348800, "a title", {"TERM": "xterm"})
        events = [Event(1.0, "o", "x\udcff"), Event(3.0, "o", "y"), Event(1.0, "i", "é")]
        lines = [json.loads(line) for line in asciicast(header, events).decode("ascii").splitlines()]
        self.assertEqual(
            lines,
            [
                {
                    "version": 2,
                    "width": 100,
                    "height": 30,
                    "timestamp": 1795348800,
                    "title": "a title",
                    "env": {"TERM": "xterm"},
                },
                [1.0, "o", "x\udcff"],
                [1.0, "i", "é"],
                [3.0, "o", "y"],
            ],
        )

    def test_what_is_not_known_is_left_out_of_the_header(self) -> None:
        """A size always stands there."""
        self.assertEqual(json.loads(CastHeader().line()), {"version": 2, "width": 80, "height": 24})

    def test_a_size_is_two_small_numbers(self) -> None:
        """Anything else is none."""
        self.assertEqual(size_of("80x24"), (80, 24))
        for text in ("", "80", "x24", "80x", "axb", "80x24x1", "123456x1", "1x123456", "²x²", "-1x2"):
            self.assertIsNone(size_of(text))
