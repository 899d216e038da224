"""Keys that sign: in the forms that SSH asks for, to the satisfaction of a second opinion."""

from __future__ import annotations

import base64
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import paramiko
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from gateway.domain.secret import Secret
from gateway.interfaces import IKeyPair, VaultError
from gateway.vault.certificate import ca_line, certify, fresh_ca
from gateway.vault.keypair import looks_like_key, read_private_key

KINDS = {
    "ed25519": ["-t", "ed25519"], "p256": ["-t", "ecdsa", "-b", "256"], "p384": ["-t", "ecdsa", "-b", "384"],
    "p521": ["-t", "ecdsa", "-b", "521"], "rsa": ["-t", "rsa", "-b", "2048"],
    "rsa pem": ["-t", "rsa", "-b", "2048", "-m", "PEM"], "p256 pkcs8": ["-t", "ecdsa", "-b", "256", "-m", "PKCS8"],
}  # fmt: skip
READERS = {"ssh-ed25519": paramiko.Ed25519Key, "ssh-rsa": paramiko.RSAKey}


class KeyPairTests(SynchronousTestCase):
    """Private keys."""

    def setUp(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="keys-"))
        self.addCleanup(shutil.rmtree, self.folder)

    def made(self, *options: str, passphrase: str = "") -> Secret:
        """Return a key that ssh-keygen made."""
        path = self.folder / "key"
        path.unlink(missing_ok=True)
        subprocess.run(["ssh-keygen", "-q", *options, "-N", passphrase, "-f", path], check=True)
        return Secret(path.read_bytes())

    def test_every_kind_signs_and_paramiko_agrees(self) -> None:
        """By each of its algorithms, over OpenSSH and PEM forms."""
        for name, options in KINDS.items():
            pair = read_private_key(self.made(*options), name)
            verifyObject(IKeyPair, pair)
            word = (self.folder / "key.pub").read_text().split()[0]
            public = READERS.get(word, paramiko.ECDSAKey)(data=pair.public_blob())
            for algorithm in pair.algorithms():
                signature = pair.sign(algorithm, b"message")
                self.assertTrue(public.verify_ssh_sig(b"message", paramiko.Message(signature)), (name, algorithm))
                self.assertFalse(public.verify_ssh_sig(b"other", paramiko.Message(signature)), (name, algorithm))
            self.assertRaises(ValueError, pair.sign, b"ssh-rsa", b"message")

    def test_rsa_signs_with_sha_2_alone_the_longer_first(self) -> None:
        """SHA-1 signatures are not offered."""
        pair = read_private_key(self.made("-t", "rsa", "-b", "2048"), "k")
        self.assertEqual(pair.algorithms(), (b"rsa-sha2-512", b"rsa-sha2-256"))

    def test_what_can_not_be_used_is_refused_in_words_without_the_key(self) -> None:
        """Encrypted, small, damaged, of another kind, or no key."""
        encrypted = self.made("-t", "ed25519", passphrase="secret")
        encrypted_pem = self.made("-t", "rsa", "-b", "2048", "-m", "PEM", passphrase="secret")
        small = self.made("-t", "rsa", "-b", "1024")
        whole = self.made("-t", "ed25519").reveal()
        for secret, words in ((encrypted, "encrypted"), (encrypted_pem, "encrypted"), (small, "2048 bits"),
                              (Secret(whole[:200]), "not a private key"), (Secret(b"hunter2"), "not a private key"),
                              (Secret(b""), "not a private key")):  # fmt: skip
            with self.assertRaises(VaultError) as refused:
                read_private_key(secret, "credential x")
            self.assertIn(words, str(refused.exception))
            self.assertTrue(str(refused.exception).startswith("credential x: "))
            self.assertIsNone(refused.exception.__cause__)

    def test_line_ends_of_windows_do_not_matter(self) -> None:
        """Keys are pasted."""
        whole = self.made("-t", "ed25519").reveal()
        pair = read_private_key(Secret(b"\r\n" + whole.replace(b"\n", b"\r\n")), "k")
        self.assertEqual(pair.public_blob(), read_private_key(Secret(whole), "k").public_blob())
        self.assertTrue(looks_like_key(Secret(whole)))
        self.assertFalse(looks_like_key(Secret(b"hunter2")))

    @given(st.binary(max_size=60) | st.binary(max_size=60).map(
        lambda junk: b"-----BEGIN OPENSSH PRIVATE KEY-----\n" + junk + b"\n-----END OPENSSH PRIVATE KEY-----\n"))
    def test_junk_is_refused(self, junk: bytes) -> None:
        """Nothing but VaultError is raised."""
        self.assertRaises(VaultError, read_private_key, Secret(junk), "k")

    def test_no_key_is_in_a_repr(self) -> None:
        """Neither is its object."""
        self.assertNotIn("PrivateKey", repr(read_private_key(self.made("-t", "ed25519"), "k")))


class CertificateTests(SynchronousTestCase):
    """Certificates for minutes."""

    def test_a_certificate_says_who_where_and_until_when(self) -> None:
        """As ssh-keygen reads it."""
        ca = fresh_ca()
        pair = certify(ca, "deploy", "ostiary:alice:S-1", 7, 1_700_000_000.5)
        self.assertEqual(pair.algorithms(), (b"ssh-ed25519",))
        folder = Path(tempfile.mkdtemp(prefix="cert-"))
        self.addCleanup(shutil.rmtree, folder)
        blob = base64.b64encode(pair.public_blob()).decode()
        (folder / "c.pub").write_text(f"ssh-ed25519-cert-v01@openssh.com {blob}\n")
        (folder / "ca.pub").write_text(ca_line(ca))
        read = ["ssh-keygen", "-Lf", folder / "c.pub"]
        utc = {**os.environ, "TZ": "UTC"}
        shown = subprocess.run(read, check=True, capture_output=True, text=True, env=utc)
        signer = subprocess.run(["ssh-keygen", "-lf", folder / "ca.pub"], check=True, capture_output=True, text=True)
        for words in ("user certificate", 'Key ID: "ostiary:alice:S-1"', "Serial: 7", "deploy", "permit-pty",
                      "from 2023-11-14T22:08:20 to 2023-11-14T22:18:20", signer.stdout.split()[1]):  # fmt: skip
            self.assertIn(words, shown.stdout)
        other = certify(ca, "deploy", "ostiary:alice:S-1", 8, 1_700_000_000.5)
        self.assertNotEqual(other.public_blob(), pair.public_blob())

    def test_a_ca_of_another_kind_is_refused(self) -> None:
        """A store that was tampered with signs nothing."""
        key = generate_private_key(SECP256R1()).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        self.assertRaises(VaultError, ca_line, Secret(key))
