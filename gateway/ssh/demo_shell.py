"""The demo target's shell: a prompt or one command line, and the way a command is run.

The rule: one command runs at a time; Ctrl-C ends it and nothing else; when the channel is gone everything
stops.
"""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable
from typing import Any

import attrs
from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import deferLater
from twisted.logger import Logger
from twisted.python.failure import Failure

from gateway.domain.secret import Secret
from gateway.ssh.cells import clean
from gateway.ssh.demo_console import Console, Interrupted
from gateway.ssh.demo_files import HOME, Scratch, resolve, written
from gateway.ssh.demo_words import BadLine, Step, When, read_steps
from gateway.ssh.program import Output, Start

log = Logger()
NOT_FOUND, INTERRUPTED = 127, 130
DEEPEST_SHELL = 8


class Leave(Exception):
    """A shell ends, with a status."""

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


@attrs.frozen(eq=False)
class Machine:
    """What all channels of the demo target share; ``wall`` in seconds since 1970."""

    clock: IReactorTime
    wall: Callable[[], float]
    files: Scratch
    sudo_password: Secret
    name: str = "demo"


@attrs.frozen(eq=False)
class Job:
    """One command at work: its words without the name, and where its output goes."""

    shell: Shell
    name: str
    words: tuple[str, ...]
    write: Callable[[bytes], Awaitable[None]]

    async def say(self, text: str) -> None:
        """Write a line to where the output goes."""
        await self.write(encoded(text) + b"\n")

    async def complain(self, text: str) -> int:
        """Write a line about a fault to stderr; return the status 1."""
        await self.shell.console.write_error(encoded(f"{self.name}: {text}\n"))
        return 1


Command = Callable[[Job], Awaitable[int]]


@attrs.define(eq=False)
class Shell:
    """Be the program of a shell or exec channel."""

    machine: Machine
    commands: dict[str, Command]
    account: str = "root"
    folder: bytes = HOME
    console: Console = attrs.field(init=False)
    elevated: bool = attrs.field(init=False, default=False)
    status: int = attrs.field(init=False, default=0)
    _main: Deferred[Any] = attrs.field(init=False)
    _running: Deferred[int] | None = attrs.field(init=False, default=None)
    _depth: int = attrs.field(init=False, default=0)
    _stopped: bool = attrs.field(init=False, default=False)

    # What the channel brings.

    def start(self, start: Start, output: Output) -> None:
        """Begin."""
        self.console = Console(output, start.terminal, self._interrupt)
        self._main = Deferred.fromCoroutine(self._live(start.command, output))
        self._main.addErrback(self._broken, output)

    def received(self, chunk: bytes) -> None:
        """Take input."""
        self.console.received(chunk)

    def ended(self) -> None:
        """Hear EOF."""
        self.console.ended()

    def resized(self, columns: int, rows: int) -> None:
        """Hear of a new size."""
        self.console.resized(columns, rows)

    def drained(self) -> None:
        """Hear that more output is taken."""
        self.console.drained()

    def stopped(self) -> None:
        """Stop everything."""
        self._stopped = True
        self._main.cancel()

    def _interrupt(self) -> None:
        if self._running is not None:
            self._running.cancel()

    def _broken(self, failure: Failure, output: Output) -> None:
        if self._stopped and failure.check(CancelledError):
            return
        log.failure("the demo target's shell failed", failure)
        output.exit(255)

    # The shell itself.

    async def _live(self, command: str | None, output: Output) -> None:
        try:
            if command is None:
                await self.interact()
            else:
                await self.run_line(command)
        except Leave as left:
            self.status = left.status
        output.exit(self.status)

    async def interact(self) -> int:
        """Read lines and run them until EOF or ``exit``; return the status."""
        self._depth += 1
        try:
            while (line := await self._next_line()) is not None:
                await self.run_line(line.decode("utf-8", "surrogateescape"))
            if self.console.size is not None:
                await self.console.write(b"exit\n")
        except Leave as left:
            self.status = left.status
        finally:
            self._depth -= 1
        return self.status

    async def nest(self) -> int:
        """Run a shell inside the shell, not too many deep."""
        if self._depth >= DEEPEST_SHELL:
            await self.console.write_error(b"sh: too many shells inside each other\n")
            return 1
        return await self.interact()

    async def _next_line(self) -> bytes | None:
        while True:
            if self.console.size is not None:
                await self.console.write(encoded(self.prompt()))
            try:
                return await self.console.read_line()
            except Interrupted:
                self.status = INTERRUPTED

    def prompt(self) -> str:
        """Return the prompt."""
        place = self.folder.decode("utf-8", "replace")
        home = HOME.decode()
        shown = "~" + place[len(home) :] if (place + "/").startswith(home + "/") else place
        return f"{self.account}@{self.machine.name}:{clean(shown)}# "

    async def run_line(self, line: str) -> None:
        """Run a line's steps, each in its turn, until one is interrupted."""
        try:
            steps = read_steps(line)
        except BadLine as fault:
            await self.console.write_error(encoded(f"sh: {fault}\n"))
            self.status = 2
            return
        for step in steps:
            if (step.when is When.ON_SUCCESS and self.status) or (
                step.when is When.ON_FAILURE and not self.status
            ):
                continue
            self.status = await self._run(step)
            if self.status == INTERRUPTED:
                return

    async def _run(self, step: Step) -> int:
        before = self._running
        self._running = Deferred.fromCoroutine(self._redirected(step))
        try:
            return await self._running
        except Interrupted:
            return INTERRUPTED
        except CancelledError:
            if self._stopped:
                raise
            return INTERRUPTED
        finally:
            self._running = before

    async def _redirected(self, step: Step) -> int:
        if step.output is None:
            return await self.run_words(step.words, self.console.write)
        flags = os.O_WRONLY | os.O_CREAT | (0 if step.append else os.O_TRUNC)
        try:
            with self.machine.files.open(self.place(step.output), flags) as file:

                async def append(chunk: bytes) -> None:
                    file.write(file.stat().st_size, chunk)
                    await self.sleep(0)

                return await self.run_words(step.words, append)
        except OSError as fault:
            await self.console.write_error(encoded(f"sh: {step.output}: {fault.strerror}\n"))
            return 1

    async def run_words(self, words: tuple[str, ...], write: Callable[[bytes], Awaitable[None]]) -> int:
        """Run one command; return its status."""
        if not words:
            return 0
        command = self.commands.get(words[0].rpartition("/")[2])
        if command is None:
            await self.console.write_error(encoded(f"sh: {words[0]}: command not found\n"))
            return NOT_FOUND
        return await command(Job(self, words[0], words[1:], write))

    def place(self, path: str) -> tuple[bytes, ...]:
        """Return where a path leads from the present directory; raise OSError."""
        return resolve(encoded(path), self.folder)

    def go(self, path: str) -> None:
        """Change the present directory; raise OSError."""
        place = self.place(path)
        self.machine.files.names(place)
        self.folder = written(place)

    async def sleep(self, seconds: float) -> None:
        """Wait."""
        await deferLater(self.machine.clock, seconds)


def encoded(text: str) -> bytes:
    """Return text as it came from the operator."""
    return text.encode("utf-8", "surrogateescape")
