"""A depot in memory, and answers to what gates ask of it."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable
from typing import Any, BinaryIO

import attrs

from gateway.domain.depot import Fetch, Settle
from gateway.domain.evaluation import Answers, Consider, Decision, Evaluate, Given, Keep, Verdict
from gateway.domain.facts import Fact


@attrs.define(eq=False)
class Kept:
    """A file in memory; ``room`` bytes fit into it."""

    room: int = 1 << 30
    content: bytearray = attrs.field(factory=bytearray)
    failed: str = ""
    lags: bool = False
    released: bool = False
    path: str = "/nowhere"

    @property
    def size(self) -> int:
        return len(self.content)

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.content).hexdigest()

    def open(self) -> BinaryIO:
        return io.BytesIO(self.content)

    def write(self, offset: int, chunk: bytes) -> None:
        assert not self.released
        if offset + len(chunk) > self.room:
            self.failed = "no room"
            return
        self.truncate(max(self.size, offset + len(chunk)))
        self.content[offset : offset + len(chunk)] = chunk

    def truncate(self, size: int) -> None:
        del self.content[size:]
        self.content += bytes(size - self.size)

    def release(self) -> None:
        self.released = True


@attrs.define(eq=False)
class Hashing:
    """A digest."""

    lags: bool = False
    _hash: Any = attrs.field(factory=hashlib.sha256)

    def take(self, chunk: bytes) -> None:
        self._hash.update(chunk)

    def finish(self) -> str:
        return str(self._hash.hexdigest())


@attrs.define(eq=False)
class Depot:
    """A depot in memory; ``verdict`` is what the inspectors say of every whole file, ``naming`` of every name."""

    verdict: Verdict = Verdict(Decision.ALLOW)
    naming: Verdict | None = None
    room: int = 1 << 30
    lags: bool = False
    files: list[Kept] = attrs.field(factory=list)
    hashings: list[Hashing] = attrs.field(factory=list)
    left: list[bytes] = attrs.field(factory=list)
    considered: list[Consider] = attrs.field(factory=list)
    evaluated: list[tuple[Evaluate, bytes]] = attrs.field(factory=list)
    observed: list[Fact] = attrs.field(factory=list)
    closed: bool = False
    full: bool = False
    lost: bool = False
    """Whether what was kept can not be read any more."""
    quarantine: str = "Q-1"

    def create(self) -> Kept:
        self.files.append(Kept(self.room, lags=self.lags, failed="no room" if self.full else ""))
        return self.files[-1]

    def hashing(self) -> Hashing:
        self.hashings.append(Hashing())
        return self.hashings[-1]

    def token(self) -> str:
        return f"{len(self.left):032x}"

    def remember(self, path: bytes) -> None:
        self.left.append(path)

    def forget(self, path: bytes) -> None:
        self.left.remove(path)

    def stale(self) -> tuple[bytes, ...]:
        return tuple(self.left)

    def close(self) -> None:
        self.closed = True

    def observe(self, question: Evaluate, told: Callable[[Answers], Fact]) -> None:
        self.observed.append(told(self.answer(question)))
        question.spooled.release()  # type: ignore[attr-defined]

    def answer(self, question: Any) -> Any:
        """Answer what a gate asks."""
        match question:
            case Settle():
                question.kept.lags = False
                return question.kept.failed
            case Fetch():
                content = question.kept.content[question.offset : question.offset + question.count]
                return b"" if self.lost else bytes(content)
            case Consider():
                self.considered.append(question)
                return () if self.naming is None else tuple(Given(each, self.naming) for each in question.inspectors)
            case Evaluate():
                self.evaluated.append((question, question.spooled.open().read()))
                return Answers(tuple(Given(each, self.verdict) for each in question.inspectors), "text")
            case Keep():
                return self.quarantine
        raise AssertionError(question)
