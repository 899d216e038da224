"""What everybody does for himself."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from gateway.admin.verbs.accounts import fingerprint
from tests.admin.node import KEY, MemoryNode
from tests.admin.verbs.test_accounts import key


class OwnTests(SynchronousTestCase):
    """Own rows only."""

    def test_targets_are_those_that_are_open_now(self) -> None:
        """Or whom to ask."""
        node = MemoryNode()
        self.assertEqual(node.say("targets --json", "alice").data, [{"target": "web1", "accounts": ["deploy"]}])
        self.assertEqual(node.say("targets", "ann").out, "no target is open to you now: ask the desk\n")

    def test_ssh_config_is_ready_to_paste(self) -> None:
        """With the gateway's own host key."""
        text = MemoryNode().say("ssh-config", "alice").out
        self.assertIn(f"[gw.example]:2222 {' '.join(KEY.split()[:2])}\n", text)
        block = "Host web1\n    HostName gw.example\n    Port 2222\n    User alice=deploy=web1\n"
        self.assertIn(block, text)

    def test_a_key_is_added_listed_and_removed(self) -> None:
        """From stdin or the command line; known ones are not added twice."""
        node, one, two = MemoryNode(), key(), key()
        self.assertEqual(node.say("keys add -", "alice", stdin=f"{one} laptop\n".encode()).code, 0)
        self.assertEqual(node.say(["keys", "add", *two.split(), "desk"], "alice").code, 0)
        self.assertEqual(node.say(["keys", "add", *two.split()], "alice").out, "that key is known already\n")
        rows = node.say("keys --json", "alice").data
        self.assertEqual([(row["fingerprint"], row["comment"]) for row in rows],
                         [(fingerprint(one), "laptop"), (fingerprint(two), "desk")])  # fmt: skip
        self.assertEqual(node.say(f"keys rm {fingerprint(one)}", "alice").code, 0)
        self.assertEqual(len(node.directory.snapshot().user["alice"].keys), 1)
        self.assertIn("no key yet", node.say("keys", "ann").out)

    def test_what_is_no_public_key_is_refused(self) -> None:
        """A private one above all."""
        node = MemoryNode()
        for sent in (b"", b"-----BEGIN OPENSSH PRIVATE KEY-----", key().encode() + b"\n" + key().encode()):
            self.assertEqual(node.say("keys add -", "alice", stdin=sent).code, 64, sent)
        self.assertEqual(node.say("keys add nonsense", "alice").code, 78)
        self.assertEqual(node.say("keys rm SHA256:none", "alice").code, 1)
        self.assertEqual(node.directory.snapshot().user["alice"].keys, ())

    def test_a_services_keys_are_an_admins_matter(self) -> None:
        """As is everything for who is no user of the directory."""
        node = MemoryNode()
        node.say(["user", "add", "ci", "--kind", "service", "--roles", "operator", "--set", 'origin = ["10.0.0.0/8"]'])
        self.assertEqual(node.say(["keys", "add", *key().split()], "ci").code, 77)
