"""A client, the gate in a flow of its own, and a target: packets in, packets and effects out."""

from __future__ import annotations

from typing import Any

import attrs

from gateway.domain.entries import TransferRule
from gateway.domain.facts import Fact
from gateway.domain.flow import Flow
from gateway.domain.lane import Answered, Ask, Bytes, Close, Effect, End, Event, Lane, Notice, Tell
from gateway.domain.risk import Risk
from gateway.domain.sftp import codec
from gateway.domain.sftp.codec import Asked, Attributes, Reply, long, number, packet, string
from gateway.domain.sftp.cursor import Cursor, Head, Part, Whole
from gateway.domain.sftp.gate import SftpGate
from gateway.domain.transfer import Desk
from tests.domain.depots import Depot
from tests.domain.policies import policy
from tests.domain.sftp.server import Server

UP, DOWN = Lane.TO_TARGET, Lane.TO_OPERATOR
RULE = TransferRule("no-malware", inspectors=("clamd",))
FULL = codec.FOR_WRITING | codec.CREATE | codec.TRUNCATE


@attrs.define(eq=False)
class Talk:
    """Talk to a target through the gate; ``rules`` decide."""

    rules: tuple[TransferRule, ...] = ()
    depot: Depot = attrs.field(factory=Depot)
    server: Server = attrs.field(factory=Server)
    grant: dict[str, Any] = attrs.field(factory=dict)
    hold: bool = False
    """Whether questions wait until :meth:`answer`."""
    gate: SftpGate = attrs.field(init=False)
    effects: list[Effect] = attrs.field(factory=list)
    asks: list[Ask] = attrs.field(factory=list)
    _flow: Flow = attrs.field(init=False)
    _heard: Cursor = attrs.field(init=False, factory=Cursor)
    _next: int = 0

    def __attrs_post_init__(self) -> None:
        frozen = policy(**self.grant)
        frozen = attrs.evolve(frozen, transfers=self.rules)
        self.gate = SftpGate(Desk(frozen, self.depot, Risk(), "S-1", 1, "sftp"))
        self._flow = Flow((self.gate,))

    def begin(self) -> Talk:
        """Exchange versions."""
        self.up(packet(codec.INIT, number(3)))
        whole = self._heard.take()
        assert isinstance(whole, Whole) and whole.kind == codec.VERSION, (whole, self.effects)
        return self

    # The wire.

    def up(self, chunk: bytes) -> None:
        """Send bytes as the client."""
        self.feed(Bytes(UP, chunk))

    def feed(self, event: Event, at: float = 0.0) -> None:
        """Feed an event and do what comes of it."""
        for effect in self._flow.feed(event, at):
            match effect:
                case Bytes(lane=Lane.TO_TARGET):
                    answers = self.server.feed(effect.chunk)
                    if answers:
                        self.feed(Bytes(DOWN, answers), at)
                case Bytes(stderr=False):
                    self._heard.push(effect.chunk)
                case Ask():
                    self.asks.append(effect)
                    if not self.hold:
                        self.answer()
                case _:
                    self.effects.append(effect)

    def answer(self) -> None:
        """Answer the oldest question."""
        ask = self.asks.pop(0)
        self.feed(Answered(ask.ticket, self.depot.answer(ask.question)))

    def replies(self) -> list[Reply | bytes]:
        """Return what the client heard since it last asked; the bytes of a DATA are bytes."""
        found: list[Reply | bytes] = []
        while (piece := self._heard.take()) is not None:
            if isinstance(piece, Part):
                last = found[-1] if found and isinstance(found[-1], bytes) else None
                found = [*found[:-1], last + piece.chunk] if last is not None else [*found, piece.chunk]
            elif isinstance(piece, Head):
                found.append(b"")
            else:
                found.append(codec.reply(piece.kind, piece.body))
        return found

    # The client.

    def ask(self, kind: int, body: bytes) -> Any:
        """Send a request; return its answer, None where there is none yet."""
        self._next += 1
        self.up(packet(kind, number(self._next) + body))
        found = self.replies()
        return found[-1] if found else None

    def open(self, path: bytes, flags: int = FULL, mode: int | None = None) -> Any:
        """Open a file; return its handle, or the refusal."""
        answer = self.ask(codec.OPEN, string(path) + number(flags) + Attributes(mode=mode).sent())
        return answer.handle if isinstance(answer, Reply) and answer.kind == codec.HANDLE else answer

    def write(self, handle: bytes, offset: int, chunk: bytes) -> Any:
        """Write."""
        return self.ask(codec.WRITE, string(handle) + long(offset) + string(chunk))

    def read(self, handle: bytes, offset: int = 0, count: int = 32768) -> Any:
        """Read."""
        return self.ask(codec.READ, string(handle) + long(offset) + number(count))

    def close(self, handle: bytes) -> Any:
        """Close."""
        return self.ask(codec.CLOSE, string(handle))

    def put(self, path: bytes, content: bytes, flags: int = FULL) -> Any:
        """Upload; return the answer to CLOSE."""
        handle = self.open(path, flags)
        assert isinstance(handle, bytes), handle
        for at in range(0, max(1, len(content)), 200_000):
            assert self.write(handle, at, content[at : at + 200_000]).code == codec.OK
        return self.close(handle)

    def get(self, path: bytes) -> Any:
        """Download; return the bytes, or the refusal."""
        handle = self.open(path, codec.FOR_READING)
        if not isinstance(handle, bytes):
            return handle
        content = b""
        while isinstance(chunk := self.read(handle, len(content)), bytes):
            content += chunk
        self.close(handle)
        return content

    def paths(self, kind: int, *paths: bytes) -> Any:
        """Ask a request whose fields are paths."""
        return self.ask(kind, b"".join(map(string, paths)))

    def extended(self, name: bytes, *fields: bytes) -> Any:
        """Ask an extension."""
        return self.ask(codec.EXTENDED, string(name) + b"".join(fields))

    def end(self, lane: Lane = UP) -> None:
        """End and close the channel from one side."""
        self.feed(End(lane))
        self.feed(Close(lane))

    # What came of it.

    @property
    def facts(self) -> list[Fact]:
        """What was told."""
        return [effect.fact for effect in self.effects if isinstance(effect, Tell)]

    @property
    def said(self) -> list[str]:
        """What the operator was told."""
        return [effect.text for effect in self.effects if isinstance(effect, Notice)]

    def fact(self, kind: str) -> dict[str, Any]:
        """Return the only fact of a kind."""
        (found,) = [dict(fact.body) for fact in self.facts if fact.kind == kind]
        return found

    def asked(self, kind: int) -> list[Asked]:
        """Return what the target was asked of a kind."""
        return [each for each in self.server.heard if isinstance(each, Asked) and each.kind == kind]
