"""Passwords, activity, trust and sealed secrets."""

from __future__ import annotations

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from twisted.trial.unittest import SynchronousTestCase

from gateway.admin.verbs.accounts import fingerprint
from gateway.domain.facts import Fact
from tests.admin.node import LOCAL, MemoryNode


def key() -> str:
    """Return a new public key line."""
    public = Ed25519PrivateKey.generate().public_key()
    return public.public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode()


class AccountTests(SynchronousTestCase):
    """What else is done to a user."""

    def test_a_password_is_read_from_stdin_and_kept_as_a_hash(self) -> None:
        """It stands in no fact and no output."""
        node = MemoryNode()
        said = node.say("user passwd alice", stdin=b"correct horse\n")
        self.assertEqual((said.code, said.out), (0, "password of alice set\n"))
        self.assertTrue((node.directory.snapshot().user["alice"].password or "").startswith("$scrypt$"))
        self.assertNotIn("correct horse", str([entry.body for entry in node.journal.entries()]))
        self.assertEqual(node.say("user passwd alice").code, 64)

    def test_an_account_is_switched_off_and_on_again(self) -> None:
        """With its sessions, by whom and why."""
        node = MemoryNode()
        said = node.say(["user", "deactivate", "alice", "--reason", "lost laptop"])
        self.assertEqual((said.code, said.out), (0, "alice is deactivated; 1 session ended\n"))
        self.assertEqual(node.orders.given[-1], ("deactivate", "alice", "root", "Ruth Admin", "lost laptop", "ssh"))
        self.assertEqual(node.say("user activate alice").code, 0)
        self.assertEqual(node.orders.given[-1][0], "activate")

    def test_nobody_switches_himself_on_or_off(self) -> None:
        """Nor somebody who is not there."""
        node = MemoryNode()
        self.assertEqual(node.say("user deactivate root").code, 77)
        self.assertEqual(node.say("user activate root").code, 77)
        self.assertEqual(
            node.say("user deactivate alcie").err, "ostiary: there is no user 'alcie'; did you mean 'alice'?\n"
        )
        self.assertEqual(node.orders.given, [])


class TrustTests(SynchronousTestCase):
    """Host keys that wait."""

    def waiting(self, *keys: str) -> MemoryNode:
        """Return a node to which a new target has shown keys."""
        node = MemoryNode()
        node.say("target add db1 10.0.0.5:22")
        for line in keys:
            node.journal.tell(Fact("target.key_queued", {"target": "db1", "key": line}))
        return node

    def test_the_only_waiting_key_is_pinned(self) -> None:
        """And said by its fingerprint."""
        line = key()
        node = self.waiting(line)
        said = node.say("target trust db1")
        self.assertEqual((said.code, said.out), (0, f"db1 is known by {fingerprint(line)} now\n"))
        self.assertEqual(node.directory.snapshot().target["db1"].host_keys[0].split()[1], line.split()[1])

    def test_a_key_that_is_trusted_already_is_no_error(self) -> None:
        """Whoever compared it and says so again reads that it is known."""
        line = key()
        node = self.waiting(line)
        node.say("target trust db1")
        said = node.say(f"target trust db1 --fingerprint {fingerprint(line)}")
        self.assertEqual((said.code, said.out), (0, f"db1 is known by {fingerprint(line)} already\n"))

    def test_of_several_one_must_be_named(self) -> None:
        """By a fingerprint that was shown."""
        one, two = key(), key()
        node = self.waiting(one, two)
        self.assertEqual(node.say("target trust db1").code, 64)
        self.assertEqual(node.say("target trust db1 --fingerprint SHA256:other").code, 1)
        self.assertEqual(
            node.say(f"target trust db1 --fingerprint {fingerprint(two)} --json").data["fingerprint"], fingerprint(two)
        )

    def test_where_none_waits_that_is_said(self) -> None:
        """Junk has no fingerprint."""
        self.assertEqual(self.waiting().say("target trust db1").code, 1)
        self.assertEqual([fingerprint(line) for line in ("", "ssh-rsa", "ssh-rsa !!")], ["?", "?", "?"])


class SecretTests(SynchronousTestCase):
    """Secrets for credentials."""

    def test_a_private_key_is_sealed_whole(self) -> None:
        """As it came on stdin."""
        node = MemoryNode()
        said = node.say("credential put web1-deploy", stdin=b"-----BEGIN\nx\n-----END\n")
        self.assertEqual((said.code, said.out), (0, "sealed credential/web1-deploy\n"))
        self.assertEqual(node.vault.kept["credential/web1-deploy"].reveal(), b"-----BEGIN\nx\n-----END\n")

    def test_a_password_is_one_line_and_elevation_has_its_own(self) -> None:
        """Under its own name."""
        node = MemoryNode()
        node.say(["credential", "add", "pw", "--target", "web1", "--account", "root", "--kind", "password",
                  "--set", 'elevation = { method = "password", secret = "store" }'], LOCAL)  # fmt: skip
        for line, name in (("credential put pw", "credential/pw"), ("credential put pw --elevation", "elevation/pw")):
            self.assertEqual(node.say(line, stdin=b"s3cret\n").code, 0)
            self.assertEqual(node.vault.kept[name].reveal(), b"s3cret")

    def test_a_secret_that_lives_elsewhere_is_not_put(self) -> None:
        """The credential says where it is."""
        node = MemoryNode()
        node.say("credential add c --target web1 --account root --secret file:/etc/key")
        said = node.say("credential put c", stdin=b"x")
        self.assertEqual(said.code, 64)
        self.assertIn("file:/etc/key", said.err)
        self.assertEqual(node.say("credential put web1-deploy --elevation", stdin=b"x").code, 64)
