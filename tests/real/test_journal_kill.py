"""Killed at any point, the journal keeps every fact that was acknowledged, and its chain verifies."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import time
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

import tests
from gateway.domain.facts import Fact
from gateway.journal import JournalBusy, open_journal
from gateway.journal.reading import Wanted, read_rows
from gateway.journal.verify import verify
from tests.journal.folders import folder_for

KILLS = 24
TREE = Path(tests.__file__).parent.parent


class KillTests(SynchronousTestCase):
    """A real process, a real disk, SIGKILL."""

    def setUp(self) -> None:
        self.path = folder_for(self) / "journal.sqlite"

    def start(self) -> subprocess.Popen[bytes]:
        """Start a process that tells facts; return once it has said that one was acknowledged."""
        child = subprocess.Popen(
            [sys.executable, "-m", "tests.journal.teller", str(self.path)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd=TREE,
        )
        self.addCleanup(child.stderr.close)
        self.addCleanup(child.stdout.close)
        return child

    def killed_after(self, seconds: float) -> tuple[bytes, bytes]:
        """Kill a teller so long after its first fact; return what it acknowledged, and its last words."""
        child = self.start()
        first = child.stdout.readline()
        # Not to wait for anything: the moment of death is what is drawn by lot.
        time.sleep(seconds)
        child.send_signal(signal.SIGKILL)
        rest, said = child.communicate(timeout=30)
        return first + rest, said

    def test_no_acknowledged_fact_is_lost(self) -> None:
        """After each of many deaths everything that was acknowledged is there, in one chain."""
        draw, acknowledged = random.Random(2), set()
        for death in range(KILLS):
            out, said = self.killed_after(draw.random() * 0.1)
            self.assertEqual(said, b"")
            lines = out.split(b"\n")
            acknowledged.update(line.decode("ascii") for line in lines[:-1])
            if death % 8 == 7:
                verdict = verify(self.path)
                self.assertEqual((verdict.result, verdict.detail), ("OK", ""))
        stored = {
            f"{placed.row.envelope.origin} {placed.row.envelope.seq}" for placed in read_rows(self.path, Wanted())
        }
        self.assertGreater(len(acknowledged), KILLS * 20)
        self.assertEqual(acknowledged - stored, set())
        # Killing is not losing: one incarnation lived through all of it.
        self.assertEqual(len({line.split()[0] for line in stored}), 1)

    def test_a_journal_that_died_while_it_began_begins(self) -> None:
        """Killed while key, store and first row are being made, it opens afterwards and verifies."""
        draw = random.Random(3)
        for number in range(8):
            self.path = self.path.parent / str(number) / "journal.sqlite"
            self.path.parent.mkdir(parents=True)
            child = self.start()
            deadline = time.monotonic() + 20
            while not self.path.with_suffix(".lock").exists() and time.monotonic() < deadline:
                time.sleep(0.001)
            time.sleep(draw.random() * 0.02)
            child.kill()
            child.communicate(timeout=30)
            journal = open_journal(self.path, "gw1", 0, None, reserve_size=0)
            self.successResultOf(journal.tell(Fact("node.started")))
            self.successResultOf(journal.close())
            self.assertEqual(verify(self.path).result, "OK")

    def test_while_it_lives_nobody_else_opens_it(self) -> None:
        """A command without the node is refused while the node runs, and let in once it is dead."""
        child = self.start()
        child.stdout.readline()
        with self.assertRaisesRegex(JournalBusy, str(child.pid)):
            open_journal(self.path, "gw1", 0, None)
        self.assertEqual(verify(self.path).result, "OK")
        child.kill()
        child.communicate(timeout=30)
        journal = open_journal(self.path, "gw1", 0, None)
        self.successResultOf(journal.close())
