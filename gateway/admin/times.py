"""Moments and durations, as people and programs write them.

The rule: programs get RFC 3339 in UTC, people their local time with its zone; nothing here reads a clock.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from datetime import UTC, datetime, tzinfo
from typing import Any

DURATION = re.compile(r"(?:(\d{1,6})d)?(?:(\d{1,7})h)?(?:(\d{1,8})m)?(?:(\d{1,9})s)?")
SECONDS = (86400, 3600, 60, 1)


def duration(text: str) -> float:
    """Read ``30m``, ``12h``, ``1h30m``, ``7d``; return seconds. Raises ValueError in words."""
    found = DURATION.fullmatch(text) if text else None
    if found is None or not any(found.groups()):
        raise ValueError(f'{text!r} is not a duration such as "30m", "12h" or "7d"')
    seconds = sum(int(count) * unit for count, unit in zip(found.groups(), SECONDS, strict=True) if count)
    if not seconds:
        raise ValueError("a duration of nothing has no effect")
    return float(seconds)


def moment(text: str, now: float) -> float:
    """Read an RFC 3339 time, or a duration ago; return seconds since the epoch. Raises ValueError in words."""
    if DURATION.fullmatch(text):
        return now - duration(text)
    try:
        found = datetime.fromisoformat(text)
        return (found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        words = f'{text!r} is neither a time such as "2026-11-22T14:00:00Z" nor a duration such as "2h"'
        raise ValueError(words) from None


def utc(seconds: float) -> str:
    """Write seconds since the epoch as RFC 3339 in UTC with milliseconds."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def epoch(value: object) -> float | None:
    """Read a time as rooms give it (RFC 3339 text or seconds); None where it is none."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return float(value) if math.isfinite(value) else None
    if not isinstance(value, str):
        return None
    try:
        return datetime.fromisoformat(value).timestamp()
    except (ValueError, OverflowError):
        return None


def stamped(row: Mapping[str, Any], *keys: str) -> dict[str, Any]:
    """Return a row with the times of some keys as RFC 3339, however a room gave them; None where there is none."""
    found = {key: epoch(row[key]) for key in keys if key in row}
    return {**row, **{key: None if seconds is None else utc(seconds) for key, seconds in found.items()}}


def local(value: object, zone: tzinfo | None) -> str:
    """Write a time for people, with its zone (None: the machine's); ``-`` where there is none."""
    seconds = epoch(value)
    if seconds is None:
        return "-"
    try:
        return datetime.fromtimestamp(seconds, UTC).astimezone(zone).strftime("%Y-%m-%d %H:%M:%S %Z")
    except (ValueError, OverflowError, OSError):
        return "-"


def spell(seconds: object) -> str:
    """Write a duration for people: its one or two greatest units; ``-`` where there is none."""
    if not isinstance(seconds, int | float) or not math.isfinite(seconds):
        return "-"
    left = max(0, int(seconds))
    parts: list[str] = []
    for letter, unit in zip("dhms", SECONDS, strict=True):
        count, left = divmod(left, unit)
        if count or (letter == "s" and not parts):
            parts.append(f"{count}{letter}")
    return "".join(parts[:2])
