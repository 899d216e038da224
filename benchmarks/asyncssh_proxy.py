"""The least that a proxy written with stock asyncssh must do: log in both sides, pass a session through.

``python -m benchmarks.asyncssh_proxy PORT TARGET_PORT ACCOUNT FOLDER``; no policy, no recording, asyncssh's defaults.
"""

from __future__ import annotations

import asyncio
import sys
from typing import Any

import asyncssh


class Upstream(asyncssh.SSHClientSession[bytes]):
    """The session at the target."""

    def __init__(self, down: Downstream) -> None:
        self.down = down
        self.status = 255

    def data_received(self, data: bytes, datatype: asyncssh.DataType) -> None:
        if not self.down.channel.is_closing():
            self.down.channel.write(data, datatype)

    def eof_received(self) -> bool:
        self.down.channel.write_eof()
        return True

    def exit_status_received(self, status: int) -> None:
        self.status = status

    def connection_lost(self, exc: Exception | None) -> None:
        self.down.channel.exit(self.status)

    def pause_writing(self) -> None:
        self.down.channel.pause_reading()

    def resume_writing(self) -> None:
        self.down.channel.resume_reading()


class Downstream(asyncssh.SSHServerSession[bytes]):
    """The operator's session; what he asks for is asked of the target once it is known."""

    channel: asyncssh.SSHServerChannel[bytes]
    up: asyncssh.SSHClientChannel[bytes] | None = None
    connection: asyncssh.SSHClientConnection | None = None

    def __init__(self, port: int, account: str, folder: str) -> None:
        self.port, self.account, self.folder = port, account, folder
        self.asked: dict[str, Any] = {}
        self.early: list[bytes | None] = []
        """What came before the target was there; None is the end."""

    def connection_made(self, chan: asyncssh.SSHServerChannel[bytes]) -> None:
        self.channel = chan

    def pty_requested(self, term_type: str, term_size: Any, term_modes: Any) -> bool:
        self.asked.update(term_type=term_type, term_size=term_size, term_modes=term_modes)
        return True

    def shell_requested(self) -> bool:
        return True

    def exec_requested(self, command: str) -> bool:
        self.asked["command"] = command
        return True

    def subsystem_requested(self, subsystem: str) -> bool:
        self.asked.update(command=subsystem, subsystem=True)
        return True

    def session_started(self) -> None:
        self.dialling = asyncio.get_running_loop().create_task(self.dial())

    async def dial(self) -> None:
        key = f"{self.folder}/credential"
        self.connection = await asyncssh.connect(
            "127.0.0.1", self.port, username=self.account, client_keys=[key], known_hosts=None, config=None
        )
        command = self.asked.pop("command", None)
        if self.asked.pop("subsystem", False):
            self.asked["subsystem"], command = command, None
        self.up, _ = await self.connection.create_session(
            lambda: Upstream(self), command, encoding=None, **self.asked
        )
        for piece in self.early:
            self.send(piece)
        self.channel.resume_reading()

    def send(self, piece: bytes | None) -> None:
        if self.up is None:
            self.channel.pause_reading()
            self.early.append(piece)
        elif piece is None:
            self.up.write_eof()
        else:
            self.up.write(piece)

    def data_received(self, data: bytes, datatype: asyncssh.DataType) -> None:
        self.send(data)

    def eof_received(self) -> bool:
        self.send(None)
        return True

    def terminal_size_changed(self, width: int, height: int, pixwidth: int, pixheight: int) -> None:
        if self.up is not None:
            self.up.change_terminal_size(width, height, pixwidth, pixheight)

    def pause_writing(self) -> None:
        if self.up is not None:
            self.up.pause_reading()

    def resume_writing(self) -> None:
        if self.up is not None:
            self.up.resume_reading()

    def connection_lost(self, exc: Exception | None) -> None:
        if self.connection is not None:
            self.connection.close()


async def serve(port: int, target: int, account: str, folder: str) -> None:
    """Listen until the process ends."""

    class Server(asyncssh.SSHServer):
        def session_requested(self) -> Downstream:
            return Downstream(target, account, folder)

    await asyncssh.listen(
        "127.0.0.1", port, server_factory=Server, server_host_keys=[f"{folder}/host"], encoding=None, line_editor=False,
        authorized_client_keys=f"{folder}/credential.pub", login_timeout=60,
    )  # fmt: skip
    await asyncio.get_running_loop().create_future()


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3], sys.argv[4]))
