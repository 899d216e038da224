"""Both sides of a program: an output that keeps what was written, and a program that keeps what it is told."""

from __future__ import annotations

from typing import Any

import attrs

from gateway.ssh.program import Output, Start


@attrs.define(eq=False)
class KeptOutput:
    """Be a program's output; ``stuck`` keeps everything unsent until ``take``."""

    stuck: bool = False
    out: bytearray = attrs.field(factory=bytearray)
    err: bytearray = attrs.field(factory=bytearray)
    code: int | None = None
    paused: bool = False
    end: Any = None
    handed: bool = False
    _unsent: int = 0

    def write(self, chunk: bytes) -> None:
        assert self.code is None
        self.out += chunk
        self._unsent += len(chunk) if self.stuck else 0

    def write_error(self, chunk: bytes) -> None:
        assert self.code is None
        self.err += chunk
        self._unsent += len(chunk) if self.stuck else 0

    def exit(self, code: int) -> None:
        assert self.code is None
        self.code = code

    def unsent(self) -> int:
        return self._unsent

    def take(self) -> None:
        self._unsent = 0

    def pause(self) -> None:
        self.paused = True

    def resume(self) -> None:
        self.paused = False

    def hand_over(self) -> Any:
        self.handed = True
        return self.end


@attrs.define(eq=False)
class KeptProgram:
    """Keep what a program is told."""

    told: list[Any] = attrs.field(factory=list)
    output: Output | None = None

    def start(self, start: Start, output: Output) -> None:
        self.told.append(start)
        self.output = output

    def received(self, chunk: bytes) -> None:
        self.told.append(chunk)

    def ended(self) -> None:
        self.told.append("ended")

    def resized(self, columns: int, rows: int) -> None:
        self.told.append((columns, rows))

    def drained(self) -> None:
        self.told.append("drained")

    def stopped(self) -> None:
        self.told.append("stopped")
