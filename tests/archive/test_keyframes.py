"""A frame begins with the screen as the events before it made it."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from gateway.archive.archive import Archive
from gateway.archive.export import ciphers_of
from gateway.archive.format import FRAME_BYTES
from gateway.archive.reader import Frame, TrackFile, open_frame
from gateway.domain.cast import Document
from gateway.domain.screen import Screen
from tests.archive.conformance import DIGEST
from tests.archive.fixtures import FACTS, POLICY, SESSION, at_once, node_keys, only_directory

SIZE = (20, 6)
LINE = "größe 漢字 \x1b[3{0}mline {0}\x1b[m\r\n"
WRITES = st.lists(st.sampled_from([
    b"$ ", b"ls\r\n", b"\xe6\xbc", b"\xa2\xe5", b"\x1b[3", b"1mred",
    b"\x1b]0;ti", b"tle\x07", b"\x1b[?1049h", b"\x1b[?1049l", b"\x1b7\x1b[H", b"\x1b8",
]), min_size=5, max_size=40)  # fmt: skip


def documents(root: str) -> list[Document]:
    """Return the frames of the only track."""
    with open(f"{only_directory(root)}/001.pamrec", "rb") as stored:
        track = TrackFile(stored)
        ciphers = ciphers_of(track.header, node_keys())
        return [open_frame(item, ciphers) for item in track.items() if isinstance(item, Frame)]


class KeyframeTests(SynchronousTestCase):
    """Snapshots in frames."""

    def recorded(self, writes: list[tuple[float, bytes]]) -> tuple[list[Document], Screen]:
        """Record, seal, verify; return the frames, and the screen at the end."""
        root, screen = self.mktemp(), Screen(*SIZE)
        archive = Archive(root, node_keys(), at_once)
        recording = archive.begin(SESSION, FACTS, POLICY, DIGEST)
        track = recording.track(1, "pty", 0.0, {}, screen.snapshot)
        for at, chunk in writes:
            track.write(at, "o", chunk)
            screen.feed(chunk)
        self.successResultOf(recording.seal(1e6, "done"))
        self.assertEqual(self.successResultOf(archive.verify(SESSION))["result"], "OK")
        return documents(root), screen

    def played(self, document: Document) -> str:
        """Return what a player shows that begins and ends with this frame."""
        assert document.snapshot is not None
        screen = Screen(document.snapshot["cols"], document.snapshot["rows"])
        screen.feed(document.snapshot["init"].encode())
        screen.feed("".join(event.text for event in document.events).encode("utf-8", "surrogateescape"))
        return str(screen.snapshot()["init"])

    @settings(max_examples=60, deadline=None)
    @given(WRITES, st.sets(st.integers(1, 40)))
    def test_a_player_may_begin_at_any_frame(self, chunks: list[bytes], edges: set[int]) -> None:
        """Also where characters and sequences were cut between frames: each frame ends where the next begins."""
        at, writes = 0.0, []
        for number, chunk in enumerate(chunks):
            at += 11.0 * (number in edges and chunks[number - 1] not in (b"\xe6\xbc", b"\xa2\xe5"))
            writes.append((at, chunk))
        frames, screen = self.recorded(writes)
        ends = [self.played(frame) for frame in frames]
        self.assertEqual(frames[0].snapshot, {"cols": 20, "rows": 6, "init": "\x1b[1;1H"})
        self.assertEqual(ends[:-1], [frame.snapshot["init"] for frame in frames[1:] if frame.snapshot])
        if b"\xe6\xbc" not in chunks and b"\xa2\xe5" not in chunks:
            self.assertEqual(ends[-1], screen.snapshot()["init"])

    def test_many_frames_each_have_their_screen(self) -> None:
        """By size, as a flood makes them."""
        writes = [(n / 1000, LINE.format(n % 8).encode() * 20) for n in range(600)]
        frames, screen = self.recorded(writes)
        self.assertGreater(len(frames), 5)
        self.assertEqual([self.played(frame) for frame in frames[-3:]][-1], screen.snapshot()["init"])

    def test_a_frame_that_begins_inside_a_write_has_none(self) -> None:
        """The screen knows a write as a whole."""
        frames, _ = self.recorded([(0.0, b"x" * (FRAME_BYTES + 10)), (20.0, b"y")])
        self.assertEqual([frame.snapshot is None for frame in frames], [False, True, False])

    def test_a_track_without_a_screen_has_none(self) -> None:
        """As an exec's."""
        root = self.mktemp()
        recording = Archive(root, node_keys(), at_once).begin(SESSION, FACTS, POLICY, DIGEST)
        recording.track(1, "exec", 0.0, {}).write(0.0, "o", b"x")
        self.successResultOf(recording.seal(1.0, "done"))
        self.assertEqual([frame.snapshot for frame in documents(root)], [None])
