"""Keys by which hosts are known."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.hashes import SHA1
from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from gateway.wire.certificates import certified
from gateway.wire.fields import string
from gateway.wire.hostkeys import (
    BadHostKey,
    check_signature,
    create_host_key,
    fingerprint,
    from_private_key,
    load_host_key,
    load_host_keys,
    load_or_create_host_key,
)
from gateway.wire.violation import Violation
from tests.wire.issuing import HOST, draft
from tests.wire.keys import KINDS, key_of

KEYS = [
    from_private_key(ed25519.Ed25519PrivateKey.generate()),
    from_private_key(ec.generate_private_key(ec.SECP256R1())),
    from_private_key(rsa.generate_private_key(65537, 2048)),
]


class SignatureTests(SynchronousTestCase):
    """Signing and checking."""

    def test_each_algorithm_signs_what_it_verifies(self) -> None:
        """All algorithms of all kinds we can hold."""
        for key in KEYS:
            for algorithm in key.algorithms:
                check_signature(algorithm, key.blob, key.sign(algorithm, b"hash"), b"hash")
                with self.assertRaises(Violation):
                    check_signature(algorithm, key.blob, key.sign(algorithm, b"hash"), b"other")

    def test_a_signature_counts_in_the_agreed_algorithm_only(self) -> None:
        """A host that agreed on SHA-512 may not sign with SHA-256."""
        key = KEYS[2]
        signature = key.sign(b"rsa-sha2-256", b"hash")
        self.assertRaises(Violation, check_signature, b"rsa-sha2-512", key.blob, signature, b"hash")
        self.assertRaises(Violation, check_signature, b"ssh-ed25519", key.blob, signature, b"hash")

    def test_a_key_of_another_kind_than_agreed_is_refused(self) -> None:
        """The agreed name decides which kind of key may stand in the answer."""
        signature = KEYS[0].sign(b"ssh-ed25519", b"hash")
        self.assertRaises(Violation, check_signature, b"rsa-sha2-512", KEYS[0].blob, signature, b"hash")

    def test_under_a_certificate_s_algorithm_the_certified_key_signs(self) -> None:
        """The certificate stands in the key's place; neither does for the other, nor another key's signature."""
        for kind in KINDS[:5]:
            key, other = key_of(kind, 1), key_of(kind, 2)
            algorithm, blob = certified(key.algorithm), draft(key=key, holder=HOST)
            check_signature(algorithm, blob, key.sign(b"hash"), b"hash")
            for wrong in (
                (key.algorithm, blob, key.sign(b"hash")), (algorithm, key.blob, key.sign(b"hash")),
                (algorithm, blob, other.sign(b"hash")), (algorithm, blob, key.sign(b"other")),
                (certified(b"ssh-rsa"), blob, key.sign(b"hash")), (algorithm, blob[:-1], key.sign(b"hash")),
            ):  # fmt: skip
                self.assertRaises(Violation, check_signature, *wrong, b"hash")

    @settings(max_examples=100, deadline=None)
    @given(st.binary(max_size=200), st.binary(max_size=200))
    def test_arbitrary_blobs_and_signatures_are_violations(self, blob: bytes, signature: bytes) -> None:
        """Nothing else is raised, nothing is accepted."""
        for key in (blob, KEYS[0].blob, KEYS[1].blob, KEYS[2].blob):
            self.assertRaises(Violation, check_signature, b"ssh-ed25519", key, signature, b"hash")

    def test_kinds_that_are_not_offered_cannot_become_host_keys(self) -> None:
        """The offer is made of the keys, so the refusal belongs here."""
        for key in (ec.generate_private_key(ec.SECP384R1()),):
            self.assertRaises(BadHostKey, from_private_key, key)


class FileTests(SynchronousTestCase):
    """Keys in files."""

    def setUp(self) -> None:
        self.folder = Path(self.mktemp())
        self.folder.mkdir(parents=True)
        self.path = self.folder / "host"

    def test_a_new_key_is_private_and_the_same_when_read_again(self) -> None:
        """Mode 0600, nothing left beside it."""
        made = load_or_create_host_key(self.path)
        self.assertEqual(self.path.stat().st_mode & 0o777, 0o600)
        self.assertEqual(load_or_create_host_key(self.path).blob, made.blob)
        self.assertEqual(os.listdir(self.folder), ["host"])

    def test_openssh_reads_the_file_and_names_the_key_alike(self) -> None:
        """The format and the fingerprint are OpenSSH's."""
        made = create_host_key(self.path)
        shown = subprocess.run(
            ["ssh-keygen", "-l", "-f", self.path], check=True, capture_output=True, text=True
        ).stdout
        self.assertEqual(shown.split()[1], made.fingerprint)
        self.assertEqual(fingerprint(made.blob), made.fingerprint)

    def test_keys_made_by_openssh_are_read(self) -> None:
        """Of every kind that we offer."""
        for kind in ("ed25519", "ecdsa", "rsa"):
            path = self.folder / kind
            subprocess.run(["ssh-keygen", "-q", "-t", kind, "-N", "", "-f", path], check=True)
            self.assertIn(kind.encode(), load_host_key(path).blob)

    def test_a_pem_key_is_read(self) -> None:
        """Other tools write that."""
        key = ec.generate_private_key(ec.SECP256R1())
        self.write(
            key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        )
        self.assertEqual(load_host_key(self.path).algorithms, (b"ecdsa-sha2-nistp256",))

    def write(self, content: bytes) -> None:
        self.path.write_bytes(content)
        self.path.chmod(0o600)

    def test_every_host_key_of_a_folder_is_read_the_first_before_the_others(self) -> None:
        """The first is made when there is none; a public half or a copy is no other key; a bad one is named."""
        first = self.folder / "ssh_host_ed25519_key"
        (made,) = load_host_keys(self.folder, first)
        later, earlier = (create_host_key(self.folder / f"ssh_host_{name}_key") for name in ("b", "a"))
        (self.folder / "ssh_host_c_key.pub").write_text("no key")
        copied = self.folder / "ssh_host_copy_key"
        copied.write_bytes(first.read_bytes())
        copied.chmod(0o600)
        read = load_host_keys(self.folder, first)
        self.assertEqual([key.blob for key in read], [made.blob, earlier.blob, later.blob])
        copied.write_text("no key")
        self.assertIn("ssh_host_copy_key", str(self.assertRaises(BadHostKey, load_host_keys, self.folder, first)))

    def test_a_key_is_never_written_over(self) -> None:
        """A host's identity does not vanish by a race."""
        first = create_host_key(self.path)
        with self.assertRaises(BadHostKey):
            create_host_key(self.path)
        self.assertEqual(load_host_key(self.path).blob, first.blob)
        self.assertEqual(os.listdir(self.folder), ["host"])

    def test_files_that_will_not_do_are_refused_with_what_to_do(self) -> None:
        """Readable by others, not a key, encrypted, of a kind we do not offer, not there."""
        with self.assertRaisesRegex(BadHostKey, "cannot read"):
            load_host_key(self.path)
        self.write(b"nonsense")
        with self.assertRaisesRegex(BadHostKey, "not an unencrypted private key"):
            load_host_key(self.path)
        self.path.chmod(0o640)
        with self.assertRaisesRegex(BadHostKey, "chmod 600"):
            load_host_key(self.path)
        other = dsa.generate_private_key(2048)
        self.write(
            other.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        )
        with self.assertRaisesRegex(BadHostKey, "not offered"):
            load_host_key(self.path)
        locked = self.folder / "locked"
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "secret", "-f", locked], check=True)
        with self.assertRaisesRegex(BadHostKey, "not an unencrypted private key"):
            load_host_key(locked)
        with self.assertRaisesRegex(BadHostKey, "cannot write"):
            create_host_key(self.folder / "missing" / "host")


class OldSignatureTests(SynchronousTestCase):
    """RSA with SHA-1, for targets whose entry names it."""

    def test_an_old_signature_counts_under_its_own_name_alone(self) -> None:
        """And never in place of a newer one, by another key, or damaged."""
        key = rsa.generate_private_key(65537, 2048)
        blob = from_private_key(key).blob
        signed = key.sign(b"said", padding.PKCS1v15(), SHA1())
        old = string(b"ssh-rsa") + string(signed)
        check_signature(b"ssh-rsa", blob, old, b"said")
        other = from_private_key(ed25519.Ed25519PrivateKey.generate()).blob
        for algorithm, shown, signature, payload in (
            (b"ssh-rsa", blob, old, b"unsaid"),
            (b"ssh-rsa", blob, old + b"x", b"said"),
            (b"ssh-rsa", blob, string(b"rsa-sha2-256") + string(signed), b"said"),
            (b"ssh-rsa", other, old, b"said"),
            (b"ssh-rsa", b"junk", old, b"said"),
            (b"rsa-sha2-256", blob, old, b"said"),
            (b"rsa-sha2-512", blob, string(b"rsa-sha2-512") + string(signed), b"said"),
        ):
            self.assertRaises(Violation, check_signature, algorithm, shown, signature, payload)
