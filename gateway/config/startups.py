"""Who may wait for a login, and what an address pays, in the words of OpenSSH's sshd_config.

The rule: what is written is judged when the file is read, and means the same as in sshd_config(5) wherever OpenSSH has
the word; what is not named keeps its default.
"""

from __future__ import annotations

import re
from typing import Any, Final

import attrs

from gateway.admin import times
from gateway.wire.admission import Penalties

STARTUPS: Final = re.compile(r"(\d{1,5})(?::(\d{1,3}):(\d{1,5}))?")
PENALTIES: Final = {
    "crash": "crash",
    "authfail": "failed",
    "breach": "breach",
    "noauth": "no_login",
    "grace-exceeded": "overdue",
    "min": "least",
    "max": "most",
}
"""OpenSSH's words, and one of our own: *breach* is a peer that broke the protocol."""
NO_PENALTIES: Final = Penalties(no_login=0, failed=0, breach=0, overdue=0, crash=0)


def read_startups(words: str) -> tuple[int, int, int]:
    """Read ``begin:percent:full``, or one number for both ends; raise ValueError in words."""
    found = STARTUPS.fullmatch(words)
    if found is None:
        raise ValueError('expected "begin:percent:full" such as "256:30:512", or one number')
    begin = int(found[1])
    percent, full = (int(found[2]), int(found[3])) if found[2] else (100, begin)
    if not (1 <= begin <= full and 1 <= percent <= 100):
        raise ValueError(f"{words!r} needs 1 <= begin <= full and a percentage from 1 to 100")
    return begin, percent, full


def read_penalties(words: str) -> Penalties:
    """Read ``authfail:5s noauth:1s …``, or ``no``; raise ValueError in words."""
    if words == "no":
        return NO_PENALTIES
    changed: dict[str, float] = {}
    for word in words.split():
        offence, colon, seconds = word.partition(":")
        if offence not in PENALTIES or not colon:
            raise ValueError(f"{word!r} is no penalty: known are {', '.join(PENALTIES)}, each with a time, or no")
        changed[PENALTIES[offence]] = times.duration(seconds)
    found = attrs.evolve(Penalties(), **changed)
    if found.least > found.most:
        raise ValueError("min is more than max")
    return found


def startups(value: Any) -> str:
    """Take what :func:`read_startups` reads."""
    return _judged(value, read_startups)


def penalties(value: Any) -> str:
    """Take what :func:`read_penalties` reads."""
    return _judged(value, read_penalties)


def _judged(value: Any, read: Any) -> str:
    if not isinstance(value, str):
        raise ValueError("expected text in quotes")
    read(value)
    return value
