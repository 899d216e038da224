"""Bytes that leave together are one piece: so they become one packet, not many.

The rule: order is kept; nothing moves past anything.
"""

from __future__ import annotations

from collections.abc import Iterable

from gateway.domain.lane import Bytes, Effect, Event


def joined(effects: Iterable[Event | Effect]) -> list[Event | Effect]:
    """Join bytes that follow each other on a lane."""
    out: list[Event | Effect] = []
    parts: list[bytes] = []
    for effect in effects:
        last = out[-1] if out else None
        if isinstance(effect, Bytes) and isinstance(last, Bytes) and _alike(effect, last):
            parts = parts or [last.chunk]
            parts.append(effect.chunk)
            continue
        if parts and isinstance(last, Bytes):
            out[-1], parts = Bytes(last.lane, b"".join(parts)), []
        out.append(effect)
    if parts and isinstance(out[-1], Bytes):
        out[-1] = Bytes(out[-1].lane, b"".join(parts))
    return out


def _alike(one: Bytes, other: Bytes) -> bool:
    return one.lane is other.lane and not (one.stderr or other.stderr)
