"""The figures of ``[ssh]`` at a real door: who may wait, how long, and what an address pays."""

from __future__ import annotations

import contextlib
import socket
import time
from typing import ClassVar

from tests.real.harness import PlaceCase, run, until


class DoorCase(PlaceCase):
    """Connections that say nothing."""

    def caller(self, source: str = "127.0.0.1") -> socket.socket:
        """Connect from an address of this machine."""
        port = self.place.gateway.port
        made = socket.create_connection(("127.0.0.1", port), timeout=20, source_address=(source, 0))
        self.addCleanup(made.close)
        return made

    def waiting(self, source: str = "127.0.0.1") -> socket.socket:
        """Connect, and be let in to wait, which takes as long as those before are not quite gone."""
        return until(lambda: (made := self.caller(source)) and self.is_greeted(made) and made, "there is room")

    def is_greeted(self, caller: socket.socket) -> bool:
        """Say whether the gateway speaks, or cuts a connection before it was made anything of."""
        with contextlib.suppress(ConnectionResetError):
            return caller.recv(255).startswith(b"SSH-2.0-")
        return False


class WaitingTests(DoorCase):
    """Small figures."""

    settings: ClassVar[str] = (
        'login_grace_time = "4s"\nmax_startups = "3"\nper_source_max_startups = 2\nper_source_penalties = "no"\n'
    )

    def test_so_many_may_wait_for_so_long(self) -> None:
        """From one address, and in all; when their time is over there is room again, and real ssh gets in."""
        self.waiting().close()
        began = time.monotonic()
        for _ in range(2):
            self.waiting()
        self.assertFalse(self.is_greeted(self.caller()))
        other = self.waiting("127.0.0.2")
        self.assertFalse(self.is_greeted(self.caller("127.0.0.3")))
        self.assertLess(time.monotonic() - began, 2.0, "slower than those who wait are kept from being replaced")
        with contextlib.suppress(ConnectionResetError):
            self.assertEqual(other.recv(1), b"")
        self.assertGreater(time.monotonic() - began, 3.5)
        self.assertEqual(self.place.ssh(self.place.to_web(), "echo in").out, b"in\n")

    def test_the_kernel_holds_many_while_the_reactor_is_busy(self) -> None:
        """As many as the machine permits, up to ours."""
        listed = run(["ss", "-Htln", "sport", "=", f":{self.place.gateway.port}"]).out.split()
        with open("/proc/sys/net/core/somaxconn") as file:
            self.assertEqual(int(listed[2]), min(512, int(file.read())))


class PenaltyTests(DoorCase):
    """Nobody is exempt here."""

    settings: ClassVar[str] = 'per_source_penalty_exempt = []\nper_source_penalties = "authfail:20s"\n'

    def test_a_failed_login_is_paid_for(self) -> None:
        """The address is refused from then on; another is not, nor is the admin on the node itself."""
        self.assertTrue(self.is_greeted(self.caller()))
        self.assertEqual(self.place.ssh(self.place.to_web(), "true", key="other").code, 255)
        until(lambda: not self.is_greeted(self.caller()), "the address pays")
        self.assertEqual(self.place.ssh(self.place.to_web(), "true").code, 255)
        self.assertTrue(self.is_greeted(self.caller("127.0.0.2")))
        self.assertEqual(self.place.gateway.pamctl("status").code, 0)
