"""What the gateway made on a target and may not have removed.

The rule: a path is on disk here before it is made there, and is crossed out when it is gone there; so what a crash or
a lost connection left is known, and the next session to that target and account removes it. A write is in the kernel
(write(2)) before the request leaves.
"""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Iterator
from pathlib import Path

import attrs

Place = tuple[str, str]
"""A target's name and an account on it."""
LONGEST = 256 * 1024
"""Bytes of the list from which on it is written anew once it is empty."""


@attrs.define(eq=False)
class Leftovers:
    """Keep the list of a node."""

    path: Path
    _left: dict[tuple[Place, bytes], str] = attrs.field(factory=dict)
    """Which channel made it; empty for one that is over."""
    _file: int = -1
    _size: int = 0

    @classmethod
    def open(cls, path: Path) -> Leftovers:
        """Read the list and write it anew. Raises OSError; a line that is none is passed over."""
        made = cls(path)
        if path.exists():
            for place, name, made_there in _lines(path):
                if made_there:
                    made._left[place, name] = ""
                else:
                    made._left.pop((place, name), None)
        made._write_anew()
        return made

    def remember(self, place: Place, channel: str, path: bytes) -> None:
        """Note a path that a channel is about to make. Raises OSError."""
        self._left[place, path] = channel
        self._append(place, path, True)

    def forget(self, place: Place, path: bytes) -> None:
        """Cross a path out. Raises OSError."""
        if self._left.pop((place, path), None) is not None:
            self._append(place, path, False)
            if not self._left and self._size > LONGEST:
                self._write_anew()

    def stale(self, place: Place) -> tuple[bytes, ...]:
        """Return what is left at a place by channels that are over."""
        return tuple(path for (where, path), channel in self._left.items() if where == place and not channel)

    def over(self, channel: str) -> None:
        """Note that a channel is over: what it left may be removed by another."""
        for key, made_by in self._left.items():
            if made_by == channel:
                self._left[key] = ""

    def _append(self, place: Place, path: bytes, made: bool) -> None:
        line = json.dumps([*place, base64.b64encode(path).decode(), made]).encode() + b"\n"
        self._size += os.write(self._file, line)

    def _write_anew(self) -> None:
        if self._file >= 0:
            os.close(self._file)
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND | os.O_CLOEXEC
        self._file, self._size = os.open(self.path, flags, 0o600), 0
        for place, path in self._left:
            self._append(place, path, True)


def _lines(path: Path) -> Iterator[tuple[Place, bytes, bool]]:
    for line in path.read_bytes().splitlines():
        try:
            target, account, name, made = json.loads(line)
            yield (str(target), str(account)), base64.b64decode(name), bool(made)
        except (ValueError, TypeError):
            # A line that a crash cut off is the last one, and what it speaks of was not made.
            continue
