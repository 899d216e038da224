"""Real ssh with certificates, at a gateway that knows an authority and reads a list of revoked keys."""

from __future__ import annotations

import atexit
import shutil
import sys
import tempfile
import time
from datetime import datetime
from pathlib import Path
from typing import Any, ClassVar

from tests.real.harness import Outcome, PlaceCase, run, until
from tests.wire.issuing import certify, key_file, keygen

FOLDER = Path(tempfile.mkdtemp(prefix="ostiary-certificates-"))
atexit.register(shutil.rmtree, FOLDER, ignore_errors=True)
AUTHORITY = key_file(FOLDER, "authority")
REVOKED = FOLDER / "revoked"
DAY = ("-V", "-5m:+1d")


ASYNCSSH = """
import asyncio, asyncssh, sys
async def main():
    port, login, key = sys.argv[1:]
    keys = [(key, key + "-cert.pub")]
    async with asyncssh.connect("127.0.0.1", int(port), username=login, known_hosts=None, config=[],
                                client_keys=keys, agent_path=None) as connection:
        print((await connection.run("echo arrived")).stdout, end="")
asyncio.run(main())
"""

PARAMIKO = """
import sys, paramiko
port, login, path = sys.argv[1:]
key = paramiko.PKey.from_path(path)
key.load_certificate(path + "-cert.pub")
transport = paramiko.Transport(("127.0.0.1", int(port)))
transport.start_client(timeout=10)
transport.auth_publickey(login, key)
channel = transport.open_session()
channel.exec_command("echo arrived")
print(channel.makefile("r").read().decode(), end="")
transport.close()
"""


def public_line(path: Path) -> str:
    """Return a key's public line."""
    return Path(f"{path}.pub").read_text().strip()


class CertificateCase(PlaceCase):
    """alice has a key in the directory; here she comes with others, which are certified."""

    settings: ClassVar[str] = (
        f'user_ca = ["{public_line(AUTHORITY)}"]\nrevoked_keys = "file:{REVOKED}"\n'
    )

    last_failure: ClassVar[str] = ""

    def setUp(self) -> None:
        self.revoke()
        super().setUp()

    def revoke(self, content: bytes = b"") -> None:
        """Put another list in the place of the present one."""
        beside = FOLDER / "revoked.new"
        beside.write_bytes(content)
        beside.rename(REVOKED)

    def certified(
        self, name: str, *more: str, kind: tuple[str, ...] = ("ed25519",), authority: Path = AUTHORITY
    ) -> Path:
        """Make a key and have it certified; alice is the principal unless *more* says otherwise."""
        key = FOLDER / name
        if not key.exists():
            key_file(FOLDER, name, *kind)
        named = () if "-n" in more else ("-n", "alice")
        valid = () if "-V" in more else DAY
        certify(authority, key, *named, *valid, *more)
        return key

    def arrive(self, key: Path, *command: str, login: str = "") -> Outcome:
        """Run a command on the target with a key and the certificate beside it."""
        keys_only = ("-o", "PreferredAuthentications=publickey", "--")
        return self.place.ssh(login or self.place.to_web(), *keys_only, *(command or ("echo", "arrived")), key=str(key))

    def newest_failure(self) -> dict[str, Any]:
        """Return the last failed login, once; nothing when there was none since."""
        found = self.place.events("--kind", "auth.failed")[-1:]
        if not found or found[0]["id"] == self.__class__.last_failure:
            return {}
        self.__class__.last_failure = found[0]["id"]
        return found[0]

    def assert_refused(self, key: Path, words: str, login: str = "") -> None:
        """Check that a key does not let in, and that the fact says why."""
        done = self.arrive(key, login=login)
        self.assertEqual((done.code, done.out), (255, b""), done)
        self.assertIn("Permission denied", done.err)
        fact = until(self.newest_failure, "the failure is a fact")
        self.assertTrue(any(words in tried["reason"] for tried in fact["tried"]), fact)


class AcceptedTests(CertificateCase):
    """Certificates that let in."""

    def test_every_kind_of_certified_key_reaches_the_target(self) -> None:
        """The fact says whose key, which certificate and who vouched."""
        for kind in (("ed25519",), ("rsa", "-b", "2048"), *(("ecdsa", "-b", bits) for bits in ("256", "384", "521"))):
            key = self.certified("-".join(kind).replace("--b", ""), "-z", "18446744073709551614", kind=kind)
            done = self.arrive(key)
            self.assertEqual((done.code, done.out), (0, b"arrived\n"), done)
            fact = self.place.told("auth.succeeded", key_id=key.name)[-1]
            shown = keygen("-l", "-f", f"{key}.pub").stdout.split()[1]
            vouched = keygen("-l", "-f", f"{AUTHORITY}.pub").stdout.split()[1]
            self.assertEqual(
                (fact["user"], fact["method"], fact["fingerprint"], fact["key_id"], fact["serial"], fact["authority"]),
                ("alice", "publickey", shown, key.name, "18446744073709551614", vouched),
            )

    def test_a_certificate_bound_to_an_origin_lets_in_from_there(self) -> None:
        """Beside extensions of any kind."""
        key = self.certified("origin", "-O", "source-address=127.0.0.0/8", "-O", "extension:some@example=thing")
        self.assertEqual(self.arrive(key).code, 0)

    def test_the_principal_is_the_login_name_and_not_the_account(self) -> None:
        """Several principals: each of them may come, under his own name."""
        key = self.certified("several", "-n", "bob,alice")
        self.assertEqual(self.arrive(key).code, 0)
        self.assertEqual(self.arrive(key, login=self.place.to_web("bob")).code, 0)
        self.assert_refused(key, "principals", login="carol")


    def test_other_clients_show_certificates_too(self) -> None:
        """Both asyncssh and paramiko, with an Ed25519 and an RSA key."""
        for kind in (("ed25519",), ("rsa", "-b", "2048")):
            key = self.certified(f"other-{kind[0]}", kind=kind)
            for script in (ASYNCSSH, PARAMIKO):
                port, login = str(self.place.gateway.port), self.place.to_web()
                done = run([sys.executable, "-c", script, port, login, str(key)])
                self.assertEqual((done.code, done.out), (0, b"arrived\n"), (done, script))


class RefusedTests(CertificateCase):
    """Certificates that do not."""

    def test_each_flaw_is_refused_with_its_reason(self) -> None:
        """Time, name, authority, origin, command, options; a host's certificate ssh itself does not offer."""
        stranger = FOLDER / "stranger"
        if not stranger.exists():
            key_file(FOLDER, "stranger")
        for words, more in (
            ("expired", ("-V", "20200101:20200102")),
            ("not valid yet", ("-V", "20990101:20990102")),
            ("principals", ("-n", "bob")),
            ("principals", ("-n", "root")),
            ("critical option", ("-O", "critical:new@example=1")),
            ("only a security key", ("-O", "verify-required")),
            ("one command", ("-O", "force-command=id")),
            ("127.0.0.1", ("-O", "source-address=10.0.0.0/8")),
        ):
            self.assert_refused(self.certified("flawed", *more), words)
        self.assert_refused(self.certified("unvouched", authority=stranger), "unknown authority")

    def test_a_certificate_without_principals_is_nobody_s(self) -> None:
        """ssh-keygen makes such ones when nobody is named; to sshd they once meant everybody."""
        key = self.certified("nameless")
        keygen("-q", "-s", AUTHORITY, "-I", "nameless", *DAY, f"{key}.pub")
        self.assert_refused(key, "principals")

    def test_an_authority_s_key_or_plain_signature_is_not_enough(self) -> None:
        """The authority itself is no operator, and a key whose certificate is missing is unknown."""
        self.assert_refused(AUTHORITY, "not a key of this user")


class RevokedTests(CertificateCase):
    """The list changes while the gateway runs."""

    def krl(self, *lines: str) -> bytes:
        """Have ssh-keygen write a list."""
        spec, out = FOLDER / "spec", FOLDER / "krl"
        spec.write_text("".join(f"{line}\n" for line in lines))
        keygen("-q", "-k", "-f", out, "-s", f"{AUTHORITY}.pub", spec)
        return out.read_bytes()

    def test_what_is_revoked_stays_out_from_the_next_login_on(self) -> None:
        """By number, key id, key and fingerprint, and by a plain list; lifted, it lets in again."""
        key = self.certified("revocable", "-z", "4711")
        for content in (
            self.krl("serial: 4700-4800"), self.krl("id: revocable"), self.krl(f"key: {public_line(key)}"),
            self.krl(f"sha256: {public_line(key)}"), self.krl(f"sha1: {public_line(AUTHORITY)}"),
            f"# gone\n{public_line(key)}\n".encode(),
        ):  # fmt: skip
            self.assertEqual(self.arrive(key).code, 0)
            self.revoke(content)
            self.assert_refused(key, "revoked")
            self.revoke(self.krl("serial: 4712", "id: somebody else"))

    def test_a_list_of_no_use_is_noticed_before_somebody_is_kept_out(self) -> None:
        """The node looks at it by itself, now and then."""
        REVOKED.unlink()
        until(lambda: self.place.pamctl("status")["faults"], "the fault is named")
        self.revoke()
        until(lambda: not self.place.pamctl("status")["faults"], "the fault is over")

    def test_a_key_of_the_directory_is_revoked_too(self) -> None:
        """It need not be certified."""
        alice = self.place.folder / "alice"
        self.assertEqual(self.arrive(alice).code, 0)
        self.revoke(self.krl(f"key: {public_line(alice)}"))
        self.assert_refused(alice, "revoked")

    def test_a_list_of_no_use_refuses_every_key_and_is_a_named_fault(self) -> None:
        """Missing or damaged; repaired, all is well, without a restart."""
        key = self.certified("revocable", "-z", "4711")
        for spoil in (REVOKED.unlink, lambda: self.revoke(b"SSHKRL\n\0nonsense")):
            spoil()
            self.assert_refused(key, "can not be used")
            self.assert_refused(self.place.folder / "alice", "can not be used")
            faults = until(lambda: self.place.pamctl("status")["faults"], "the fault is named")
            self.assertEqual([fault["name"] for fault in faults], ["revoked_keys"])
            self.assertLess(abs(time.time() - _seconds(faults[0]["since"])), 3600)
            self.revoke()
            self.assertEqual(self.arrive(key).code, 0)
            until(lambda: not self.place.pamctl("status")["faults"], "the fault is over")


def _seconds(since: object) -> float:
    """Read a fault's beginning, whichever way it is written."""
    if isinstance(since, int | float):
        return float(since)
    return datetime.fromisoformat(str(since)).timestamp()
