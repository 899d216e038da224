"""Other servers than OpenSSH as targets."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from pathlib import Path

import attrs
from twisted.internet.defer import Deferred
from twisted.trial.unittest import SkipTest, TestCase

from gateway.domain.entries import Target
from gateway.ssh.reach import TargetFailed
from tests.real.harness import ACCOUNT, clean, free_port, listens, make_key, run, stop, until
from tests.ssh.dialling import OneKeyVault, Way

SERVER = shutil.which("dropbear", path=clean()["PATH"])
MAKE_KEY = shutil.which("dropbearkey", path=clean()["PATH"])


class DropbearTests(TestCase):
    """A dropbear that knows nobody's key: what it says of a login is what it read."""

    timeout = 60

    def setUp(self) -> None:
        if SERVER is None or MAKE_KEY is None:
            raise SkipTest("dropbear is not installed")
        self.folder = Path(tempfile.mkdtemp(prefix="ostiary-dropbear-"))
        self.addCleanup(shutil.rmtree, self.folder)
        host = self.folder / "host"
        made = run([MAKE_KEY, "-t", "ed25519", "-f", str(host)])
        line = next(each for each in made.out.decode().splitlines() if each.startswith("ssh-ed25519 "))
        port = free_port()
        argv = [SERVER, "-F", "-E", "-s", "-p", f"127.0.0.1:{port}", "-r", str(host), "-P", str(self.folder / "pid")]
        server = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=clean())
        self.addCleanup(stop, server)
        until(lambda: listens(port), "dropbear listens")
        make_key(self.folder / "credential")
        self.target = Target("web1", f"127.0.0.1:{port}", host_keys=(line,))

    async def test_it_reads_a_login_behind_its_service_request(self) -> None:
        """It refuses the key, which it would not if it had dropped the login or the connection."""
        vault = OneKeyVault(self.folder / "credential")
        way = Way(self.target, "root", vault)
        failed = await self.assertFailure(Deferred.fromCoroutine(way.dial()), TargetFailed)
        self.assertEqual((failed.reason, vault.signed), ("login_refused", 1), failed.text)


OLD = """
Port {port}
ListenAddress 127.0.0.1
HostKey {folder}/host
PidFile none
AuthorizedKeysFile {folder}/credential.pub
PermitRootLogin yes
UsePAM no
StrictModes no
KexAlgorithms ecdh-sha2-nistp384
HostKeyAlgorithms ssh-rsa
"""


class OldServerTests(TestCase):
    """An sshd that has nothing but what is old."""

    timeout = 60

    def setUp(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="ostiary-old-"))
        self.folder.chmod(0o755)
        self.addCleanup(shutil.rmtree, self.folder)
        run(["ssh-keygen", "-q", "-t", "rsa", "-b", "2048", "-N", "", "-f", str(self.folder / "host")])
        make_key(self.folder / "credential")
        port = free_port()
        (self.folder / "config").write_text(OLD.format(port=port, folder=self.folder))
        daemon = str(shutil.which("sshd", path=clean()["PATH"]))
        argv = [daemon, "-D", "-e", "-f", str(self.folder / "config")]
        server = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=clean())
        self.addCleanup(stop, server)
        until(lambda: listens(port), "sshd listens")
        host = (self.folder / "host.pub").read_text().strip()
        self.target = Target("web1", f"127.0.0.1:{port}", host_keys=(host,))

    async def test_it_is_reached_when_its_entry_names_what_is_old_and_not_otherwise(self) -> None:
        """Each word by itself is not enough."""
        vault = OneKeyVault(self.folder / "credential")
        for legacy in ((), ("ssh-rsa",), ("ecdh-sha2-nistp384",)):
            way = Way(attrs.evolve(self.target, legacy=legacy), ACCOUNT, vault)
            failed = await self.assertFailure(Deferred.fromCoroutine(way.dial()), TargetFailed)
            self.assertEqual((failed.reason, vault.signed), ("exchange", 0), failed.text)
        way = Way(attrs.evolve(self.target, legacy=("ssh-rsa", "ecdh-sha2-nistp384")), ACCOUNT, vault)
        connection = await way.dial()
        self.assertTrue(connection.running)
        connection.transport.lose()
        await connection.transport.closed
