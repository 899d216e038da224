"""Unpack a compressed stream in bounded pieces, all of its members.

The rule: never more than a chunk comes out at once, whatever goes in; an end that is missing is damage.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Protocol

import attrs

CHUNK = 256 * 1024


class Damaged(ValueError):
    """The stream ends too soon, or is none."""


class Readable(Protocol):
    """What compressed bytes are read from."""

    def read(self, count: int, /) -> bytes:
        """Return at most so many bytes, none at the end."""


@attrs.frozen
class Unpacked:
    """Iterate over what a file unpacks to; ``make`` makes a decompressor for each member."""

    file: Readable
    make: Callable[[], Any]

    def __iter__(self) -> Iterator[bytes]:
        waiting = self.file.read(CHUNK)
        while waiting:
            member = self.make()
            while not member.eof:
                if not waiting and getattr(member, "needs_input", True):
                    waiting = self.file.read(CHUNK)
                fed = bool(waiting)
                piece: bytes = member.decompress(waiting, CHUNK)
                waiting = getattr(member, "unconsumed_tail", b"")
                if piece:
                    yield piece
                elif not fed and not member.eof:
                    raise Damaged("the stream ends too soon")
            # Padding of zeros may follow, and further members.
            waiting = member.unused_data.lstrip(b"\0") or self.file.read(CHUNK).lstrip(b"\0")
