"""The way to the target: unreachable, unwilling, unknown, changed; and the ways that need a right of their own."""

from __future__ import annotations

import http.server
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from tests.real.harness import ACCOUNT, Outcome, PlaceCase, Sshd, all_files, free_port, listens, run, until

MORE = """
[[target]]
name = "down1"
address = "127.0.0.1:{down}"
host_keys = ["{host}"]
[[target]]
name = "new1"
address = "127.0.0.1:{port}"
[[target]]
name = "changed1"
address = "127.0.0.1:{port}"
host_keys = ["{other}"]
[[target]]
name = "unwilling1"
address = "127.0.0.1:{port}"
host_keys = ["{host}"]
[[target]]
name = "nokey1"
address = "127.0.0.1:{port}"
host_keys = ["{host}"]
[[credential]]
name = "down"
target = "down1"
account = "{account}"
kind = "key"
secret = "file:{folder}/credential"
[[credential]]
name = "new"
target = "new1"
account = "{account}"
kind = "key"
secret = "file:{folder}/credential"
[[credential]]
name = "changed"
target = "changed1"
account = "{account}"
kind = "key"
secret = "file:{folder}/credential"
[[credential]]
name = "unwilling"
target = "unwilling1"
account = "{account}"
kind = "key"
secret = "file:{folder}/other"
[[credential]]
name = "nokey"
target = "nokey1"
account = "{account}"
kind = "key"
secret = "file:{folder}/no-such-key"
[[grant]]
name = "all"
groups = ["ops"]
targets = ["*1"]
accounts = ["{account}"]
rights = ["shell", "exec", "sftp"]
[[grant]]
name = "forwards"
users = ["bob"]
targets = ["web1"]
accounts = ["{account}"]
rights = ["forward:loopback"]
"""


class TargetCase(PlaceCase):
    """Targets that do not do."""

    access = MORE

    def tried(self, target: str) -> Outcome:
        return self.place.ssh(f"alice={ACCOUNT}={target}", "echo never")


class UnreachableTests(TargetCase):
    """What happened, to what, and a code; never a hang."""

    def test_an_unreachable_target(self) -> None:
        """69, and a fact."""
        self.assert_said(self.tried("down1"), 69, "down1", "connection refused")
        self.place.told("target.failed", target="down1")

    def test_a_target_that_refuses_the_login(self) -> None:
        """69, naming account and target, no word of keys."""
        self.assert_said(self.tried("unwilling1"), 69, "unwilling1 refused the gateway's login", ACCOUNT)

    def test_a_changed_host_key(self) -> None:
        """76, and the session never reaches the target."""
        self.assert_said(self.tried("changed1"), 76, "changed1", "SHA256:")

    def test_an_unreadable_secret(self) -> None:
        """78, and no path is told to the operator."""
        done = self.tried("nokey1")
        self.assert_said(done, 78, "nokey1")
        self.assertNotIn("no-such-key", done.err)

    def test_an_unknown_host_key_waits_for_trust(self) -> None:
        """76 until the admin trusts what was shown; then the next session works."""
        self.assert_said(self.tried("new1"), 76, "new1", "target trust")
        refused = self.place.gateway.pamctl("target", "trust", "new1", "--fingerprint", "SHA256:nonsense")
        self.assertNotEqual(refused.code, 0)
        self.place.pamctl("target", "trust", "new1", "--reason", "seen on the console")
        self.assertEqual(self.tried("new1").out, b"echo never\n"[5:])

    def test_sftp_to_an_unreachable_target_says_so(self) -> None:
        """The sftp client shows the line and ends."""
        argv = ["sftp", "-b", "-", *self.place.options(port="-P"), f"alice={ACCOUNT}=down1@127.0.0.1"]
        done = run(argv, b"ls\n")
        self.assertIn("ostiary: ", done.err)
        self.assertNotEqual(done.code, 0)


class SecretTests(TargetCase):
    """Secrets in the vault do as well as files."""

    def test_a_credential_put_into_the_vault(self) -> None:
        """``secret = "store"`` and ``credential put``: the session works, and the key is nowhere in clear."""
        key = (self.place.folder / "credential").read_bytes()
        self.place.pamctl("target", "add", "vault1", "--address", f"127.0.0.1:{self.place.sshd.port}",
                          "--host-keys", self.place.sshd.host_key)  # fmt: skip
        self.place.pamctl("credential", "add", "vault", "--target", "vault1", "--account", ACCOUNT, "--kind", "key",
                          "--secret", "store")  # fmt: skip
        self.place.pamctl("credential", "put", "vault", stdin=key)
        done = self.place.ssh(f"alice={ACCOUNT}=vault1", "echo here")
        self.assertEqual(done.out, b"here\n", done)
        secret = key.splitlines()[3]
        self.place.sealed()
        held = [path for path in all_files(self.place.gateway.state) if secret in path.read_bytes()]
        self.assertEqual(held, [])


class AuthorityTests(TargetCase):
    """The gateway's own authority certifies a fresh key for each session."""

    def test_a_target_that_trusts_the_authority_is_logged_in_to(self) -> None:
        """``kind = "certificate"``: no secret anywhere, and the target's log names operator and session."""
        place = self.place
        trusted = place.folder / "trusted_ca"
        trusted.write_text(place.pamctl("credential", "ca")["authority"] + "\n")
        extra = f"TrustedUserCAKeys {trusted}\nAuthorizedKeysFile none\nLogLevel VERBOSE"
        daemon = Sshd(place.folder, extra=extra)
        daemon.start()
        self.addCleanup(daemon.stop)
        place.pamctl("target", "add", "ca1", "--address", f"127.0.0.1:{daemon.port}", "--host-keys", daemon.host_key)
        place.pamctl("credential", "add", "ca1", "--target", "ca1", "--account", ACCOUNT, "--kind", "certificate")
        done = place.ssh(f"alice={ACCOUNT}=ca1", "echo certified")
        self.assertEqual(done.out, b"certified\n", done)
        session = place.newest()["id"]
        log = place.folder / "sshd.log"
        until(lambda: f"ostiary:alice:{session}" in log.read_text(), "the target's log names operator and session")


class ForwardTests(TargetCase):
    """No forward, agent or X11 without its right."""

    @contextmanager
    def web(self) -> Iterator[int]:
        """Serve HTTP on a loopback port."""
        server = http.server.HTTPServer(("127.0.0.1", 0), http.server.BaseHTTPRequestHandler)
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield server.server_address[1]
        finally:
            server.shutdown()
            server.server_close()
            thread.join()

    def through(self, user: str, towards: int) -> bytes:
        """Ask for / through ``ssh -L``; return what comes."""
        near = free_port()
        child = self.place.start(self.place.to_web(user), "-N", "-L", f"{near}:127.0.0.1:{towards}", "--", key=user)
        until(lambda: listens(near), "ssh listens")
        with socket.create_connection(("127.0.0.1", near), 10) as connected:
            connected.settimeout(10)
            connected.sendall(b"GET / HTTP/1.0\r\n\r\n")
            answer = b""
            try:
                while chunk := connected.recv(65536):
                    answer += chunk
            except ConnectionError:
                pass
        child.kill()
        return answer

    def test_a_forward_needs_its_right(self) -> None:
        """With ``forward:loopback`` the page comes, without nothing does; both are facts."""
        with self.web() as port:
            self.assertIn(b"501", self.through("bob", port))
            self.assertEqual(self.through("alice", port), b"")
        for kind, tells in (
            ("forward.closed", lambda row: row["bytes_out"] > 0),
            ("channel.refused", lambda row: "forward" in row["what"]),
        ):
            until(lambda kind=kind, tells=tells: any(map(tells, self.place.told(kind))), kind)

    def test_loopback_is_not_the_world(self) -> None:
        """``forward:loopback`` opens no other address."""
        done = self.place.ssh(self.place.to_web("bob"), "-o", "LogLevel=INFO", "-W", "192.0.2.1:80", "--", key="bob")
        self.assertNotEqual(done.code, 0)
        self.assertIn("192.0.2.1:80 is not allowed", done.err)

    def test_ssh_inside_a_forward_is_cut(self) -> None:
        """A far side that greets as SSH is not let through unrecorded."""
        self.assertEqual(self.through("bob", self.place.sshd.port), b"")

    def test_w_and_d_are_refused_without_right(self) -> None:
        """``-W`` ends in a refusal, a SOCKS proxy reaches nothing."""
        done = self.place.ssh(self.place.to_web(), "-W", f"127.0.0.1:{self.place.sshd.port}", "--")
        self.assertEqual((done.out, done.code == 0), (b"", False))
        near = free_port()
        self.place.start(self.place.to_web(), "-N", "-D", str(near), "--")
        until(lambda: listens(near), "ssh listens")
        with self.web() as port:
            done = run(["curl", "-s", "-m", "10", "-x", f"socks5h://127.0.0.1:{near}", f"http://127.0.0.1:{port}/"])
        self.assertNotEqual(done.code, 0)
        self.assertEqual(done.out, b"")

    def test_remote_forwards_are_refused(self) -> None:
        """``-R`` is refused, and says so with ExitOnForwardFailure."""
        words = ("-o", "ExitOnForwardFailure=yes", "-R", f"{free_port()}:127.0.0.1:1", "--", "true")
        self.assertEqual(self.place.ssh(self.place.to_web("bob"), *words, key="bob").code, 255)

    def test_agent_and_x11_need_their_rights(self) -> None:
        """``-A`` and ``-X`` give the command neither socket nor display."""
        agent = self.place.folder / "agent"
        holder = self.place.spawn(["ssh-agent", "-D", "-a", str(agent)])
        until(agent.exists, "the agent is there")
        environment = {"SSH_AUTH_SOCK": str(agent), "DISPLAY": ":77"}
        for flag in ("-A", "-X"):
            done = self.place.ssh(self.place.to_web(), flag, "--", "echo [$SSH_AUTH_SOCK][$DISPLAY]", **environment)
            self.assertEqual(done.out, b"[][]\n", done)
        holder.kill()
