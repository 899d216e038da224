"""How far a destination has got, on disk.

The rule: a cursor names the last event that need not be sent again. It is replaced as a whole, and never runs ahead of
what was delivered: at worst something is sent twice, with the same id.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from pathlib import Path

import attrs

_UNFIT = re.compile(r"[^A-Za-z0-9.]+")
_MOST = 4096


@attrs.frozen
class Place:
    """Name an event of the journal."""

    origin: str
    seq: int


@attrs.frozen
class Cursor:
    """Keep one destination's place in a file. Both methods read or write the disk: call them from a thread."""

    path: Path

    def read(self) -> Place | None:
        """Return the place; None where there is none yet, or what is there is none."""
        try:
            with self.path.open("rb") as opened:
                told = json.loads(opened.read(_MOST))
        except (FileNotFoundError, ValueError, RecursionError):
            return None
        match told:
            case {"origin": str(origin), "seq": int(seq)} if seq > 0:
                return Place(origin, seq)
        return None

    def write(self, place: Place) -> None:
        """Put a place into the file, atomically; raise OSError."""
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        fresh = self.path.with_suffix(".new")
        made = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        try:
            os.write(made, json.dumps({"origin": place.origin, "seq": place.seq}).encode("ascii"))
            os.fsync(made)
        finally:
            os.close(made)
        fresh.replace(self.path)


def cursor_of(folder: Path, destination: str) -> Cursor:
    """Return the cursor of a destination: readable, and never that of another one."""
    told = hashlib.sha256(destination.encode("utf-8", "replace")).hexdigest()[:12]
    return Cursor(folder / f"{_UNFIT.sub('-', destination)[:60].strip('-')}-{told}.cursor")
