"""Targets behind other targets: real sshd's, crossed by the gateway, recognised by their own keys."""

from __future__ import annotations

import hashlib
import subprocess

from tests.real.harness import GRANT, PlaceCase, Sshd, free_port, make_key, until

BEHIND = (
    GRANT
    + """
[[target]]
name = "web2"
address = "127.0.0.1:{port}"
host_keys = ["{host}"]
jump = "web1"
[[target]]
name = "web3"
address = "127.0.0.1:{port}"
host_keys = ["{host}"]
jump = "{account}=web2"
[[target]]
name = "web4"
address = "127.0.0.1:{down}"
host_keys = ["{host}"]
jump = "web1"
[[target]]
name = "web5"
address = "127.0.0.1:{port}"
host_keys = ["{other}"]
jump = "web1"
"""
)


class HopTests(PlaceCase):
    """One, two, and none that leads on."""

    access = BEHIND

    def connections(self) -> int:
        """Count the connections of the gateway to sshd."""
        listed = subprocess.run(
            ["ss", "-Htn", "state", "established", "dport", "=", f":{self.place.sshd.port}"],
            capture_output=True, check=True, text=True,
        )  # fmt: skip
        return len(listed.stdout.splitlines())

    def test_a_session_behind_one_and_two_hops_is_as_any_other(self) -> None:
        """Exit status, both outputs, many bytes both ways; recorded under the name of the target itself."""
        sent = bytes(range(256)) * 40_000
        for target in ("web2", "web3"):
            done = self.place.ssh(self.place.to_web(target=target), "cat; echo err >&2; exit 3", stdin=sent)
            self.assertEqual((done.code, done.err.splitlines()), (3, ["err"]))
            self.assertEqual(hashlib.sha256(done.out).digest(), hashlib.sha256(sent).digest())
            self.assertEqual(self.place.newest()["target"], target)
        until(lambda: self.connections() == 0, "every connection on the way is gone")

    def test_the_way_ends_with_the_session(self) -> None:
        """An interruption leaves nothing behind on any host."""
        self.place.start(self.place.to_web(target="web3"), "sleep 1000")
        (live,) = self.place.live()
        until(lambda: self.connections() == 3, "the way is open")
        self.place.pamctl("kill", live["id"], "--reason", "enough")
        until(lambda: self.connections() == 0, "every connection on the way is gone")

    def test_what_stands_in_the_way_is_said_in_a_line(self) -> None:
        """Nothing listens there: 69. Another host answers: 76, for the target's own keys count."""
        nothing = self.place.ssh(self.place.to_web(target="web4"), "true")
        self.assert_said(nothing, 69, "cannot reach web4", "on its way")
        self.assert_said(self.place.ssh(self.place.to_web(target="web5"), "true"), 76, "web5")

    def test_a_host_that_forwards_nothing_is_no_way(self) -> None:
        """Its own word for it reaches the operator."""
        closed = Sshd(self.place.folder, free_port(), extra="AllowTcpForwarding no\n")
        closed.start()
        self.addCleanup(closed.stop)
        make_key(self.place.folder / "more")
        self.place.pamctl("target", "add", "webno", f"127.0.0.1:{closed.port}", "--host-keys", closed.host_key)
        self.place.pamctl("target", "add", "web6", "127.0.0.1:22", "--jump", "webno", "--host-keys", closed.host_key)
        done = self.place.ssh(self.place.to_web(target="web6"), "true")
        self.assert_said(done, 69, "cannot reach web6 on its way (it permits no forwarding)")
