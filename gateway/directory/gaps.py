"""What the settings ask for and this version can not enforce yet, in words.

The rule: nothing is passed over in silence; each gap says which entries ask for it and what happens instead.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from gateway.domain.snapshot import Snapshot

MOST_NAMED = 5

REFUSED = "such sessions are refused"
UNSEEN = "nothing acts on it"

GAPS: tuple[tuple[str, Callable[[Any], bool], str], ...] = (
    ("credential", lambda credential: credential.elevation.method in ("agent", "otp"), f"elevation: {UNSEEN}"),
    (
        "transfer",
        lambda rule: True,
        "transfer rules filter names and contents of sftp and scp; they are no jail: between the look and the opening "
        "a name may change, and whoever has a shell beside can paste",
    ),
    ("grant", lambda grant: grant.present > 0, f"present: {REFUSED}"),
)
"""table, who asks for it, and the gap in words."""


def gaps_of(snapshot: Snapshot) -> tuple[str, ...]:
    """Name each gap of a directory, with the first entries that ask for it."""
    return tuple(_found(snapshot))


def _found(snapshot: Snapshot) -> Iterator[str]:
    for table, asks, words in GAPS:
        names = sorted(name for name, entry in getattr(snapshot, table).items() if asks(entry))
        if names:
            yield f"{words} ({table} {_listed(names)})"


def _listed(names: list[str]) -> str:
    more = len(names) - MOST_NAMED
    return ", ".join(names[:MOST_NAMED]) + (f" and {more} more" if more > 0 else "")
