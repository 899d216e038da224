"""Read one command line.

The rule: any text is read, in bounded time, and never raises; what is too long is not read at all and doubted.
"""

from __future__ import annotations

from gateway.domain.shell.reading import Reading
from gateway.domain.shell.simple import Simple
from gateway.domain.shell.state import Shell
from gateway.domain.shell.tokens import OWN, Tokens
from gateway.domain.shell.walk import Walk

LONGEST_LINE = 8 * 1024
"""Longer lines, in bytes, are opaque."""


def read(line: str, shell: Shell | None = None) -> Reading:
    """Read a line in the state of a session, which it changes; in a fresh one where none is given."""
    reading = Reading()
    if len(line) > LONGEST_LINE or len(line.encode("utf-8", "replace")) > LONGEST_LINE:
        reading.doubt("the line is too long to be read")
        return reading
    if OWN.search(line):
        reading.doubt("a control character stands where none can be typed")
        line = OWN.sub("?", line)
    Walk(shell if shell is not None else Shell(), reading).code(line)
    return reading


def single(line: str) -> Simple | None:
    """Return the one simple command that a line is, with nothing around it; None where it is more or unclear."""
    tokens = Tokens(line)
    tokens.cut()
    reading = read(line)
    if tokens.operators or tokens.documents or reading.opaque or len(reading.commands) != 1:
        return None
    command = reading.commands[0]
    return None if command.writes or tokens.assigns else command
