"""A real shell on a pty of this machine, with the gate of its lines in between: no ssh, no gateway process."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import signal
import struct
import termios
import time
from collections.abc import Sequence
from pathlib import Path

import attrs

from gateway.domain.facts import Fact
from gateway.domain.flow import Flow, Gate
from gateway.domain.lane import Bytes, Effect, EndSession, Event, Lane, Notice, Resize, Tell, Tick
from gateway.domain.screen import Screen
from gateway.runtime.shown import Showing

UP, DOWN = Lane.TO_TARGET, Lane.TO_OPERATOR


@attrs.define(eq=False)
class Shell:
    """A shell, what it shows, and what the gate tells of it."""

    argv: Sequence[str]
    gate: Gate
    screen: Screen
    home: Path
    environment: dict[str, str] = attrs.field(factory=dict)
    facts: list[Fact] = attrs.field(factory=list)
    said: list[str] = attrs.field(factory=list)
    seen: bytearray = attrs.field(factory=bytearray)
    passed: bytearray = attrs.field(factory=bytearray)
    flow: Flow = attrs.field(init=False)
    over: bool = False
    spent: float = 0.0
    """Seconds of CPU in the flow."""
    _pid: int = 0
    _master: int = -1
    _began: float = 0.0
    _shown: float = 0.0

    def __attrs_post_init__(self) -> None:
        self.flow = Flow((self.gate,), (Showing(self.screen),))
        self._began = time.monotonic()
        self._pid, self._master = pty.fork()
        if self._pid == 0:
            known = {"TERM": "xterm-256color", "PATH": os.environ["PATH"], "HOME": str(self.home), "LC_ALL": "C.UTF-8"}
            os.chdir(self.home)
            os.execvpe(self.argv[0], list(self.argv), {**known, **self.environment})
        self.size(self.screen.columns, self.screen.rows)

    @property
    def at(self) -> float:
        """Seconds since the beginning."""
        return time.monotonic() - self._began

    def size(self, columns: int, rows: int) -> None:
        """Change the size."""
        self.feed(Resize(columns, rows))
        fcntl.ioctl(self._master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def type(self, keys: bytes | str) -> None:
        """Type one packet."""
        self.feed(Bytes(UP, keys.encode() if isinstance(keys, str) else keys))

    def feed(self, event: Event) -> None:
        """Feed an event and do its effects."""
        before = time.process_time()
        effects = self.flow.feed(event, self.at)
        self.spent += time.process_time() - before
        for effect in effects:
            self._do(effect)

    def _do(self, effect: Effect) -> None:
        match effect:
            case Bytes(lane=Lane.TO_TARGET):
                self.passed += effect.chunk
                os.write(self._master, effect.chunk)
            case Notice():
                self.said.append(effect.text)
            case Tell():
                self.facts.append(effect.fact)
            case EndSession():
                self.over = True
            case _:
                pass

    def run(self, seconds: float, quiet: float = 10.0) -> None:
        """Let things happen for so long, or until nothing more does."""
        deadline = time.monotonic() + seconds
        while (now := time.monotonic()) < deadline:
            due = self.flow.due
            if due is not None and due <= self.at:
                self.feed(Tick())
                continue
            wait = min(deadline - now, 0.02 if due is None else max(0.0, due - self.at))
            if not select.select([self._master], [], [], wait)[0]:
                if due is None and time.monotonic() - self._shown > quiet and self.seen:
                    return
                continue
            try:
                chunk = os.read(self._master, 65536)
            except OSError:
                return
            self._shown = time.monotonic()
            self.seen += chunk
            self.feed(Bytes(DOWN, chunk))

    def until(self, words: str, seconds: float = 10.0) -> None:
        """Let things happen until words were shown since the last time."""
        deadline = time.monotonic() + seconds
        while words.encode() not in self.seen:
            if time.monotonic() > deadline:
                raise AssertionError(f"{words!r} was not shown; shown was {bytes(self.seen[-2000:])!r}")
            self.run(0.05)
        del self.seen[: self.seen.index(words.encode()) + len(words)]

    @property
    def told(self) -> list[tuple[str, dict[str, object]]]:
        """The facts that were told, as kinds and bodies."""
        return [(fact.kind, dict(fact.body)) for fact in self.facts]

    def kinds(self, *kinds: str) -> list[str]:
        """Return the commands of the facts of some kinds."""
        return [str(body.get("command")) for kind, body in self.told if kind in kinds]

    def end(self) -> None:
        """End the shell."""
        if self._pid:
            os.kill(self._pid, signal.SIGKILL)
            os.close(self._master)
            os.waitpid(self._pid, 0)
            self._pid = 0
