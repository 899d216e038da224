"""Say whether a store is what was written.

The rule: every column of every row is covered, by its hash, by its signature or by what it must equal; the
first thing that does not fit is named. Total: whatever the file holds, the answer is a verdict.

Known limits: the keys are the store's own, so whoever has the signing key can write another history that
verifies here ("own key only"); only a key known from elsewhere (``trusted``) or anchors at others rule that
out. An end that was cut off is found while the mark beside the store is there.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Collection
from contextlib import closing
from pathlib import Path

import attrs
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from gateway.domain.facts import Told
from gateway.journal.beside import Beside, read_mark
from gateway.journal.bodies import body_from
from gateway.journal.chain import GENESIS, Head, check_row
from gateway.journal.errors import ChainBroken
from gateway.journal.migrations import MIGRATIONS
from gateway.journal.reading import Placed, Wanted, open_reader, origins_of, rows_of, version_of


@attrs.frozen
class Verdict:
    """Say what a journal is: ``result`` is ``OK`` or ``BAD``.

    ``count`` rows were found good (``pruned`` of them without a body); ``origin``, ``seq``, ``hash`` and
    ``time`` (seconds since the epoch) are of the last good row. For BAD, ``bad_at`` is the ``origin/seq`` (or
    the place in the store) where it broke, and ``detail`` says why. ``rests_on`` says who vouches for it.
    """

    result: str
    count: int
    pruned: int
    origin: str
    seq: int
    hash: bytes
    time: float
    bad_at: str = ""
    detail: str = ""
    rests_on: str = "own key only"


@attrs.define
class _Walk:
    """Go through the rows of a store in their order."""

    publics: dict[str, bytes]
    trusted: Collection[bytes] | None
    count: int = 0
    pruned: int = 0
    head: Head = Head("")
    time_us: int = 0
    opened: set[str] = attrs.field(factory=set)
    at: str = "its beginning"
    _key: Ed25519PublicKey | None = None

    def step(self, placed: Placed) -> None:
        """Take one row; raise ChainBroken."""
        envelope = placed.row.envelope
        self.at = f"{envelope.origin}/{envelope.seq}"
        if placed.place != self.count + 1:
            raise ChainBroken(f"place {self.count + 1} should follow, and it is {placed.place}")
        if envelope.origin != self.head.origin:
            self._turn(placed)
        if self._key is None:
            raise ChainBroken("its origin has no key")
        before = self.head if envelope.origin == self.head.origin else Head(envelope.origin)
        head = check_row(placed.row, before, self._key)
        _check_session(placed)
        self.head, self.time_us = head, envelope.time_us
        self.count += 1
        self.pruned += placed.row.body is None

    def verdict(self, broken: str = "", at: str = "") -> Verdict:
        """Return what was found so far, as BAD where something broke."""
        return Verdict(
            "BAD" if broken else "OK",
            self.count,
            self.pruned,
            self.head.origin,
            self.head.seq,
            self.head.hash,
            self.time_us / 1_000_000,
            (at or self.at) if broken else "",
            broken,
            "own key only" if self.trusted is None else "a key that was known before",
        )

    def _turn(self, placed: Placed) -> None:
        envelope = placed.row.envelope
        if envelope.origin in self.opened:
            raise ChainBroken("an incarnation that had ended goes on")
        public = self.publics.get(envelope.origin, b"")
        if self.trusted is not None and public not in self.trusted:
            raise ChainBroken("its origin's key is not one of those that are trusted")
        told = _body_of(placed)
        if envelope.kind != "journal.opened" or told.get("public") != public.hex():
            raise ChainBroken("an incarnation does not begin with its key")
        if told.get("previous") != self._previous():
            raise ChainBroken("what was written before this incarnation is not what it found")
        try:
            self._key = Ed25519PublicKey.from_public_bytes(public)
        except ValueError:
            raise ChainBroken("its origin's key is not an Ed25519 key") from None
        self.opened.add(envelope.origin)

    def _previous(self) -> dict[str, object] | None:
        if self.head.hash == GENESIS:
            return None
        return {"origin": self.head.origin, "seq": self.head.seq, "hash": self.head.hash.hex()}


def verify(path: Path, trusted: Collection[bytes] | None = None) -> Verdict:
    """Check a store, open elsewhere or not; ``trusted`` are raw public keys known from elsewhere (None: its
    own).

    Blocks, about 0.2 ms a row. Raises FileNotFoundError where there is no store.
    """
    if not path.exists():
        raise FileNotFoundError(f"there is no journal at {path}")
    # Read before the rows are: a journal that is being written is then never behind its mark.
    mark = read_mark(Beside(path).mark)
    walk = _Walk({}, trusted)
    try:
        with closing(open_reader(path)) as db:
            _check_shape(db)
            walk.publics = origins_of(db)
            marked = _go(walk, db, mark)
            _check_rest(walk, mark, marked)
    except ChainBroken as wrong:
        return walk.verdict(str(wrong))
    except (OSError, sqlite3.Error, UnicodeDecodeError) as wrong:  # sqlite3 decodes damaged words of its own
        return walk.verdict(f"{path} can not be read: {wrong}", f"place {walk.count + 1}")
    return walk.verdict()


def _check_shape(db: sqlite3.Connection) -> None:
    version = version_of(db)
    if version != len(MIGRATIONS):
        raise ChainBroken(
            f"the shape of the store is {version!r}, and this programme reads {len(MIGRATIONS)}"
        )


def _go(walk: _Walk, db: sqlite3.Connection, mark: Head | None) -> Head | None:
    marked = None
    for placed in rows_of(db, Wanted()):
        walk.step(placed)
        if mark is not None and (walk.head.origin, walk.head.seq) == (mark.origin, mark.seq):
            marked = walk.head
    return marked


def _check_rest(walk: _Walk, mark: Head | None, marked: Head | None) -> None:
    strangers = sorted(set(walk.publics) - walk.opened)
    if strangers:
        walk.at = strangers[0]
        raise ChainBroken("there is a key of an origin that has no rows")
    if mark is not None and marked != mark:
        walk.at = f"{mark.origin}/{mark.seq}"
        raise ChainBroken("it had been written, as the mark beside the store says, and is not there")


def _check_session(placed: Placed) -> None:
    if placed.row.body is None:
        filed = None
    else:
        try:
            filed = placed.row.session
        except ValueError as wrong:
            raise ChainBroken(str(wrong)) from None
    if placed.session != filed:
        raise ChainBroken("it is filed under a session that it does not speak of")


def _body_of(placed: Placed) -> Told:
    try:
        return {} if placed.row.body is None else body_from(placed.row.body)
    except ValueError as wrong:
        raise ChainBroken(str(wrong)) from None
