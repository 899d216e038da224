"""On a disk that is really full facts fail cleanly, the last ones find room, and the chain verifies."""

from __future__ import annotations

import errno
import os
import resource
import subprocess
from pathlib import Path
from unittest import SkipTest

from twisted.trial.unittest import SynchronousTestCase

from gateway.domain.facts import Entry, Fact
from gateway.journal import Journal, open_journal
from gateway.journal.verify import verify
from tests.journal.folders import folder_for

RESERVE = 6 * 1024 * 1024
LONG = Fact("command.executed", {"session": "s1", "command": "x" * 4000})


def told(journal: Journal, fact: Fact) -> Entry | OSError:
    """Return the entry, or the error of a disk that is full; raise anything else."""
    answers: list[Entry | OSError] = []
    journal.tell(fact).addCallbacks(answers.append, lambda failure: answers.append(failure.value))
    [answer] = answers
    if isinstance(answer, Entry | OSError):
        return answer
    raise answer


def mounted(case: SynchronousTestCase, megabytes: int) -> Path:
    """Return the folder of a small file system in memory."""
    folder = folder_for(case) / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs", str(folder)]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True, check=False).returncode != 0:
        raise SkipTest("only root can mount a small disk; the test of the file size limit runs everywhere")
    case.addCleanup(subprocess.run, ["umount", str(folder)], check=True)
    return folder


def filled(folder: Path) -> Path:
    """Fill a disk to its last byte; return the file to remove for having space again."""
    filler = folder / "filler"
    with filler.open("wb", buffering=0) as opened:
        for size in (65536, 4096, 1):
            try:
                while True:
                    opened.write(bytes(size))
            except OSError as full:
                if full.errno != errno.ENOSPC:
                    raise
    return filler


class FullDiskTests(SynchronousTestCase):
    """A file system of a few megabytes, filled to the brim."""

    def setUp(self) -> None:
        self.folder = mounted(self, 40)
        self.store = self.folder / "journal.sqlite"
        self.kept = 1

    def open(self) -> Journal:
        """Open the journal on the small disk."""
        journal = open_journal(self.store, "gw1", 0, None, reserve_size=RESERVE)
        self.addCleanup(journal.close)
        return journal

    def tell_until(self, journal: Journal, ends: str) -> OSError | None:
        """Tell long facts until the space is ``short`` or the disk is ``full``."""
        for _ in range(20_000):
            answer = told(journal, LONG)
            if isinstance(answer, OSError):
                return answer
            self.kept += 1
            if ends == "short" and journal.is_short_of_space:
                return None
        raise AssertionError(f"the disk was never {ends}")

    def test_the_reserve_admits_what_ends(self) -> None:
        """No fact fails before the reserve is gone; then nothing begins, and what ends is written."""
        journal = self.open()
        filled(self.folder)
        self.assertIsNone(self.tell_until(journal, "short"))
        refused = told(journal, Fact("session.started", {"session": "s2"}))
        self.assertIsInstance(refused, OSError)
        self.assertEqual(refused.errno, errno.ENOSPC)
        for _ in range(500):
            self.assertIsInstance(told(journal, Fact("session.ended", {"session": "s1"})), Entry)
        self.assertEqual(verify(self.store).count, self.kept + 500)

    def test_without_any_space_facts_fail_and_the_chain_holds(self) -> None:
        """Each failure is an OSError; once there is space the chain goes on and the reserve stands again."""
        journal = self.open()
        filler = filled(self.folder)
        for _ in range(3):
            self.assertEqual(self.tell_until(journal, "full").errno, errno.ENOSPC)
        verdict = verify(self.store)
        self.assertEqual((verdict.result, verdict.count, verdict.detail), ("OK", self.kept, ""))
        filler.unlink()
        self.assertIsInstance(told(journal, Fact("session.started", {"session": "s2"})), Entry)
        self.assertFalse(journal.is_short_of_space)
        self.assertEqual(self.store.with_suffix(".reserve").stat().st_size, RESERVE)
        self.assertEqual(verify(self.store).count, self.kept + 1)

    def test_a_node_starts_on_a_full_disk(self) -> None:
        """The reserve is given up for opening, and the next closing fact is written."""
        journal = self.open()
        told(journal, LONG)
        self.successResultOf(journal.close())
        filled(self.folder)
        again = self.open()
        self.assertTrue(again.is_short_of_space)
        self.assertIsInstance(told(again, Fact("recording.recovered")), Entry)
        self.assertEqual(verify(self.store).result, "OK")


class FileSizeTests(SynchronousTestCase):
    """A limit on the size of files, which needs no rights to set."""

    def test_facts_fail_at_the_limit_and_succeed_beyond_it(self) -> None:
        """The write that fails takes its own fact and nothing else."""
        store = folder_for(self) / "journal.sqlite"
        journal = open_journal(store, "gw1", 0, None, reserve_size=0)
        self.addCleanup(journal.close)
        self.assertIsInstance(told(journal, LONG), Entry)
        limits = resource.getrlimit(resource.RLIMIT_FSIZE)
        self.addCleanup(resource.setrlimit, resource.RLIMIT_FSIZE, limits)
        size = store.with_name("journal.sqlite-wal").stat().st_size
        resource.setrlimit(resource.RLIMIT_FSIZE, (size + 6000, limits[1]))
        answers = [told(journal, LONG) for _ in range(4)]
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        self.assertIsInstance(answers[-1], OSError)
        kept = sum(isinstance(answer, Entry) for answer in answers)
        self.assertEqual(told(journal, LONG).seq, 3 + kept)
        self.assertEqual(verify(store).count, 3 + kept)
