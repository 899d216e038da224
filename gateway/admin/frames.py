"""What pamctl and the node say to each other over the UNIX socket.

The rule: a frame is a letter, a length (four bytes, big-endian) and so many bytes; an unknown letter or a
length over the bound ends the conversation. The client speaks first (``ARGV``), then only answers: to
``WANT`` (its stdin), ``ASK`` (a line typed without echo) and ``GET`` (a file or folder that stands in its
argv). An answer is ``PIECE``s, each file's behind its ``NAME``, then ``END``; or ``NO`` with words. While the node
has the client's terminal (``RAW``, until ``COOKED``) the client also sends ``KEYS`` (none: there is nobody any more)
and ``SIZE``.
"""

from __future__ import annotations

import enum
import json
import struct
from collections.abc import Iterator

import attrs

LARGEST = 256 * 1024
PIECE = 64 * 1024
HEAD = struct.Struct(">cL")
SIZE = struct.Struct(">LL")
MOST_WORDS = 4096


class Kind(enum.Enum):
    """The letters."""

    ARGV = b"V"
    OUT = b"O"
    ERROR = b"R"
    EXIT = b"X"
    WANT = b"W"
    ASK = b"A"
    GET = b"G"
    NAME = b"F"
    PIECE = b"I"
    END = b"E"
    NO = b"N"
    RAW = b"T"
    COOKED = b"C"
    KEYS = b"K"
    SIZE = b"S"


KINDS = {kind.value: kind for kind in Kind}


class FrameError(ValueError):
    """The other side does not keep the protocol; nothing more is read from it."""


@attrs.frozen
class Frame:
    """One frame."""

    kind: Kind
    payload: bytes = b""

    @property
    def wire(self) -> bytes:
        """The frame as bytes."""
        return HEAD.pack(self.kind.value, len(self.payload)) + self.payload

    @property
    def words(self) -> str:
        """The payload as text; junk is replaced."""
        return self.payload.decode("utf-8", "replace")


@attrs.define
class FrameReader:
    """Cut a stream of bytes into frames, however it arrives."""

    _buffer: bytearray = attrs.field(factory=bytearray)

    def feed(self, chunk: bytes) -> Iterator[Frame]:
        """Yield the frames that are complete by now. Raises :exc:`FrameError`."""
        self._buffer += chunk
        while len(self._buffer) >= HEAD.size:
            letter, length = HEAD.unpack_from(self._buffer)
            kind = KINDS.get(letter)
            if kind is None:
                raise FrameError(f"unknown frame {letter!r}")
            if length > LARGEST:
                raise FrameError(f"a frame of {length} bytes is too large")
            if len(self._buffer) < HEAD.size + length:
                return
            payload = bytes(self._buffer[HEAD.size : HEAD.size + length])
            del self._buffer[: HEAD.size + length]
            yield Frame(kind, payload)


def pieces(content: bytes) -> Iterator[Frame]:
    """Yield content as ``PIECE`` frames."""
    for start in range(0, len(content), PIECE):
        yield Frame(Kind.PIECE, content[start : start + PIECE])


@attrs.frozen
class Opening:
    """What the client says first: the verb's words, and whether a person sits at a terminal."""

    words: tuple[str, ...]
    terminal: bool
    size: tuple[int, int] | None = None
    """Columns and rows, where stdin and stdout are a terminal."""

    def frame(self) -> Frame:
        """Return the opening as its frame."""
        document = {"argv": list(self.words), "terminal": self.terminal, "size": self.size}
        return Frame(Kind.ARGV, json.dumps(document).encode())


def opening(frame: Frame) -> Opening:
    """Read the first frame. Raises :exc:`FrameError`."""
    if frame.kind is not Kind.ARGV:
        raise FrameError("a conversation begins with the verb")
    try:
        document = json.loads(frame.payload)
    except (ValueError, RecursionError):
        raise FrameError("the first frame is not JSON") from None
    words = document.get("argv") if isinstance(document, dict) else None
    if not isinstance(words, list) or len(words) > MOST_WORDS:
        raise FrameError("the first frame has no argv")
    if not all(isinstance(word, str) for word in words):
        raise FrameError("argv is not text")
    return Opening(tuple(words), document.get("terminal") is True, _size_in(document.get("size")))


def _size_in(read: object) -> tuple[int, int] | None:
    match read:
        case [int(columns), int(rows)] if 0 <= columns < 1 << 32 and 0 <= rows < 1 << 32:
            return columns, rows
    return None


def pack_size(size: tuple[int, int]) -> bytes:
    """Return columns and rows as the payload of ``SIZE``."""
    return SIZE.pack(*size)


def unpack_size(payload: bytes) -> tuple[int, int]:
    """Read the payload of ``SIZE``. Raises :exc:`FrameError`."""
    if len(payload) != SIZE.size:
        raise FrameError("a size is two numbers")
    columns, rows = SIZE.unpack(payload)
    return columns, rows
