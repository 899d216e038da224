"""A target whose sessions cost next to nothing: a prompt, then silence, all in one process.

``python -m benchmarks.idle_target PORT FOLDER``. Five hundred sshd would measure the machine, not the gateway.
"""

from __future__ import annotations

import asyncio
import sys
from typing import Any

import asyncssh


class Quiet(asyncssh.SSHServerSession[bytes]):
    """A shell that prompts and waits."""

    channel: asyncssh.SSHServerChannel[bytes]

    def connection_made(self, chan: asyncssh.SSHServerChannel[bytes]) -> None:
        self.channel = chan

    def pty_requested(self, term_type: str, term_size: Any, term_modes: Any) -> bool:
        return True

    def shell_requested(self) -> bool:
        return True

    def session_started(self) -> None:
        self.channel.write(b"idle $ ")


class Server(asyncssh.SSHServer):
    def session_requested(self) -> Quiet:
        return Quiet()


async def serve(port: int, folder: str) -> None:
    """Listen until the process ends."""
    await asyncssh.listen(
        "127.0.0.1", port, server_factory=Server, server_host_keys=[f"{folder}/host"], encoding=None, backlog=1000,
        authorized_client_keys=f"{folder}/credential.pub", login_timeout=60,
    )  # fmt: skip
    await asyncio.get_running_loop().create_future()


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1]), sys.argv[2]))
