"""Keys that were read lately."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from typing import Any

from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase

from gateway.domain.entries import Credential
from gateway.domain.secret import Secret
from gateway.interfaces import VaultError
from gateway.journal.memory import MemoryJournal
from gateway.vault.certificate import fresh_ca
from gateway.vault.kept import MOST_KEPT, SETTLED_NS, KeptKeys, file_mark
from gateway.vault.keypair import KeyPair, read_private_key
from gateway.vault.seal import NodeKey
from gateway.vault.vault import Vault, at_once
from tests.directory.making import result_of


def pair() -> KeyPair:
    """Return some key."""
    return read_private_key(fresh_ca(), "a key")


class KeptTests(SynchronousTestCase):
    """What is kept, and until when."""

    def test_a_key_is_found_by_its_mark_alone(self) -> None:
        """Another mark forgets it, no mark finds nothing."""
        kept, key = KeptKeys(), pair()
        kept.keep("a", "one", key)
        self.assertIs(kept.find("a", "one"), key)
        self.assertIsNone(kept.find("b", "one"))
        self.assertIsNone(kept.find("a", None))
        self.assertIsNone(kept.find("a", "two"))
        self.assertIsNone(kept.find("a", "one"))
        kept.keep("a", None, key)
        self.assertIsNone(kept.find("a", None))

    def test_what_is_kept_is_bounded(self) -> None:
        """A directory of many credentials is no reason to hold them all."""
        kept, key = KeptKeys(), pair()
        for number in range(MOST_KEPT + 1):
            kept.keep(str(number), "mark", key)
        self.assertIsNone(kept.find("0", "mark"))
        self.assertIs(kept.find(str(MOST_KEPT), "mark"), key)


class VaultTests(SynchronousTestCase):
    """The vault and what it keeps."""

    def setUp(self) -> None:
        self.reads = 0
        self.now = 4e9
        self.vault = Vault(NodeKey.fresh(), MemoryJournal(), lambda: self.now, self.read)
        self.vault._facts.attach(self.vault)
        handle, self.path = tempfile.mkstemp()
        os.close(handle)
        self.addCleanup(os.unlink, self.path)
        self.credential = Credential("a", "web1", "root", secret=f"file:{self.path}")

    def read(self, work: Callable[[], Any]) -> Deferred[Any]:
        """Count what goes to a thread."""
        self.reads += 1
        return at_once(work)

    def write(self, secret: Secret) -> None:
        """Write the file anew, as people do: beside it, then in its place."""
        fresh = self.path + ".new"
        with open(fresh, "wb") as file:
            file.write(secret.reveal())
        os.chmod(fresh, 0o600)
        os.replace(fresh, self.path)

    def key(self, credential: Credential | None = None) -> bytes:
        """Return the public part of the credential's key."""
        return bytes(result_of(self.vault.key(credential or self.credential)).public_blob())

    def test_a_file_is_read_again_when_it_has_changed(self) -> None:
        """A rotated key is used at the next login."""
        self.write(fresh_ca())
        first = self.key()
        self.assertEqual((self.key(), self.reads), (first, 1))
        self.write(fresh_ca())
        self.assertNotEqual(self.key(), first)
        self.assertEqual(self.reads, 2)

    def test_a_file_that_others_may_read_now_is_refused(self) -> None:
        """Though its content is the one that is known."""
        self.write(fresh_ca())
        self.key()
        os.chmod(self.path, 0o644)
        with self.assertRaisesRegex(VaultError, "open to others"):
            self.key()

    def test_a_file_that_changed_a_moment_ago_is_not_kept_by(self) -> None:
        """Nor one that is not there, nor a value of the environment."""
        self.write(fresh_ca())
        written = os.stat(self.path).st_ctime_ns
        self.now = (written + SETTLED_NS - 1000) / 1e9
        self.key()
        self.key()
        self.assertEqual(self.reads, 2)
        self.assertIsNone(file_mark("file:/nowhere/at/all", 4e9))
        self.assertIsNone(file_mark("env:KEY", 4e9))

    def test_a_sealed_key_is_parsed_once_a_version(self) -> None:
        """Another version is another key, and what was dropped is gone."""
        stored = Credential("a", "web1", "root")
        result_of(self.vault.put("credential/a", fresh_ca(), by="bob", kind="key"))
        self.reads = 0
        first = self.key(stored)
        self.assertEqual((self.key(stored), self.reads), (first, 1))
        result_of(self.vault.put("credential/a", fresh_ca(), by="bob", kind="key"))
        self.assertNotEqual(self.key(stored), first)
        result_of(self.vault.drop("credential/a", by="bob"))
        with self.assertRaisesRegex(VaultError, "credential put a"):
            self.key(stored)
