"""Bad input, full disks, floods and stalls: a clear word, and the node lives."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

from twisted.trial.unittest import SkipTest, SynchronousTestCase

from tests.real.harness import ACCOUNT, GRANT, PATIENCE, Gateway, Place, PlaceCase, run, until
from tests.real.masters import Master
from tests.real.terminals import Terminal

MIB = 1024 * 1024

SMALL = (
    GRANT
    + """
[[grant]]
name = "small"
users = ["bob"]
targets = ["web1"]
accounts = ["{account}"]
record = {{ max = "40MiB" }}
[[target]]
name = "idle1"
address = "127.0.0.1:{port}"
host_keys = ["{host}"]
[[credential]]
name = "idle"
target = "idle1"
account = "{account}"
kind = "key"
secret = "file:{folder}/credential"
[[grant]]
name = "idle"
users = ["alice"]
targets = ["idle1"]
accounts = ["{account}"]
rights = ["exec"]
idle_timeout = "1s"
[[grant]]
name = "short"
users = ["bob"]
targets = ["idle1"]
accounts = ["{account}"]
rights = ["exec"]
max_duration = "2s"
"""
)


class FloodTests(PlaceCase):
    """One operator's flood is his own affair."""

    access = SMALL

    def test_a_flood_ends_and_the_others_do_not_notice(self) -> None:
        """``cat /dev/urandom`` on a terminal is ended at its maximum; meanwhile every echo of another comes in 1 s."""
        flood = self.place.spawn(
            self.place.argv(self.place.to_web("bob"), "-tt", "--", "cat /dev/urandom", key="bob"),
            stdout=subprocess.DEVNULL,
        )
        other = Terminal.shell(self.place, self.place.to_web())
        self.addCleanup(other.leave)
        slowest, n = 0.0, 0
        deadline = time.monotonic() + 60
        while flood.poll() is None:
            self.assertLess(time.monotonic(), deadline, "the flood goes on")
            n += 1
            began = time.monotonic()
            other.type(f"echo n$(({n}+0))n\r")
            other.expect(f"n{n}n")
            slowest = max(slowest, time.monotonic() - began)
        self.assertEqual(flood.returncode, 77)
        self.assertLess(slowest, 1.0)
        ended = until(self.over_budget, "the end is told")
        self.place.told("recording.sealed", session=ended[0])
        self.assertEqual(self.place.gateway.pamctl("verify", ended[0]).code, 0)

    def over_budget(self) -> list[str]:
        rows = self.place.pamctl("sessions", "--user", "bob")
        return [row["id"] for row in rows if row["reason"] == "record_budget"]

    def test_a_stalled_client_costs_no_memory(self) -> None:
        """An exec download of 1 GiB that nobody reads: the gateway's memory grows by less than 32 MiB."""
        self.assertEqual(self.place.ssh(self.place.to_web(), "head -c 30000000 /dev/zero").code, 0)
        before = self.place.gateway.memory()
        child = self.place.start(self.place.to_web(), f"head -c {1024 * MIB} /dev/zero")
        assert child.stdout is not None
        child.stdout.read(5 * MIB)
        most, deadline = 0, time.monotonic() + 3
        while time.monotonic() < deadline:
            most = max(most, self.place.gateway.memory() - before)
            self.place.pamctl("sessions", "--live")
        self.assertLess(most, 32 * MIB)

    def test_an_idle_session_ends(self) -> None:
        """``idle_timeout`` ends it with 75 and a line."""
        done = self.place.ssh(f"alice={ACCOUNT}=idle1", "sleep 30")
        self.assert_said(done, 75, "nothing was typed")

    def test_a_session_ends_at_its_longest(self) -> None:
        """``max_duration`` ends also a busy one, announced before."""
        child = self.place.start(f"bob={ACCOUNT}=idle1", "while echo x; do sleep 0.1; done", key="bob")
        _, err = child.communicate(timeout=PATIENCE)
        self.assertEqual(child.returncode, 75)
        self.assertIn(b"ostiary: the time granted for this session is over", err)


class StoreTests(SynchronousTestCase):
    """A gateway that can not start says why, in words, and ends."""

    def setUp(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="ostiary-real-"))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)

    def refused(self, settings: str = "") -> str:
        """Start a gateway that must not start; return what it said."""
        gateway = Gateway(self.folder, settings)
        self.addCleanup(gateway.stop)
        with self.assertRaises(AssertionError) as caught:
            gateway.start()
        words = gateway.words()
        self.assertIn("the gateway ended with 1", str(caught.exception))
        self.assertNotIn("Traceback", words)
        return words

    def test_an_unknown_key_is_told_with_its_line(self) -> None:
        """The file, line and nearest key."""
        words = self.refused('[interrupt]\nnotise = "generic"\n')
        line = (self.folder / "pam.toml").read_text().splitlines().index('notise = "generic"') + 1
        self.assertIn(f"pam.toml:{line}:1: unknown key 'notise' in [interrupt]; did you mean 'notice'?", words)

    def test_an_empty_store_beside_a_configuration_is_refused(self) -> None:
        """An unmounted volume must not become a fresh gateway."""
        self.assertIn("pamctl init", self.refused())

    def test_a_store_open_to_others_is_refused(self) -> None:
        """With the command to run."""
        (self.folder / "state").mkdir()
        (self.folder / "state").chmod(0o755)
        self.assertIn("chmod 700", self.refused())

    def test_a_corrupt_store_is_refused(self) -> None:
        """A journal whose pages are noise: what is broken and what to do."""
        gateway = Gateway(self.folder)
        self.addCleanup(gateway.stop)
        self.assertEqual(gateway.pamctl("init", "carol").code, 0)
        gateway.start()
        gateway.stop()
        path = gateway.state / "journal.sqlite"
        stored = bytearray(path.read_bytes())
        stored[100:] = os.urandom(len(stored) - 100)
        path.write_bytes(stored)
        words = self.refused()
        self.assertIn("journal.sqlite", words)


class DiskTests(PlaceCase):
    """The disk fills: no new sessions, then the running ones end; the node lives and says so."""

    alone = True

    def setUp(self) -> None:
        if os.geteuid() != 0:
            raise SkipTest("mounting a small disk needs root")
        super().setUp()

    def _place(self) -> Place:
        place = Place(GRANT)
        self.disk = place.folder / "state"
        self.disk.mkdir(mode=0o700)
        mounted = run(["mount", "-t", "tmpfs", "-o", "size=1g,mode=700", "none", str(self.disk)])
        if mounted.code != 0:
            raise SkipTest(f"no disk can be mounted here: {mounted.err}")
        self.addCleanup(place.close)
        self.addCleanup(run, ["umount", "-l", str(self.disk)])
        place.open()
        return place

    def leave_free(self, mebibytes: int) -> None:
        """Give the disk the size that leaves so much of it free."""
        found = os.statvfs(self.disk)
        used = (found.f_blocks - found.f_bfree) * found.f_frsize
        done = run(["mount", "-o", f"remount,size={used + mebibytes * MIB}", str(self.disk)])
        self.assertEqual(done.code, 0, done)

    def test_a_filling_disk(self) -> None:
        """First new sessions are refused, then the running one ends; with space again all is as before."""
        running = Master(self.place, self.place.to_web())
        self.assertEqual(running.run("echo on").out, b"on\n")
        self.leave_free(300)
        until(lambda: self.place.pamctl("status")["faults"], "the fault is named")
        self.assert_said(self.place.ssh(self.place.to_web(), "true"), 75, "disk is nearly full")
        self.assertEqual(running.run("echo on").out, b"on\n")
        self.leave_free(10)
        running.process.wait(PATIENCE)
        self.assertEqual(self.place.newest()["reason"], "disk_full")
        self.assertEqual(self.place.gateway.pamctl("status").code, 0)
        self.leave_free(1024)
        until(lambda: not self.place.pamctl("status")["faults"], "the fault is over")
        self.assertEqual(self.place.ssh(self.place.to_web(), "true").code, 0)
        self.assertEqual(self.place.gateway.pamctl("verify", "--journal").code, 0)

    def test_a_disk_without_a_single_byte(self) -> None:
        """Nothing goes on unrecorded: sessions end, new ones are refused, the node lives."""
        running = Master(self.place, self.place.to_web())
        self.assertEqual(running.run("echo on").out, b"on\n")
        filler = self.disk / "filler"
        self.leave_free(1)
        with filler.open("wb", buffering=0) as full:
            try:
                while full.write(b"\0" * MIB):
                    pass
            except OSError:
                pass
        running.process.wait(PATIENCE)
        done = self.place.ssh(self.place.to_web(), "echo never")
        self.assertEqual((done.code, done.out), (75, b""), done)
        self.assertIsNone(self.place.gateway.process.poll() if self.place.gateway.process else 0)
        filler.unlink()
        self.leave_free(1024)
        until(lambda: self.place.ssh(self.place.to_web(), "true").code == 0, "sessions start again")
