"""Opening a journal: everything that blocks, before the reactor runs.

The rule: a journal goes on only where the store, the key and the mark agree with each other and with the name
it is opened under. Where they do not, a new incarnation begins in the same store, and its first row says why
and names the head it left behind:

* ``made`` – there was no store; a mark that is still there is told as ``lost``;
* ``renamed`` – the node or worker has another name;
* ``key_replaced`` – the key beside the store is not the one that signed its rows;
* ``restored`` – the mark is ahead of the store, or names another row at the same seq;
* any other text – what the caller gave as ``anew``.

Known limit: a folder restored whole, mark and all, looks as it did; only anchors at others can tell, and
whoever restores it says so with ``anew``.
"""

from __future__ import annotations

import os
import re
import secrets
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import attrs
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from gateway.domain.facts import Fact
from gateway.journal.beside import Beside, load_key, open_mark, read_mark, take_lock, write_mark
from gateway.journal.chain import Head, check_envelope, extend
from gateway.journal.errors import ChainBroken, JournalCorrupt, JournalRefused
from gateway.journal.journal import Journal
from gateway.journal.lanes import Turns
from gateway.journal.ledger import MICROSECONDS, Ledger, stamp
from gateway.journal.reading import Wanted, read_rows
from gateway.journal.reserve import RESERVE_SIZE, Reserve
from gateway.journal.store import Store, open_store

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,62}")
_MOST_WORKERS = 1_000


def open_journal(
    path: Path,
    name: str,
    worker: int,
    reactor: Turns | None,
    wall: Callable[[], float] = time.time,
    anew: str = "",
    reserve_size: int = RESERVE_SIZE,
) -> Journal:
    """Open the journal whose store is ``path``, or make it; the key and the other files lie beside it.

    Blocks; call it after daemonising (a SQLite connection does not live through a fork). Without a reactor
    every ``tell`` is on disk when it returns. ``anew`` begins a new incarnation and says why. Raises
    JournalBusy, JournalNewer, JournalCorrupt, JournalRefused or OSError.
    """
    if not _NAME.fullmatch(name) or not 0 <= worker < _MOST_WORKERS:
        raise JournalRefused(
            f"{name!r} (worker {worker}) can not name a journal: "
            "use letters, digits, dot, underscore and hyphen, at most 63"
        )
    beside = Beside(path)
    with ExitStack() as undo:
        lock = take_lock(beside.lock)
        undo.callback(os.close, lock)
        key = load_key(beside.key)
        previous = read_mark(beside.mark)
        _refuse_empty(path, previous)
        reserve = Reserve(beside.reserve, reserve_size)
        reserve.restore()
        store = _open_even_full(path, reserve)
        undo.callback(store.close)
        place, head = _Beginning(store, key, previous, wall, anew).head_for(f"{name}#{worker}")
        mark = open_mark(beside.mark)
        undo.callback(os.close, mark)
        write_mark(mark, head)
        undo.pop_all()
    return Journal(Ledger(store, reserve, place, head, key, mark, lock), wall, reactor)


def _refuse_empty(path: Path, previous: Head | None) -> None:
    if previous is not None and path.exists() and path.stat().st_size == 0:
        raise JournalCorrupt(
            f"{path} is empty, and {previous.seq} facts of {previous.origin} had been written to it; "
            "restore the folder from a backup, or move the empty file away: "
            "then a new incarnation of the journal begins"
        )


def _open_even_full(path: Path, reserve: Reserve) -> Store:
    try:
        return open_store(path)
    except OSError:
        if not reserve.release():
            raise
    return open_store(path)


@attrs.frozen
class _Beginning:
    """Decide whether the chain goes on, and begin a new one where it does not."""

    store: Store
    key: Ed25519PrivateKey
    previous: Head | None
    wall: Callable[[], float]
    anew: str

    def head_for(self, owner: str) -> tuple[int, Head]:
        """Return the last place and head, after the first row where an incarnation began."""
        place, head = self.store.head()
        cause = self._cause(head, owner)
        if head is None or cause:
            return self._begin(place, head, owner, cause)
        self._check_last(place)
        return place, head

    def _cause(self, head: Head | None, owner: str) -> str:
        if head is None:
            return "made"
        if head.origin.rpartition(".")[0] != owner:
            return "renamed"
        if self.store.public_of(head.origin) != self._public():
            return "key_replaced"
        if _is_behind(head, self.previous):
            return "restored"
        return self.anew

    def _begin(self, place: int, head: Head | None, owner: str, cause: str) -> tuple[int, Head]:
        body: dict[str, object] = {"cause": cause, "public": self._public().hex()}
        if head is not None:
            body["previous"] = _named(head)
        if self.previous is not None and (head is None or cause == "restored"):
            body["lost"] = _named(self.previous)
        fact = stamp(Fact("journal.opened", body), round(self.wall() * MICROSECONDS))
        rows, begun = extend(Head(self._fresh(owner)), [fact], self.key.sign)
        self.store.append(place, rows, self._public())
        return place + 1, begun

    def _fresh(self, owner: str) -> str:
        while True:
            origin = f"{owner}.{secrets.token_hex(2)}"
            known = self.previous is not None and self.previous.origin == origin
            if not known and not self.store.public_of(origin):
                return origin

    def _public(self) -> bytes:
        return self.key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)

    def _check_last(self, place: int) -> None:
        last = next(read_rows(self.store.path, Wanted(place - 1, place)))
        try:
            check_envelope(last.row.envelope, self.key.public_key())
        except ChainBroken as wrong:
            at = f"{last.row.envelope.origin}/{last.row.envelope.seq}"
            raise JournalCorrupt(
                f"{self.store.path} is damaged at {at}: {wrong}; "
                "verify it, keep a copy, and restore the folder from a backup"
            ) from wrong


def _is_behind(head: Head, previous: Head | None) -> bool:
    if previous is None or previous.origin != head.origin:
        return False
    return previous.seq > head.seq or (previous.seq == head.seq and previous.hash != head.hash)


def _named(head: Head) -> dict[str, object]:
    return {"origin": head.origin, "seq": head.seq, "hash": head.hash.hex()}
