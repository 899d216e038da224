"""The spool: where files lie while they are evaluated.

The rule: a file here is readable by the gateway's user alone (0600), is written and read in threads, in the order it
was asked for, and is gone with its channel. All files together have a bound, and nobody has more than a quarter of it:
a transfer for which there is no room is refused, and the node lives.
"""

from __future__ import annotations

import hashlib
import os
import secrets
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, BinaryIO

import attrs
from twisted.internet.defer import Deferred
from twisted.logger import Logger
from twisted.python.failure import Failure

from gateway.domain.depot import Fetch, Settle
from gateway.domain.evaluation import Answers, Evaluate
from gateway.domain.facts import Fact
from gateway.runtime.digest import Digest
from gateway.runtime.leftovers import Leftovers
from gateway.runtime.run import Run

log = Logger()

CAPACITY = 8 * 1024**3
"""Bytes of all files together, unless it is set."""
SHARE = 4
"""One operator may have one part in so many."""
MOST_WAITING = 1024 * 1024
"""Bytes that may wait to be written before whoever sends them has to pause."""
READ_AT_ONCE = 1024 * 1024
FULL = "the gateway has no room to evaluate it now; try later"
TOO_LARGE = "it is larger than the gateway can evaluate"

InThread = Callable[..., "Deferred[Any]"]


@attrs.define(eq=False)
class Spool:
    """Hold the files of a node; the folder is its own."""

    folder: Path
    in_thread: InThread
    leftovers: Leftovers
    capacity: int = CAPACITY
    used: dict[str, int] = attrs.field(factory=dict)
    """Bytes by operator."""

    @classmethod
    def open(cls, folder: Path, in_thread: InThread, capacity: int = CAPACITY) -> Spool:
        """Make the folder (0700) and remove what a dead process left in it. Raises OSError."""
        folder.mkdir(mode=0o700, exist_ok=True)
        for old in folder.glob("*.part"):
            old.unlink()
        return cls(folder, in_thread, Leftovers.open(folder / "leftovers"), capacity)

    def depot(self, run: Run, channel: int) -> ChannelDepot:
        """Return where one channel's files lie."""
        return ChannelDepot(self, run, f"{run.id}/{channel}")

    def reserve(self, operator: str, count: int) -> str:
        """Take room for bytes; return why there is none, empty where there was."""
        mine = self.used.get(operator, 0) + count
        if count > 0 and mine > self.capacity // SHARE:
            return TOO_LARGE if mine - count == 0 else FULL
        if count > 0 and sum(self.used.values()) + count > self.capacity:
            return FULL
        if mine:
            self.used[operator] = mine
        else:
            self.used.pop(operator, None)
        return ""

    def answering(self) -> Mapping[type, Callable[[Run, Any], Deferred[Any]]]:
        """Return the questions that are answered here."""
        return {
            Settle: lambda run, question: question.kept.settle(),
            Fetch: lambda run, question: question.kept.fetch(question.offset, question.count),
        }


@attrs.define(eq=False)
class ChannelDepot:
    """Keep one channel's files."""

    spool: Spool
    run: Run
    name: str

    def create(self) -> SpoolFile:
        """Make an empty file; its ``failed`` says where there is no room."""
        return SpoolFile.make(self.spool, self.run.grant.policy.operator)

    def hashing(self) -> Digest:
        """Begin a digest."""
        return Digest()

    def token(self) -> str:
        """Return 128 random bits in hex."""
        return secrets.token_hex(16)

    def remember(self, path: bytes) -> None:
        """Note that a file of the gateway's own is about to be made on the target."""
        self.spool.leftovers.remember(self._place, self.name, path)

    def forget(self, path: bytes) -> None:
        """Note that it is there no more."""
        self.spool.leftovers.forget(self._place, path)

    def stale(self) -> tuple[bytes, ...]:
        """Return what earlier sessions on this target and account left."""
        return self.spool.leftovers.stale(self._place)

    def close(self) -> None:
        """Note that the channel is over."""
        self.spool.leftovers.over(self.name)

    @property
    def _place(self) -> tuple[str, str]:
        return self.run.grant.policy.target.name, self.run.grant.policy.account

    def observe(self, question: Evaluate, told: Callable[[Answers], Fact]) -> None:
        """Have a file evaluated that has passed already, tell the fact and release the file; nobody waits."""
        kept = question.spooled
        assert isinstance(kept, SpoolFile)  # noqa: S101 - create() made it
        done = kept.settle()
        done.addCallback(lambda _: self.run.answering(question))
        done.addErrback(self._unanswered)
        done.addCallback(lambda answers: self._told(answers, told, kept))

    def _unanswered(self, failure: Failure) -> None:
        log.failure("session {session}: a file could not be evaluated", failure, session=self.run.id)

    def _told(self, answers: Any, told: Callable[[Answers], Fact], kept: SpoolFile) -> None:
        self.run.tell(told(answers if isinstance(answers, Answers) else Answers(())))
        kept.release()


@attrs.define(eq=False)
class SpoolFile:
    """One file; ``size`` counts what was handed over, written or not."""

    spool: Spool
    operator: str
    path: str
    failed: str = ""
    size: int = 0
    sha256: str = ""
    _reserved: int = 0
    _file: int = -1
    _hash: Any = attrs.field(factory=hashlib.sha256)
    _hashed: int = 0
    """Up to where it was hashed; -1 where it was not written in order. Only threads touch it."""
    _steps: list[tuple[Callable[[], Any], Deferred[Any] | None]] = attrs.field(factory=list)
    _waiting: int = 0
    _busy: bool = False
    _released: bool = False

    @classmethod
    def make(cls, spool: Spool, operator: str) -> SpoolFile:
        """Make one, 0600."""
        path = spool.folder / f"{secrets.token_hex(16)}.part"
        made = cls(spool, operator, str(path))
        try:
            made._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        except OSError as fault:
            made._fail(fault)
        return made

    @property
    def lags(self) -> bool:
        """Say whether more waits to be written than should."""
        return self._waiting > MOST_WAITING

    def open(self) -> BinaryIO:
        """Open it for reading; call it from a thread."""
        return open(self.path, "rb")

    def write(self, offset: int, chunk: bytes) -> None:
        """Write bytes at an offset, behind what was written before; sets ``failed`` where there is no room."""
        if not chunk or self.failed or self._released or not self._grow(offset + len(chunk)):
            return
        self._waiting += len(chunk)
        self._do(lambda: self._written(offset, chunk))

    def truncate(self, size: int) -> None:
        """Cut or lengthen it, behind what was written before."""
        if self.failed or self._released or not self._grow(size):
            return
        self.size = size
        self._do(lambda: self._truncated(size))

    def settle(self) -> Deferred[str]:
        """Fire with ``failed`` when all is written and hashed."""
        done: Deferred[Any] = Deferred()
        self._do(self._finished, done)
        return done.addCallback(self._settled)

    def fetch(self, offset: int, count: int) -> Deferred[bytes]:
        """Fire with bytes of it, none where it failed."""
        done: Deferred[Any] = Deferred()
        self._do(lambda: os.pread(self._file, count, offset), done)
        return done.addCallback(lambda chunk: b"" if self.failed else chunk)

    def release(self) -> None:
        """Forget it and give its room back; once more changes nothing."""
        if self._released:
            return
        self._released = True
        self._do(self._removed)
        self.spool.reserve(self.operator, -self._reserved)

    # Room.

    def _grow(self, end: int) -> bool:
        if end > self._reserved:
            self.failed = self.spool.reserve(self.operator, end - self._reserved)
            if self.failed:
                return False
            self._reserved = end
        self.size = max(self.size, end)
        return True

    # In threads, one step after another.

    def _do(self, step: Callable[[], Any], done: Deferred[Any] | None = None) -> None:
        self._steps.append((step, done))
        self._go_on()

    def _go_on(self) -> None:
        if self._busy or not self._steps:
            return
        self._busy = True
        steps, self._steps = self._steps, []
        waiting = self._waiting
        self.spool.in_thread(_results, [step for step, _ in steps]).addCallback(
            self._done, [done for _, done in steps], waiting
        )

    def _done(self, results: list[Any], waiters: list[Deferred[Any] | None], waiting: int) -> None:
        self._busy, self._waiting = False, self._waiting - waiting
        for result, waiter in zip(results, waiters, strict=True):
            if isinstance(result, OSError):
                self._fail(result)
                result = None
            if waiter is not None:
                waiter.callback(result)
        self._go_on()

    def _fail(self, fault: OSError) -> None:
        log.error("the spool can not be used: {reason}", reason=fault.strerror)
        self.failed = self.failed or FULL

    def _settled(self, digest: str | None) -> str:
        self.sha256 = digest or ""
        return self.failed

    def _written(self, offset: int, chunk: bytes) -> None:
        view = memoryview(chunk)
        at = offset
        while view:
            count = os.pwrite(self._file, view, at)
            at, view = at + count, view[count:]
        if self._hashed == offset:
            self._hash.update(chunk)
            self._hashed += len(chunk)
        else:
            self._hashed = -1

    def _truncated(self, size: int) -> None:
        os.ftruncate(self._file, size)
        if size != self._hashed:
            self._hashed = -1

    def _finished(self) -> str:
        if self._hashed != os.fstat(self._file).st_size:
            self._hash, self._hashed = hashlib.sha256(), 0
            while chunk := os.pread(self._file, READ_AT_ONCE, self._hashed):
                self._hash.update(chunk)
                self._hashed += len(chunk)
        return str(self._hash.hexdigest())

    def _removed(self) -> None:
        if self._file >= 0:
            os.close(self._file)
            os.unlink(self.path)


def _results(steps: list[Callable[[], Any]]) -> list[Any]:
    """Do steps in a thread, in order; a step's OSError is its result."""
    results: list[Any] = []
    for step in steps:
        try:
            results.append(step())
        except OSError as fault:
            results.append(fault)
    return results
