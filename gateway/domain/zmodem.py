"""The gate of zmodem: a terminal is no way past the rules about files.

The rule: where a transfer rule decides, the header with which a transfer by zmodem begins goes no further, from either
side, and the program on the target is told to stop. Everything else passes untouched.

Known limits: a header that comes in two pieces has its first bytes passed on; without the others no transfer begins.
Other protocols for terminals (xmodem, kermit) have no header that could be told from text.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import attrs

from gateway.domain.evaluation import applying, binding
from gateway.domain.facts import Fact
from gateway.domain.lane import Bytes, Effect, Event, Lane, Notice, Order, Tell, Tick
from gateway.domain.policy import FrozenPolicy

HEADER: Final = b"**\x18B0"
"""How the first header of a sender (0) or a receiver (1) begins."""
CANCEL: Final = b"\x18" * 8 + b"\b" * 8
"""What ends a transfer, and takes the marks off the line again."""
AGAIN: Final = 1.0
"""Seconds in which headers that follow are the same attempt."""


@attrs.define(eq=False)
class ZmodemGate:
    """Look for the beginning of a transfer in a terminal's bytes."""

    policy: FrozenPolicy
    _before: dict[Lane, bytes] = attrs.field(init=False, factory=lambda: dict.fromkeys(Lane, b""))
    _told: float = attrs.field(init=False, default=-AGAIN)

    def weigh(self, event: Event, at: float) -> Iterator[Event | Effect]:
        """Pass everything but the beginning of a transfer."""
        match event:
            case Bytes():
                yield from self._looked_at(event, at)
            case Tick() | Order():
                pass
            case _:
                yield event

    def _looked_at(self, event: Bytes, at: float) -> Iterator[Event | Effect]:
        before = self._before[event.lane]
        seen = before + event.chunk
        found = seen.find(HEADER)
        self._before[event.lane] = seen[-(len(HEADER) - 1) :]
        kind = seen[found + len(HEADER) : found + len(HEADER) + 1]
        direction = "upload" if (kind == b"1") is (event.lane is Lane.TO_OPERATOR) else "download"
        if found < 0 or not self._decides(direction):
            yield event
            return
        self._before[event.lane] = b""
        if found > len(before):
            yield attrs.evolve(event, chunk=event.chunk[: found - len(before)])
        yield Bytes(Lane.TO_TARGET, CANCEL)
        if at - self._told >= AGAIN:
            yield from self._denied(direction)
        self._told = at

    def _decides(self, direction: str) -> bool:
        return bool(binding(applying(self.policy.transfers, direction), self.policy.restrictions.enforce))

    def _denied(self, direction: str) -> Iterator[Effect]:
        (rule, *_) = binding(applying(self.policy.transfers, direction), self.policy.restrictions.enforce)
        why = "it can not be evaluated over zmodem; use sftp or scp"
        yield Tell(Fact("file.denied", {
            "direction": direction, "protocol": "zmodem", "path": "", "bytes": 0, "sha256": "", "type": "",
            "verdicts": [], "outcome": "denied", "rule": rule.name, "reason": why,
        }))  # fmt: skip
        yield Notice(f"{direction} denied: {why} (rule {rule.name})")
