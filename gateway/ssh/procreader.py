"""Read files and folders of a target through its SFTP subsystem, on a channel of the gateway's own.

The rule: nothing but the gateway uses the channel, it is no channel of the session and is not recorded; it only ever
reads. What the target says is bounded and may be junk: a reply that is none ends the channel and fails what waits.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

import attrs
from twisted.internet.defer import Deferred, DeferredList

from gateway.wire.channels import LARGEST_PACKET, ChannelEnd
from gateway.wire.connection import Connection
from gateway.wire.fields import Fields, MalformedField, string, uint32, uint64

INIT, VERSION, OPEN, CLOSE, READ, OPENDIR, READDIR = 1, 2, 3, 4, 5, 11, 12
STATUS, HANDLE, DATA, NAME = 101, 102, 103, 104
LONGEST_REPLY = 256 * 1024
LONGEST_FILE = 16 * 1024
MOST_NAMES = 20_000
AT_ONCE = 64
"""Files that are open at a time."""
WINDOW = 1024 * 1024


class Unreadable(Exception):
    """The target has no SFTP subsystem, does not say something, or what it says is junk."""


@attrs.define(eq=False)
class Reader:
    """Read by one channel; it is opened by :meth:`begin` and closed by :meth:`close`."""

    end: ChannelEnd = attrs.field(init=False)
    _ready: Deferred[None] = attrs.field(init=False, factory=Deferred)
    _asked: dict[int, Deferred[tuple[int, Fields]]] = attrs.field(init=False, factory=dict)
    _next: int = attrs.field(init=False, default=0)
    _in: bytearray = attrs.field(init=False, factory=bytearray, repr=False)
    _out: bytearray = attrs.field(init=False, factory=bytearray, repr=False)
    over: bool = attrs.field(init=False, default=False)

    def begin(self, connection: Connection) -> Deferred[None]:
        """Open the channel; fires when the target speaks SFTP."""
        self.end = connection.open("session", self, WINDOW, LARGEST_PACKET)
        return self._ready

    def close(self, why: str = "the channel is closed") -> None:
        """Close the channel; whatever waits fails."""
        if self.over:
            return
        self.over = True
        if self.end.remote >= 0:
            self.end.close()
        waiting, self._asked = list(self._asked.values()), {}
        if not self._ready.called:
            self._ready.errback(Unreadable(why))
        for each in waiting:
            each.errback(Unreadable(why))

    # What it reads.

    async def names(self, path: str) -> list[str]:
        """List a folder; raise :exc:`Unreadable`."""
        kind, fields = await self._ask(OPENDIR, string(path.encode()))
        if kind != HANDLE:
            raise Unreadable(f"the target does not list {path}")
        handle = fields.string("handle", 256)
        found: list[str] = []
        while len(found) < MOST_NAMES:
            kind, fields = await self._ask(READDIR, string(handle))
            if kind != NAME:
                break
            found += _names(fields)
        self._tell(CLOSE, string(handle))
        self._flush()
        return found

    async def file(self, path: str) -> bytes | None:
        """Read the beginning of a file; None for one that is not there or not shown."""
        kind, fields = await self._ask(OPEN, string(path.encode()) + uint32(1) + uint32(0))
        if kind != HANDLE:
            return None
        handle = fields.string("handle", 256)
        read = self._tell(READ, string(handle) + uint64(0) + uint32(LONGEST_FILE))
        self._tell(CLOSE, string(handle))
        kind, fields = await read
        return fields.string("file", LONGEST_FILE) if kind == DATA else None

    async def files(self, paths: Iterable[str]) -> dict[str, bytes]:
        """Read many files; those that are not there are left out."""
        found: dict[str, bytes] = {}
        waiting = iter(list(paths))

        async def some() -> None:
            for path in waiting:
                content = await self.file(path)
                if content is not None:
                    found[path] = content

        readers = DeferredList([Deferred.fromCoroutine(some()) for _ in range(AT_ONCE)], consumeErrors=True)
        self._flush()
        if not all(done for done, _ in await readers):
            raise Unreadable("the target's SFTP failed in between")
        return found

    # What is said.

    async def _ask(self, kind: int, payload: bytes) -> tuple[int, Fields]:
        asked = self._tell(kind, payload)
        if len(self._asked) == 1:
            self._flush()
        return await asked

    def _tell(self, kind: int, payload: bytes) -> Deferred[tuple[int, Fields]]:
        if self.over:
            raise Unreadable("the channel is closed")
        self._next += 1
        asked: Deferred[tuple[int, Fields]] = Deferred()
        self._asked[self._next] = asked
        self._out += _packet(kind, uint32(self._next) + payload)
        if kind == CLOSE:
            asked.addErrback(lambda _: (STATUS, Fields(b"")))
        return asked

    def _flush(self) -> None:
        out, self._out = bytes(self._out), bytearray()
        self.end.write(out)

    # What the channel's end is told.

    def opened(self) -> None:
        """Ask for the subsystem."""
        if self.over:
            self.end.close()
        else:
            self.end.request("subsystem", string(b"sftp"), wants_reply=True)

    def open_refused(self, code: int, text: str) -> None:
        """Fail."""
        self.close("the target opens no other channel")

    def replied(self, ok: bool) -> None:
        """Begin to speak, or fail."""
        if ok:
            self.end.write(_packet(INIT, uint32(3)))
        else:
            self.close("the target has no SFTP subsystem")

    def received(self, chunk: bytes, stderr: bool) -> None:
        """Take replies; what an SFTP server says on stderr is nothing to us."""
        self.end.grant(len(chunk))
        if stderr or self.over:
            return
        self._in += chunk
        try:
            self._replies()
        except (MalformedField, Unreadable) as fault:
            self.close(f"the target's SFTP is not understood: {fault}")
            return
        if self._out and not self.over:
            self._flush()

    def _replies(self) -> None:
        while len(self._in) >= 4:
            size = int.from_bytes(self._in[:4], "big")
            if not 0 < size <= LONGEST_REPLY:
                raise Unreadable("a reply is too long")
            if len(self._in) < 4 + size:
                return
            packet = bytes(self._in[4 : 4 + size])
            del self._in[: 4 + size]
            self._reply(packet[0], Fields(packet[1:]))

    def _reply(self, kind: int, fields: Fields) -> None:
        if kind == VERSION:
            if not self._ready.called:
                self._ready.callback(None)
            return
        asked = self._asked.pop(fields.uint32("request"), None)
        if asked is None:
            raise Unreadable("a reply to nothing")
        asked.callback((kind, fields))

    def widened(self) -> None:
        """Nothing waits for room here."""

    def ended(self) -> None:
        """Fail what waits."""
        self.close("the target ended its SFTP")

    def requested(self, name: str, payload: bytes, slot: int | None) -> None:
        """Grant nothing."""
        self.end.reply(slot, False)

    def closed(self) -> None:
        """Fail what waits."""
        self.close("the target closed its SFTP")


def _packet(kind: int, payload: bytes) -> bytes:
    return string(bytes((kind,)) + payload)


_EXTRA: tuple[tuple[int, Callable[[Fields], object]], ...] = (
    (1, lambda fields: fields.uint64("size")),
    (2, lambda fields: fields.uint64("owner and group")),
    (4, lambda fields: fields.uint32("permissions")),
    (8, lambda fields: fields.uint64("times")),
)
"""What attributes hold by their flags (draft-ietf-secsh-filexfer-02 §5)."""


def _names(fields: Fields) -> list[str]:
    found = []
    for _ in range(min(fields.uint32("count"), MOST_NAMES)):
        found.append(fields.string("name", 4096).decode("utf-8", "replace"))
        fields.string("line", 65536)
        flags = fields.uint32("flags")
        for flag, read in _EXTRA:
            if flags & flag:
                read(fields)
        if flags >> 31:
            for _ in range(min(fields.uint32("extensions"), 64)):
                fields.string("type", 4096)
                fields.string("extension", 65536)
    return found
