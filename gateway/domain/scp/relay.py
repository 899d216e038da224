"""The protocol of scp as one job: what the source says goes on when it may, what the sink answers goes back.

The rule: one message after another, each answered before the next; what is no message ends the channel. Where a rule
decides, the gateway is the sink for a whole file first, and its source when the file has passed.

Known limits: the target writes a file in place, for this protocol has no renaming; what it writes was evaluated.
"""

from __future__ import annotations

import re
from collections.abc import Generator
from typing import Any

import attrs

from gateway.domain.depot import Fetch, Kept, Question, Settle
from gateway.domain.evaluation import Evaluation, Transfer
from gateway.domain.lane import Bytes, Effect, Lane, Notice
from gateway.domain.passage import Passage
from gateway.domain.scp.paths import Paths
from gateway.domain.transfer import Desk
from gateway.domain.verdict import shown

LONGEST_LINE = 8 * 1024
FETCHED_AT_ONCE = 256 * 1024
_FILE = re.compile(rb"[CD]([0-7]{3,5}) (\d{1,19}) ([^\0/\n]+)\n")
_TIMES = re.compile(rb"T\d{1,20} \d{1,6} \d{1,20} \d{1,6}\n")
GOOD = b"\0"


class NotScp(ValueError):
    """What came is no message of this protocol."""


@attrs.frozen
class Message:
    """Wait for a message on a lane: one zero byte, or a line."""

    lane: Lane


@attrs.frozen
class Some:
    """Wait for some bytes of a file, at most so many."""

    lane: Lane
    count: int


@attrs.define(eq=False)
class Current:
    """The file that is on its way."""

    transfer: Transfer
    passage: Passage | None
    begun: float
    kept: Kept | None = None


@attrs.define(eq=False)
class Relay:
    """Relay between a source and a sink."""

    desk: Desk
    paths: Paths
    current: Current | None = attrs.field(init=False, default=None)
    left: int = attrs.field(init=False, default=0)
    """Bytes still to come of a file that passes as it comes."""

    @property
    def direction(self) -> str:
        """Say which way the files go."""
        return "upload" if self.paths.upload else "download"

    @property
    def forward(self) -> Lane:
        """The lane that files travel along."""
        return Lane.TO_TARGET if self.paths.upload else Lane.TO_OPERATOR

    @property
    def back(self) -> Lane:
        """The lane that the sink's answers travel along."""
        return Lane.TO_OPERATOR if self.paths.upload else Lane.TO_TARGET

    def run(self) -> Generator[Any, Any, None]:
        """Relay until the source has nothing more."""
        yield from self._answered()
        while True:
            line = yield Message(self.forward)
            match line[:1]:
                case b"C":
                    yield from self._file(line)
                case b"D" | b"E":
                    yield from self._folder(line)
                case b"T":
                    yield from self._dated(line)
                case b"\1" | b"\2":
                    yield self._on(line)
                case _:
                    raise NotScp(f"a message that begins with {line[:1]!r}")

    def _on(self, chunk: bytes) -> Effect:
        return Bytes(self.forward, chunk)

    def _reply(self, chunk: bytes) -> Effect:
        return Bytes(self.back, chunk)

    def _answered(self) -> Generator[Any, Any, bytes]:
        """Pass the sink's answer back."""
        answer: bytes = yield Message(self.back)
        yield self._reply(answer)
        return answer

    def _folder(self, line: bytes) -> Generator[Any, Any, None]:
        named = _FILE.fullmatch(line)
        if line[:1] == b"D" and named is None:
            raise NotScp("a folder without a name")
        yield self._on(line)
        answer = yield from self._answered()
        if named is None:
            self.paths.leave()
        elif answer == GOOD:
            self.paths.enter(named[3])

    def _dated(self, line: bytes) -> Generator[Any, Any, None]:
        """Pass the times of what follows on."""
        if _TIMES.fullmatch(line) is None:
            raise NotScp("times that are none")
        yield self._on(line)
        yield from self._answered()

    def _file(self, line: bytes) -> Generator[Any, Any, None]:
        named = _FILE.fullmatch(line)
        if named is None:
            raise NotScp("a file without a size and a name")
        size = int(named[2])
        paths = self.paths.candidates(named[3])
        transfers = [self.desk.transfer(self.direction, path, path, size=size) for path in paths]
        if self.desk.decides(self.direction):
            yield from self._weighed(line, size, transfers)
        else:
            yield from self._passed(line, size, transfers[0])

    # A file that nobody decides about.

    def _passed(self, line: bytes, size: int, transfer: Transfer) -> Generator[Any, Any, None]:
        desk = self.desk
        copy = desk.depot.create() if desk.observes(self.direction) else None
        passage = Passage(desk.depot.hashing(), copy=copy)
        self.current = Current(transfer, passage, desk.at)
        yield self._on(line)
        if (yield from self._answered()) != GOOD:
            yield from self._told(passage, "failed")
            return
        self.left = size
        while self.left:
            chunk = yield Some(self.forward, self.left)
            passage.take(passage.next, chunk)
            self.left -= len(chunk)
            yield self._on(chunk)
        tail = yield Message(self.forward)
        passage.whole = tail == GOOD
        yield self._on(tail)
        answer = yield from self._answered()
        yield from self._told(passage, "transferred" if answer == tail == GOOD else "failed")

    def _told(self, passage: Passage, outcome: str) -> Generator[Any, Any, None]:
        current, self.current = self.current, None
        assert current is not None  # noqa: S101 - it was set when the file began
        if passage.copy is not None and passage.count and not passage.copy.failed:
            self.desk.observed(current.transfer, passage, current.begun, outcome)
            return
        if passage.copy is not None:
            passage.copy.release()
        yield self.desk.passed(current.transfer, passage, current.begun, outcome)

    # A file that rules decide about.

    def _weighed(self, line: bytes, size: int, transfers: list[Transfer]) -> Generator[Any, Any, None]:
        desk, transfer = self.desk, transfers[0]
        for each in transfers:
            found = yield from desk.considered(each)
            if found.denies:
                yield from desk.denied(each, found)
                yield from self._refused(each, found.reason, begun=False)
                yield from desk.acted(found)
                return
        kept = desk.depot.create()
        self.current = Current(transfer, None, desk.at, kept)
        yield self._reply(GOOD)
        at = 0
        while at < size:
            chunk = yield Some(self.forward, size - at)
            if not kept.failed:
                kept.write(at, chunk)
            at += len(chunk)
            if kept.lags:
                yield Question(Settle(kept))
        tail = yield Message(self.forward)
        if tail != GOOD or kept.failed:
            yield from self._spoiled(transfer, kept, kept.failed or _words(tail))
        else:
            yield from self._decided(line, transfer, kept)
        self.current = None
        kept.release()

    def _spoiled(self, transfer: Transfer, kept: Kept, why: str) -> Generator[Any, Any, None]:
        yield self.desk.told(transfer, outcome="failed", reason=shown(why), bytes=kept.size)
        yield Notice(f"{transfer.direction} of {shown(transfer.path)} failed: {shown(why)}")
        yield from self._refused(transfer, why, begun=True)

    def _decided(self, line: bytes, transfer: Transfer, kept: Kept) -> Generator[Any, Any, None]:
        desk, begun = self.desk, self.desk.at
        found, kind = yield from desk.weighed(transfer, kept)
        more = {"type": kind, "seconds": round(desk.at - begun, 3)}
        if found.denies:
            yield from desk.denied(transfer, found, kept, **more)
            yield from self._refused(transfer, found.reason, begun=True)
            yield from desk.acted(found)
            return
        # Not before: a source that has its answer may leave, and take the channel with it.
        answer = yield from self._sent(line, kept)
        yield self._reply(answer)
        yield self._done(transfer, kept, found, answer, more)

    def _done(self, transfer: Transfer, kept: Kept, found: Evaluation, answer: bytes, more: dict[str, Any]) -> Effect:
        told = {"bytes": kept.size, "sha256": kept.sha256, "verdicts": list(found.verdicts), "score": found.score}
        if answer != GOOD:
            return self.desk.told(transfer, outcome="failed", reason=shown(_words(answer)), **told, **more)
        placed = {"placed": "in_place"} if self.paths.upload else {}
        return self.desk.told(transfer, whole=True, **told, **more, **placed)

    def _sent(self, line: bytes, kept: Kept) -> Generator[Any, Any, bytes]:
        """Be the source of a file that has passed; return the sink's last answer."""
        yield self._on(line)
        answer: bytes = yield Message(self.back)
        if answer != GOOD:
            return answer
        at = 0
        while at < kept.size:
            chunk = yield Question(Fetch(kept, at, FETCHED_AT_ONCE))
            if not chunk:
                raise NotScp("what the gateway kept is gone")
            yield self._on(chunk)
            at += len(chunk)
        yield self._on(GOOD)
        answer = yield Message(self.back)
        return answer

    def _refused(self, transfer: Transfer, why: str, begun: bool) -> Generator[Any, Any, None]:
        """Answer the source that its file is not taken; where that is the target, tell the operator's scp."""
        words = b"\1scp: " + shown(f"{transfer.path}: {why}").encode("utf-8", "replace") + b"\n"
        if self.paths.upload:
            yield self._reply(words)
            return
        # A target that is told so would say it again; one that has sent the whole file is told that it was taken.
        yield self._reply(GOOD if begun else words)
        yield self._on(words)


def _words(answer: bytes) -> str:
    return answer[1:].decode("utf-8", "replace").strip() or "it broke off"
