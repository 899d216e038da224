"""Read one command line.

The rule: any text is read, in bounded time, and never raises; what is too long is not read at all and doubted.
"""

from __future__ import annotations

import re

from gateway.domain.shell.reading import Reading
from gateway.domain.shell.simple import Simple
from gateway.domain.shell.state import Shell
from gateway.domain.shell.tokens import OWN, Tokens
from gateway.domain.shell.unknown import ANY, SOME, is_known
from gateway.domain.shell.walk import Walk
from gateway.domain.shell.words import Field, fields
from gateway.domain.shell.wrappers import KEYWORDS

LONGEST_LINE = 8 * 1024
"""Longer lines, in bytes, are opaque."""
MOST_MARKS = 1000
"""Lines with more marks that separate, group or redirect are opaque: nobody types them, and reading them takes long."""
_MARK = re.compile(r"[|;&()<>\n]")
_QUOTED = re.compile(r"'[^']*'|\"[^\"]*\"|\\.", re.S)


def read(line: str, shell: Shell | None = None) -> Reading:
    """Read a line in the state of a session, which it changes; in a fresh one where none is given."""
    reading = Reading()
    if len(line) > LONGEST_LINE or len(line.encode("utf-8", "replace")) > LONGEST_LINE:
        reading.doubt("the line is too long to be read")
        return reading
    if len(_MARK.findall(line)) > MOST_MARKS:
        reading.doubt("the line is too tangled to be read")
        return reading
    if OWN.search(line):
        reading.doubt("a control character stands where none can be typed")
        line = OWN.sub("?", line)
    if shell is not None and shell.crowded:
        reading.doubt("the session has set too many names")
    Walk(shell if shell is not None else Shell(), reading).code(line)
    return reading


def single(line: str) -> Simple | None:
    """Return the one simple command that a line is, of quoted words and patterns only; None where it is more."""
    tokens = Tokens(line)
    tokens.cut()
    sources = [tokens.original(word) for word in tokens.plain.split()]
    if tokens.operators or tokens.documents or tokens.faults or not sources or OWN.search(line):
        return None
    if sources[0] in KEYWORDS or "=" in sources[0] or any("{" in _QUOTED.sub("", source) for source in sources):
        return None
    reading = Reading()
    walk = Walk(Shell(), reading)
    first, *rest = [field for source in sources for field in fields(source, walk)] or [Field("")]
    if reading.opaque or reading.commands or first.pattern or any(ANY in field.text for field in (first, *rest)):
        return None
    name = first.text.rpartition("/")[2] or first.text
    unsure = any(field.pattern or SOME in field.text for field in rest)
    return (
        Simple((name, *(field.text for field in rest)), first.text, (), unsure)
        if is_known(first.text) and name
        else None
    )
