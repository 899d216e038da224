"""Peers that stop without a word: their connections stay open, and nothing comes any more."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import pytest

from gateway.ssh.keepalive import MOST_UNANSWERED, SECONDS
from tests.real.harness import PlaceCase, until

GIVEN_UP_AFTER = SECONDS * (MOST_UNANSWERED + 2) + 30


class DeadPeerTests(PlaceCase):
    """A client and a server that are stopped, as if their machines had lost their power."""

    @pytest.mark.soak
    def test_sessions_of_the_dead_end_and_those_of_the_idle_go_on(self) -> None:
        """One session's operator is stopped, another's target, a third is only idle; real ssh and sshd answer."""
        place = self.place
        bob = place.start(place.to_web("bob"), "cat", key="bob")
        place.live(1)
        for child in children(place.sshd.process.pid):  # type: ignore[union-attr]
            os.kill(child, signal.SIGSTOP)
            self.addCleanup(os.kill, child, signal.SIGCONT)
        alice = place.start(place.to_web(), "cat")
        place.live(2)
        alice.send_signal(signal.SIGSTOP)
        idle = place.start(place.to_web(), "cat")
        began = time.monotonic()
        place.live(3)
        until(lambda: self.live() == 1, "two sessions have ended", GIVEN_UP_AFTER)
        self.assertGreater(time.monotonic() - began, SECONDS * MOST_UNANSWERED)
        ended = [row["reason"] for row in place.told("session.ended", least=2)]
        self.assertEqual(sorted(ended), ["operator_lost", "target_lost"])
        out, err = bob.communicate(timeout=30)
        self.assertEqual((bob.returncode, out), (69, b""), err)
        self.assertIn(b"does not answer any more", err)
        idle.stdin.write(b"alive\n")  # type: ignore[union-attr]
        idle.stdin.close()  # type: ignore[union-attr]
        self.assertEqual(idle.stdout.read(), b"alive\n")  # type: ignore[union-attr]

    def live(self) -> int:
        """Return how many sessions are live."""
        return sum(row["state"] == "live" for row in self.place.pamctl("sessions"))


def children(parent: int) -> list[int]:
    """Return the processes below one."""
    found = [int(pid) for pid in Path(f"/proc/{parent}/task/{parent}/children").read_text().split()]
    return [each for child in found for each in (child, *children(child))]
