"""Where a command's input comes from and where its output goes.

The rule: what is read from a file written in this session is known, what is read from another is not; output that
goes to a file is remembered as that file's content.
"""

from __future__ import annotations

import re
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
_OPERATOR = re.compile(r"(\d*)(\D+)")


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


def redirected(walk: Walk, plumbing: Plumbing, redirections: list[list[str]]) -> tuple[Plumbing, list[str]]:
    """Apply redirections, each an operator and words; return the words that belong to the command."""
    more: list[str] = []
    for operator, *rest in redirections:
        more += rest[1:]
        destination = rest[0] if rest else ""
        found = _OPERATOR.fullmatch(operator)
        number, kind = found.groups() if found else ("", operator)
        if kind == "<" and number in ("", "0"):
            plumbing = attrs.evolve(plumbing, stdin=_read(walk, destination))
        elif kind == "<&":
            plumbing = attrs.evolve(plumbing, stdin=ANY)
        elif ">" in kind and not (kind == ">&" and (destination.isdigit() or destination == "-")):
            name = words.text(destination, walk)
            write = Write(name, ">>" in kind, number in ("", "1"))
            plumbing = attrs.evolve(plumbing, writes=(*plumbing.writes, write))
        elif kind == "<":
            words.text(destination.lstrip(HERE + RAW), walk)
    return plumbing, more


def _read(walk: Walk, source: str) -> str:
    if source.startswith(RAW):
        return walk.document(int(source[1:]))
    if source.startswith(HERE):
        return words.text(source[1:], walk) + "\n"
    name = words.text(source, walk)
    content = walk.shell.read(name)
    return content if content is not None else ANY if ANY in name else UNSEEN
