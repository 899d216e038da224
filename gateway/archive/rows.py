"""What is listed of a recording, whatever keeps it.

The rule: every archive lists the same keys, times as RFC 3339 in UTC.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

SESSION = re.compile(r"S-[0-9A-Za-z]{1,64}")


def check_session(session: str) -> None:
    """Raise ValueError for what is no session's id, and so could be a path."""
    if not SESSION.fullmatch(session):
        raise ValueError(f"{session!r} is no session's id")


def begun(facts: Mapping[str, Any]) -> datetime:
    """Return when a session started, in UTC; raises ValueError when its facts do not say it in RFC 3339."""
    started = datetime.fromisoformat(str(facts.get("started", "")))
    return started.astimezone(UTC) if started.tzinfo else started.replace(tzinfo=UTC)


def begun_epoch(facts: Mapping[str, Any]) -> float:
    """Return when a session started, in seconds since 1970; 0 when its facts do not say."""
    try:
        return begun(facts).timestamp()
    except (ValueError, OverflowError):
        return 0.0


def row(
    session: str, facts: Mapping[str, Any], ended: float | None, state: str, tracks: int, stored: int
) -> dict[str, Any]:
    """Return a recording's row; ``ended`` in seconds from its start, ``state`` open, sealed or unsealed."""
    return {
        "session": session,
        "operator": facts.get("operator", ""),
        "target": facts.get("target", ""),
        "started": facts.get("started"),
        "ended": None if ended is None else _rfc_3339(begun_epoch(facts) + ended),
        "state": state,
        "bytes": stored,
        "tracks": tracks,
    }


def _rfc_3339(epoch: float) -> str | None:
    try:
        moment = datetime.fromtimestamp(epoch, UTC)
    except (ValueError, OverflowError, OSError):
        return None
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
