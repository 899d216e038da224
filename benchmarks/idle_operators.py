"""Many operators who have a terminal open and do nothing, in one process.

``python -m benchmarks.idle_operators PORT LOGIN KEY [JUMP_PORT JUMP_LOGIN]``. Each line on stdin is a number: so many
sessions are opened in all, then the number is said on stdout. The end of stdin ends them.
"""

from __future__ import annotations

import asyncio
import sys
from typing import Any

import asyncssh

AT_ONCE = 8


class Silent(asyncssh.SSHClientSession[bytes]):
    """A terminal that has seen its prompt."""

    def __init__(self) -> None:
        self.prompted: asyncio.Future[bool] = asyncio.get_running_loop().create_future()

    def data_received(self, data: bytes, datatype: asyncssh.DataType) -> None:
        if not self.prompted.done():
            self.prompted.set_result(True)

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.prompted.done():
            self.prompted.set_exception(exc or ConnectionError("the session ended before its prompt"))


async def sit(port: int, login: str, key: str, jump: list[str]) -> Any:
    """Open one terminal and wait for its prompt."""
    words: dict[str, Any] = {"client_keys": [key], "known_hosts": None, "config": None}
    through = None
    if jump:
        through = await asyncssh.connect("127.0.0.1", int(jump[0]), username=jump[1], **words)
    link = await asyncssh.connect("127.0.0.1", port, username=login, tunnel=through, **words)
    session = Silent()
    terminal: Any = {"term_type": "xterm", "term_size": (80, 24)}
    channel, _ = await link.create_session(lambda: session, encoding=None, **terminal)
    await asyncio.wait_for(session.prompted, 60)
    return through, link, channel


async def main(port: int, login: str, key: str, jump: list[str]) -> None:
    """Open what is asked for."""
    loop = asyncio.get_running_loop()
    held: list[Any] = []
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        while len(held) < int(line):
            count = min(AT_ONCE, int(line) - len(held))
            held += await asyncio.gather(*(sit(port, login, key, jump) for _ in range(count)))
        print(len(held), flush=True)


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), sys.argv[2], sys.argv[3], sys.argv[4:]))
