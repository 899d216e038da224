"""Where files lie while they are evaluated, as gates see it.

The rule: a gate never waits for a disk. It hands bytes over, and asks with :class:`Settle` and :class:`Fetch`; somebody
outside answers. What is kept is readable by the gateway's user alone and is forgotten with the channel.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, BinaryIO, Protocol

import attrs

from gateway.domain.evaluation import Answers, Evaluate
from gateway.domain.facts import Fact


class Kept(Protocol):
    """A file while it is kept by the gateway; writing and reading happen in threads. It is a ``Spooled``, too."""

    @property
    def size(self) -> int:
        """Its bytes, written or not."""

    @property
    def sha256(self) -> str:
        """Its SHA-256 in hex, once it is settled."""

    @property
    def path(self) -> str:
        """Where it lies (mode 0600)."""

    def open(self) -> BinaryIO:
        """Open it for reading; call it from a thread."""

    failed: str
    """Why it can not be kept, for the operator; empty while it can."""

    @property
    def lags(self) -> bool:
        """Say whether more waits to be written than should."""

    def write(self, offset: int, chunk: bytes) -> None:
        """Write bytes at an offset, behind what was written before; sets :attr:`failed` where there is no room."""

    def truncate(self, size: int) -> None:
        """Cut or lengthen it, behind what was written before."""

    def release(self) -> None:
        """Forget it and give its room back; once more changes nothing."""


class Hashing(Protocol):
    """SHA-256 of what passes, worked out in a thread."""

    @property
    def lags(self) -> bool:
        """Say whether more waits to be hashed than should."""

    def take(self, chunk: bytes) -> None:
        """Take the next bytes."""

    def finish(self) -> str:
        """Return the digest in hex."""


class Depot(Protocol):
    """Where files lie meanwhile, and what has to be known beyond one channel."""

    def create(self) -> Kept:
        """Make an empty file; its ``failed`` says where there is no room."""

    def hashing(self) -> Hashing:
        """Begin a digest."""

    def token(self) -> str:
        """Return 128 random bits in hex."""

    def remember(self, path: bytes) -> None:
        """Note that a file of the gateway's own is about to be made on the target."""

    def forget(self, path: bytes) -> None:
        """Note that it is there no more."""

    def stale(self) -> tuple[bytes, ...]:
        """Return what earlier sessions on this target and account left."""

    def close(self) -> None:
        """Note that the channel is over: what is remembered still is stale."""

    def observe(self, question: Evaluate, told: Callable[[Answers], Fact]) -> None:
        """Have a file evaluated that has passed already, tell the fact and release the file; nobody waits."""


@attrs.frozen
class Settle:
    """Ask that all of a file is written and hashed; the answer is its ``failed``."""

    kept: Kept


@attrs.frozen
class Fetch:
    """Ask for bytes of a file; the answer is those, fewer only at its end."""

    kept: Kept
    offset: int
    count: int


@attrs.frozen
class Question:
    """Ask somebody outside; the answer comes when both sides have taken most of what was written to them."""

    question: Any
