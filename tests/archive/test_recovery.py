"""A process that is killed loses nothing it had acknowledged."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from gateway.archive.archive import Archive
from tests.archive.fixtures import FACTS, POLICY, SESSION, at_once, node_keys, only_directory, text_of
from tests.archive.writing import chunk

ROOT = Path(__file__).resolve().parents[2]
DIGEST = hashlib.sha256(POLICY).hexdigest()


def killed(root: str, after: int) -> int:
    """Let a child record, kill it after some acknowledged writes, and return how many it had acknowledged."""
    child = subprocess.Popen(
        [sys.executable, "-m", "tests.archive.writing", os.path.abspath(root)],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert child.stdout is not None
    acknowledged = 0
    for line in child.stdout:
        acknowledged = int(line)
        if acknowledged == after:
            child.kill()
    child.wait()
    child.stdout.close()
    return acknowledged


class KilledTests(SynchronousTestCase):
    """SIGKILL at any moment."""

    def test_everything_acknowledged_is_in_the_recovered_recording(self) -> None:
        """Frames and tail together hold every write, cut characters and all."""
        for after in (1, 2, 77, 1234, 4001):
            root = self.mktemp()
            acknowledged = killed(root, after)
            archive = Archive(root, node_keys(), at_once)
            [row] = self.successResultOf(archive.recover())
            self.assertEqual((row["session"], row["detail"]), (SESSION, ""))
            written = b"".join(chunk(number) for number in range(acknowledged + 1))
            exact = b"".join(chunk(number) for number in range(acknowledged))
            text = text_of(self.successResultOf(archive.export_cast(SESSION)))["o"]
            recorded = text.encode("utf-8", "surrogateescape")
            self.assertTrue(recorded.startswith(exact), (after, len(recorded), len(exact)))
            self.assertTrue(written.startswith(recorded))
            report = self.successResultOf(archive.verify(SESSION))
            self.assertEqual(report["result"], "UNSEALED", report)
            self.assertIn(round(report["at"] * 100), (acknowledged - 1, acknowledged))

    def test_before_recovery_it_verifies_and_exports_too(self) -> None:
        """The tail is read where it is."""
        root = self.mktemp()
        acknowledged = killed(root, 300)
        archive = Archive(root, node_keys(), at_once)
        report = self.successResultOf(archive.verify(SESSION))
        self.assertEqual(report["result"], "UNSEALED", report)
        exact = b"".join(chunk(number) for number in range(acknowledged))
        text = text_of(self.successResultOf(archive.export_cast(SESSION)))["o"]
        self.assertTrue(text.encode("utf-8", "surrogateescape").startswith(exact))
        self.assertEqual([row["state"] for row in archive.recordings()], ["unsealed"])


def orphan(root: str, session: str = SESSION, writes: int = 3) -> Archive:
    """Leave a recording open, as a process that died does."""
    archive = Archive(root, node_keys(), at_once)
    track = archive.begin(session, FACTS, POLICY, DIGEST).track(1, "pty", 0.0, {})
    for number in range(writes):
        track.write(number + 1.0, "o", f"line {number}\r\n".encode())
    return archive


class OrphanTests(SynchronousTestCase):
    """What recovery makes of what it finds."""

    def recovered(self, root: str) -> tuple[Archive, list[Any]]:
        """Start again over what is there."""
        archive = Archive(root, node_keys(), at_once)
        return archive, list(self.successResultOf(archive.recover()))

    def test_an_orphan_is_closed_with_the_exact_time_of_its_last_event(self) -> None:
        """As UNSEALED, signed, with no tail left; a second start finds nothing to do."""
        root = self.mktemp()
        orphan(root)
        archive, [row] = self.recovered(root)
        self.assertEqual((row["t"], row["events"]), (3.0, 3))
        self.assertEqual(row["ended"], 1795348803.0)
        self.assertEqual(sorted(os.listdir(only_directory(root))), ["001.pamrec", "manifest.json"])
        report = self.successResultOf(archive.verify(SESSION))
        self.assertEqual((report["result"], report["at"], report["events"]), ("UNSEALED", 3.0, 3))
        self.assertEqual(self.recovered(root)[1], [])
        [listed] = archive.recordings()
        self.assertEqual((listed["state"], listed["ended"]), ("unsealed", "2026-11-22T12:00:03.000Z"))

    def test_a_frame_written_while_its_tail_was_not_yet_emptied_is_not_doubled(self) -> None:
        """The tail says which frame its events belong to."""
        root = self.mktemp()
        archive = orphan(root)
        tail = Path(only_directory(root), "001.tail")
        before = tail.read_bytes()
        archive._open[SESSION].checkpoint()
        tail.write_bytes(before)
        archive, [row] = self.recovered(root)
        self.assertEqual((row["events"], row["frames"], row["detail"]), (3, 1, ""))

    def test_a_half_written_frame_is_made_again_from_the_tail(self) -> None:
        """Whatever part of it had been written."""
        root = self.mktemp()
        archive = orphan(root)
        track, tail = (Path(only_directory(root), name) for name in ("001.pamrec", "001.tail"))
        size, events = track.stat().st_size, tail.read_bytes()
        archive._open[SESSION].checkpoint()
        whole = track.read_bytes()
        for cut in range(size, len(whole), 7):
            track.write_bytes(whole[:cut])
            tail.write_bytes(events)
            before = self.successResultOf(Archive(root, node_keys(), at_once).verify(SESSION))
            self.assertEqual((before["result"], before["at"]), ("UNSEALED", 3.0), before)
            opened = Path(only_directory(root), "open.json").read_bytes()
            archive, [row] = self.recovered(root)
            self.assertEqual((row["events"], row["detail"]), (3, ""))
            cast = text_of(self.successResultOf(archive.export_cast(SESSION)))
            self.assertEqual(cast["o"], "line 0\r\nline 1\r\nline 2\r\n")
            Path(only_directory(root), "manifest.json").unlink()
            Path(only_directory(root), "open.json").write_bytes(opened)

    def test_a_process_that_died_before_recording_anything_leaves_nothing(self) -> None:
        """Empty files hold nothing to keep."""
        root = self.mktemp()
        directory = Path(root, "2026", "11", SESSION)
        directory.mkdir(parents=True)
        (directory / "open.json").touch()
        self.assertEqual(self.recovered(root)[1], [])
        self.assertFalse(directory.exists())

    def test_a_track_that_died_before_its_header_does_not_harm_the_others(self) -> None:
        """It had acknowledged nothing."""
        root = self.mktemp()
        orphan(root)
        Path(only_directory(root), "002.pamrec").touch()
        _, [row] = self.recovered(root)
        self.assertEqual((row["tracks"], row["detail"]), (1, ""))

    def test_hundreds_of_orphans_are_closed_within_seconds(self) -> None:
        """One of them is beyond repair: it is named, and none of the others suffers."""
        root = self.mktemp()
        for number in range(200):
            orphan(root, f"S-{number:013d}", 1)
        bad = Path(root, "2026", "11", f"S-{100:013d}", "open.json")
        bad.write_bytes(b"{}\n")
        began = time.monotonic()
        archive, rows = self.recovered(root)
        self.assertLess(time.monotonic() - began, 10)
        self.assertEqual(len(rows), 200)
        self.assertEqual([row["session"] for row in rows if row["detail"]], [f"S-{100:013d}"])
        self.assertEqual(len(archive.recordings()), 200)

    def test_without_the_right_to_read_an_orphan_is_left_as_it_is(self) -> None:
        """What it holds is closed by the next start that has the key."""
        root = self.mktemp()
        orphan(root)
        stranger = Archive(root, node_keys(wrapping=b"\x09" * 32), at_once)
        [row] = self.successResultOf(stranger.recover())
        self.assertIn("no key", row["detail"])
        self.assertEqual(self.recovered(root)[1][0]["events"], 3)

    @settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
    @given(place=st.integers(0, 10**6), bit=st.integers(0, 7), name=st.sampled_from(["001.pamrec", "001.tail"]))
    def test_an_altered_orphan_stays_evidence_and_verifies_as_bad(self, place: int, bit: int, name: str) -> None:
        """Recovery neither raises nor blesses nor discards it."""
        root = self.mktemp()
        track = orphan(root)._open[SESSION]._tracks[1]
        track.close_frame()
        track.write(20.0, "o", b"one more\r\n")
        track.write(21.0, "o", b"and one more\r\n")
        path = Path(only_directory(root), name)
        stored = bytearray(path.read_bytes())
        stored[place % len(stored)] ^= 1 << bit
        path.write_bytes(stored)
        archive, [row] = self.recovered(root)
        report = self.successResultOf(archive.verify(SESSION))
        self.assertEqual(report["result"], "BAD", (row, report))
        self.assertEqual(path.read_bytes(), bytes(stored))

    def test_a_running_recording_is_never_taken_for_an_orphan(self) -> None:
        """Also when recovery comes after sessions have begun."""
        root = self.mktemp()
        archive = orphan(root)
        self.assertEqual(self.successResultOf(archive.recover()), [])
        self.successResultOf(archive._open[SESSION].seal(9.0, "done"))
        self.assertEqual(self.successResultOf(archive.verify(SESSION))["result"], "OK")
        self.assertEqual([row["state"] for row in archive.recordings()], ["sealed"])
