"""How soon orders are effective: a lock and a kill of all sessions, with terminals in memory, and over real ssh.

Run it as ``python -m benchmarks.ordering [IN_MEMORY [REAL]]``. Measured is from the order to its effect in the last of
the sessions, as the facts have it: ``effective_at`` less ``requested_at``.
"""

from __future__ import annotations

import sys
import time

from gateway.runtime.orders import Orders
from gateway.runtime.roster import Roster
from gateway.wire.fields import string
from tests.real.harness import Place, until
from tests.ssh.sessions import World

BY = {"by": "bob", "by_name": "Bob", "reason": "why", "door": "test"}
ROUNDS = 20


def main(in_memory: int = 1000, real: int = 100) -> None:
    """Measure and print."""
    _say(f"{in_memory} terminals in memory", *_in_memory(in_memory))
    _say(f"{real} ssh connections", *_real(real))


def _say(what: str, locks: list[float], kills: list[float]) -> None:
    for name, took in (("lock", sorted(locks)), ("kill", sorted(kills))):
        middle = took[len(took) // 2]
        print(f"{what}: {name} of all: median {middle * 1e3:.1f} ms, worst {took[-1] * 1e3:.1f} ms ({len(took)} times)")


def _in_memory(count: int) -> tuple[list[float], list[float]]:
    worlds = [_terminal() for _ in range(count)]
    journal = worlds[0].journal
    roster = Roster(journal, time.time, "gw1", lambda session: ())
    orders = Orders(roster, journal, worlds[0].clock, time.time)
    for number, world in enumerate(worlds):
        world.run.id = f"S-{number:013d}"
        roster.add(world.run)
    locks = []
    for _ in range(ROUNDS):
        orders.lock("all", "*", ttl=None, only=False, **BY)
        told = [entry.body or {} for entry in journal.entries(kinds=["user.locked"])][-1]
        locks.append(told["effective_at"] - told["requested_at"])
        orders.unlock("all", "*", **BY)
    began = time.perf_counter()
    for world in worlds:
        world.run.cut("interrupted")
    return locks, [time.perf_counter() - began]


def _terminal() -> World:
    world = World()
    end, _ = world.open()
    size = b"\0\0\0\x50\0\0\0\x18" + b"\0" * 8
    end.request("pty-req", string(b"xterm") + size + string(b""), wants_reply=True)
    end.request("shell", b"", wants_reply=True)
    world.settle()
    world.accept()
    world.far()[0].write(b"\x1b[2J\x1b[H" + b"a line of text\r\n" * 20)
    world.settle()
    return world


def _real(count: int) -> tuple[list[float], list[float]]:
    place = Place()
    place.open()
    try:
        for _ in range(count):
            child = place.start(place.to_web(), "-tt", "--", "echo up; cat")
            assert child.stdout is not None
            child.stdout.readline()
        place.live(count)
        locks = []
        for _ in range(ROUNDS):
            place.pamctl("lock", "alice")
            locks.append(_took(place, "user.locked"))
            place.pamctl("unlock", "alice")
        place.pamctl("kill", "--user", "alice")
        until(lambda: not place.pamctl("sessions", "--live"), "all are gone")
        kills = [
            each["effective_at"] - each["requested_at"] for each in place.events("--kind", "session.interrupted")
        ]
        return locks, kills
    finally:
        place.close()


def _took(place: Place, kind: str) -> float:
    told = place.events("--kind", kind)[-1]
    return float(told["effective_at"] - told["requested_at"])


if __name__ == "__main__":
    main(*(int(word) for word in sys.argv[1:]))
