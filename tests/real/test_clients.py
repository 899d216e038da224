"""Other people's clients: PuTTY's, Dropbear's, lftp, curl, paramiko, asyncssh."""

from __future__ import annotations

import asyncio
import hashlib
import os
import shutil
from pathlib import Path

import asyncssh
import paramiko
from twisted.trial.unittest import SkipTest

from tests.real.harness import Outcome, PlaceCase, run

PAYLOAD = os.urandom(1_500_000) + bytes(range(256))


class ClientCase(PlaceCase):
    """One file up and down, one command, by a client that is not OpenSSH's."""

    def setUp(self) -> None:
        super().setUp()
        self.folder = self.place.folder / "files" / self.id().rpartition(".")[2]
        self.folder.mkdir(parents=True)
        self.local, self.up, self.down = (self.folder / name for name in ("local", "up", "down"))
        self.local.write_bytes(PAYLOAD)
        self.port = str(self.place.gateway.port)

    def needs(self, *programs: str) -> None:
        """Skip where a program is not installed."""
        missing = [program for program in programs if shutil.which(program) is None]
        if missing:
            raise SkipTest(f"not installed: {', '.join(missing)}")

    def assert_same(self, *paths: Path) -> None:
        for path in paths:
            self.assertEqual(hashlib.sha256(path.read_bytes()).digest(), hashlib.sha256(PAYLOAD).digest(), path)

    def public_key(self) -> str:
        """Return the gateway's own host key line."""
        scanned = run(["ssh-keyscan", "-p", self.port, "-t", "ed25519", "127.0.0.1"]).out.decode()
        return next(" ".join(line.split()[1:3]) for line in scanned.splitlines() if not line.startswith("#"))


class PuttyTests(ClientCase):
    """plink, psftp and pscp."""

    def setUp(self) -> None:
        super().setUp()
        self.needs("plink", "psftp", "pscp", "puttygen")
        key = self.folder / "key.ppk"
        run(["puttygen", str(self.place.folder / "alice"), "-O", "private", "-o", str(key)])
        line = self.folder / "gateway.pub"
        line.write_text(self.public_key() + "\n")
        shown = run(["ssh-keygen", "-lf", str(line)]).out.decode().split()[1]
        self.common = ["-batch", "-i", str(key), "-P", self.port, "-hostkey", shown]

    def putty(self, *argv: str, stdin: bytes = b"") -> Outcome:
        return run(argv, stdin, HOME=str(self.folder))

    def test_plink_runs_a_command(self) -> None:
        """Bytes both ways and the exit code."""
        login = f"{self.place.to_web()}@127.0.0.1"
        done = self.putty("plink", "-ssh", *self.common, login, "sha256sum; exit 5", stdin=PAYLOAD)
        self.assertEqual(done.code, 5, done)
        self.assertEqual(done.out.split()[0].decode(), hashlib.sha256(PAYLOAD).hexdigest())

    def test_psftp_and_pscp(self) -> None:
        """Up and down by both."""
        login = f"{self.place.to_web()}@127.0.0.1"
        batch = self.folder / "batch"
        batch.write_text(f"put {self.local} {self.up}\nget {self.up} {self.down}\nquit\n")
        done = self.putty("psftp", *self.common, "-b", str(batch), login)
        self.assertEqual(done.code, 0, done)
        self.assert_same(self.up, self.down)
        for source, goal in ((str(self.local), f"{login}:{self.up}2"), (f"{login}:{self.up}2", f"{self.down}2")):
            self.assertEqual(self.putty("pscp", "-q", *self.common, source, goal).code, 0)
        self.assert_same(Path(f"{self.down}2"))


class OtherProgramTests(ClientCase):
    """Dropbear's client, lftp and curl."""

    def test_dropbear(self) -> None:
        """``dbclient`` runs a command with bytes both ways."""
        self.needs("dbclient", "dropbearconvert")
        key = self.folder / "key.db"
        run(["dropbearconvert", "openssh", "dropbear", str(self.place.folder / "alice"), str(key)])
        argv = ["dbclient", "-y", "-y", "-i", str(key), "-p", self.port, "-l", self.place.to_web(), "127.0.0.1"]
        done = run([*argv, "sha256sum; exit 5"], PAYLOAD, HOME=str(self.folder))
        self.assertEqual(done.code, 5, done)
        self.assertEqual(done.out.split()[0].decode(), hashlib.sha256(PAYLOAD).hexdigest())

    def test_lftp(self) -> None:
        """``put`` and ``get`` over its own SFTP."""
        self.needs("lftp")
        command = " ".join(["ssh", "-a", "-x", *self.place.options()])
        script = (
            f"set sftp:connect-program '{command}'; set net:max-retries 1; "
            f"open sftp://{self.place.to_web().replace('=', '%3D')}:@127.0.0.1:{self.port}; "
            f"put {self.local} -o {self.up}; get {self.up} -o {self.down}; bye"
        )
        done = run(["lftp", "-c", script], HOME=str(self.folder))
        self.assertEqual(done.code, 0, done)
        self.assert_same(self.up, self.down)

    def test_curl(self) -> None:
        """``curl sftp://`` with libssh2."""
        self.needs("curl")
        if b"sftp" not in run(["curl", "-V"]).out:
            raise SkipTest("this curl has no SFTP")
        key = self.place.folder / "alice"
        login = ["-s", "-S", "-k", "-u", f"{self.place.to_web()}:", "--key", str(key), "--pubkey", f"{key}.pub"]
        there = f"sftp://127.0.0.1:{self.port}{self.up}"
        done = run(["curl", *login, "-T", str(self.local), there])
        self.assertEqual(done.code, 0, done)
        done = run(["curl", *login, "-o", str(self.down), there])
        self.assertEqual(done.code, 0, done)
        self.assert_same(self.up, self.down)


class ParamikoTests(ClientCase):
    """A second opinion in Python."""

    def client(self) -> paramiko.SSHClient:
        client = paramiko.SSHClient()
        client.set_missing_host_key_policy(paramiko.AutoAddPolicy())
        key = paramiko.Ed25519Key.from_private_key_file(str(self.place.folder / "alice"))
        client.connect(
            "127.0.0.1", int(self.port), self.place.to_web(), pkey=key, allow_agent=False, look_for_keys=False
        )
        self.addCleanup(client.close)
        return client

    def test_exec_and_sftp(self) -> None:
        """Commands with code and both streams, then a file up and down, over one connection."""
        client = self.client()
        stdin, stdout, stderr = client.exec_command("sha256sum; echo err >&2; exit 7", timeout=30)
        stdin.write(PAYLOAD)
        stdin.channel.shutdown_write()
        self.assertEqual(stdout.read().split()[0].decode(), hashlib.sha256(PAYLOAD).hexdigest())
        self.assertEqual((stderr.read(), stdout.channel.recv_exit_status()), (b"err\n", 7))
        with client.open_sftp() as sftp:
            sftp.put(str(self.local), str(self.up))
            sftp.get(str(self.up), str(self.down))
            self.assertIn("up", sftp.listdir(str(self.folder)))
        self.assert_same(self.up, self.down)

    def test_unknown_channels_and_requests_are_refused(self) -> None:
        """Channel kinds, subsystems and requests that are in no table get a refusal; the connection lives."""
        client = self.client()
        transport = client.get_transport()
        assert transport is not None
        for kind in ("nonsense", "direct-streamlocal@openssh.com", "tun@openssh.com", "x11"):
            with self.assertRaises(paramiko.ChannelException):
                transport.open_channel(kind, src_addr=("127.0.0.1", 1), timeout=20)
        channel = transport.open_session(timeout=20)
        channel.invoke_subsystem("nonsense")
        self.assertEqual(channel.recv_exit_status(), 77)
        with self.assertRaises(paramiko.SSHException):
            transport.request_port_forward("127.0.0.1", 0)
        _, stdout, _ = client.exec_command("echo alive", timeout=30)
        self.assertEqual(stdout.read(), b"alive\n")


class AsyncsshTests(ClientCase):
    """A third one, which shows signals."""

    async def connected(self) -> asyncssh.SSHClientConnection:
        return await asyncssh.connect(
            "127.0.0.1", int(self.port), username=self.place.to_web(), known_hosts=None, config=None, agent_path=None,
            client_keys=[str(self.place.folder / "alice")],
        )  # fmt: skip

    def test_a_signal_comes_with_its_name(self) -> None:
        """A command that a signal ended: its name, no exit status."""

        async def talk() -> tuple[object, object]:
            async with await self.connected() as connection:
                killed = await connection.run("kill -TERM $$")
                return killed.exit_signal, killed.exit_status

        signal, status = asyncio.run(asyncio.wait_for(talk(), 30))
        assert isinstance(signal, tuple)
        self.assertEqual((signal[0], status), ("TERM", -1))

    def test_many_channels_at_once(self) -> None:
        """Twenty commands and a transfer side by side over one connection."""

        async def talk() -> list[str]:
            async with await self.connected() as connection:
                async with connection.start_sftp_client() as sftp:
                    commands = [connection.run(f"sleep 0.1; echo {n}", check=True) for n in range(20)]
                    *done, _ = await asyncio.gather(*commands, sftp.put(str(self.local), str(self.up)))
                    return [str(each.stdout) for each in done]

        self.assertEqual(asyncio.run(asyncio.wait_for(talk(), 60)), [f"{n}\n" for n in range(20)])
        self.assert_same(self.up)
