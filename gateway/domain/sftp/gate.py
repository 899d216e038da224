"""The gate of SFTP: every packet of both streams is read before anything of it goes on.

The rule: requests are worked off one after another; while a job runs, what the operator sent waits, in order and
unrefunded, and answers of the target go on. Requests that nobody decides about are passed on at once, so pipelining
stays what it was. What can be no packet, or answers nothing, ends the channel; nothing of it goes on.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from typing import Any

import attrs

from gateway.domain.depot import Question
from gateway.domain.facts import Fact
from gateway.domain.joining import joined
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
    Request,
    Tell,
    Tick,
)
from gateway.domain.passage import Passage
from gateway.domain.sftp import codec
from gateway.domain.sftp.codec import INIT, VERSION, VERSION_SPOKEN, Malformed, Reply, number, packet, status
from gateway.domain.sftp.cursor import Cursor, Head, Part, Piece, Whole
from gateway.domain.sftp.handles import MOST_WAITING, OWN_IDS, Lot, Opened, Table, Waiting
from gateway.domain.sftp.passing import abandoned, answered, took
from gateway.domain.sftp.placing import begun
from gateway.domain.sftp.routes import route
from gateway.domain.sftp.steps import WAIT, Answer, Forward, Job, Send, settled
from gateway.domain.transfer import Desk

BROKEN = 77
UP, DOWN = Lane.TO_TARGET, Lane.TO_OPERATOR


@attrs.define(eq=False)
class SftpGate:
    """Read both streams of an SFTP channel."""

    desk: Desk
    table: Table = attrs.field(init=False)
    up: Cursor = attrs.field(init=False, factory=Cursor)
    down: Cursor = attrs.field(init=False, factory=Cursor)
    writing: tuple[Opened | None, Head] | None = attrs.field(init=False, default=None)
    """The file and head of the WRITE whose bytes come now; no file: they go nowhere."""
    reading: Waiting | None = attrs.field(init=False, default=None)
    """The READ whose bytes come now."""
    recent: Passage | None = attrs.field(init=False, default=None)
    """Where bytes passed last."""
    over: bool = attrs.field(init=False, default=False)
    spoken: bool = attrs.field(init=False, default=False)
    """Whether both sides have said their versions."""
    _hailed: bool = attrs.field(init=False, default=False)
    _job: Job | None = attrs.field(init=False, default=None)
    _waits: bool = attrs.field(init=False, default=False)
    _inbox: deque[tuple[Any, Reply]] = attrs.field(init=False, factory=deque)
    _ticket: int = attrs.field(init=False, default=0)
    _next_id: int = attrs.field(init=False, default=OWN_IDS)
    _later: list[bytes] = attrs.field(init=False, factory=list)
    """Own answers that wait for the end of a DATA that is being passed."""
    _ends: list[End | Close] = attrs.field(init=False, factory=list)
    _held: dict[Lane, int] = attrs.field(init=False, factory=lambda: dict.fromkeys(Lane, 0))
    _exit_told: bool = attrs.field(init=False, default=False)

    def __attrs_post_init__(self) -> None:
        """Begin with nothing open."""
        self.table = Table(self.desk)

    @property
    def idle(self) -> bool:
        """Say whether nothing waits to be done or said, so that bodies may pass where they stand."""
        return self.spoken and self._job is None and not (self._later or self._ends or self.over)

    @property
    def lags(self) -> bool:
        """Say whether more waits to be hashed or copied than should."""
        return self.recent is not None and self.recent.lags

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
            return joined([*self._weighed(event), *self._account()])
        except Malformed as fault:
            self.over = True
            told = {"reason": "malformed", "what": str(fault), "channel": self.desk.channel}
            return [
                *abandoned(self.table), Tell(Fact("channel.refused", told)),
                Refuse(BROKEN, f"the transfer was ended: what came is not SFTP ({fault})"),
            ]  # fmt: skip

    def unfinished(self) -> Iterator[Tell]:
        """Forget every file that is open; tell what became of each."""
        self._drop_job()
        yield from abandoned(self.table)
        self.desk.depot.close()

    def _weighed(self, event: Event) -> Iterator[Event | Effect]:
        match event:
            case Bytes(lane=Lane.TO_TARGET):
                self.up.push(event.chunk)
                yield from self._work()
            case Bytes(lane=Lane.TO_OPERATOR, stderr=False):
                self.down.push(event.chunk)
                yield from self._listen()
                yield from self._work()
            case End() | Close():
                yield from self._ended(event)
            case Answered():
                yield from self._drive(event.answer)
                yield from self._work()
            case Tick():
                yield from self.desk.patience()
            case Order():
                pass
            case _:
                self._exit_told |= isinstance(event, Request) and event.name in ("exit-status", "exit-signal")
                yield event

    def _account(self) -> Iterator[Effect]:
        """Account for what came and rests here, so that it is not refunded."""
        for lane, cursor in ((UP, self.up), (DOWN, self.down)):
            more, self._held[lane] = cursor.resting - self._held[lane], cursor.resting
            if more:
                yield Hold(lane, more) if more > 0 else Credit(lane, -more)

    def _ended(self, event: End | Close) -> Iterator[Event | Effect]:
        if isinstance(event, End) and event.lane is UP:
            self._ends.append(event)
            yield from self._work()
            return
        if isinstance(event, Close):
            undo = b"".join(self.table.undo.values())
            yield from self.unfinished()
            self.over = True
            self.up, self.down = Cursor(), Cursor()
            if event.lane is UP and undo:
                yield Bytes(UP, undo)
            if event.lane is DOWN and not self._exit_told:
                yield Request(DOWN, "exit-status", number(0))
        yield event

    # The operator's stream.

    def _work(self) -> Iterator[Event | Effect]:
        """Work off what the operator sent, as far as that may go on now."""
        while self._may_go_on():
            piece = self.up.take()
            if piece is None:
                break
            yield from self._asked(piece)
        if self._ends and self._job is None and not self.over:
            ends, self._ends = self._ends, []
            yield from ends

    def _may_go_on(self) -> bool:
        if self._job is not None or self.over or (self._hailed and not self.spoken):
            return False
        return len(self.table.waiting) < MOST_WAITING

    def _asked(self, piece: Piece) -> Iterator[Event | Effect]:
        if not self._hailed:
            yield self._hail(piece)
        elif isinstance(piece, Head):
            yield from self._write(piece)
        elif isinstance(piece, Part):
            yield from self._write_part(piece)
        else:
            yield from self._request(piece)

    def _hail(self, piece: Piece) -> Effect:
        if not isinstance(piece, Whole) or piece.kind != INIT or codec.Fields(piece.body).number() < VERSION_SPOKEN:
            raise Malformed("it does not begin with a version that is spoken here")
        self._hailed = True
        return Bytes(UP, packet(INIT, number(VERSION_SPOKEN)))

    def _request(self, whole: Whole) -> Iterator[Event | Effect]:
        asked = codec.asked(whole.kind, whole.body)
        request = codec.Fields(whole.body).number()
        self._check_id(request)
        if asked is None:
            yield from self._answer(status(request, codec.UNSUPPORTED, "not permitted through this gateway"))
            return
        chosen = route(self.table, asked, whole.raw)
        match chosen:
            case Forward():
                yield self._pass(chosen)
            case Answer():
                yield from self._answer(chosen.raw)
            case _:
                yield from self._start(chosen)

    def _check_id(self, request: int) -> None:
        if request in self.table.waiting:
            raise Malformed("an id that waits for its answer already")

    def _pass(self, forward: Forward) -> Effect:
        asked = forward.asked
        self.table.waiting[asked.id] = took(self.table, asked)
        return Bytes(UP, forward.raw)

    def _write(self, head: Head) -> Iterator[Event | Effect]:
        if head.kind != codec.WRITE:
            raise Malformed("an answer where a request should be")
        self._check_id(head.id)
        opened = self.table.files.get(head.handle)
        if opened is not None and (opened.lot not in (Lot.PASSED, Lot.INCOMING) or not opened.writes):
            opened = None
        if opened is not None and opened.lot is Lot.PASSED:
            self.table.waiting[head.id] = Waiting(codec.WRITE, opened=opened)
            yield Bytes(UP, head.raw)
        elif opened is not None and opened.kept is not None and opened.flags & codec.APPEND:
            head = attrs.evolve(head, offset=opened.kept.size)
        self.writing = (opened, head)
        if not head.count:
            yield from self._write_part(Part(b"", True))

    def _write_part(self, part: Part) -> Iterator[Event | Effect]:
        assert self.writing is not None  # noqa: S101 - parts follow their head
        opened, head = self.writing
        self.writing = (opened, attrs.evolve(head, offset=head.offset + len(part.chunk)))
        if opened is not None and opened.up is not None:
            opened.up.take(head.offset, part.chunk)
            self.recent = opened.up
            if part.chunk:
                yield Bytes(UP, part.chunk)
        elif opened is not None and opened.kept is not None:
            if not opened.kept.failed:
                opened.kept.write(head.offset, part.chunk)
            if opened.kept.lags:
                yield from self._start(settled(opened.kept))
        if part.last:
            self.writing = None
            if opened is None or opened.lot is Lot.INCOMING:
                yield from self._answer(_written(head.id, opened))

    def _answer(self, raw: bytes) -> Iterator[Effect]:
        """Answer the operator, behind a DATA that is being passed to him."""
        if self.reading is not None and not self.reading.own:
            self._later.append(raw)
        else:
            yield Bytes(DOWN, raw)

    # The job.

    def _start(self, job: Job) -> Iterator[Event | Effect]:
        self._job = job
        yield from self._drive(None)

    def _drive(self, value: Any) -> Iterator[Event | Effect]:
        """Let the job go on until it has to wait."""
        job, self._waits = self._job, False
        while job is not None:
            try:
                step = job.send(value)
            except StopIteration:
                self._job = None
                return
            value = None
            if isinstance(step, Question):
                self._ticket += 1
                yield Ask(self._ticket, UP, step.question)
                return
            if step is WAIT:
                if not self._inbox:
                    self._waits = True
                    return
                value = self._inbox.popleft()
            else:
                yield from self._step(step)

    def _step(self, step: Any) -> Iterator[Event | Effect]:
        match step:
            case Send():
                yield self._send(step)
            case Answer():
                yield from self._answer(step.raw)
            case Forward():
                yield self._pass(step)
            case _:
                yield step

    def _send(self, step: Send) -> Effect:
        while self._next_id in self.table.waiting:
            self._next_id = max(OWN_IDS, (self._next_id + 1) & 0xFFFFFFFF)
        request = self._next_id
        self.table.waiting[request] = Waiting(
            step.kind, own=True, sink=step.sink, offset=step.offset, count=codec.LONGEST_PACKET, tag=step.tag
        )
        self._next_id = max(OWN_IDS, (self._next_id + 1) & 0xFFFFFFFF)
        return Bytes(UP, packet(step.kind, number(request) + step.body))

    def _drop_job(self) -> None:
        job, self._job = self._job, None
        if job is not None:
            job.close()
        self._inbox.clear()

    # The target's stream.

    def _listen(self) -> Iterator[Event | Effect]:
        while (piece := self.down.take()) is not None:
            if isinstance(piece, Head):
                yield from self._begin_answer(piece)
            elif isinstance(piece, Part):
                yield from self._read_part(piece)
            elif self.spoken:
                yield from self._answered(piece)
            else:
                yield from self._greeted(piece)

    def _greeted(self, piece: Whole) -> Iterator[Event | Effect]:
        if not self._hailed or piece.kind != VERSION:
            raise Malformed("the target did not say its version")
        raw, self.table.extensions = codec.version(piece.body)
        self.spoken = True
        yield Bytes(DOWN, raw)
        if self.desk.decides("upload") or self.desk.decides("download"):
            yield from self._start(begun(self.table))

    def _waiting(self, request: int) -> Waiting:
        waiting = self.table.waiting.pop(request, None)
        if waiting is None:
            raise Malformed("an answer to nothing")
        return waiting

    def _begin_answer(self, head: Head) -> Iterator[Event | Effect]:
        waiting = self._waiting(head.id)
        if head.kind != codec.DATA or waiting.kind != codec.READ or head.count > waiting.count:
            raise Malformed("a DATA that nobody asked for")
        self.reading = waiting
        waiting.count = head.count
        if not waiting.own:
            yield Bytes(DOWN, head.raw)

    def _read_part(self, part: Part) -> Iterator[Event | Effect]:
        waiting = self.reading
        assert waiting is not None  # noqa: S101 - parts follow their head
        if waiting.sink is not None:
            if not waiting.sink.failed:
                waiting.sink.write(waiting.offset, part.chunk)
        else:
            assert waiting.opened is not None and waiting.opened.down is not None  # noqa: S101 - routes saw to it
            waiting.opened.down.take(waiting.offset, part.chunk)
            self.recent = waiting.opened.down
            yield Bytes(DOWN, part.chunk)
        waiting.offset += len(part.chunk)
        if not part.last:
            return
        self.reading = None
        if waiting.own:
            yield from self._deliver(waiting, Reply(codec.DATA, 0, length=waiting.count))
        later, self._later = self._later, []
        yield from (Bytes(DOWN, raw) for raw in later)

    def _answered(self, whole: Whole) -> Iterator[Event | Effect]:
        waiting = self._waiting(codec.Fields(whole.body).number())
        if waiting.own:
            yield from self._deliver(waiting, codec.reply(whole.kind, whole.body))
        else:
            yield from answered(self.table, waiting, whole)

    def _deliver(self, waiting: Waiting, answer: Reply) -> Iterator[Event | Effect]:
        self._inbox.append((waiting.tag, answer))
        if self._job is None:
            self._inbox.clear()
        elif self._waits:
            yield from self._drive(self._inbox.popleft())


def _written(request: int, opened: Opened | None) -> bytes:
    if opened is None or opened.kept is None:
        return status(request, codec.FAILURE, "no such handle")
    failed = opened.kept.failed
    return status(request, codec.FAILURE if failed else codec.OK, failed or "Success")
