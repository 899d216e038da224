"""Forwards and agents with their rights: they pass, are told, and stand still under a lock."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import threading
from contextlib import closing

from tests.real.harness import ACCOUNT, PlaceCase, free_port, run, until

PORT = free_port()
RIGHTS = """
[[grant]]
name = "far"
users = ["alice"]
targets = ["web1"]
accounts = ["{account}"]
rights = ["exec", "agent", "forward:127.0.0.2:{port}"]
"""


class Echoing:
    """A server on another address of the loopback that sends back what it gets, on one connection after the other."""

    def __init__(self) -> None:
        self.listening = socket.create_server(("127.0.0.2", PORT))
        self.thread = threading.Thread(target=self._serve, daemon=True)
        self.thread.start()

    def _serve(self) -> None:
        while True:
            try:
                peer, _ = self.listening.accept()
            except OSError:
                return
            with closing(peer):
                while chunk := peer.recv(65536):
                    peer.sendall(chunk)

    def close(self) -> None:
        """Take no more connections."""
        self.listening.close()


class ForwardTests(PlaceCase):
    """What the right names passes."""

    access = RIGHTS.format(account=ACCOUNT, port=PORT)

    def forwarded(self) -> int:
        """Return the port near us that a forward through the target leads from to a server."""
        far, near = Echoing(), free_port()
        self.addCleanup(far.close)
        self.place.start(self.place.to_web(), "-N", "-L", f"{near}:127.0.0.2:{PORT}", "--")
        until(lambda: self.reaches(near), "the forward listens")
        return near

    def reaches(self, near: int) -> bool:
        """Say whether something answers through the forward."""
        try:
            with socket.create_connection(("127.0.0.1", near), 5) as end:
                end.sendall(b"?")
                return end.recv(1) == b"?"
        except OSError:
            return False

    def test_a_named_address_is_reached_and_counted(self) -> None:
        """Bytes pass both ways, and the fact says how many."""
        near = self.forwarded()
        sent = os.urandom(300_000)
        with socket.create_connection(("127.0.0.1", near), 10) as end:
            threading.Thread(target=lambda: (end.sendall(sent), end.shutdown(socket.SHUT_WR)), daemon=True).start()
            back = b"".join(iter(lambda: end.recv(65536), b""))
        self.assertEqual(back, sent)
        until(
            lambda: any(row["bytes_out"] >= 300_000 for row in self.place.told("forward.closed")),
            "the forward's bytes are told",
        )

    def test_a_lock_holds_an_open_forward_and_loses_nothing(self) -> None:
        """What is sent under the lock arrives after it, whole and once."""
        near = self.forwarded()
        with socket.create_connection(("127.0.0.1", near), 10) as end:
            end.sendall(b"before")
            self.assertEqual(end.recv(6, socket.MSG_WAITALL), b"before")
            self.place.pamctl("lock", "alice")
            end.sendall(b"during")
            end.settimeout(1.0)
            with self.assertRaises(TimeoutError):
                end.recv(1)
            end.settimeout(20)
            self.place.pamctl("unlock", "alice")
            self.assertEqual(end.recv(6, socket.MSG_WAITALL), b"during")


class AgentTests(PlaceCase):
    """The operator's agent, where the grant lets it pass."""

    access = RIGHTS.format(account=ACCOUNT, port=PORT)

    def test_the_agent_is_reached_from_the_target_with_its_right(self) -> None:
        """``ssh-add -l`` on the target lists the operator's key; without ``-A`` there is no agent."""
        started = subprocess.run(["ssh-agent", "-s"], capture_output=True, text=True, check=True).stdout
        found = dict(re.findall(r"(SSH_\w+)=([^;]+);", started))
        self.addCleanup(os.kill, int(found["SSH_AGENT_PID"]), 15)
        agent = found["SSH_AUTH_SOCK"]
        added = run(["ssh-add", "-q", str(self.place.folder / "alice")], SSH_AUTH_SOCK=agent)
        self.assertEqual(added.code, 0, added.err)
        with_agent = ["-A", "-o", f"IdentityAgent={agent}"]
        argv = self.place.argv(self.place.to_web(), "ssh-add -l")
        listed = run([argv[0], *with_agent, *argv[1:]], SSH_AUTH_SOCK=agent)
        self.assertIn("ED25519", listed.out.decode(), listed.err)
        self.assertNotIn("ED25519", run(argv, SSH_AUTH_SOCK=agent).out.decode())
        self.place.told("forward.opened", what="auth-agent@openssh.com")
