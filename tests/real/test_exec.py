"""Commands through the gateway, by real ssh to a real sshd: every byte, every code, every end."""

from __future__ import annotations

import hashlib
import os
import subprocess
import time

from tests.real.harness import ACCOUNT, PATIENCE, PlaceCase, run, until

EVERY_BYTE = bytes(range(256))


class BytesTests(PlaceCase):
    """What is sent arrives, both ways."""

    def test_every_byte_value_passes_both_ways(self) -> None:
        """All 256 values, in both directions of one channel."""
        self.assertEqual(self.place.ssh(self.place.to_web(), "cat", stdin=EVERY_BYTE * 64).out, EVERY_BYTE * 64)

    def test_megabytes_arrive_as_they_were_sent(self) -> None:
        """Five random megabytes up are the checksum the target sees, and down the one the client sees."""
        sent = os.urandom(5_000_000)
        source = self.place.folder / "source"
        source.write_bytes(sent)
        expected = hashlib.sha256(sent).hexdigest()
        up = self.place.ssh(self.place.to_web(), "sha256sum", stdin=sent)
        self.assertEqual(up.out.split()[0].decode(), expected)
        down = self.place.ssh(self.place.to_web(), f"cat {source}")
        self.assertEqual(hashlib.sha256(down.out).hexdigest(), expected)

    def test_both_lanes_can_be_full_at_once(self) -> None:
        """A command that echoes two megabytes while they are still being sent does not stand still."""
        sent = os.urandom(2_000_000)
        self.assertEqual(self.place.ssh(self.place.to_web(), "cat", stdin=sent).out, sent)

    def test_stderr_stays_apart(self) -> None:
        """What the command writes to stderr comes on stderr, and only that."""
        done = self.place.ssh(self.place.to_web(), "echo out; echo err >&2")
        self.assertEqual((done.out, done.err), (b"out\n", "err\n"))

    def test_much_stderr_beside_much_output(self) -> None:
        """Both streams arrive whole when both are long."""
        done = self.place.ssh(self.place.to_web(), "head -c 700000 /dev/zero & head -c 600000 /dev/zero >&2; wait")
        self.assertEqual((done.code, len(done.out), len(done.err)), (0, 700000, 600000))


class EndTests(PlaceCase):
    """How a command ends is how ssh ends."""

    def test_exit_codes_are_the_targets(self) -> None:
        """Zero, one, a high one."""
        for code in (0, 1, 42, 255):
            self.assertEqual(self.place.ssh(self.place.to_web(), f"exit {code}").code, code)

    def test_a_signal_is_told_as_a_signal(self) -> None:
        """A command killed by a signal gives ssh the exit-signal, which it shows as 255, and asyncssh by name."""
        done = self.place.ssh(self.place.to_web(), "-v", "--", "kill -TERM $$", seconds=PATIENCE)
        self.assertEqual(done.code, 255)
        code = self.place.ssh(self.place.to_web(), "sh -c 'kill -9 $$'; exit $?").code
        self.assertEqual(code, 137)

    def test_eof_reaches_the_command(self) -> None:
        """A command that reads to the end ends when its input does, and what follows still runs."""
        done = self.place.ssh(self.place.to_web(), "cat; echo after; exit 3", stdin=b"before ")
        self.assertEqual((done.out, done.code), (b"before after\n", 3))

    def test_output_after_the_commands_own_eof(self) -> None:
        """A command that closes its output and goes on gives its code at its end."""
        done = self.place.ssh(self.place.to_web(), "echo x; exec >&- 2>&-; sleep 0.3; exit 9")
        self.assertEqual((done.out, done.code), (b"x\n", 9))

    def test_a_reader_that_leaves_early_ends_the_command(self) -> None:
        """``ssh … yes | head`` ends at once on both sides."""
        mark = f"early-{os.getpid()}"
        argv = self.place.argv(self.place.to_web(), f"yes {mark}")
        source = self.place.spawn(argv, stdin=subprocess.DEVNULL)
        assert source.stdout is not None
        self.assertEqual(source.stdout.read(1000), (mark.encode() + b"\n") * (1000 // (len(mark) + 1)) + _rest(mark))
        source.stdout.close()
        self.assertNotEqual(source.wait(PATIENCE), 0)
        until(lambda: run(["pgrep", "-f", f"^yes {mark}"]).code == 1, "the command is gone")

    def test_commands_on_stdin_of_a_shell(self) -> None:
        """A shell without a terminal reads its commands from stdin and gives its code."""
        done = self.place.ssh(self.place.to_web(), "-T", "--", stdin=b"echo one\necho two >&2\nexit 4\n")
        self.assertEqual((done.code, done.out), (4, b"one\n"))
        self.assertIn("two", done.err)

    def test_an_exec_with_a_terminal(self) -> None:
        """``ssh -tt`` gives the command a terminal and its exit code."""
        done = self.place.ssh(self.place.to_web(), "-tt", "--", "tty; exit 6")
        self.assertEqual(done.code, 6)
        self.assertIn(b"/dev/pts/", done.out)


def _rest(mark: str) -> bytes:
    return (mark.encode() + b"\n")[: 1000 % (len(mark) + 1)]


class SlowTests(PlaceCase):
    """Backpressure: nobody loses a byte, and nobody waits for another."""

    def test_a_slow_reader_gets_every_byte(self) -> None:
        """Six megabytes read in small sips, with pauses, are the six megabytes sent."""
        source = self.place.folder / "slow"
        source.write_bytes(os.urandom(6_000_000))
        child = self.place.start(self.place.to_web(), f"cat {source}")
        assert child.stdout is not None
        digest, count = hashlib.sha256(), 0
        while chunk := child.stdout.read(60_000):
            digest.update(chunk)
            count += len(chunk)
            time.sleep(0.01)
        self.assertEqual(child.wait(PATIENCE), 0)
        self.assertEqual((count, digest.digest()), (6_000_000, hashlib.sha256(source.read_bytes()).digest()))

    def test_a_slow_command_gets_every_byte(self) -> None:
        """A command that begins to read late has the same checksum."""
        sent = os.urandom(3_000_000)
        done = self.place.ssh(self.place.to_web(), "sleep 1; sha256sum", stdin=sent)
        self.assertEqual(done.out.split()[0].decode(), hashlib.sha256(sent).hexdigest())


class ChannelTests(PlaceCase):
    """Many channels in one connection are one session."""

    def test_many_channels_of_one_multiplexed_connection(self) -> None:
        """Twelve commands at once over one ControlMaster: one session, each its own output and code."""
        control = str(self.place.folder / "mux")
        master = self.place.start(self.place.to_web(), "-M", "-N", "-S", control, "--")
        ask = self.place.argv(self.place.to_web(), "-S", control, "-O", "check", "--")
        until(lambda: run(ask).code == 0, "the master is there")
        before = len(self.place.pamctl("sessions"))
        through = [
            self.place.spawn(self.place.argv(self.place.to_web(), "-S", control, "--", f"cat; echo {n}; exit {n}"))
            for n in range(12)
        ]
        for n, child in enumerate(through):
            out, err = child.communicate(b"x" * 100_000, PATIENCE)
            self.assertEqual((child.returncode, len(out), err), (n, 100_000 + len(f"{n}\n"), b""))
            self.assertTrue(out.endswith(f"{n}\n".encode()))
        rows = self.place.live()
        self.assertEqual(len(self.place.pamctl("sessions")), before)

        def exits() -> list[str]:
            channels = self.place.pamctl("session", "show", rows[0]["id"])["channels"]
            return sorted(str(channel["exit"]) for channel in channels if channel["ended"])

        told = until(lambda: len(exits()) == 12 and exits(), "all ends are told")
        self.assertEqual(told, sorted(map(str, range(12))))
        master.terminate()

    def test_a_session_tells_who_and_where(self) -> None:
        """The row of a finished session has its operator, account, target, times and state."""
        self.assertEqual(self.place.ssh(self.place.to_web(), "true").code, 0)
        row = self.place.newest()
        found = (row["operator"], row["account"], row["target"], row["node"], row["state"])
        self.assertEqual(found, ("alice", ACCOUNT, "web1", "gw1", "ended"))
        self.assertTrue(row["started"].endswith("Z") and row["ended"] >= row["started"])
