"""Channels that end inside the gateway: a refusal's words, the verbs, the menu, the demo target.

The rule: such a channel never touches a target. It is granted a fixed window, refunded as the program reads
and not while it pauses; nothing but session channels are opened, nothing but a shell, an exec or a
subsystem named here is run.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping
from functools import partial
from typing import Protocol

import attrs
from twisted.internet.interfaces import IReactorTime

from gateway.domain.notice import line
from gateway.ssh.keepalive import Keepalive
from gateway.wire.channels import LARGEST_PACKET, ChannelEnd
from gateway.wire.connection import ADMINISTRATIVELY_PROHIBITED, Connection
from gateway.wire.fields import Fields, MalformedField

WINDOW = 256 * 1024
USAGE = 64
LONGEST_COMMAND = 64 * 1024
LARGEST_TERMINAL = 1000
"""Cells; a side of 0 means that the client does not know (RFC 4254 §6.2)."""


@attrs.frozen
class Start:
    """Say how a program is started: ``command`` None for a shell; a terminal's size in cells, or None.

    ``term`` names the terminal's kind and ``modes`` are its modes as they came (RFC 4254 §8).
    """

    command: str | None
    terminal: tuple[int, int] | None
    term: str = ""
    modes: bytes = b""


class Output(Protocol):
    """Where a program writes."""

    def write(self, chunk: bytes) -> None:
        """Write to stdout."""

    def write_error(self, chunk: bytes) -> None:
        """Write to stderr; on a terminal the same as stdout."""

    def exit(self, code: int) -> None:
        """End with an exit code."""

    def unsent(self) -> int:
        """Return how many bytes the operator has not taken yet."""

    def pause(self) -> None:
        """Refund nothing: the operator sends no more than a window's worth."""

    def resume(self) -> None:
        """Refund what was held back, and refund again."""

    def hand_over(self) -> ChannelEnd:
        """Leave the channel, which goes on: the caller is its listener from now on."""


class Program(Protocol):
    """What runs in a channel that ends in the gateway."""

    def start(self, start: Start, output: Output) -> None:
        """Begin."""

    def received(self, chunk: bytes) -> None:
        """Take what was typed or piped in."""

    def ended(self) -> None:
        """Hear EOF."""

    def resized(self, columns: int, rows: int) -> None:
        """Hear of a new size."""

    def drained(self) -> None:
        """Hear that more output is taken."""

    def stopped(self) -> None:
        """Hear that the channel is gone."""


@attrs.define(eq=False)
class ProgramDoor:
    """Own a connection all of whose session channels run a program of the gateway."""

    make: Callable[[], Program]
    refusal: str = "this login reaches no target; nothing can be forwarded"
    subsystems: Mapping[str, Callable[[], Program]] = attrs.field(factory=dict)
    jump: Callable[[ChannelEnd, bytes], None] | None = None
    """Takes ``direct-tcpip`` channels, where they may end in a server of the gateway's own."""
    clock: IReactorTime | None = None
    """With it, an operator who does not answer any more is cut."""
    _watch: Keepalive | None = attrs.field(init=False, default=None)

    def started(self, connection: Connection) -> None:
        """Ask from now on whether the operator is there."""
        if self.clock is not None:
            self._watch = Keepalive(self.clock, connection, connection.transport.abort)
            self._watch.start()

    def open_requested(self, end: ChannelEnd, extra: bytes) -> None:
        """Open session channels; refuse all others in words."""
        if end.kind == "direct-tcpip" and self.jump is not None:
            self.jump(end, extra)
            return
        if end.kind != "session":
            end.refuse(ADMINISTRATIVELY_PROHIBITED, f"ostiary: {self.refusal}")
            return
        end.listener = ProgramChannel(end, self.make(), self.subsystems)
        end.confirm(WINDOW, LARGEST_PACKET)

    def global_requested(self, name: str, payload: bytes) -> bool:
        """Refuse; a refusal is what a keepalive wants to hear."""
        return False

    def lost(self) -> None:
        """Ask no more."""
        if self._watch is not None:
            self._watch.stop()


@attrs.define(eq=False)
class ProgramChannel:
    """Listen to a channel and be its program's output."""

    end: ChannelEnd
    program: Program
    subsystems: Mapping[str, Callable[[], Program]] = attrs.field(factory=dict)
    _size: tuple[int, int] | None = attrs.field(init=False, default=None)
    _term: str = attrs.field(init=False, default="")
    _modes: bytes = attrs.field(init=False, default=b"")
    _started: bool = attrs.field(init=False, default=False)
    _left: bool = attrs.field(init=False, default=False)
    _paused: bool = attrs.field(init=False, default=False)
    _owed: int = attrs.field(init=False, default=0)

    # The channel's side.

    def opened(self) -> None:
        """Never called: the operator opens."""

    def open_refused(self, code: int, text: str) -> None:
        """Never called: the operator opens."""

    def received(self, chunk: bytes, stderr: bool) -> None:
        """Give the bytes to the program and refund them."""
        self._owed += len(chunk)
        if self._started:
            self.program.received(chunk)
        self._refund()

    def widened(self) -> None:
        """Tell the program that there is room."""
        if self._started:
            self.program.drained()

    def ended(self) -> None:
        """Tell the program that its input is over."""
        if self._started:
            self.program.ended()

    def requested(self, name: str, payload: bytes, slot: int | None) -> None:
        """Answer, then start the program or note the terminal."""
        try:
            begin = self._read(name, Fields(payload))
        except MalformedField:
            begin = None
        self.end.reply(slot, begin is not None)
        if begin is not None:
            begin()

    def _read(self, name: str, fields: Fields) -> Callable[[], None] | None:
        match name:
            case "pty-req":
                term, size, modes = _text(fields, "terminal", 128), _size(fields), _modes(fields)
                self._term, self._size, self._modes = term, size, modes
                return _nothing
            case "window-change" if self._size is not None:
                self._size = _size(fields)
                return partial(self.program.resized, *self._size) if self._started else _nothing
            case "env":
                return _nothing
            case "shell" | "exec" if not self._started:
                text = _text(fields, "command", LONGEST_COMMAND) if name == "exec" else None
                return partial(self._start, self.program, self._how(text))
            case "subsystem" if not self._started:
                what = _text(fields, "subsystem", 256)
                make = self.subsystems.get(what)
                refusal = Refusal(USAGE, f"{what} needs a target; log in as operator=account=target")
                return partial(self._start, make() if make else refusal, self._how(what))
            case _:
                return None

    def _how(self, command: str | None) -> Start:
        return Start(command, self._size, self._term, self._modes)

    def _start(self, program: Program, start: Start) -> None:
        self._started, self.program = True, program
        program.start(start, self)

    def replied(self, ok: bool) -> None:
        """Ignore: nothing sent here wants a reply."""

    def closed(self) -> None:
        """Stop the program."""
        if self._started:
            self.program.stopped()

    # The program's side.

    def write(self, chunk: bytes) -> None:
        """Write to stdout."""
        if not self._left:
            self.end.write(chunk)

    def write_error(self, chunk: bytes) -> None:
        """Write to stderr; a terminal has only one output."""
        if not self._left:
            self.end.write(chunk, stderr=self._size is None)

    def exit(self, code: int) -> None:
        """End with an exit code, behind everything written."""
        if self._left:
            return
        self.end.request("exit-status", struct.pack(">L", code), wants_reply=False)
        self.end.end()
        self.end.close()

    def unsent(self) -> int:
        """Return how many bytes the operator has not taken yet."""
        return self.end.queued

    def pause(self) -> None:
        """Refund nothing: the operator sends no more than a window's worth."""
        self._paused = True

    def resume(self) -> None:
        """Refund what was held back, and refund again."""
        self._paused = False
        self._refund()

    def hand_over(self) -> ChannelEnd:
        """Leave the channel, which goes on with its whole window granted; output leads nowhere then."""
        self.resume()
        self._left, self._started = True, False
        return self.end

    def _refund(self) -> None:
        if not self._paused:
            owed, self._owed = self._owed, 0
            self.end.grant(owed)


@attrs.frozen
class Refusal:
    """A program that says one line and ends with a code."""

    code: int
    text: str

    def start(self, start: Start, output: Output) -> None:
        """Say it."""
        output.write_error(line(self.text, start.terminal is not None))
        output.exit(self.code)

    def received(self, chunk: bytes) -> None:
        """Ignore what is typed."""

    def ended(self) -> None:
        """Ignore EOF."""

    def resized(self, columns: int, rows: int) -> None:
        """Ignore the size."""

    def drained(self) -> None:
        """Have nothing more to write."""

    def stopped(self) -> None:
        """Have nothing to stop."""


def _nothing() -> None:
    """Do nothing more."""


def refusal_door(refusal: Refusal, clock: IReactorTime | None = None) -> ProgramDoor:
    """Make a door that says why there is no session."""
    return ProgramDoor(lambda: refusal, refusal.text, {"sftp": lambda: refusal}, clock=clock)


def refuse_channel(end: ChannelEnd, refusal: Refusal) -> None:
    """Say why there is no session on an open terminal, and end the channel."""
    channel = ProgramChannel(end, refusal)
    end.listener = channel
    refusal.start(Start("", (80, 24)), channel)


def _size(fields: Fields) -> tuple[int, int]:
    columns, rows = fields.uint32("columns"), fields.uint32("rows")
    return min(columns, LARGEST_TERMINAL) or 80, min(rows, LARGEST_TERMINAL) or 24


def _text(fields: Fields, what: str, limit: int) -> str:
    return fields.string(what, limit).decode("utf-8", "replace")


def _modes(fields: Fields) -> bytes:
    fields.uint32("width")
    fields.uint32("height")
    return fields.string("modes", 1024)
