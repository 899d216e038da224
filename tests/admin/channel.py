"""A channel in memory that runs a verb program, as an ssh channel does."""

from __future__ import annotations

import attrs

from gateway.admin.room import Caller
from gateway.admin.shell import VerbProgram
from gateway.admin.verbs import VERBS
from tests.admin.node import MemoryNode


@attrs.frozen
class Start:
    """How the program is started."""

    command: str | None = None
    terminal: tuple[int, int] | None = None


@attrs.define
class Channel:
    """Keep what the program writes; ``held`` is what the door has not got rid of."""

    node: MemoryNode = attrs.field(factory=MemoryNode)
    caller: Caller | None = None
    out: bytearray = attrs.field(factory=bytearray)
    err: bytearray = attrs.field(factory=bytearray)
    codes: list[int] = attrs.field(factory=list)
    held: int = 0
    program: VerbProgram = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        self.program = VerbProgram(lambda: self.node.room(self.caller or self.node.caller("root")), VERBS)

    def write(self, chunk: bytes) -> None:
        """Take stdout."""
        assert not self.codes, "nothing is written after the end"
        self.out += chunk

    def write_error(self, chunk: bytes) -> None:
        """Take stderr."""
        assert not self.codes, "nothing is written after the end"
        self.err += chunk

    def exit(self, code: int) -> None:
        """Take the end."""
        self.codes.append(code)

    def unsent(self) -> int:
        """Return what is held."""
        return self.held

    def run(self, command: str | None = None, terminal: tuple[int, int] | None = None) -> Channel:
        """Start the program."""
        self.program.start(Start(command, terminal), self)
        return self

    def shown(self) -> str:
        """Return what was written since the last call."""
        text = self.out.decode()
        self.out.clear()
        return text
