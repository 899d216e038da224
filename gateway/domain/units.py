"""Sizes and durations as settings write them: a whole number and a unit.

The rule: any text is either a number of bytes or seconds, or a ValueError in words; nothing is guessed.
"""

from __future__ import annotations

import re

LARGEST = 2**53 - 1
"""Numbers stay exact in canonical JSON up to here."""

SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}
BYTES = {
    "B": 1, "kB": 1000, "MB": 1000**2, "GB": 1000**3, "TB": 1000**4,
    "KiB": 1024, "MiB": 1024**2, "GiB": 1024**3, "TiB": 1024**4,
}  # fmt: skip

_MEASURED = re.compile(r"([0-9]{1,15}) ?([A-Za-z]+)")


def seconds(text: object) -> int:
    """Read ``"30m"``: s, m, h, d or w, in seconds. Raises ValueError in words."""
    return _measured(text, SECONDS, '"30m", "12h" or "365d"')


def size(text: object) -> int:
    """Read ``"100MiB"``, in bytes. Raises ValueError in words."""
    return _measured(text, BYTES, '"100MiB" or "2GB"')


def _measured(text: object, units: dict[str, int], like: str) -> int:
    found = _MEASURED.fullmatch(text) if isinstance(text, str) else None
    if found is None or found[2] not in units:
        raise ValueError(f"{text!r:.60} is not like {like}; units are {' '.join(units)}")
    total = int(found[1]) * units[found[2]]
    if total > LARGEST:
        raise ValueError(f"{text!r:.60} is too large")
    return total
