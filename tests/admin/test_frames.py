"""What pamctl and the node say to each other."""

from __future__ import annotations

import json
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from gateway.admin.frames import HEAD, LARGEST, Frame, FrameError, FrameReader, Kind, Opening, opening, pieces

JUNK = st.binary(max_size=50) | st.from_regex(rb"\A\{[ -~]{0,40}\}\Z")
FRAMES = st.lists(st.builds(Frame, st.sampled_from(Kind), st.binary(max_size=40)), max_size=6)


class FrameTests(SynchronousTestCase):
    """Frames survive any cut; what is no frame ends the conversation."""

    @settings(max_examples=200, deadline=None)
    @given(FRAMES, st.lists(st.integers(0, 300), max_size=8))
    def test_cut_anywhere_gives_the_same_frames(self, frames: list[Frame], cuts: list[int]) -> None:
        """Byte by byte or all at once."""
        stream = b"".join(frame.wire for frame in frames)
        places = [0, *sorted(min(cut, len(stream)) for cut in cuts), len(stream)]
        reader, found = FrameReader(), []
        for start, end in pairwise(places):
            found += reader.feed(stream[start:end])
        self.assertEqual(found, frames)

    @settings(max_examples=200, deadline=None)
    @given(st.binary(max_size=200))
    def test_any_bytes_are_frames_or_an_error(self, stream: bytes) -> None:
        """Never another one."""
        try:
            list(FrameReader().feed(stream))
        except FrameError as failure:
            self.assertTrue(str(failure))

    def test_a_length_over_the_bound_is_refused_before_it_is_kept(self) -> None:
        """The head alone is enough."""
        self.assertRaises(FrameError, list, FrameReader().feed(HEAD.pack(b"O", LARGEST + 1)))

    @settings(max_examples=150, deadline=None)
    @given(st.builds(Frame, st.sampled_from(Kind), JUNK))
    def test_any_first_frame_is_read_or_refused(self, frame: Frame) -> None:
        """JSON of any shape."""
        try:
            self.assertIsInstance(opening(frame), Opening)
        except FrameError as failure:
            self.assertTrue(str(failure))

    def test_an_opening_is_what_was_said(self) -> None:
        """The words and whether a person sits there."""
        said = Opening(("lock", "alice", "--reason", "Grüße"), True)
        self.assertEqual(opening(said.frame()), said)

    def test_an_opening_of_another_shape_is_refused(self) -> None:
        """No words, too many, or words that are none."""
        for wrong in ([], {}, {"argv": "x"}, {"argv": [1]}, {"argv": ["x"] * 5000}):
            self.assertRaises(FrameError, opening, Frame(Kind.ARGV, json.dumps(wrong).encode()))
        self.assertRaises(FrameError, opening, Frame(Kind.ARGV, b"[" * 100_000))

    def test_content_goes_in_pieces(self) -> None:
        """And is whole again."""
        content = bytes(range(256)) * 1000
        cut = list(pieces(content))
        self.assertEqual((b"".join(frame.payload for frame in cut), len(cut)), (content, 4))
