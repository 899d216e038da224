"""Ids by unique prefix, and shown as short as they stay unique.

The rule: an id is given back whole or not at all; a prefix that fits two is refused, never guessed.
"""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterable

from gateway.admin.refusal import Refusal, missing, usage

SHORTEST = 6


def shorten(ids: Iterable[str], least: int = SHORTEST) -> dict[str, str]:
    """Return for each id its shortest prefix, of at least ``least`` characters, that no other id begins with."""
    known = sorted(set(ids))
    short = {}
    for position, each in enumerate(known):
        near = known[max(0, position - 1) : position] + known[position + 1 : position + 2]
        alike = max((_alike(each, other) for other in near), default=0)
        short[each] = each[: max(least, alike + 1)]
    return short


def _alike(one: str, other: str) -> int:
    """Return how many characters two ids begin with alike."""
    pairs = enumerate(zip(one, other, strict=False))
    return next((place for place, (a, b) in pairs if a != b), min(len(one), len(other)))


def whole(prefix: str, ids: Collection[str], what: str) -> str:
    """Return the one id with a prefix (``S-`` and case may be left out). Raises :exc:`Refusal`."""
    if prefix in ids:
        return prefix
    asked = prefix.upper()
    found = sorted(each for each in ids if asked and each.upper().startswith((asked, f"S-{asked}")))
    if not found:
        raise missing(f"there is no {what} {prefix!r}")
    if len(found) > 1:
        raise usage(f"{prefix!r} fits {len(found)} {what}s; write more of it: {', '.join(found[:3])}…")
    return found[0]


def channel_of(text: str) -> tuple[str, int | None]:
    """Cut ``ID/N`` into the id and the channel's number; plain ID has none. Raises :exc:`Refusal`."""
    identity, slash, number = text.partition("/")
    if not slash:
        return identity, None
    if not number.isascii() or not number.isdigit() or len(number) > 9:
        raise usage(f"{text!r}: a channel is named by its number, as in {identity}/2")
    return identity, int(number)


def unknown(what: str, name: str, known: Iterable[str]) -> Refusal:
    """Return the refusal of an unknown name, with the nearest one there is."""
    near = difflib.get_close_matches(name, list(known), n=1, cutoff=0.6)
    return missing(f"there is no {what} {name!r}" + (f"; did you mean {near[0]!r}?" if near else ""))
