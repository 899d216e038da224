"""What is open on a channel, and what was asked and not answered.

The rule: a handle that is not here is not passed on; an id that waits is not used twice; both are bounded.
"""

from __future__ import annotations

import enum
from typing import Any

import attrs

from gateway.domain.depot import Kept
from gateway.domain.evaluation import Transfer
from gateway.domain.passage import Passage
from gateway.domain.sftp.codec import APPEND, CREATE, FOR_READING, FOR_WRITING, NOTHING, TRUNCATE, Asked, Attributes
from gateway.domain.transfer import Desk

MOST_OPEN = 1024
MOST_WAITING = 4096
"""Requests without an answer; with more of them the operator's stream waits."""
OWN_IDS = 0xF0000000
"""Ids of the gateway's own requests begin here; clients count from small numbers."""

CHANGING = FOR_WRITING | APPEND | CREATE | TRUNCATE


class Lot(enum.Enum):
    """Say what becomes of a handle's bytes."""

    PASSED = "passed"
    FOLDER = "folder"
    INCOMING = "incoming"
    """Kept until the file is closed and evaluated."""
    SERVED = "served"
    """Fetched and evaluated before; the gateway answers."""


@attrs.define(eq=False)
class Opened:
    """A file or folder that is open."""

    handle: bytes
    lot: Lot
    path: bytes
    flags: int = 0
    begun: float = 0.0
    up: Passage | None = None
    down: Passage | None = None
    transfer: Transfer | None = None
    kept: Kept | None = None
    wanted: Attributes = NOTHING
    """What the operator set, to be set in the end."""
    found: Attributes | None = None
    """What was there before."""
    asked_mode: int | None = None
    """The mode it was to be made with."""
    buffered: tuple[int, bytes] = (0, b"")
    """The last piece that was fetched, with its offset."""
    failed: str = ""
    """What the target said of a WRITE that failed."""
    verdicts: tuple[str, ...] = ()
    type: str = ""

    @property
    def writes(self) -> bool:
        """Say whether it was opened to be changed."""
        return bool(self.flags & CHANGING)

    @property
    def reads(self) -> bool:
        """Say whether it was opened to be read."""
        return bool(self.flags & FOR_READING)


@attrs.define(eq=False)
class Waiting:
    """A request that the target has not answered."""

    kind: int
    asked: Asked | None = None
    opened: Opened | None = None
    offset: int = 0
    count: int = 0
    own: bool = False
    sink: Kept | None = None
    tag: Any = None

    def ended(self) -> None:
        """Note of a READ that there was nothing more."""
        down = self.opened.down if self.opened is not None else None
        if down is not None and self.offset == down.next:
            down.whole = True


@attrs.define(eq=False)
class Table:
    """All that is open and asked on one channel."""

    desk: Desk
    files: dict[bytes, Opened] = attrs.field(factory=dict)
    closing: dict[bytes, Opened] = attrs.field(factory=dict)
    """Files whose CLOSE is about to be passed on."""
    waiting: dict[int, Waiting] = attrs.field(factory=dict)
    extensions: frozenset[bytes] = frozenset()
    """What the target offers and is passed on."""
    undo: dict[bytes, bytes] = attrs.field(factory=dict)
    """What to send so that a file of the gateway's own is left nowhere, by the file's path."""
    unopened: Kept | None = None
    """What is kept for a handle that a job is about to open."""
    piece: int = 32 * 1024
    """Bytes of a file that are written or read with one request."""
    umask: int | None = None
    """What the target takes away from a new file's mode, once that is known."""
    _made: int = attrs.field(init=False, default=0)

    def own_handle(self) -> bytes:
        """Return a new handle of the gateway's own."""
        self._made += 1
        return b"ostiary:%d" % self._made

    def keep(self) -> Kept:
        """Make a file to be kept, for a handle that is not open yet."""
        self.unopened = self.desk.depot.create()
        return self.unopened

    def open(self, opened: Opened) -> None:
        """Note that a handle is open."""
        self.files[opened.handle], self.unopened = opened, None

    def drop(self, kept: Kept) -> None:
        """Forget a file that is not opened after all."""
        self.unopened = None
        kept.release()

    def incoming(self, path: bytes) -> Opened | None:
        """Return the file that is being uploaded to a path."""
        found = (each for each in self.files.values() if each.lot is Lot.INCOMING and each.path == path)
        return next(found, None)
