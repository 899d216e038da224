"""What an operator puts into his ssh_config."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from gateway.ssh.client_config import known_host, ssh_config_text

EXPECTED = """\
# The targets that alice may reach through gw.example.
# Put the next line, without its #, into ~/.ssh/known_hosts:
# [gw.example]:2222 ssh-ed25519 AAAA

Host db
    HostName gw.example
    Port 2222
    User alice=postgres=db

Host web1-deploy
    HostName gw.example
    Port 2222
    User alice=deploy=web1

Host web1-root
    HostName gw.example
    Port 2222
    User alice=root=web1
"""


class ConfigTests(SynchronousTestCase):
    """Blocks and known_hosts."""

    def test_each_way_has_a_block(self) -> None:
        """A target's own name where there is one account."""
        rows = [("web1", "root"), ("db", "postgres"), ("web1", "deploy")]
        self.assertEqual(ssh_config_text("alice", "gw.example", 2222, "ssh-ed25519 AAAA a comment", rows), EXPECTED)

    def test_names_that_would_mean_something_else_are_left_out(self) -> None:
        """No block can be forged by a name."""
        rows = [("web*", "root"), ("a b", "root"), ("x\nHost *", "root"), ("web1", "a\nProxyCommand x"), ("w", "c\\d")]
        text = ssh_config_text("alice", "gw\n", 22, "ssh-ed25519 AAAA", rows)
        self.assertNotIn("Host ", text)
        self.assertEqual(len(text.splitlines()), 3)

    def test_the_usual_port_is_not_named_in_known_hosts(self) -> None:
        """As ssh itself writes it."""
        self.assertEqual(known_host("gw", 22, "ssh-ed25519 AAAA"), "gw ssh-ed25519 AAAA")
