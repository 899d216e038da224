"""The way to a real sshd that proves itself by a certificate."""

from __future__ import annotations

import getpass
import os
import socket
import tempfile
from pathlib import Path

from twisted.internet import reactor
from twisted.internet.defer import Deferred
from twisted.trial.unittest import TestCase

from gateway.domain.entries import Target
from gateway.ssh.reach import TargetFailed
from tests.real.harness import SSHD, PlaceCase, free_port, listens, until
from tests.real.test_transport import Daemon
from tests.ssh.dialling import OneKeyVault, Way
from tests.wire.issuing import blob_in, certify, key_file

KINDS = (("ed25519",), *(("ecdsa", "-b", bits) for bits in ("256", "384", "521")), ("rsa", "-b", "3072"))
DAY = ("-V", "-5m:+1d")


class HostCertificateTests(TestCase):
    """sshd with HostCertificate, dialled as sessions are."""

    timeout = 60

    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory(prefix="host-certificates-")
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.authority = key_file(self.folder, "authority")
        self.user = key_file(self.folder, "user")
        self.vault = OneKeyVault(self.user)

    async def sshd(self, *certificates: Path) -> int:
        """Start a daemon that has keys with certificates; return its port."""
        if os.getuid() == 0:
            os.makedirs("/run/sshd", 0o755, exist_ok=True)
        with socket.socket() as holder:
            holder.bind(("127.0.0.1", 0))
            port: int = holder.getsockname()[1]
        argv = ["/usr/sbin/sshd", "-D", "-e", "-f", "/dev/null", "-p", str(port)]
        for certificate in certificates:
            key = str(certificate).removesuffix("-cert.pub")
            argv += ["-h", key, *(("-o", f"HostCertificate={certificate}") if key != str(certificate) else ())]
        for option in (
            "PidFile=none", "ListenAddress=127.0.0.1", "StrictModes=no", "PermitRootLogin=yes",
            f"AuthorizedKeysFile={self.user}.pub",
        ):  # fmt: skip
            argv += ["-o", option]
        daemon = Daemon()
        reactor.spawnProcess(daemon, argv[0], argv, os.environ)
        self.addCleanup(daemon.stop)
        await daemon.listening
        return port

    def way(self, port: int, authority: Path | None, *pinned: Path) -> Way:
        """Return the way to that daemon, known by an authority and by pinned keys."""
        target = Target(
            "web1", f"127.0.0.1:{port}",
            host_ca=(_line(authority),) if authority else (), host_keys=tuple(map(_line, pinned)),
        )  # fmt: skip
        return Way(target, getpass.getuser(), self.vault)

    async def arrives(self, way: Way) -> None:
        """Dial, log in and leave."""
        connection = await way.dial()
        self.assertTrue(connection.running)
        connection.transport.lose()
        await connection.transport.closed

    async def refused(self, way: Way, days: float = 0.0) -> str:
        """Dial to no avail; return the reason. No credential was used."""
        before = self.vault.signed
        failed = await self.assertFailure(Deferred.fromCoroutine(way.dial(days)), TargetFailed)
        self.assertEqual((failed.code, self.vault.signed), (76, before), failed.text)
        self.assertIn("web1", failed.text)
        return str(failed.reason)

    async def test_every_kind_of_certified_key_is_recognised(self) -> None:
        """By the target's name in the certificate, or by its address; keys signed by an RSA authority too."""
        rsa = key_file(self.folder, "rsa-authority", "rsa", "-b", "2048")
        for authority in (self.authority, rsa):
            for kind, *more in KINDS:
                host = key_file(self.folder, f"{authority.name}-{kind}{more[-1] if more else 0}", kind, *more)
                for principal in ("web1", "127.0.0.1"):
                    certificate = certify(authority, host, "-h", "-n", f"other,{principal}", *DAY)
                    await self.arrives(self.way(await self.sshd(certificate), authority))

    async def test_the_certificate_is_the_same_after_a_change_of_keys(self) -> None:
        """It stands in the key's place in each exchange of a connection."""
        certificate = certify(self.authority, key_file(self.folder, "host"), "-h", "-n", "web1", *DAY)
        connection = await self.way(await self.sshd(certificate), self.authority).dial()
        transport, changed = connection.transport, Deferred[bool]()
        self.patch(transport, "exchange_finished", lambda *, first: changed.callback(first))
        transport.rekey()
        self.assertFalse(await changed)
        self.assertEqual(transport.host_key, blob_in(certificate))
        transport.lose()
        await transport.closed

    async def test_a_certificate_that_does_not_convince_is_refused(self) -> None:
        """Another authority, a wrong name, one for a user's key, one whose days are over or have not come."""
        certificate = certify(self.authority, key_file(self.folder, "host"), "-h", "-n", "web1", *DAY)
        way = self.way(await self.sshd(certificate), self.authority)
        await self.arrives(way)
        self.assertEqual(await self.refused(way, days=2), "host_certificate_expired")
        self.assertEqual(await self.refused(way, days=-2), "host_certificate_early")
        stranger = key_file(self.folder, "stranger")
        other = self.way(int(way.target.address.split(":")[1]), stranger)
        self.assertEqual(await self.refused(other), "host_certificate_authority")
        certificate = certify(self.authority, key_file(self.folder, "named"), "-h", "-n", "web2,web1.example", *DAY)
        way = self.way(await self.sshd(certificate), self.authority)
        self.assertEqual(await self.refused(way), "host_certificate_principal")

    async def test_a_host_without_a_certificate_is_refused_though_it_is_unknown(self) -> None:
        """It is not queued for trust: the target has an authority."""
        host = key_file(self.folder, "plain")
        port = await self.sshd(host)
        way = self.way(port, self.authority)
        self.assertEqual(await self.refused(way), "host_certificate_missing")
        self.assertEqual(way.facts.told, [])

    async def test_a_pinned_key_is_enough_beside_an_authority(self) -> None:
        """Where the certificate is another authority's, or for another host, and where there is none."""
        stranger = key_file(self.folder, "stranger")
        host = key_file(self.folder, "host")
        certificate = certify(stranger, host, "-h", "-n", "web2", *DAY)
        port = await self.sshd(certificate)
        self.assertEqual(await self.refused(self.way(port, self.authority)), "host_certificate_authority")
        await self.arrives(self.way(port, self.authority, host))
        await self.arrives(self.way(await self.sshd(host), self.authority, host))

    async def test_what_is_unknown_or_changed_still_waits_or_is_refused(self) -> None:
        """Without an authority the certificate is never asked for."""
        host = key_file(self.folder, "host")
        port = await self.sshd(certify(self.authority, host, "-h", "-n", "web1", *DAY))
        await self.arrives(self.way(port, None, host))
        self.assertEqual(await self.refused(self.way(port, None, self.user)), "host_key_changed")
        unknown = self.way(port, None)
        self.assertEqual(await self.refused(unknown), "host_key_unknown")
        self.assertEqual([fact.kind for fact in unknown.facts.told], ["target.key_queued"])


TARGET = """
[[target]]
name = "web2"
address = "127.0.0.1:{port}"
host_ca = ["{authority}"]
"""


class SessionTests(PlaceCase):
    """A session of the gateway with a target that is known by its authority alone."""

    def target(self, *principals: str) -> None:
        """Start another sshd, whose certificate has these principals, and add it to the directory."""
        folder, port = self.place.folder, free_port()
        authority = folder / "authority"
        for path in (authority, folder / "certified"):
            if not path.exists():
                key_file(folder, path.name)
        certify(authority, folder / "certified", "-h", "-n", ",".join(principals), *DAY)
        settings = folder / f"sshd_{port}"
        known = SSHD.format(extra="", port=port, folder=folder, password="no", sftp_server="internal-sftp")
        named = known.replace(f"{folder}/host", f"{folder}/certified")
        settings.write_text(f"HostCertificate {folder}/certified-cert.pub\n{named}")
        self.place.spawn(["/usr/sbin/sshd", "-D", "-e", "-f", str(settings)])
        until(lambda: listens(port), "sshd listens")
        self.place.apply(TARGET.format(port=port, authority=_line(authority)))

    def test_a_session_starts_where_the_certificate_names_the_target(self) -> None:
        """By the name that the directory knows it by."""
        self.target("web2.example", "web2")
        done = self.place.ssh(self.place.to_web(target="web2"), "echo", "arrived")
        self.assertEqual((done.code, done.out), (0, b"arrived\n"), done)

    def test_the_operator_is_told_why_a_session_does_not_start(self) -> None:
        """In one line, with 76; the fact names certificate and key."""
        self.target("elsewhere.example")
        done = self.place.ssh(self.place.to_web(target="web2"), "echo", "arrived")
        self.assert_said(done, 76, "web2 can not prove who it is: the certificate is not for this host")
        fact = self.place.told("target.failed", reason="host_certificate_principal")[-1]
        self.assertIn("certified SHA256:", fact["detail"])


def _line(path: Path) -> str:
    return Path(f"{path}.pub").read_text().strip()
