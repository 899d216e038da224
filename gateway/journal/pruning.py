"""What may be forgotten.

The rule: a body that a fold rests on is never pruned, or a restart would forget a user, a lock or a secret.
"""

from __future__ import annotations

from collections.abc import Iterable

KEPT = frozenset(
    {
        "directory.changed",
        "journal.opened",
        "recording.sealed",
        "secret.sealed",
        "target.key_queued",
        "user.activated",
        "user.deactivated",
        "user.locked",
        "user.password_set",
        "user.recovered",
        "user.unlocked",
    }
)
"""Kinds whose bodies stay."""


def prunable(kinds: Iterable[str]) -> tuple[str, ...]:
    """Return the kinds, each once; raise ValueError where one of them must be kept."""
    wanted = sorted(set(kinds))
    kept = [kind for kind in wanted if kind in KEPT]
    if kept:
        raise ValueError(f"the bodies of {', '.join(kept)} can not be pruned: what is in force rests on them")
    return tuple(wanted)
