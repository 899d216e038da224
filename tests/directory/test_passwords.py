"""Password hashes."""

from __future__ import annotations

import base64
import hashlib

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from gateway.directory.passwords import DUMMY, hash_password, read_hash
from gateway.domain.secret import Secret


class PasswordTests(SynchronousTestCase):
    """Scrypt in the PHC form."""

    def test_a_hash_fits_its_password_alone(self) -> None:
        """And two hashes of one password differ."""
        one, other = hash_password(Secret(b"hunter2")), hash_password(Secret(b"hunter2"))
        self.assertNotEqual(one, other)
        self.assertTrue(read_hash(one).fits(Secret(b"hunter2")))
        self.assertFalse(read_hash(one).fits(Secret(b"hunter3")))
        self.assertFalse(DUMMY.fits(Secret(b"hunter2")))

    def test_a_hash_made_elsewhere_is_understood(self) -> None:
        """The form is that of the PHC string format: unpadded base64."""
        salt = b"0123456789abcdef"
        digest = hashlib.scrypt(b"pw", salt=salt, n=1 << 14, r=8, p=1, dklen=32)
        salt64, digest64 = (base64.b64encode(part).decode().rstrip("=") for part in (salt, digest))
        self.assertTrue(read_hash(f"$scrypt$ln=14,r=8,p=1${salt64}${digest64}").fits(Secret(b"pw")))

    def test_a_weak_costly_or_broken_hash_is_refused(self) -> None:
        """No entry can ask for a gigabyte, and none is guessed in a second."""
        salt, digest = "MDEyMzQ1Njc4OWFiY2RlZg", "A" * 43
        for words in ("hunter2", "", f"$scrypt$ln=20,r=8,p=1${salt}${digest}", f"$scrypt$ln=10,r=8,p=1${salt}${digest}",
                      f"$scrypt$ln=15,r=0,p=1${salt}${digest}", f"$scrypt$ln=15,r=8,p=0${salt}${digest}",
                      f"$scrypt$ln=15,r=8,p=9${salt}${digest}", f"$scrypt$ln=15,r=8,p=1$AAAA${digest}",
                      f"$scrypt$ln=15,r=8,p=1${salt}$AAAA", f"$scrypt$ln=15,r=8,p=1${salt}${'A' * 41}",
                      f"$2b$12${salt}"):  # fmt: skip
            self.assertRaises(ValueError, read_hash, words)

    @given(st.text(max_size=60))
    def test_any_text_is_read_or_refused(self, words: str) -> None:
        """Nothing but ValueError is raised."""
        self.assertRaises(ValueError, read_hash, words)
