"""Stdin, stdout and stderr of one verb, whatever the door.

The rule: nothing is written to a paused door beyond the piece that found it open; stdin is bounded, and what
is too much is refused instead of kept.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import attrs
from twisted.internet.defer import Deferred, succeed
from twisted.python.failure import Failure

from gateway.admin.display import Display
from gateway.admin.refusal import Refusal, usage
from gateway.domain.secret import Secret

MOST_INPUT = 16 * 1024 * 1024
PIECE = 32 * 1024

Write = Callable[[bytes], None]


Prompt = Callable[[str], Deferred[Secret]]
"""Ask a person at a terminal for a line that is not shown; fails with :exc:`Refusal` when he left."""


@attrs.define
class Stdin:
    """Collect what the door received until its end, at most ``MOST_INPUT`` bytes."""

    _wanted: Callable[[], None] | None = None
    """Called when the input is first read, where a door sends it on request only."""
    _buffer: bytearray = attrs.field(init=False, factory=bytearray)
    _ended: bool = attrs.field(init=False, default=False)
    _overfull: bool = attrs.field(init=False, default=False)
    _waiting: Deferred[bytes] | None = attrs.field(init=False, default=None)

    def received(self, chunk: bytes) -> None:
        """Take bytes from the door."""
        if self._overfull or len(self._buffer) + len(chunk) > MOST_INPUT:
            self._overfull = True
            self._buffer.clear()
        else:
            self._buffer += chunk

    def eof(self) -> None:
        """Take the end of the input."""
        self._ended = True
        self._answer()

    def read(self) -> Deferred[bytes]:
        """Fire with everything, once the input has ended; fails with :exc:`Refusal` when it is too much."""
        self._waiting = Deferred()
        waiting = self._waiting
        wanted, self._wanted = self._wanted, None
        if self._ended:
            self._answer()
        elif wanted is not None:
            wanted()
        return waiting

    def failed(self, failure: Failure) -> None:
        """Take note that the input can not be had."""
        waiting, self._waiting = self._waiting, None
        if waiting is not None and not waiting.called:
            waiting.errback(failure)

    def _answer(self) -> None:
        waiting, self._waiting = self._waiting, None
        if waiting is None or waiting.called:
            return
        if self._overfull:
            waiting.errback(usage(f"the input is larger than {MOST_INPUT} bytes"))
            return
        found = bytes(self._buffer)
        self._buffer[:] = bytes(len(self._buffer))
        self._buffer.clear()
        waiting.callback(found)


def _never() -> bool:
    return False


@attrs.define
class Valve:
    """Whether the door takes more; who writes much waits for :meth:`opened` between its pieces."""

    _full: Callable[[], bool] = _never
    _waiting: list[Deferred[None]] = attrs.field(factory=list)

    def is_full(self) -> bool:
        """Say whether the door takes no more now."""
        return self._full()

    def drained(self) -> None:
        """Let the writers go on, if the door takes more now."""
        waiting, self._waiting = self._waiting, []
        for each in waiting:
            if self._full():
                self._waiting.append(each)
            elif not each.called:
                each.callback(None)

    def opened(self) -> Deferred[None]:
        """Fire when the door takes more."""
        if not self._full():
            return succeed(None)
        waiting: Deferred[None] = Deferred()
        self._waiting.append(waiting)
        return waiting


def no_files(path: str) -> Deferred[Mapping[str, bytes]]:
    """Refuse to read a file: over ssh the files are the admin's own, on his machine."""
    raise usage(f"{path!r} is on your machine, not on the node: send it on stdin, as in `… - < {path}`")


@attrs.frozen
class Streams:
    """What one verb reads and writes; ``files`` reads a named file or folder with the caller's own rights."""

    stdin: Stdin
    write: Write
    write_error: Write
    valve: Valve = attrs.field(factory=Valve)
    prompt: Prompt | None = None
    files: Callable[[str], Deferred[Mapping[str, bytes]]] = no_files
    display: Display | None = None
    """The terminal that stdout is, where it is one."""

    async def send(self, chunk: bytes) -> None:
        """Write to stdout piece by piece, waiting whenever the door is full."""
        for start in range(0, len(chunk), PIECE):
            await self.valve.opened()
            self.write(chunk[start : start + PIECE])

    async def paint(self, painted: str) -> None:
        """Write lines that were painted (:func:`gateway.domain.screen.view.lines`), colours and all."""
        if self.display is None:
            await self.send(painted.encode())
        else:
            self.display.paint(painted.replace("\n", "\r\n"))

    async def secret(self, words: str) -> Secret:
        """Return a secret: asked for at a terminal, else the first line of stdin. Raises :exc:`Refusal`."""
        if self.prompt is not None:
            return await self.prompt(words)
        line = (await self.stdin.read()).split(b"\n", 1)[0].removesuffix(b"\r")
        if not line:
            raise Refusal(64, "usage", f"nothing came on stdin: send the {words} there, as in `… < file`")
        return Secret(line)

    async def secret_text(self, words: str) -> Secret:
        """Return a secret of many lines (a private key) from stdin. Raises :exc:`Refusal`."""
        text = b"" if self.prompt is not None else await self.stdin.read()
        if not text:
            raise Refusal(64, "usage", f"nothing came on stdin: send the {words} there, as in `… < file`")
        return Secret(text)

    async def texts(self, path: str) -> Mapping[str, str]:
        """Return UTF-8 texts by file name: stdin for ``-``, else what ``files`` reads. Raises :exc:`Refusal`."""
        found = {"stdin": await self.stdin.read()} if path == "-" else dict(await self.files(path))
        try:
            return {name: content.decode("utf-8") for name, content in found.items()}
        except UnicodeDecodeError:
            raise usage(f"{path}: is not UTF-8 text") from None
