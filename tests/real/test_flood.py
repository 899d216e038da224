"""Many connections at once: idle ones shut nobody out, and who proves himself by key is never counted out."""

from __future__ import annotations

import socket
import sys
import time
from collections import Counter

from tests.real.harness import ACCOUNT, GRANT, PlaceCase, free_port, listens, run, until

IDLE = 300
BURST = 200
CANARY_SECONDS = 5.0

MANY_LOGINS = """
import asyncio, sys, asyncssh
port, user, key, count = int(sys.argv[1]), sys.argv[2], sys.argv[3], int(sys.argv[4])
async def one():
    try:
        async with asyncssh.connect("127.0.0.1", port, username=user, client_keys=[key], known_hosts=None,
                                    agent_path=None, config=None, connect_timeout=60, login_timeout=60) as connection:
            done = await connection.run("true", timeout=60)
            return f"exit {done.exit_status} {done.stderr.strip()}"
    except (OSError, asyncssh.Error, asyncio.TimeoutError) as fault:
        return f"{type(fault).__name__}: {fault}"
async def main():
    for outcome in await asyncio.gather(*(one() for _ in range(count))):
        print(outcome)
asyncio.run(main())
"""


MANY_SESSIONS = """
import asyncio, sys, asyncssh
class Server(asyncssh.SSHServer):
    def begin_auth(self, username): return False
async def main():
    key = asyncssh.generate_private_key("ssh-ed25519")
    await asyncssh.listen("127.0.0.1", int(sys.argv[1]), server_factory=Server, server_host_keys=[key], backlog=500,
                          process_factory=lambda process: process.exit(0))
    print(key.export_public_key().decode().strip(), flush=True)
    await asyncio.Event().wait()
asyncio.run(main())
"""
"""A target that forks nothing: two hundred sshds at once would measure them and not the gateway."""

SERVICE = """
[[user]]
name = "ansible"
kind = "service"
roles = ["operator"]
groups = ["ops"]
keys = ["{key}"]
[[target]]
name = "web2"
address = "127.0.0.1:{port}"
host_keys = ["{host}"]
"""


class FloodCase(PlaceCase):
    """A place for itself; a service user beside the people."""

    access = GRANT
    alone = True

    def idle(self, count: int, source: str = "127.0.0.1") -> list[socket.socket]:
        """Open connections that say nothing; they are closed when the test ends."""
        held = []
        for _ in range(count):
            found = socket.create_connection(("127.0.0.1", self.place.gateway.port), 10, (source, 0))
            self.addCleanup(found.close)
            held.append(found)
        return held

    def canary(self, *options: str) -> float:
        """Log in and run a command; return the seconds that took."""
        began = time.monotonic()
        outcome = self.place.ssh(self.place.to_web(), *options, "--", "echo", "alive")
        took = time.monotonic() - began
        self.assertEqual((outcome.code, outcome.out), (0, b"alive\n"), outcome)
        sys.stdout.write(f"canary {options}: {took:.2f} s\n")
        self.assertLess(took, CANARY_SECONDS)
        return took


class IdleTests(FloodCase):
    """Half-open connections."""

    def test_half_open_connections_shut_nobody_out(self) -> None:
        """Three hundred from one address; another address logs in at once, and so does the same one."""
        held = self.idle(IDLE)
        self.canary("-b", "127.0.0.2")
        time.sleep(2.0)  # what the admission calls patience: younger ones are not replaced
        self.canary()
        self.canary()
        self.assertGreater(sum(is_open(each) for each in held), 100)

    def test_many_addresses_shut_nobody_out(self) -> None:
        """Six hundred from thirty networks, which is more than may wait; a login from elsewhere goes through."""
        for network in range(30):
            self.idle(20, f"127.0.{network + 10}.1")
        time.sleep(2.0)  # as above
        for _ in range(3):
            self.canary("-b", "127.0.0.2")


class BurstTests(FloodCase):
    """Many logins at once, as Ansible with two hundred forks makes them."""

    def setUp(self) -> None:
        super().setUp()
        place, port = self.place, free_port()
        target = place.spawn([sys.executable, self.script("target.py", MANY_SESSIONS), str(port)])
        assert target.stdout is not None
        host = target.stdout.readline().decode().strip()
        until(lambda: listens(port), "the target listens")
        place.apply(SERVICE.format(key=(place.folder / "other.pub").read_text().strip(), port=port, host=host))

    def script(self, name: str, text: str) -> str:
        path = self.place.folder / name
        path.write_text(text)
        return str(path)

    def burst(self) -> None:
        """Log in two hundred times at once, from one address, and run a command each: all must succeed."""
        place = self.place
        words = [str(place.gateway.port), f"ansible={ACCOUNT}=web2", str(place.folder / "other"), str(BURST)]
        began = time.monotonic()
        done = run([sys.executable, self.script("many.py", MANY_LOGINS), *words], seconds=100)
        sys.stdout.write(f"{BURST} logins at once: {time.monotonic() - began:.1f} s\n")
        self.assertEqual((done.code, Counter(done.out.decode().splitlines())), (0, {"exit 0 ": BURST}), done.err)

    def test_two_hundred_logins_by_key_at_once_all_succeed(self) -> None:
        """From an address that nobody knows yet; then again, when it has proven itself, beside idle connections."""
        self.burst()
        self.idle(IDLE)
        self.burst()


def is_open(found: socket.socket) -> bool:
    """Say whether the other side has not closed a connection yet."""
    found.setblocking(False)
    try:
        while found.recv(1024):
            continue
    except BlockingIOError:
        return True
    except ConnectionResetError:
        return False
    return False
