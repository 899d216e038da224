"""The recorder: a tap that has every event on disk before anybody outside sees its effect.

The rule: the recording shows what was seen. Output and notices are written as they leave the last gate; input only
as far as the policy wants it and the target echoed it. Payloads of transfers and forwards are counted, never stored;
an exec's output is stored up to a cap, then counted, and hashed where the grant says so.
"""

from __future__ import annotations

from typing import Any

import attrs

from gateway.domain.budget import Budget
from gateway.domain.echo import EchoMask, Typed
from gateway.domain.lane import Bytes, Lane, Mark, Notice, Request, Resize, Seen
from gateway.domain.notice import line
from gateway.domain.rights import Kind
from gateway.interfaces import ITrack
from gateway.runtime.digest import Digest

EXEC_CAP = 1024**2
"""Bytes of an exec's output that are stored."""

STORED = frozenset({Kind.PTY, Kind.SHELL, Kind.EXEC})
"""Kinds whose output is stored; of the others bytes are counted."""


UNHASHED = frozenset({Kind.FORWARD, Kind.AGENT, Kind.X11})
"""Kinds that are nobody's output."""


@attrs.define(eq=False)
class Recorder:
    """Write one channel's track. Raises OSError when the disk refuses, which ends the session where it must."""

    kind: Kind
    terminal: bool
    track: ITrack
    mask: EchoMask
    budgets: tuple[Budget, ...]
    epoch: float
    """The start of the session by the clock that all who share a budget go by."""
    output: bool
    hashed: bool
    essential: bool
    bytes_in: int = attrs.field(default=0, init=False)
    bytes_out: int = attrs.field(default=0, init=False)
    _stored: int = attrs.field(default=0, init=False)
    _capped: bool = attrs.field(default=False, init=False)
    _digest: Digest | None = attrs.field(init=False, default=None)

    def __attrs_post_init__(self) -> None:
        """Begin the hash where one is wanted."""
        if self.hashed and self.kind not in UNHASHED:
            self._digest = Digest()

    def reads(self, lane: Lane) -> bool:
        """Say whether a lane's bytes are needed as events, because some of them may be stored."""
        if lane is Lane.TO_TARGET:
            return self.kind in STORED and self.mask.level != "off"
        return self.output and self.kind in STORED and not self._capped

    def passed(self, lane: Lane, count: int, view: memoryview | None) -> None:
        """Count bytes that passed beside the flow; hash output that comes as a view, which is copied."""
        if lane is Lane.TO_TARGET:
            self.bytes_in += count
            return
        self.bytes_out += count
        if self._digest is not None and view is not None:
            self._digest.take(bytes(view))

    @property
    def lags(self) -> bool:
        """Say whether more waits to be hashed than should."""
        return self._digest is not None and self._digest.lags

    def see(self, seen: Seen, at: float) -> None:
        """Write what passed."""
        match seen:
            case Bytes(lane=Lane.TO_OPERATOR):
                self._shown(seen.chunk, at)
            case Bytes(lane=Lane.TO_TARGET):
                self._typed(seen.chunk, at)
            case Notice():
                self._write(at, "o", line(seen.text, self.terminal) if seen.drawn is None else seen.drawn)
            case Mark():
                self._write(at, "m", seen.label.encode("utf-8", "replace"))
            case Resize():
                self._write(at, "r", b"%dx%d" % (seen.columns, seen.rows))
            case Request(name="exit-status") if len(seen.payload) == 4:
                self._write(at, "x", str(int.from_bytes(seen.payload, "big")).encode())
            case _:
                pass

    def tick(self, at: float) -> None:
        """Write what was typed and has waited long enough for an echo."""
        self._write_typed(self.mask.tick(at))

    def end(self, at: float) -> dict[str, Any]:
        """Close the track; return what is told of the channel."""
        self._write_typed(self.mask.end(at))
        if self._digest is not None:
            self._write(at, "m", b"sha256 " + self._digest.finish().encode())
        self.track.end(at)
        return {"bytes_in": self.bytes_in, "bytes_out": self.bytes_out, "stored": self._stored}

    def _shown(self, chunk: bytes, at: float) -> None:
        self.bytes_out += len(chunk)
        if self._digest is not None:
            self._digest.take(chunk)
        if self.terminal:
            self._write_typed(self.mask.shown(at, chunk))
        if not self.output or self.kind not in STORED:
            return
        kept = chunk if self.terminal else chunk[: EXEC_CAP - self._stored]
        if kept:
            self._stored += len(kept)
            self._write(at, "o", kept)
        if len(kept) < len(chunk) and not self._capped:
            self._capped = True
            self._write(at, "m", b"output beyond %d bytes is counted, not stored" % EXEC_CAP)

    def _typed(self, chunk: bytes, at: float) -> None:
        self.bytes_in += len(chunk)
        if self.kind in STORED:
            self._write_typed(self.mask.typed(at, chunk))

    def _write_typed(self, typed: list[Typed]) -> None:
        for each in typed:
            self._write(each.at, "i", each.chunk)

    def _write(self, at: float, code: str, chunk: bytes) -> None:
        self.track.write(at, code, chunk)
        for budget in self.budgets:
            budget.take(len(chunk), self.epoch + at)
