"""A break reaches the target's sshd: it has no effect that a pseudo-terminal shows, so sshd's own log is asked."""

from __future__ import annotations

import asyncio

import asyncssh

from tests.real.harness import ACCOUNT, PlaceCase, Sshd, until


class BreakTests(PlaceCase):
    """The request of RFC 4335."""

    def test_a_break_on_a_terminal_reaches_the_target(self) -> None:
        """Its log names the request."""
        daemon = Sshd(self.place.folder, extra="LogLevel DEBUG1")
        daemon.start()
        self.addCleanup(daemon.stop)
        address = f"127.0.0.1:{daemon.port}"
        self.place.pamctl("target", "add", "webbreak", "--address", address, "--host-keys", daemon.host_key)
        log = self.place.folder / "sshd.log"

        async def send() -> None:
            async with (
                asyncssh.connect(
                    "127.0.0.1", self.place.gateway.port, username=f"alice={ACCOUNT}=webbreak", known_hosts=None,
                    client_keys=[str(self.place.folder / "alice")], agent_path=None,
                ) as connection,
                connection.create_process("cat", term_type="xterm") as process,
            ):  # fmt: skip
                process.channel.send_break(500)
                await asyncio.to_thread(until, lambda: "request break" in log.read_text(), "sshd hears the break")

        asyncio.run(send())
