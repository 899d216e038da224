"""The gate of scp's old protocol.

The rule: what nobody reads yet rests here, in order and unrefunded. What the protocol does not have ends the channel.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import attrs

from gateway.domain.depot import Question
from gateway.domain.facts import Fact
from gateway.domain.lane import (
    Answered,
    Ask,
    Bytes,
    Close,
    Credit,
    Effect,
    End,
    Event,
    Hold,
    Lane,
    Order,
    Refuse,
    Tell,
    Tick,
)
from gateway.domain.scp.paths import Paths
from gateway.domain.scp.relay import LONGEST_LINE, Message, NotScp, Relay, Some
from gateway.domain.transfer import Desk

BROKEN = 77


@attrs.define(eq=False)
class ScpGate:
    """Read both streams of an scp channel whose command line is known."""

    desk: Desk
    command: str
    relay: Relay = attrs.field(init=False)
    over: bool = attrs.field(init=False, default=False)
    _job: Any = attrs.field(init=False)
    _wanted: Message | Some | None = attrs.field(init=False, default=None)
    _ticket: int = attrs.field(init=False, default=0)
    _streams: dict[Lane, bytes] = attrs.field(init=False, factory=lambda: dict.fromkeys(Lane, b""))
    _held: dict[Lane, int] = attrs.field(init=False, factory=lambda: dict.fromkeys(Lane, 0))
    _ends: list[End] = attrs.field(init=False, factory=list)

    def __attrs_post_init__(self) -> None:
        """Begin to relay."""
        self.relay = Relay(self.desk, Paths.of(self.command))
        self._job = self.relay.run()
        self._wanted = self._job.send(None)

    @property
    def lags(self) -> bool:
        """Say whether more waits to be hashed or copied than should."""
        passage = self.relay.current.passage if self.relay.current is not None else None
        return passage is not None and passage.lags

    def passes(self, lane: Lane, view: memoryview) -> bool:
        """Say whether a chunk is nothing but bytes of a file that nobody decides about, and note it if so.

        The last of them go the ordinary way, because something has to follow.
        """
        relay, current = self.relay, self.relay.current
        if lane is not relay.forward or len(view) >= relay.left or self._streams[lane]:
            return False
        if current is None or current.passage is None or current.passage.copy is not None:
            return False
        relay.left -= len(view)
        current.passage.take(current.passage.next, bytes(view))
        return True

    @property
    def due(self) -> float | None:
        """Say when the operator is to be told that his file is still being evaluated."""
        return self.desk.due

    def weigh(self, event: Event, at: float) -> Iterable[Event | Effect]:
        """Weigh one event."""
        self.desk.at = at
        if self.over and not isinstance(event, Close):
            return []
        try:
            return [*self._weighed(event), *self._account()]
        except NotScp as fault:
            told = {"reason": "malformed", "what": str(fault), "channel": self.desk.channel}
            return [
                *self.unfinished(), Tell(Fact("channel.refused", told)),
                Refuse(BROKEN, f"the transfer was ended: what came is not scp ({fault})"),
            ]  # fmt: skip

    def unfinished(self) -> Iterator[Tell]:
        """Forget the file that is on its way; tell what became of it."""
        self.over = True
        self._job.close()
        self.desk.depot.close()
        current, self.relay.current = self.relay.current, None
        if current is None:
            return
        if current.kept is not None:
            yield self.desk.told(current.transfer, outcome="aborted", bytes=current.kept.size)
            current.kept.release()
            return
        assert current.passage is not None  # noqa: S101 - a file is kept or passes
        yield self.desk.passed(current.transfer, current.passage, current.begun, "aborted")
        if current.passage.copy is not None:
            current.passage.copy.release()

    def _weighed(self, event: Event) -> Iterator[Event | Effect]:
        match event:
            case Bytes(stderr=False):
                self._streams[event.lane] += event.chunk
                yield from self._read()
            case End():
                self._ends.append(event)
                yield from self._leave()
            case Close():
                yield from self.unfinished()
                self._streams = dict.fromkeys(Lane, b"")
                yield event
            case Answered():
                yield from self._drive(event.answer)
                yield from self._read()
            case Tick():
                yield from self.desk.patience()
            case Order():
                pass
            case _:
                yield event

    def _read(self) -> Iterator[Event | Effect]:
        """Let the job go on as far as what came reaches."""
        while self._wanted is not None:
            found = self._take(self._wanted)
            if found is None:
                break
            yield from self._drive(found)
        yield from self._leave()

    def _leave(self) -> Iterator[Effect]:
        """Let a stream end when all that came on it and can be read was read."""
        if self._wanted is not None:
            ends, self._ends = self._ends, []
            yield from ends

    def _take(self, wanted: Message | Some) -> bytes | None:
        stream = self._streams[wanted.lane]
        size = _length(stream) if isinstance(wanted, Message) else min(self.relay.left or wanted.count, len(stream))
        if not size:
            return None
        self._streams[wanted.lane] = stream[size:]
        return stream[:size]

    def _drive(self, value: Any) -> Iterator[Event | Effect]:
        self._wanted = None
        while True:
            step = self._job.send(value)
            value = None
            match step:
                case Message() | Some():
                    self._wanted = step
                    return
                case Question():
                    self._ticket += 1
                    yield Ask(self._ticket, Lane.TO_TARGET, step.question)
                    return
                case _:
                    yield step

    def _account(self) -> Iterator[Effect]:
        for lane, stream in self._streams.items():
            more, self._held[lane] = len(stream) - self._held[lane], len(stream)
            if more:
                yield Hold(lane, more) if more > 0 else Credit(lane, -more)


def _length(stream: bytes) -> int:
    """Return how long the message is that a stream begins with, 0 while it is not whole; raise :exc:`NotScp`."""
    if stream[:1] == b"\0":
        return 1
    end = stream.find(b"\n", 0, LONGEST_LINE) + 1
    if not end and len(stream) >= LONGEST_LINE:
        raise NotScp("a line without an end")
    return end
