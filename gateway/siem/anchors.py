"""What SIEMs can testify of the journal.

The rule: an anchor is named only where a destination's cursor, as it stands on the disk, is behind an event
``journal.head``: the receiver then holds the head's hash, and nothing up to that head can be changed or cut here
without contradicting it. Notices to people hold no anchors.

Known limit: what a receiver kept is its word; the hash there is to be compared with ``events --kind journal.head``.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path

import attrs

from gateway.domain.facts import Entry
from gateway.interfaces import IJournal
from gateway.siem.cursor import cursor_of

SPANS = (10_000, 1_000_000)
"""How far back an anchor is looked for, before the whole journal is."""


@attrs.frozen
class Anchor:
    """Say that a destination holds the journal's head as it was: up to event ``seq``, told at ``time`` (epoch)."""

    destination: str
    seq: int
    time: float

    def __str__(self) -> str:
        when = datetime.fromtimestamp(self.time, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
        return f"{self.destination} up to seq {self.seq} of {when}"


def anchors(journal: IJournal, folder: Path, destinations: Iterable[str]) -> tuple[Anchor, ...]:
    """Return the newest anchor at each destination that has one. Reads the disk: call it from a thread."""
    found = []
    for destination in destinations:
        place = cursor_of(folder, destination).read()
        if place is None or place.origin != journal.origin:
            continue
        head = _newest_head(journal, place.seq)
        if head is not None and head.body is not None:
            found.append(Anchor(destination, int(head.body["head"]), head.time))
    return tuple(found)


def sealed_at(journal: IJournal, session: str, root: str) -> int | None:
    """Return the seq of the event that tells of a recording's seal with that root; None where there is none."""
    for entry in journal.entries(kinds=["recording.sealed"], session=session):
        if entry.origin == journal.origin and entry.body is not None and entry.body.get("root") == root:
            return entry.seq
    return None


def _newest_head(journal: IJournal, seq: int) -> Entry | None:
    for since in (*(max(0, seq - span) for span in SPANS), 0):
        newest = _last(journal.entries(since, kinds=["journal.head"]), seq)
        if newest is not None:
            return newest
    return None


def _last(entries: Iterable[Entry], seq: int) -> Entry | None:
    newest = None
    for entry in entries:
        if entry.seq > seq:
            break
        newest = entry
    return newest


def covering(found: Sequence[Anchor], seq: int) -> list[str]:
    """Return in words the anchors behind an event."""
    return [str(anchor) for anchor in found if anchor.seq >= seq]
