"""Public keys on one line, as strictly as they will be compared."""

from __future__ import annotations

import base64
import shutil
import subprocess
import tempfile
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from gateway.directory.pubkeys import fingerprint, read_host_key, read_public_key, same_key
from tests.directory.making import key_line


class PublicKeyTests(SynchronousTestCase):
    """Lines of keys."""

    def test_keys_made_by_ssh_keygen_are_taken_and_known_by_its_fingerprint(self) -> None:
        """Every type that OpenSSH makes without hardware."""
        folder = Path(tempfile.mkdtemp(prefix="keys-"))
        self.addCleanup(shutil.rmtree, folder)
        for number, kind in enumerate((["ed25519"], ["ecdsa", "-b", "256"], ["ecdsa", "-b", "384"],
                                       ["ecdsa", "-b", "521"], ["rsa", "-b", "2048"])):  # fmt: skip
            path = folder / str(number)
            subprocess.run(["ssh-keygen", "-q", "-t", *kind, "-N", "", "-C", "a b", "-f", path], check=True)
            line = path.with_suffix(".pub").read_text()
            self.assertEqual(read_host_key(line), line.strip())
            told = subprocess.run(["ssh-keygen", "-lf", path], check=True, capture_output=True, text=True).stdout
            self.assertEqual(told.split()[1], fingerprint(line))

    def test_a_small_rsa_key_is_refused(self) -> None:
        """1024 bits are not enough."""
        folder = Path(tempfile.mkdtemp(prefix="keys-"))
        self.addCleanup(shutil.rmtree, folder)
        subprocess.run(["ssh-keygen", "-q", "-t", "rsa", "-b", "1024", "-N", "", "-f", folder / "k"], check=True)
        with self.assertRaisesRegex(ValueError, "2048"):
            read_public_key((folder / "k.pub").read_text())

    def test_what_does_not_fit_together_is_refused(self) -> None:
        """Type, base64, own type, fields and end must agree."""
        word, encoded = key_line().split()
        blob = base64.b64decode(encoded)
        longer = base64.b64encode(blob + b"x").decode()
        shorter = base64.b64encode(blob[:-1]).decode()
        for line in ("", "ssh-ed25519", f"{word} ???", f"ssh-dss {encoded}", f"ssh-rsa {encoded}", f"{word} {longer}",
                     f"{word} {shorter}", f"{word} {encoded} a\x1bb", f'from="x" {word} {encoded}', "x" * 20_000,
                     f"{word} é"):  # fmt: skip
            self.assertRaises(ValueError, read_public_key, line)
        self.assertRaises(ValueError, read_host_key, "sk-ssh-ed25519@openssh.com AAAA")

    def test_comments_do_not_make_another_key(self) -> None:
        """A key is its type and blob."""
        self.assertTrue(same_key(key_line(1, "a"), key_line(1, "b c")))
        self.assertFalse(same_key(key_line(1), key_line(2)))

    @given(st.text(max_size=60) | st.binary(max_size=60).map(lambda blob: f"ssh-rsa {base64.b64encode(blob).decode()}")
           | st.integers(0, 60).map(lambda cut: key_line()[:cut]))
    def test_any_text_is_read_or_refused(self, line: str) -> None:
        """Nothing but ValueError is raised."""
        try:
            read_public_key(line)
        except ValueError:
            pass
