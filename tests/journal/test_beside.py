"""The lock, the key and the mark."""

from __future__ import annotations

import os

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from gateway.journal.beside import Beside, load_key, open_mark, read_mark, take_lock, write_mark
from gateway.journal.chain import Head
from gateway.journal.errors import JournalBusy, JournalCorrupt, JournalRefused
from tests.journal.examples import MANY
from tests.journal.folders import folder_for

HEAD = Head("gw1#0.9f3a", 41, bytes(range(32)))


class BesideTests(SynchronousTestCase):
    """One store, five files."""

    def setUp(self) -> None:
        self.folder = folder_for(self)
        self.beside = Beside(self.folder / "journal.sqlite")

    def test_the_files_have_their_names(self) -> None:
        """They are named after the store."""
        files = (self.beside.lock, self.beside.key, self.beside.mark, self.beside.reserve)
        names = [path.name for path in files]
        self.assertEqual(names, ["journal.lock", "journal.key", "journal.head", "journal.reserve"])

    def test_a_lock_has_one_holder(self) -> None:
        """The other is told who holds it; a lock let go can be taken."""
        held = take_lock(self.beside.lock)
        with self.assertRaisesRegex(JournalBusy, f"process {os.getpid()};"):
            take_lock(self.beside.lock)
        os.close(held)
        os.close(take_lock(self.beside.lock))

    def test_a_key_is_made_once(self) -> None:
        """Mode 0600, and the same key ever after."""
        made = load_key(self.beside.key)
        self.assertEqual(self.beside.key.stat().st_mode & 0o777, 0o600)
        self.assertEqual(load_key(self.beside.key).private_bytes_raw(), made.private_bytes_raw())
        self.assertEqual([path.name for path in self.folder.iterdir()], ["journal.key"])

    def test_a_key_that_others_can_read_is_refused(self) -> None:
        """With the command that repairs it."""
        load_key(self.beside.key)
        self.beside.key.chmod(0o640)
        with self.assertRaisesRegex(JournalRefused, "chmod 600"):
            load_key(self.beside.key)

    def test_what_is_no_ed25519_key_is_refused(self) -> None:
        """Junk, nothing, and a key of another kind."""
        pem = ec.generate_private_key(ec.SECP256R1()).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        for raw in (b"junk", b"", pem):
            self.beside.key.write_bytes(raw)
            self.beside.key.chmod(0o600)
            with self.assertRaisesRegex(JournalCorrupt, "not the Ed25519 key"):
                load_key(self.beside.key)

    def test_a_mark_is_read_as_it_was_written(self) -> None:
        """Over and over in place: the length never changes."""
        self.assertIsNone(read_mark(self.beside.mark))
        opened = open_mark(self.beside.mark)
        self.addCleanup(os.close, opened)
        sizes = set()
        for seq in (9, 10**12, 3):
            head = Head(HEAD.origin, seq, HEAD.hash)
            write_mark(opened, head)
            self.assertEqual(read_mark(self.beside.mark), head)
            sizes.add(self.beside.mark.stat().st_size)
        self.assertEqual(len(sizes), 1)

    @MANY
    @given(
        st.binary(max_size=300)
        | st.sampled_from(
            [
                b'{"origin": "a", "seq": 0, "hash": ""}',
                b'{"origin": "a", "seq": 1, "hash": "zz"}',
                b'{"origin": "a", "seq": 1, "hash": "00"}',
                b'{"origin": 1, "seq": 1, "hash": "00"}',
                b"[" * 300,
            ]
        )
    )
    def test_a_mark_that_is_none_says_nothing(self, raw: bytes) -> None:
        """Whatever stands there."""
        self.beside.mark.write_bytes(raw)
        self.assertIsNone(read_mark(self.beside.mark))
