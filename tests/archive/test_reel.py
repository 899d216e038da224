"""Tracks opened to be played, written as text, and handed on as evidence."""

from __future__ import annotations

import base64
import hashlib
import json
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from gateway.archive.archive import Archive
from gateway.archive.memory import MemoryArchive
from gateway.domain.screen import Screen
from gateway.interfaces.archive import ArchiveError
from tests.archive.conformance import DIGEST
from tests.archive.fixtures import FACTS, POLICY, SESSION, at_once, node_keys

SHOWN = [(1.0, "one\r\n"), (12.0, "\x1b[31mtwo\x1b[m\r\n"), (25.0, "thr\u00e9\u00e9\r\n")]


class ReelTests(SynchronousTestCase):
    """One recording of three frames."""

    def setUp(self) -> None:
        self.archive = Archive(self.mktemp(), node_keys(), at_once)
        self.archive.recordings()
        self.recording = self.archive.begin(SESSION, FACTS, POLICY, DIGEST)
        screen = Screen(30, 5)
        track = self.recording.track(1, "pty", 0.0, {"cols": 30, "rows": 5}, screen.snapshot)
        for at, text in SHOWN:
            track.write(at, "o", text.encode())
            screen.feed(text.encode())

    def seal(self) -> Path:
        self.successResultOf(self.recording.seal(30.0, "done"))
        return Path(self.archive.directory(SESSION) or "") / "001.pamrec"

    def texts(self) -> list[str]:
        reel = self.successResultOf(self.archive.reel(SESSION))
        documents = [self.successResultOf(reel.segment(n)) for n in range(len(reel.spans))]
        return ["".join(event.text for event in document.events) for document in documents]

    def test_frames_are_read_one_by_one_with_their_screens(self) -> None:
        """Sizes, spans and screens; a channel that is not there is a KeyError."""
        self.seal()
        reel = self.successResultOf(self.archive.reel(SESSION, 1))
        self.assertEqual((reel.size, reel.kind, reel.spans), ((30, 5), "pty", ((1.0, 1.0), (12.0, 12.0), (25.0, 25.0))))
        snapshot = self.successResultOf(reel.segment(2)).snapshot
        assert snapshot is not None
        self.assertIn("two", snapshot["init"])
        self.failureResultOf(self.archive.reel(SESSION, 9), KeyError)
        self.failureResultOf(self.archive.reel("S-ZZZ"), KeyError)

    def test_an_open_recording_is_read_up_to_now(self) -> None:
        """What is in no frame yet is the last segment."""
        self.assertEqual(self.texts(), [text for _, text in SHOWN])
        self.seal()

    def test_a_damaged_frame_hides_no_other(self) -> None:
        """It is a marker in its place; a header that is damaged is said in words."""
        path = self.seal()
        stored = bytearray(path.read_bytes())
        second = stored.index(b"PRF1", stored.index(b"PRF1") + 1)
        stored[second + 100] ^= 1
        path.write_bytes(stored)
        first, marker, last = self.texts()
        self.assertEqual((first, last), (SHOWN[0][1], SHOWN[2][1]))
        self.assertIn("frame 1 is damaged", marker)
        self.assertIn(b"one", self.successResultOf(self.archive.export_text(SESSION)))
        for damaged in (b"", b"\xff" * 50, bytes(stored[:60])):
            path.write_bytes(damaged)
            asking = self.archive.reel, self.archive.export_text, self.archive.evidence
            for asked in (ask(SESSION) for ask in asking):
                self.failureResultOf(asked, ArchiveError)

    def test_text_is_what_was_shown_with_times(self) -> None:
        """A line each; also from memory."""
        self.seal()
        written = self.successResultOf(self.archive.export_text(SESSION)).decode()
        self.assertEqual(written, "     1.000  one\n    12.000  two\n    25.000  thr\u00e9\u00e9\n")
        memory = MemoryArchive()
        track = memory.begin(SESSION, FACTS, POLICY, DIGEST).track(1, "exec", 0.0, {})
        track.write(1.0, "o", b"one\ntwo\n")
        self.assertEqual(self.successResultOf(memory.export_text(SESSION)), b"     1.000  one\n     1.000  two\n")
        self.assertEqual(self.successResultOf(memory.reel(SESSION)).spans, ((1.0, 1.0),))
        self.failureResultOf(memory.evidence(SESSION), ArchiveError)
        self.assertEqual((memory.about(SESSION), memory.public_key), ({}, b""))
        self.successResultOf(memory.delete(SESSION, 0.0, "x"))
        for gone in (memory.export_text(SESSION), memory.reel(SESSION), memory.delete(SESSION, 0.0, "x")):
            self.failureResultOf(gone, KeyError)

    def test_evidence_is_the_stored_bytes_and_what_opens_them(self) -> None:
        """Enough for anybody to follow the chain and check the signature; of one channel, or all."""
        path = self.seal()
        found = self.successResultOf(self.archive.evidence(SESSION))
        [track] = found["tracks"]
        self.assertEqual((base64.b64decode(track["stored"]), track["facts"]["cols"]), (path.read_bytes(), 30))
        header = path.read_bytes().split(b"\n")[0]
        self.assertEqual(json.loads(header)["opening"], hashlib.sha256(found["opening"].encode() + b"\n").hexdigest())
        self.assertEqual((len(found["key"]), found["public_key"]), (64, self.archive.public_key.hex()))
        self.failureResultOf(self.archive.evidence(SESSION, 2), KeyError)
        stranger = Archive(str(path.parents[3]), node_keys(wrapping=b"\x03" * 32), at_once)
        self.failureResultOf(stranger.evidence(SESSION), ArchiveError)
        self.failureResultOf(stranger.reel(SESSION), ArchiveError)
