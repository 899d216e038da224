"""Real clients against the demo target, and the gateway's own login client against it."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from twisted.internet import reactor
from twisted.internet.defer import Deferred
from twisted.internet.task import deferLater
from twisted.trial.unittest import TestCase

from gateway.domain.secret import Secret
from gateway.ssh.demo import DemoTarget
from tests.real.test_transport import Run

PASSWORD, SUDO = "open-sesame-for-tests", "another-sesame"


class DemoCase(TestCase):
    """A demo target that runs, and ssh's programs with its password at hand."""

    timeout = 60

    async def setUp(self) -> None:
        self.folder = Path(self.mktemp()).absolute()
        self.folder.mkdir(parents=True)
        self.target = DemoTarget(
            self.folder / "files",
            wall=lambda: 1_700_000_000.0,
            password=Secret(PASSWORD.encode()),
            sudo_password=Secret(SUDO.encode()),
        )
        self.addCleanup(self.target.stop)
        self.port = await self.target.start(reactor)
        self.known = self.folder / "known_hosts"
        self.known.write_text(f"[127.0.0.1]:{self.port} {self.target.host_key_line}\n")
        self.askpass = self.script("askpass", f"#!/bin/sh\necho {PASSWORD}\n")

    def script(self, name: str, text: str) -> Path:
        path = self.folder / name
        path.write_text(text)
        path.chmod(0o700)
        return path

    def options(self) -> tuple[str, ...]:
        return (
            "-F", "none", "-o", f"UserKnownHostsFile={self.known}", "-o", "StrictHostKeyChecking=yes",
            "-o", "PubkeyAuthentication=no", "-o", "NumberOfPasswordPrompts=1",
        )  # fmt: skip

    def start(self, *argv: str) -> Run:
        process = Run()
        asked = {
            "SSH_ASKPASS": str(self.askpass),
            "SSH_ASKPASS_REQUIRE": "force",
            "LC_ALL": "C.UTF-8",
            "TERM": "xterm",
        }
        self.addCleanup(self.stop, process)
        reactor.spawnProcess(process, argv[0], argv, {**os.environ, **asked}, path=str(self.folder))
        return process

    def ssh(self, *words: str, flags: tuple[str, ...] = ()) -> Run:
        return self.start(
            "/usr/bin/ssh", *self.options(), *flags, "-p", str(self.port), "root@127.0.0.1", *words
        )

    def sftp(self, batch: str) -> Deferred[tuple[int, bytes, str]]:
        path = self.script("batch", batch)
        flags = ("-o", "BatchMode=no", "-b", str(path), "-P", str(self.port))
        return self.start("/usr/bin/sftp", *self.options(), *flags, "root@127.0.0.1").done

    def stop(self, process: Run) -> None:
        """End a client that a failed test left behind."""
        if process.transport.pid:
            process.transport.signalProcess("KILL")

    async def seen(self, process: Run, words: bytes) -> None:
        """Wait until the process wrote the words; what comes after them stays for the next time."""
        while words not in b"".join(process.out):
            await deferLater(reactor, 0.02, lambda: None)
        process.out[:] = [b"".join(process.out).partition(words)[2]]


class ShellTests(DemoCase):
    """The toy shell over real ssh."""

    async def test_an_exec_gives_output_and_status(self) -> None:
        """What is asked for is done, and the status of the last command is the client's."""
        status, out, err = await self.ssh("whoami; pwd && false || exit 7").done
        self.assertEqual((status, out), (7, b"root\n/root\n"), err)

    async def test_a_wrong_password_and_another_account_are_refused(self) -> None:
        """Nobody else on the machine gets in."""
        self.askpass = self.script("wrong", "#!/bin/sh\necho guess\n")
        status, _, err = await self.ssh("whoami").done
        self.assertEqual(status, 255)
        self.assertIn("Permission denied (password)", err)
        self.askpass = self.folder / "askpass"
        status, _, err = await self.ssh("whoami", flags=("-l", "mallory")).done
        self.assertEqual(status, 255)

    async def test_megabytes_come_back_from_cat_unchanged(self) -> None:
        """The way is 8-bit clean and paced in both directions."""
        sent = os.urandom(3_000_000)
        process = self.ssh("cat")
        process.transport.write(sent)
        process.transport.closeStdin()
        status, out, err = await process.done
        self.assertEqual((status, out == sent), (0, True), err)

    async def test_a_terminal_edits_lines_and_ctrl_c_ends_a_command(self) -> None:
        """A person can type, mistype, interrupt and leave."""
        process = self.ssh(flags=("-tt",))
        await self.seen(process, b"root@demo:~# ")
        process.transport.write(b"ecko\x7f\x7fho hello\r")
        await self.seen(process, b"hello\r\nroot@demo:~# ")
        process.transport.write(b"sleep 1000\r")
        await self.seen(process, b"sleep 1000\r\n")
        process.transport.write(b"\x03")
        await self.seen(process, b"^C\r\nroot@demo:~# ")
        process.transport.write(b"false\r\x04")
        status, _, err = await process.done
        self.assertEqual(status, 1, err)

    async def test_sudo_asks_without_echo_and_takes_only_its_own_password(self) -> None:
        """Three wrong answers and it gives up; the right one runs the command."""
        process = self.ssh(flags=("-tt",))
        await self.seen(process, b"~# ")
        process.transport.write(b"sudo whoami\r")
        for answer in (b"one", b"two"):
            await self.seen(process, b"[sudo] password for root: ")
            process.transport.write(answer + b"\r")
            await self.seen(process, b"\r\nSorry, try again.\r\n")
        process.transport.write(b"three\r")
        await self.seen(process, b"sudo: 3 incorrect password attempts\r\nroot@demo:~# ")
        process.transport.write(b"sudo whoami\r")
        await self.seen(process, b"[sudo] password for root: ")
        process.transport.write(SUDO.encode() + b"\r")
        await self.seen(process, b"\r\nroot\r\nroot@demo:~# ")
        process.transport.write(b"exit\r")
        self.assertEqual((await process.done)[0], 0)

    async def test_the_box_is_drawn_on_the_other_screen_and_left(self) -> None:
        """A full-screen program comes and goes without a trace."""
        process = self.ssh(flags=("-tt",))
        await self.seen(process, b"~# ")
        process.transport.write(b"demo\r")
        await self.seen(process, "┘".encode())
        process.transport.write(b"q")
        await self.seen(process, b"\x1b[?1049lroot@demo:~# ")
        process.transport.write(b"\x04")
        self.assertEqual((await process.done)[0], 0)

    async def test_nothing_is_forwarded(self) -> None:
        """The demo target leads nowhere."""
        status, _, err = await self.ssh(flags=("-W", "127.0.0.1:22")).done
        self.assertEqual(status, 255)
        self.assertIn("forwards nothing", err)

    async def test_stopping_cuts_every_connection(self) -> None:
        """A stopped target leaves no client behind."""
        process = self.ssh(flags=("-tt",))
        await self.seen(process, b"~# ")
        await self.target.stop()
        self.assertEqual((await process.done)[0], 255)
        self.assertEqual(self.target.transports, set())


class FileTests(DemoCase):
    """The scratch directory over real sftp and scp."""

    async def test_files_go_up_come_back_and_are_listed(self) -> None:
        """What OpenSSH's sftp does in an ordinary hour."""
        content = os.urandom(2_500_000)
        (self.folder / "big").write_bytes(content)
        status, out, err = await self.sftp(
            "pwd\nput -p big\nls -la\nget -p big back\nmkdir new\nrename big new/big\n"
            "ls new\ncd new\nrm big\ncd ..\nrmdir new\n"
        )
        self.assertEqual(status, 0, err)
        self.assertIn(b"/root", out)
        self.assertIn(b"2500000", out)
        self.assertIn(b"new/big", out)
        self.assertEqual((self.folder / "back").read_bytes(), content)
        self.assertEqual(os.listdir(self.folder / "files" / "root"), ["welcome.txt"])

    async def test_nothing_leads_out_of_the_scratch_directory(self) -> None:
        """Dots end at the root, links are neither made nor followed."""
        (self.folder / "files" / "root" / "out").symlink_to("/etc")
        (self.folder / "files" / "root" / "shadow").symlink_to("/etc/hostname")
        for batch in (
            "get /../../../../etc/passwd\n",
            "get out/hostname\n",
            "get shadow\n",
            "put askpass shadow\n",
            "ln -s /etc etc\n",
        ):
            status, _, err = await self.sftp(batch)
            self.assertEqual(status, 1, (batch, err))
        status, out, _ = await self.ssh("cat /../../etc/hostname; cat out/hostname shadow").done
        self.assertEqual((status, out), (1, b"demo\n"))

    async def test_the_quota_holds(self) -> None:
        """A file too many is refused in words and the space is free again after rm."""
        self.target._machine.files.quota = 1_000_000
        (self.folder / "big").write_bytes(bytes(900_000))
        (self.folder / "more").write_bytes(bytes(200_000))
        status, _, err = await self.sftp("put big\nput more\n")
        self.assertEqual(status, 1)
        self.assertIn("failure", err.lower())
        self.assertEqual((await self.sftp("rm big\nput more\n"))[0], 0)

    async def test_scp_copies_both_ways(self) -> None:
        """A tree of files goes there and comes back the same."""
        (self.folder / "tree" / "deep").mkdir(parents=True)
        (self.folder / "tree" / "deep" / "one").write_bytes(os.urandom(100_000))
        (self.folder / "tree" / "two").write_bytes(b"two\n")
        scp = ("/usr/bin/scp", *self.options(), "-s", "-rpP", str(self.port))
        status, _, err = await self.start(*scp, "tree", "root@127.0.0.1:").done
        self.assertEqual(status, 0, err)
        status, _, err = await self.start(*scp, "root@127.0.0.1:tree", "back").done
        self.assertEqual(status, 0, err)
        for path in ("deep/one", "two"):
            self.assertEqual(
                (self.folder / "back" / path).read_bytes(), (self.folder / "tree" / path).read_bytes()
            )

    async def test_paramiko_reads_ahead_and_lists(self) -> None:
        """A second opinion on the file protocol: many requests at once."""
        script = (
            "import sys, paramiko\n"
            f"t = paramiko.Transport(('127.0.0.1', {self.port}))\n"
            f"t.connect(username='root', password='{PASSWORD}')\n"
            "s = paramiko.SFTPClient.from_transport(t)\n"
            "with s.open('many', 'wb') as f: f.set_pipelined(True); f.write(b'x' * 4_000_000)\n"
            "with s.open('many', 'rb') as f: f.prefetch(4_000_000); assert f.read() == b'x' * 4_000_000\n"
            "s.open('many', 'ab').write(b'tail')\n"
            "print(s.stat('many').st_size, sorted(s.listdir('/')), s.normalize('..'))\n"
            "s.chmod('many', 0o755); s.truncate('many', 5); s.utime('many', (1, 2))\n"
            "print(oct(s.stat('many').st_mode), s.stat('many').st_size, s.stat('many').st_mtime)\n"
            "t.close()\n"
        )
        process = self.start(sys.executable, "-c", script)
        status, out, err = await process.done
        expected = b"4000004 ['etc', 'root', 'tmp', 'var'] /\n0o100644 5 2\n"
        self.assertEqual((status, out), (0, expected), err)
