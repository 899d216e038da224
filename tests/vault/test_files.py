"""Secrets in files: nobody else may read them."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from gateway.domain.secret import Secret
from gateway.interfaces import VaultError
from gateway.vault.files import (
    LARGEST_SECRET,
    load_or_make_node_key,
    read_passphrase,
    read_reference,
    read_secret_file,
    write_node_key,
)
from gateway.vault.seal import NodeKey


class FileTests(SynchronousTestCase):
    """Files, the environment, and the node's key."""

    def setUp(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="vault-"))
        self.addCleanup(shutil.rmtree, self.folder)

    def file(self, content: bytes = b"hunter2", mode: int = 0o600) -> str:
        """Write a file with a mode."""
        path = self.folder / "secret"
        path.write_bytes(content)
        path.chmod(mode)
        return str(path)

    def refusal(self, path: str) -> str:
        """Return the words with which a file is refused."""
        with self.assertRaises(VaultError) as refused:
            read_secret_file(path)
        return str(refused.exception)

    def test_a_private_file_is_read(self) -> None:
        """Mode 0600 or 0400; a link to it is as good."""
        self.assertEqual(read_secret_file(self.file()).reveal(), b"hunter2")
        self.assertEqual(read_secret_file(self.file(mode=0o600)).reveal(), b"hunter2")
        link = self.folder / "link"
        link.symlink_to(self.file())
        self.assertEqual(read_reference(f"file:{link}", {}).reveal(), b"hunter2")

    def test_a_file_that_others_could_read_or_write_is_refused(self) -> None:
        """A secret that others could read is none; what to do is said."""
        for mode in (0o640, 0o604, 0o620, 0o644, 0o660):
            self.assertIn("chmod 600", self.refusal(self.file(mode=mode)))

    def test_what_is_no_file_or_not_there_is_refused(self) -> None:
        """A pipe does not hold us up, and a foreign owner is named."""
        self.assertIn("No such file", self.refusal(str(self.folder / "none")))
        self.assertIn("is not a file", self.refusal(str(self.folder)))
        os.mkfifo(self.folder / "pipe")
        self.assertIn("is not a file", self.refusal(str(self.folder / "pipe")))
        self.assertIn("larger than", self.refusal(self.file(b"x" * (LARGEST_SECRET + 1))))

    def test_a_foreign_owner_is_refused(self) -> None:
        """Whoever owns a file can change it at any time."""
        path = self.file()
        self.patch(os, "geteuid", lambda: os.stat(path).st_uid + 1)
        if os.stat(path).st_uid == 0:
            os.chown(path, 12345, -1)
        self.assertIn("belongs to uid", self.refusal(path))

    def test_the_environment_is_read_when_it_is_asked_for(self) -> None:
        """And a variable that is not set is named."""
        self.assertEqual(read_reference("env:PW", {"PW": "hünter"}).reveal(), "hünter".encode())
        for reference, words in (("env:NONE", "NONE is not set"), ("vault:x", "no way to refer")):
            with self.assertRaises(VaultError) as refused:
                read_reference(reference, {"PW": "x"})
            self.assertIn(words, str(refused.exception))

    def test_the_node_s_key_is_made_once_and_read_ever_after(self) -> None:
        """In a file that nobody else can read."""
        path = str(self.folder / "node.key")
        made = load_or_make_node_key(path)
        self.assertEqual(os.stat(path).st_mode & 0o777, 0o600)
        self.assertEqual(load_or_make_node_key(path).public(), made.public())
        self.assertRaises(FileExistsError, write_node_key, path, NodeKey.fresh())
        self.assertEqual(os.listdir(self.folder), ["node.key"])

    def test_a_key_under_a_passphrase_needs_it(self) -> None:
        """The file alone opens nothing."""
        path = str(self.folder / "node.key")
        made = load_or_make_node_key(path, Secret(b"long words"))
        self.assertEqual(load_or_make_node_key(path, Secret(b"long words")).public(), made.public())
        self.assertNotIn(made.raw().reveal(), Path(path).read_bytes())
        for passphrase, words in ((Secret(b"other"), "does not open"), (None, "under a passphrase")):
            with self.assertRaises(VaultError) as refused:
                load_or_make_node_key(path, passphrase)
            self.assertIn(words, str(refused.exception))

    def test_a_damaged_key_file_is_told_and_never_replaced(self) -> None:
        """A fresh key would open nothing that was sealed before."""
        for content, words in ((b"", "is not a node key"), (b"[]", "is not a node key"), (b"\xff", "is not a node key"),
                               (b'{"form":"ostiary node key 9"}', "newer version"),
                               (b'{"form":"ostiary node key 1","key":"AAAA"}', "is not a node key"),
                               (b'{"form":"ostiary node key 1","salt":"?"}', "is not a node key")):  # fmt: skip
            path = self.file(content)
            with self.assertRaises(VaultError) as refused:
                load_or_make_node_key(path, Secret(b"x"))
            self.assertIn(words, str(refused.exception))
            self.assertEqual(Path(path).read_bytes(), content)


class PassphraseTests(SynchronousTestCase):
    """The node's key under a passphrase that is referred to."""

    def test_a_passphrase_is_read_without_its_line_end(self) -> None:
        """A file made by an editor means what a variable means; no reference is no passphrase."""
        path = Path(self.mktemp()).absolute()
        path.write_bytes(b"correct horse\n")
        path.chmod(0o600)
        found = read_passphrase(f"file:{path}", {})
        assert found is not None
        self.assertTrue(found.same_as(Secret(b"correct horse")))
        self.assertIsNone(read_passphrase("", {}))

    def test_a_key_that_lay_open_is_sealed_when_a_passphrase_comes(self) -> None:
        """From then on it opens with the passphrase alone, and it is the same key."""
        path = str(Path(self.mktemp()).absolute())
        made = load_or_make_node_key(path)
        again = load_or_make_node_key(path, Secret(b"correct horse"))
        self.assertEqual(made.public(), again.public())
        self.assertNotIn(b'"key"', Path(path).read_bytes())
        self.assertRaises(VaultError, load_or_make_node_key, path)
        self.assertRaises(VaultError, load_or_make_node_key, path, Secret(b"wrong"))
        self.assertEqual(load_or_make_node_key(path, Secret(b"correct horse")).public(), made.public())
