"""The vault over a journal."""

from __future__ import annotations

import os
import tempfile

from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from gateway.domain.entries import Credential
from gateway.domain.facts import Entry
from gateway.domain.secret import Secret
from gateway.interfaces import ICredentialVault, IFold, VaultError
from gateway.journal.memory import MemoryJournal
from gateway.vault.certificate import fresh_ca
from gateway.vault.seal import NodeKey
from gateway.vault.vault import LARGEST_SECRET, USER_CA, Vault, at_once
from tests.directory.making import result_of

PEM = fresh_ca()
"""Any private key."""


class VaultTests(SynchronousTestCase):
    """Secrets put, used, replaced, dropped."""

    def setUp(self) -> None:
        self.journal, self.environment = MemoryJournal(), {"PW": "one"}
        self.node_key = NodeKey.fresh()
        self.vault = self.another(self.node_key)

    def another(self, node_key: NodeKey) -> Vault:
        """Return a vault folded from the same journal."""
        vault = Vault(node_key, self.journal, lambda: 1.7e9, at_once, self.environment)
        self.journal.attach(vault)
        return vault

    def password(self, secret: str = "store", vault: Vault | None = None) -> bytes:
        """Return the password of credential ``a``."""
        credential = Credential("a", "web1", "root", kind="password", secret=secret)
        opened: Secret = result_of((vault or self.vault).password(credential))
        return opened.reveal()

    def put(self, secret: bytes, name: str = "credential/a", kind: str = "") -> None:
        """Put a secret."""
        result_of(self.vault.put(name, Secret(secret), by="bob", reason="why", kind=kind))

    def test_it_is_a_vault_and_a_fold(self) -> None:
        """It provides both interfaces."""
        verifyObject(ICredentialVault, self.vault)
        verifyObject(IFold, self.vault)

    def test_a_secret_is_put_replaced_and_dropped(self) -> None:
        """And another process with the same key sees the same."""
        self.put(b"hunter2\n")
        self.assertEqual(self.password(), b"hunter2")
        self.put(b"hunter3\r\n")
        self.assertEqual(self.password(), b"hunter3")
        self.assertEqual(self.password(vault=self.another(self.node_key)), b"hunter3")
        result_of(self.vault.drop("credential/a", by="bob"))
        result_of(self.vault.drop("credential/a", by="bob"))
        self.assertFalse(self.vault.has("credential/a"))
        self.assertFalse(self.another(self.node_key).has("credential/a"))
        with self.assertRaisesRegex(VaultError, "credential put a"):
            self.password()
        self.put(b"hunter4")
        self.assertEqual(self.password(vault=self.another(self.node_key)), b"hunter4")

    def test_no_fact_and_no_repr_has_the_secret(self) -> None:
        """Neither as text nor in hex or base64."""
        self.put(b"hunter2-canary")
        seen = repr(self.vault) + "".join(str(entry.body) for entry in self.journal.entries())
        for form in ("hunter2-canary", b"hunter2-canary".hex(), "aHVudGVyMi1jYW5hcnk"):
            self.assertNotIn(form, seen)

    def test_a_value_behind_a_reference_is_fetched_anew(self) -> None:
        """A rotated password is used at the next login."""
        handle, path = tempfile.mkstemp(prefix="pw-")
        self.addCleanup(os.unlink, path)
        os.write(handle, b"first\n")
        self.assertEqual(self.password(f"file:{path}"), b"first")
        os.pwrite(handle, b"other\n", 0)
        os.close(handle)
        self.assertEqual(self.password(f"file:{path}"), b"other")
        self.assertEqual(self.password("env:PW"), b"one")
        self.environment["PW"] = "two"
        self.assertEqual(self.password("env:PW"), b"two")
        with self.assertRaisesRegex(VaultError, "credential a: .*NONE is not set"):
            self.password("env:NONE")

    def test_a_bad_secret_is_refused_when_it_is_put(self) -> None:
        """Not at three in the morning when it is needed."""
        for secret, kind, words in ((b"", "", "1 to"), (b"x" * (LARGEST_SECRET + 1), "", "this has"),
                                    (b"hunter2", "key", "not a private key"),
                                    (b"-----BEGIN PRIVATE KEY-----\nx", "", "not a private key")):  # fmt: skip
            with self.assertRaisesRegex(VaultError, words):
                self.put(secret, kind=kind)
        self.assertFalse(self.vault.has("credential/a"))
        self.put(PEM.reveal(), kind="key")

    def test_a_key_is_used_by_its_credential_alone(self) -> None:
        """A key is no password and a password no key."""
        self.put(PEM.reveal())
        pair = result_of(self.vault.key(Credential("a", "web1", "root")))
        self.assertEqual(pair.algorithms(), (b"ssh-ed25519",))
        for deferred in (self.vault.password(Credential("a", "web1", "root")),
                         self.vault.key(Credential("a", "web1", "root", kind="password")),
                         self.vault.key(Credential("b", "web1", "root"))):  # fmt: skip
            self.assertRaises(VaultError, result_of, deferred)

    def test_the_ca_is_made_once_and_sealed(self) -> None:
        """Targets that trust it go on trusting it after a restart."""
        certificate = Credential("c", "web1", "root", kind="certificate")
        pair = result_of(self.vault.key(certificate, operator="alice", session="S-1"))
        self.assertIn(b"ostiary:alice:S-1", pair.public_blob())
        line = result_of(self.vault.ca_public_line())
        self.assertEqual(result_of(self.another(self.node_key).ca_public_line()), line)
        self.assertEqual(len(list(self.journal.entries(kinds=["secret.sealed"]))), 2)
        self.assertTrue(self.vault.has(USER_CA))

    def test_another_node_opens_everything_once_it_is_a_recipient(self) -> None:
        """And nothing before; what is sealed later too."""
        self.put(b"hunter2")
        other_key = NodeKey.fresh()
        other = self.another(other_key)
        with self.assertRaisesRegex(VaultError, "not sealed for this node"):
            self.password(vault=other)
        result_of(self.vault.add_recipient(other_key.public(), by="bob"))
        self.assertEqual(self.password(vault=other), b"hunter2")
        self.assertEqual(set(self.vault.recipients()), {self.node_key.public(), other_key.public()})
        result_of(other.put("credential/a", Secret(b"hunter3"), by="bob"))
        self.assertEqual(self.password(), b"hunter3")

    def test_a_recipient_may_come_before_the_first_secret(self) -> None:
        """The key is made for both."""
        other_key = NodeKey.fresh()
        result_of(self.vault.add_recipient(other_key.public(), by="bob"))
        self.put(b"hunter2")
        self.assertEqual(self.password(vault=self.another(other_key)), b"hunter2")

    def test_what_can_not_be_told_is_not_kept(self) -> None:
        """A full disk refuses, and the next put goes on."""
        self.journal.failure = OSError("full")
        self.assertRaises(OSError, self.put, b"hunter2")
        self.assertFalse(self.vault.has("credential/a"))
        self.journal.failure = None
        self.put(b"hunter2")
        self.assertEqual(self.password(), b"hunter2")

    def test_an_older_version_never_replaces_a_newer(self) -> None:
        """Entries may come twice and from several nodes."""
        self.put(b"hunter2")
        self.put(b"hunter3")
        for entry in list(self.journal.entries()):
            self.vault.apply(entry)
        self.vault.apply(Entry("gw2#0.1", 1, "secret.sealed", 0.0, 5, None))
        self.assertEqual(self.password(), b"hunter3")

    def test_the_node_keeps_its_own_objects_the_same_way(self) -> None:
        """Host keys, and whatever else it must find again."""
        result_of(self.vault.seal("host/ed25519", Secret(b"key")))
        self.assertEqual(self.another(self.node_key).open("host/ed25519").reveal(), b"key")
        self.assertRaises(VaultError, self.vault.open, "host/rsa")
