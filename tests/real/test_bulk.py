"""Much of everything: no byte is lost or changed, whatever keys, readers, locks and kills do meanwhile."""

from __future__ import annotations

import hashlib
import os
import random
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import ClassVar

import pytest

from tests.real import harness
from tests.real.harness import PlaceCase, run, until

SIZE = 50 * 1024 * 1024
REKEY = ("-o", "RekeyLimit=1M")


class BulkCase(PlaceCase):
    """50 MiB that do not repeat."""

    def setUp(self) -> None:
        super().setUp()
        self.file = self.place.folder / "bulk"
        if not self.file.exists():
            self.file.write_bytes(os.urandom(SIZE))
        self.sum = hashlib.sha256(self.file.read_bytes()).hexdigest()

    def fact(self, kind: str) -> dict[str, object]:
        """Return the last session's fact of a kind."""
        return dict(self.place.told(kind, session=self.place.newest()["id"])[-1])


class IntegrityTests(BulkCase):
    """Checksums of what arrived."""

    def down(self, *flags: str) -> None:
        got = self.place.ssh(self.place.to_web(), *flags, "--", f"cat {self.file}", seconds=60)
        self.assertEqual((got.code, hashlib.sha256(got.out).hexdigest()), (0, self.sum), got.err)

    def up(self, *flags: str) -> None:
        got = self.place.ssh(
            self.place.to_web(), *flags, "--", "sha256sum", stdin=self.file.read_bytes(), seconds=60
        )
        self.assertEqual((got.code, got.out.decode().split()[0]), (0, self.sum), got.err)

    def test_output_and_input_arrive_whole(self) -> None:
        """Counted exactly, too."""
        self.down()
        told = self.fact("channel.closed")
        self.assertEqual((told["bytes_in"], told["bytes_out"]), (0, SIZE))
        self.up()
        told = self.fact("channel.closed")
        self.assertEqual((told["bytes_in"], told["bytes_out"]), (SIZE, len(self.sum) + 4))

    def test_changes_of_keys_every_megabyte_cost_no_byte(self) -> None:
        """Data waits while one side exchanges keys, in order."""
        self.down(*REKEY)
        self.up(*REKEY)

    def test_both_directions_at_once_arrive_whole(self) -> None:
        """What goes up comes down."""
        got = self.place.ssh(
            self.place.to_web(), *REKEY, "--", "cat", stdin=self.file.read_bytes(), seconds=60
        )
        self.assertEqual(hashlib.sha256(got.out).hexdigest(), self.sum)

    def test_sftp_of_a_large_file_arrives_whole_and_is_counted(self) -> None:
        """256 MiB there and back."""
        large, there, back = (self.place.folder / name for name in ("large", "there", "back"))
        with large.open("wb") as file:
            for _ in range(256 // 4):
                file.write(os.urandom(4 * 1024 * 1024))
        to = f"{self.place.to_web()}@127.0.0.1"
        batch = f"put {large} {there}\nget {there} {back}\n".encode()
        done = run(["sftp", "-q", "-b", "-", *self.place.options(port="-P"), to], batch, 120)
        self.assertEqual(done.code, 0, done)
        self.assertEqual(self.digest(back), self.digest(large))
        told = self.fact("channel.closed")
        self.assertGreater(int(str(told["bytes_in"])), 256 * 1024 * 1024)
        self.assertGreater(int(str(told["bytes_out"])), 256 * 1024 * 1024)
        for path in (large, there, back):
            path.unlink()

    def digest(self, path: Path) -> str:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()

    def test_a_slow_reader_gets_everything_and_costs_no_memory(self) -> None:
        """Its windows stop the writer; the gateway keeps next to nothing."""
        self.place.ssh(self.place.to_web(), "true")
        before = self.place.gateway.memory()
        child = self.place.start(self.place.to_web(), f"cat {self.file}; sleep 1; cat {self.file}")
        assert child.stdout is not None
        whole = hashlib.sha256(child.stdout.read(1000))
        time.sleep(2)
        grown = self.place.gateway.memory() - before
        while chunk := child.stdout.read(1 << 20):
            whole.update(chunk)
        twice = hashlib.sha256(self.file.read_bytes() * 2).hexdigest()
        self.assertEqual((child.wait(), whole.hexdigest()), (0, twice))
        self.assertLess(grown, 24 * 1024 * 1024)

    def test_a_reader_that_leaves_ends_the_session(self) -> None:
        """Nothing hangs, and the gateway serves the next one."""
        child = self.place.start(self.place.to_web(), "cat /dev/zero")
        assert child.stdout is not None
        child.stdout.read(5_000_000)
        child.kill()
        self.fact("session.ended")
        self.assertEqual(self.place.ssh(self.place.to_web(), "echo ok").out, b"ok\n")


class BothLegsTests(BulkCase):
    """A target that changes keys every megabyte as well."""

    alone = True

    def setUp(self) -> None:
        self.patch(harness, "SSHD", harness.SSHD + "RekeyLimit 1M\n")
        super().setUp()

    def test_changes_of_keys_on_both_legs_at_once_neither_hang_nor_cost_a_byte(self) -> None:
        """Both sides wait for each other's data, and neither waits for the other's exchange."""
        sent = self.file.read_bytes()
        got = self.place.ssh(self.place.to_web(), *REKEY, "--", "cat", stdin=sent, seconds=60)
        self.assertEqual(hashlib.sha256(got.out).hexdigest(), self.sum, got.err)


class ThousandTests(BulkCase):
    """Truncation is rare where it happens: it takes many runs to find it."""

    settings: ClassVar[str] = 'rekey_limit = "1MiB"\n'
    runs: ClassVar[int] = int(os.environ.get("OSTIARY_RUNS", "1000"))
    seed: ClassVar[int] = int(os.environ.get("OSTIARY_SEED") or random.SystemRandom().randrange(1 << 32))

    def one(self, number: int, whole: bytes) -> str:
        """Move a part of the file up, down or both, with keys that change all the time; return what went wrong."""
        chance = random.Random(self.seed + number)
        size = chance.randrange(6 << 20)
        sent, way = whole[:size], chance.choice(("up", "down", "both"))
        commands = {"up": "sha256sum", "down": f"head -c {size} {self.file}; exit 3", "both": "cat; exit 4"}
        stdin = b"" if way == "down" else sent
        got = self.place.ssh(self.place.to_web(), *REKEY, "--", commands[way], stdin=stdin, seconds=60)
        digest = hashlib.sha256(sent).hexdigest()
        found = got.out[:64].decode() if way == "up" else hashlib.sha256(got.out).hexdigest()
        right = {"up": 0, "down": 3, "both": 4}[way]
        return "" if (got.code, found) == (right, digest) else f"{way} {size}: {got.code} {len(got.out)} {got.err}"

    @pytest.mark.soak
    def test_a_thousand_transfers_lose_nothing(self) -> None:
        """Two at a time, of any size up to six megabytes: every byte and every exit code."""
        whole = self.file.read_bytes()[: 6 << 20]
        sys.stdout.write(f"OSTIARY_SEED={self.seed}, {self.runs} runs\n")
        with ThreadPoolExecutor(2) as pool:
            wrong = [each for each in pool.map(lambda number: self.one(number, whole), range(self.runs)) if each]
        self.assertEqual(wrong, [], f"OSTIARY_SEED={self.seed}")


class OrderTests(BulkCase):
    """Orders in the middle of bulk data."""

    def into(self, path: Path, command: str) -> subprocess.Popen[bytes]:
        """Start ssh with its output in a file."""
        with path.open("wb") as file:
            return self.place.spawn(self.place.argv(self.place.to_web(), command), stdout=file)

    def test_a_lock_stops_the_data_and_its_release_loses_none(self) -> None:
        """Not a byte moves while it is in force."""
        paced = f"for i in 1 2 3 4 5 6 7 8; do cat {self.file}; sleep 0.2; done"
        got = self.place.folder / "got"
        child = self.into(got, paced)
        until(lambda: got.stat().st_size > SIZE + 100_000, "data comes")
        self.place.pamctl("lock", "alice", "--reason", "test")
        time.sleep(0.3)
        size = got.stat().st_size
        time.sleep(0.7)
        self.assertEqual(got.stat().st_size, size)
        self.place.pamctl("unlock", "alice")
        self.assertEqual(child.wait(60), 0)
        self.assertEqual(got.stat().st_size, 8 * SIZE)
        with got.open("rb") as file:
            self.assertEqual(
                hashlib.file_digest(file, "sha256").hexdigest(),
                hashlib.sha256(self.file.read_bytes() * 8).hexdigest(),
            )

    def test_a_kill_ends_the_data_at_once(self) -> None:
        """In the middle of it."""
        got = self.place.folder / "killed"
        child = self.into(got, "cat /dev/zero")
        until(lambda: got.stat().st_size > 40_000_000, "data comes")
        session = self.place.live()[0]["id"]
        self.place.pamctl("kill", str(session))
        self.assertNotEqual(child.wait(10), 0)
        got.unlink()
