"""Other servers than OpenSSH as targets."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import attrs
from twisted.internet.defer import Deferred
from twisted.trial.unittest import SkipTest, TestCase

from gateway.domain.entries import Target
from gateway.ssh.reach import TargetFailed
from gateway.wire.connection import Connection
from tests.real.harness import ACCOUNT, PlaceCase, Sshd, clean, free_port, listens, make_key, run, stop, until
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
HostKeyAlgorithms ssh-rsa
"""
CURVE = "KexAlgorithms ecdh-sha2-nistp384\n"
"""What it has for the exchange; the rest is as new as sshd."""


class OldServerCase(TestCase):
    """An sshd that has nothing but what is old."""

    timeout = 60
    offers = CURVE

    def setUp(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="ostiary-old-"))
        self.folder.chmod(0o755)
        self.addCleanup(shutil.rmtree, self.folder)
        run(["ssh-keygen", "-q", "-t", "rsa", "-b", "2048", "-N", "", "-f", str(self.folder / "host")])
        make_key(self.folder / "credential")
        port = free_port()
        (self.folder / "config").write_text(OLD.format(port=port, folder=self.folder) + self.offers)
        daemon = str(shutil.which("sshd", path=clean()["PATH"]))
        argv = [daemon, "-D", "-e", "-f", str(self.folder / "config")]
        server = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=clean())
        self.addCleanup(stop, server)
        until(lambda: listens(port), "sshd listens")
        host = (self.folder / "host.pub").read_text().strip()
        self.target = Target("web1", f"127.0.0.1:{port}", host_keys=(host,))

    async def dialled(self, *legacy: str) -> Connection:
        """Go to the target with an entry that names these, all the way."""
        way = Way(attrs.evolve(self.target, legacy=legacy), ACCOUNT, OneKeyVault(self.folder / "credential"))
        return await way.dial()

    async def refused(self, *legacy: str) -> str:
        """Go there in vain; return what the operator reads."""
        failed = await self.assertFailure(Deferred.fromCoroutine(self.dialled(*legacy)), TargetFailed)
        self.assertEqual(failed.reason, "exchange")
        return str(failed.text)


class OldCurveTests(OldServerCase):
    """A NIST curve and ssh-rsa."""

    async def test_it_is_reached_when_its_entry_names_what_is_old_and_not_otherwise(self) -> None:
        """Each word by itself is not enough."""
        for legacy in ((), ("ssh-rsa",), ("ecdh-sha2-nistp384",)):
            self.assertIn("no ", await self.refused(*legacy))
        connection = await self.dialled("ssh-rsa", "ecdh-sha2-nistp384")
        self.assertTrue(connection.running)
        connection.transport.lose()
        await connection.transport.closed


class OldestTests(PlaceCase):
    """sshd as it was twenty years ago: finite fields, CBC, SHA-1; real clients work on it through the gateway."""

    def oldest(self, name: str, exchange: str, cipher: str, mac: str, *legacy: str) -> None:
        """Start one and put it into the directory."""
        extra = f"KexAlgorithms {exchange}\nCiphers {cipher}\nMACs {mac}\nRekeyLimit 1M\n"
        daemon = Sshd(self.place.folder, extra=extra)
        daemon.start()
        self.addCleanup(daemon.stop)
        self.place.pamctl(
            "target", "add", name, "--address", f"127.0.0.1:{daemon.port}", "--host-keys", daemon.host_key,
            *(("--legacy", ",".join(legacy)) if legacy else ()),
        )  # fmt: skip

    def test_sessions_on_each_kind_of_old_server(self) -> None:
        """Much both ways, with changes of keys: each exchange, each cipher."""
        sent = os.urandom(4_000_000)
        for number, (exchange, cipher) in enumerate((
            ("diffie-hellman-group14-sha1", "aes128-cbc"), ("diffie-hellman-group14-sha256", "3des-cbc"),
            ("diffie-hellman-group16-sha512", "aes256-cbc"),
        )):  # fmt: skip
            name = f"webold{number}"
            self.oldest(name, exchange, cipher, "hmac-sha1", exchange, cipher, "hmac-sha1")
            done = self.place.ssh(self.place.to_web(target=name), "cat; exit 7", stdin=sent)
            self.assertEqual((done.code, done.out == sent), (7, True), (exchange, done.err))

    def test_what_the_entry_does_not_name_is_not_offered(self) -> None:
        """Two of three are not enough; the line says what is missing."""
        words = ("diffie-hellman-group14-sha1", "aes128-cbc", "hmac-sha1")
        for number, without in enumerate(words):
            name = f"webnone{number}"
            self.oldest(name, *words, *(word for word in words if word != without))
            self.assert_said(self.place.ssh(self.place.to_web(target=name), "true"), 69, name, "in common")
