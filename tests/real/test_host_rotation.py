"""A host key is changed under real OpenSSH, which learns the new one before it is needed."""

from __future__ import annotations

from pathlib import Path

from tests.real.harness import Outcome, PlaceCase, make_key


class RotationTests(PlaceCase):
    """A gateway, a client that knows its key, and a second key."""

    alone = True

    def ssh(self) -> Outcome:
        """Run a command with a client that learns keys, and takes no unknown one."""
        flags = ("-oUpdateHostKeys=yes", "-oStrictHostKeyChecking=yes", "-oLogLevel=INFO")
        return self.place.ssh(self.place.to_web(), *flags, "--", "echo there")

    def known(self) -> set[str]:
        """Return the keys the client knows, without names and comments."""
        lines = (self.place.folder / "known_hosts").read_text().splitlines()
        return {" ".join(line.split()[1:3]) for line in lines if line}

    def test_a_client_learns_the_next_key_and_follows_when_the_old_one_goes(self) -> None:
        """Without being asked anything, and without a warning."""
        state: Path = self.place.gateway.state
        first = state / "ssh_host_ed25519_key"
        self.assertEqual(self.place.ssh(self.place.to_web(), "true").code, 0)
        (old,) = self.known()
        next_one = " ".join(make_key(state / "ssh_host_next_key").split()[:2])
        self.place.gateway.restart()
        done = self.ssh()
        self.assertEqual((done.code, done.out), (0, b"there\n"), done)
        self.assertEqual(self.known(), {old, next_one})
        (state / "ssh_host_next_key").replace(first)
        self.place.gateway.restart()
        done = self.ssh()
        self.assertEqual((done.code, done.out), (0, b"there\n"), done)
        self.assertEqual(self.known(), {next_one})
