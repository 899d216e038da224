"""The archive on disk: its files, its limits, its threads."""

from __future__ import annotations

import os
import resource
import stat
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.internet import reactor
from twisted.internet.defer import Deferred
from twisted.internet.threads import deferToThreadPool
from twisted.python.threadpool import ThreadPool
from twisted.trial.unittest import SynchronousTestCase, TestCase

from gateway.archive.archive import Archive
from gateway.archive.files import OpenFiles
from gateway.interfaces.archive import ArchiveError
from tests.archive.conformance import CHECKS, DIGEST, check_stream
from tests.archive.fixtures import FACTS, POLICY, SESSION, at_once, node_keys, only_directory, text_of

CHUNKS = st.lists(
    st.tuples(st.sampled_from("oi"), st.one_of(st.binary(max_size=40), st.just("漢字".encode() * 15000))),
    max_size=30,
)


def archive_in(root: str, **more: Any) -> Archive:
    """Return an archive whose threads run at once."""
    return Archive(root, node_keys(), at_once, **more)


class ArchiveTests(SynchronousTestCase):
    """What is promised, and what is on disk."""

    def test_it_is_an_archive(self) -> None:
        """The shared promises."""
        for check in CHECKS.values():
            check(self, archive_in(self.mktemp()))

    @settings(max_examples=60, deadline=None)
    @given(CHUNKS)
    def test_any_stream_comes_out_as_it_went_in(self, chunks: list[tuple[str, bytes]]) -> None:
        """However it is cut, and however large."""
        check_stream(self, archive_in(self.mktemp()), chunks)

    def test_its_files_are_private_and_none_is_plain(self) -> None:
        """Directories 0700, files 0600; neither text nor command can be read in them."""
        root = self.mktemp()
        recording = archive_in(root).begin(SESSION, FACTS, POLICY, DIGEST)
        track = recording.track(1, "exec", 0.0, {"command": "cat canary-command"})
        track.write(1.0, "o", b"canary-output")
        stored = b"".join(path.read_bytes() for path in Path(only_directory(root)).iterdir())
        recording.checkpoint()
        track.write(1.0, "o", b"canary-output")
        stored += b"".join(path.read_bytes() for path in Path(only_directory(root)).iterdir())
        self.assertNotIn(b"canary", stored)
        self.assertEqual(os.path.relpath(only_directory(root), root), f"2026/11/{SESSION}")
        for path in [Path(root), *Path(root).rglob("*")]:
            self.assertEqual(stat.S_IMODE(path.stat().st_mode), 0o700 if path.is_dir() else 0o600)
        self.successResultOf(recording.seal(2.0, "done"))
        self.assertEqual(sorted(os.listdir(only_directory(root))), ["001.pamrec", "manifest.json"])

    def test_open_files_are_bounded(self) -> None:
        """However many channels are open; none of them loses an event."""
        archive = archive_in(self.mktemp(), open_files=8)
        recording = archive.begin(SESSION, FACTS, POLICY, DIGEST)
        tracks = [recording.track(channel, "pty", 0.0, {}) for channel in range(1, 41)]
        before = len(os.listdir("/proc/self/fd"))
        for turn in range(3):
            for track in tracks:
                track.write(turn, "o", b"x")
                self.assertLessEqual(archive.open_files, 8)
        self.assertLessEqual(len(os.listdir("/proc/self/fd")), before + 8)
        self.successResultOf(recording.seal(9.0, "done"))
        self.assertEqual(archive.open_files, 0)
        report = self.successResultOf(archive.verify(SESSION))
        self.assertEqual((report["result"], report["events"]), ("OK", 120))

    def test_a_full_disk_refuses_a_write_and_tears_nothing(self) -> None:
        """What was acknowledged is there; sealing fails, and works once there is room."""
        archive = archive_in(self.mktemp())
        recording = archive.begin(SESSION, FACTS, POLICY, DIGEST)
        track = recording.track(1, "pty", 0.0, {})
        acknowledged = 0
        limits = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, limits[1]))
        try:
            with self.assertRaises(OSError):
                while True:
                    track.write(1.0, "o", os.urandom(50).hex().encode())
                    acknowledged += 100
            resource.setrlimit(resource.RLIMIT_FSIZE, (100, limits[1]))
            self.failureResultOf(recording.seal(3.0, "disk"), OSError)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        self.assertEqual(self.successResultOf(archive.verify(SESSION))["result"], "UNSEALED")
        self.successResultOf(recording.seal(4.0, "room again"))
        self.assertEqual(self.successResultOf(archive.verify(SESSION))["result"], "OK")
        self.assertEqual(len(text_of(self.successResultOf(archive.export_cast(SESSION)))["o"]), acknowledged)

    def test_an_exit_alone_needs_no_tail(self) -> None:
        """It stands in a frame at once, behind what a tail held; what could not be written is nowhere."""
        root = self.mktemp()
        archive = archive_in(root)
        recording = archive.begin(SESSION, FACTS, POLICY, DIGEST)
        silent, spoken = (recording.track(channel, "exec", 0.0, {}) for channel in (1, 2))
        limits = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (silent.stored, limits[1]))
        try:
            self.assertRaises(OSError, silent.write, 1.0, "x", b"1")
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        silent.write(1.0, "x", b"0")
        self.assertFalse(os.path.exists(silent.tail))
        spoken.write(1.0, "o", b"one")
        spoken.write(2.0, "x", b"0")
        self.assertEqual((silent.counts.events, spoken.counts.events), (1, 2))
        self.assertEqual(os.path.getsize(spoken.tail), 0)
        self.assertEqual(self.successResultOf(archive.verify(SESSION))["result"], "UNSEALED")
        self.successResultOf(recording.seal(3.0, "done"))
        self.assertEqual(self.successResultOf(archive.verify(SESSION))["result"], "OK")

    def test_an_unwritable_root_is_refused_at_the_beginning(self) -> None:
        """A file stands where the directory should be: no record, no session."""
        root = self.mktemp()
        Path(root).write_text("")
        self.assertRaises(OSError, archive_in(root).begin, SESSION, FACTS, POLICY, DIGEST)

    def test_a_damaged_recording_does_not_hide_the_others(self) -> None:
        """It is listed too, with what is wrong."""
        root = self.mktemp()
        for number in range(3):
            archive = archive_in(root)
            self.successResultOf(archive.begin(f"S-{number}", FACTS, POLICY, DIGEST).seal(1.0, "done"))
        Path(root, "2026", "11", "S-1", "manifest.json").write_bytes(b"\xff")
        Path(root, "2026", "11", "S-3").write_text("no directory")
        Path(root, "2026", "12").write_text("no directory")
        rows = {row["session"]: row for row in archive_in(root).recordings()}
        states = {"S-0": "sealed", "S-1": "unsealed", "S-2": "sealed", "S-3": "unsealed"}
        self.assertEqual({session: row["state"] for session, row in rows.items()}, states)
        self.assertIn("not JSON", rows["S-1"]["detail"])

    def test_a_checkpoint_tells_what_the_disk_said_to_the_last_one(self) -> None:
        """An I/O error is not lost in a thread."""
        failing: list[Deferred[Any]] = []

        def in_thread(function: Any, *arguments: Any) -> Deferred[Any]:
            failing.append(Deferred())
            return failing[-1]

        recording = Archive(self.mktemp(), node_keys(), in_thread).begin(SESSION, FACTS, POLICY, DIGEST)
        recording.track(1, "pty", 0.0, {}).write(1.0, "o", b"x")
        recording.checkpoint()
        recording.checkpoint()
        [syncing] = failing
        syncing.errback(OSError(5, "Input/output error"))
        self.assertRaises(OSError, recording.checkpoint)

    def test_without_the_right_to_read_it_verifies_and_does_not_export(self) -> None:
        """The signature is over what is stored."""
        root = self.mktemp()
        recording = archive_in(root).begin(SESSION, FACTS, POLICY, DIGEST)
        recording.track(1, "pty", 0.0, {}).write(1.0, "o", b"x")
        self.successResultOf(recording.seal(2.0, "done"))
        stranger = Archive(root, node_keys(wrapping=b"\x09" * 32), at_once)
        self.assertEqual(self.successResultOf(stranger.verify(SESSION))["result"], "OK")
        self.failureResultOf(stranger.export_cast(SESSION), ArchiveError)

    def test_hostile_facts_are_recorded_in_a_spelling_that_is_text(self) -> None:
        """A command line may hold any bytes."""
        archive = archive_in(self.mktemp())
        facts = {**FACTS, "reason": "bad \udcff \x00 text", "list": ["\ud800"]}
        recording = archive.begin(SESSION, facts, POLICY, DIGEST)
        recording.track(1, "exec", 0.0, {"command": "\udcff", "term": "x\udcfe"}).write(1.0, "o", b"x")
        self.successResultOf(recording.seal(2.0, "left \udcff"))
        self.assertEqual(self.successResultOf(archive.verify(SESSION))["result"], "OK")
        self.assertIn(b"udcfe", self.successResultOf(archive.export_cast(SESSION)))


class ThreadedTests(TestCase):
    """With a real pool of threads."""

    async def test_sealing_and_verifying_run_in_the_pool_given(self) -> None:
        """Many at once."""
        pool = ThreadPool(0, 2)
        pool.start()
        self.addCleanup(pool.stop)

        def in_thread(function: Any, *arguments: Any) -> Deferred[Any]:
            return deferToThreadPool(reactor, pool, function, *arguments)

        archive = Archive(self.mktemp(), node_keys(), in_thread)
        sealing = []
        for number in range(20):
            recording = archive.begin(f"S-{number}", FACTS, POLICY, DIGEST)
            recording.track(1, "pty", 0.0, {}).write(1.0, "o", b"x" * number)
            recording.checkpoint()
            sealing.append(recording.seal(2.0, "done"))
        for sealed in sealing:
            self.assertTrue((await sealed)["sealed"])
        for number in range(20):
            self.assertEqual((await archive.verify(f"S-{number}"))["result"], "OK")
        self.assertEqual({row["state"] for row in archive.recordings()}, {"sealed"})


class OpenFilesTests(SynchronousTestCase):
    """Appending."""

    def test_a_file_is_created_once(self) -> None:
        """An older recording is never appended to by mistake."""
        files = OpenFiles(1)
        path = self.mktemp()
        files.create(path, b"a")
        self.assertRaises(FileExistsError, files.create, path, b"b")
        files.append(path, b"c")
        files.close(path)
        files.close(path)
        self.assertEqual((Path(path).read_bytes(), len(files)), (b"ac", 0))
