"""Verbs over a byte channel: one line, or an interactive shell where there is a terminal.

The rule: the door (an ssh channel) and this program know each other by :class:`VerbProgram`'s methods alone.
Every line asks for a fresh room, so a role that was lost a moment ago is lost here. What reaches a terminal
passes :func:`paintable`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Protocol

import attrs
from twisted.internet.defer import CancelledError, Deferred
from twisted.logger import Logger
from twisted.python.failure import Failure

from gateway.admin.arguments import split
from gateway.admin.cleaning import clean, clean_lines
from gateway.admin.completion import offer, rest
from gateway.admin.display import Display
from gateway.admin.editor import Event, LineEditor
from gateway.admin.perform import PREFIX, perform
from gateway.admin.refusal import Exit, Refusal, usage
from gateway.admin.room import Room
from gateway.admin.streams import Stdin, Streams, Valve
from gateway.admin.verb import Verb
from gateway.domain.secret import Secret

log = Logger()

LEAVING = frozenset({"exit", "quit", "logout"})
NARROWEST, WIDEST = 20, 1000
CTRL_C, CTRL_D = b"\x03", b"\x04"
MOST_UNSENT = 256 * 1024
"""Bytes the door may hold before long output waits."""

Verbs = Mapping[str, Verb]


def paintable(chunk: bytes) -> bytes:
    """Return cleaned text for a terminal in raw mode: lines end with CR LF."""
    return clean_lines(chunk.decode("utf-8", "replace")).replace("\n", "\r\n").encode()


def _columns(columns: int) -> int:
    """Return the columns to paint in: a terminal that does not know its width says 0 (RFC 4254, 6.2) or nonsense."""
    return min(columns, WIDEST) if columns >= NARROWEST else 80


class Start(Protocol):
    """How a program is started: no command for a shell, the terminal's columns and rows or None."""

    @property
    def command(self) -> str | None:
        """The command line."""

    @property
    def terminal(self) -> tuple[int, int] | None:
        """The terminal's size in cells."""


class Output(Protocol):
    """Where a program writes; ``unsent`` are the bytes that the door still holds."""

    def write(self, chunk: bytes) -> None:
        """Write to stdout."""

    def write_error(self, chunk: bytes) -> None:
        """Write to stderr."""

    def exit(self, code: int) -> None:
        """End with an exit code."""

    def unsent(self) -> int:
        """Return how many bytes have not been taken yet."""


@attrs.define(eq=False)
class VerbProgram:
    """One channel's verbs; made for a channel, started once, told what arrives, and it tells when it is done.

    ``room_factory`` returns the room with the caller as he stands now; it raises :exc:`Refusal` when he is
    none.
    """

    room_factory: Callable[[], Room]
    verbs: Verbs
    open_programs: set[VerbProgram] = attrs.field(factory=set)
    """The program is in it from its start to its end."""
    _roles: frozenset[str] = attrs.field(init=False, default=frozenset())
    _output: Output = attrs.field(init=False)
    _streams: Streams = attrs.field(init=False)
    _editor: LineEditor | None = attrs.field(init=False, default=None)
    _display: Display | None = attrs.field(init=False, default=None)
    _interactive: bool = attrs.field(init=False, default=False)
    _running: Deferred[int] | None = attrs.field(init=False, default=None)
    _asking: Deferred[Secret] | None = attrs.field(init=False, default=None)
    _pumping: bool = attrs.field(init=False, default=False)
    _code: int = attrs.field(init=False, default=0)
    _over: bool = attrs.field(init=False, default=False)

    def start(self, start: Start, output: Output) -> None:
        """Begin: run the command line, or a shell where there is none and a terminal."""
        self._output = output
        valve = Valve(lambda: output.unsent() > MOST_UNSENT)
        if start.terminal is None:
            self._streams = Streams(Stdin(), output.write, output.write_error, valve)
        else:
            self._editor = LineEditor("", _columns(start.terminal[0]))
            self._display = display = Display(*start.terminal, self._painted, valve.is_full)
            self._streams = Streams(Stdin(), self._paint, self._paint, valve, self._ask, display=display)
        self._roles = self._standing()
        self.open_programs.add(self)
        self._interactive = start.command is None and start.terminal is not None
        if self._interactive:
            self._next_line()
            self._pump()
        else:
            self._run(start.command or "")

    def received(self, chunk: bytes) -> None:
        """Take bytes from the operator's side."""
        if self._over:
            return
        if self._display is not None and self._display.holder is not None:
            self._display.holder.typed(chunk)
        elif self._editor is None:
            self._streams.stdin.received(chunk)
        elif self._running is not None and self._asking is None:
            self._typed_meanwhile(self._editor, chunk)
        else:
            self._editor.ahead(chunk)
            self._pump()

    def ended(self) -> None:
        """Take the end of what the operator's side sends."""
        if self._over:
            return
        self._streams.stdin.eof()
        if self._display is not None and self._display.holder is not None and self._running is not None:
            self._running.cancel()
        elif self._asking is not None:
            self._left()
        elif self._interactive and self._running is None:
            self._finish(self._code)

    def resized(self, columns: int, rows: int) -> None:
        """Take a new size of the terminal."""
        if self._editor is not None:
            self._editor.columns = _columns(columns)
        if self._display is not None:
            self._display.resize(columns, rows)

    def drained(self) -> None:
        """Take note that the door takes more."""
        self._streams.valve.drained()
        if self._display is not None:
            self._display.drained()

    def stopped(self) -> None:
        """Take note that the door is gone: cancel what runs, write nothing more."""
        if not self._over:
            self._over = True
            self.open_programs.discard(self)
        running, self._running = self._running, None
        if running is not None:
            running.cancel()

    def revoke(self, words: str) -> None:
        """End at once because the caller lost his right, with words and exit code 77."""
        if not self._over:
            self._give_back()
            self._say(words)
            self._finish(Exit.DENIED)

    def review(self) -> None:
        """Look again how the caller stands, and end at once where he lost what he had when this began."""
        try:
            lost = self._roles - self.room_factory().caller.roles
        except Refusal as refusal:
            self.revoke(refusal.message)
            return
        if lost:
            self.revoke(f"you are not {' nor '.join(sorted(lost))} any more")

    def _standing(self) -> frozenset[str]:
        try:
            return self.room_factory().caller.roles
        except Refusal:
            return frozenset()

    def _paint(self, chunk: bytes) -> None:
        self._output.write(paintable(chunk))

    def _painted(self, chunk: bytes) -> None:
        if not self._over:
            self._output.write(chunk)

    def _say(self, words: str) -> None:
        self._streams.write_error(f"{PREFIX}{clean(words)}\n".encode())

    def _finish(self, code: int) -> None:
        if not self._over:
            self._give_back()
            self.stopped()
            self._output.exit(int(code))

    def _give_back(self) -> None:
        if self._display is not None:
            self._display.give_back()

    def _typed_meanwhile(self, editor: LineEditor, chunk: bytes) -> None:
        if CTRL_C in chunk and self._running is not None:
            editor.forget()
            self._running.cancel()
        elif self._interactive:
            editor.ahead(chunk)
        else:
            kept, end, _ = chunk.replace(b"\r", b"\n").partition(CTRL_D)
            self._streams.stdin.received(kept)
            if end:
                self._streams.stdin.eof()

    def _run(self, line: str) -> None:
        streams = attrs.evolve(self._streams, stdin=_no_input()) if self._interactive else self._streams
        try:
            words, room = split(line), self.room_factory()
        except Refusal as refusal:
            self._say(refusal.message)
            self._done(refusal.code)
            return
        self._running = running = Deferred.fromCoroutine(perform(self.verbs, room, words, streams))
        running.addCallbacks(self._done, self._failed)

    def _failed(self, failure: Failure) -> None:
        if isinstance(failure.value, CancelledError):
            if not self._over:
                self._say("interrupted")
            self._done(Exit.FAILED)
            return
        log.failure("a verb failed", failure=failure)
        if not self._over:
            self._say("the verb failed for a reason that is not yours; the node's log has it")
        self._done(Exit.INTERNAL)

    def _done(self, code: int) -> None:
        self._running, self._asking, self._code = None, None, int(code)
        if self._over:
            return
        if not self._interactive:
            self._finish(code)
            return
        self._next_line()
        self._pump()

    def _next_line(self) -> None:
        if self._editor is not None:
            self._editor.begin("ostiary> ")
            self._output.write(self._editor.paint())

    def _ask(self, words: str) -> Deferred[Secret]:
        editor = self._editor
        if editor is None or self._asking is not None:
            raise usage("there is no terminal to ask at")
        asking: Deferred[Secret] = Deferred()
        self._asking = asking
        editor.begin(f"{words}: ", hidden=True)
        self._output.write(editor.paint())
        return asking

    def _left(self) -> None:
        asking, self._asking = self._asking, None
        if asking is not None and not asking.called:
            asking.errback(usage("nothing was typed"))

    def _pump(self) -> None:
        """Take what was typed until something must be waited for; never runs inside itself."""
        if self._pumping or self._editor is None:
            return
        self._pumping = True
        try:
            while not self._over and (self._running is None or self._asking is not None):
                painted, event = self._editor.press()
                self._output.write(painted)
                if event is None:
                    break
                self._react(self._editor, event)
        finally:
            self._pumping = False

    def _react(self, editor: LineEditor, event: Event) -> None:
        if self._asking is not None:
            self._answered(editor, event)
            return
        match event:
            case Event.SUBMIT:
                self._submitted(editor.take().strip())
            case Event.INTERRUPT:
                editor.take()
                self._next_line()
            case Event.END:
                self._output.write(b"\r\n")
                self._finish(self._code)
            case Event.COMPLETE:
                self._complete(editor)

    def _answered(self, editor: LineEditor, event: Event) -> None:
        if event is not Event.SUBMIT:
            self._left()
            return
        asking, self._asking = self._asking, None
        typed = editor.take().encode()
        if asking is not None and not asking.called:
            if typed:
                asking.callback(Secret(typed))
            else:
                asking.errback(usage("nothing was typed"))

    def _submitted(self, line: str) -> None:
        if line in LEAVING:
            self._finish(self._code)
        elif line:
            self._run(line)
        else:
            self._next_line()

    def _complete(self, editor: LineEditor) -> None:
        try:
            room = self.room_factory()
        except Refusal as refusal:
            self._say(refusal.message)
            self._finish(refusal.code)
            return
        offered = offer(self.verbs, room, editor.before)
        begun = editor.before.split(" ")[-1]
        added = rest(offered, begun) if offered else ""
        editor.insert(added)
        if not added and len(offered) > 1:
            self._paint(f"\n{'  '.join(offered)}\n".encode())
        self._output.write(editor.paint())


def _no_input() -> Stdin:
    """Return an input that has ended: in an interactive shell the keys belong to the shell."""
    stdin = Stdin()
    stdin.eof()
    return stdin
