"""Where a command's input comes from and where its output goes.

The rule: what is read from a file written in this session is known, what is read from another is not; output that
goes to a file is remembered as that file's content.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from gateway.domain.shell import words
from gateway.domain.shell.simple import NOWHERE
from gateway.domain.shell.state import Shell
from gateway.domain.shell.tokens import HERE, RAW
from gateway.domain.shell.unknown import ANY, SOME

if TYPE_CHECKING:
    from gateway.domain.shell.walk import Walk

UNSEEN = SOME
"""The content of a file that this session did not write."""


@attrs.frozen
class Write:
    """One file that output goes to."""

    name: str
    append: bool = False
    whole: bool = True
    """Whether it gets all that the command writes to its standard output."""


@attrs.frozen
class Plumbing:
    """Input as text (None: the terminal or whatever the session sends), and the files written."""

    stdin: str | None = None
    writes: tuple[Write, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """The files written, without those that are nowhere."""
        return tuple(write.name for write in self.writes if write.name not in NOWHERE)

    def caught(self, shell: Shell, written: str) -> str:
        """Put what was written into the files; return what goes on to the output."""
        for write in self.writes:
            if write.name not in NOWHERE:
                shell.write(write.name, written if write.whole else ANY, write.append)
        return "" if any(write.whole for write in self.writes) else written


def redirected(walk: Walk, plumbing: Plumbing, operator: str, destination: str) -> Plumbing:
    """Apply one redirection: an operator with its number, and the source of the word behind."""
    number = operator.rstrip("<>&|")
    kind = operator[len(number) :]
    if kind == "<":
        text = _read(walk, destination)
        if number in ("", "0"):
            return attrs.evolve(plumbing, stdin=text)
        walk.shell.write(f"/dev/fd/{number}", text)
        return plumbing
    if kind == "<&":
        return attrs.evolve(plumbing, stdin=ANY) if destination != "-" else plumbing
    name = words.text(destination, walk)
    if kind == ">&" and (name.isdecimal() or name == "-"):
        return plumbing
    write = Write(name, ">>" in kind, number in ("", "1"))
    return attrs.evolve(plumbing, writes=(*plumbing.writes, write))


def _read(walk: Walk, source: str) -> str:
    if source.startswith(RAW):
        return walk.document(int(source[1:]))
    if source.startswith(HERE):
        return words.text(source[1:], walk) + "\n"
    name = words.text(source, walk)
    content = walk.shell.read(name)
    return content if content is not None else ANY if ANY in name else UNSEEN
