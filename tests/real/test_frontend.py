"""Real ssh through a front end that speaks the PROXY protocol, and those who only say they are one."""

from __future__ import annotations

import contextlib
import ipaddress
import socket
from typing import ClassVar

from tests.real.harness import Outcome, PlaceCase, run
from tests.real.relays import Relay

GRANT = """
[[grant]]
name = "ops-web"
groups = ["ops"]
targets = ["web*"]
accounts = ["{account}"]
rights = ["shell", "exec"]
origin = ["192.0.2.0/24"]
"""
"""Only who comes from there is let through."""
LINE = b"PROXY TCP4 %s 127.0.0.1 40000 22\r\n"


def binary(source: str) -> bytes:
    """Return a header of version 2 with a TLV behind the addresses."""
    address = ipaddress.ip_address(source).packed
    body = address + b"\x7f\x00\x00\x01\x9c\x40\x00\x16" + b"\x04\x00\x02xy"
    return b"\r\n\r\n\x00\r\nQUIT\n\x21\x11" + len(body).to_bytes(2, "big") + body


class FrontEndTests(PlaceCase):
    """127.0.0.2 is a front end, 127.0.0.1 is not."""

    access: ClassVar[str] = GRANT
    settings: ClassVar[str] = 'proxy_from = ["127.0.0.2"]\n'

    def through(self, header: bytes) -> Outcome:
        """Run a command through a front end that says something."""
        front = Relay(self.place.gateway.port, lambda near, far: far.sendall(header), "127.0.0.2")
        self.addCleanup(front.close)
        argv = self.place.argv(self.place.to_web(), "echo there")
        argv[argv.index("-p") + 1] = str(front.port)
        return run(argv)

    def test_the_source_that_the_header_says_is_in_the_grant_and_in_the_facts(self) -> None:
        """Both versions; from another source the grant does not hold."""
        for header in (LINE % b"192.0.2.7", binary("192.0.2.8")):
            done = self.through(header)
            self.assertEqual((done.code, done.out), (0, b"there\n"), done)
        for source in ("192.0.2.7", "192.0.2.8"):
            self.assertEqual(self.place.told("auth.succeeded", source=source)[-1]["user"], "alice")
        self.assertEqual(self.through(LINE % b"198.51.100.7").code, 77)

    def test_nobody_else_may_say_where_he_comes_from(self) -> None:
        """The header of another is no version line; a front end without one is cut."""
        for source, words, answer in (
            ("127.0.0.1", LINE % b"192.0.2.7", b"SSH-2.0-"),
            ("127.0.0.2", b"SSH-2.0-OpenSSH_9.9\r\n", b""),
        ):
            with socket.create_connection(
                ("127.0.0.1", self.place.gateway.port), timeout=20, source_address=(source, 0)
            ) as caller:
                caller.sendall(words)
                heard = b""
                with contextlib.suppress(ConnectionResetError):
                    while received := caller.recv(4096):
                        heard += received
                self.assertTrue(heard.startswith(answer))
                self.assertNotIn(b"ssh-ed25519", heard)
                self.assertEqual(not heard, not answer)
        self.assertEqual(self.through(LINE % b"192.0.2.9").code, 0)
