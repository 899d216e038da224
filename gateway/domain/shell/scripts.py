"""Scripts: code that stands in a file or comes from a pipe.

The rule: a script is read in a shell of its own. One that this session did not write can not be read, and is no
doubt: it is a program like any other.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from gateway.domain.shell.call import Call
from gateway.domain.shell.interpreters import INTERPRETERS, interpreted
from gateway.domain.shell.plumbing import UNSEEN, Plumbing
from gateway.domain.shell.unknown import ANY

if TYPE_CHECKING:
    from gateway.domain.shell.walk import Walk

STDIN = frozenset({"/dev/stdin", "/proc/self/fd/0", "/dev/fd/0"})
"""Files that are the input."""
_FIRST_LINE = re.compile(r"#!\s*\S*?(?:env\s+(?:-\S+\s+)*)?(?P<name>[A-Za-z]+)[\d.]*(?=\s|$)")


def script(walk: Walk, content: str, args: tuple[str, ...], stdin: str | None) -> str:
    """Read a script's content; return what it writes."""
    if content == UNSEEN:
        return ANY
    first = _FIRST_LINE.match(content)
    if first is not None and first["name"] in INTERPRETERS:
        return interpreted(walk, Call(first["name"], first["name"], (), Plumbing(content)))
    with walk.shell.child():
        walk.arguments.append(list(args))
        written = walk.code(content, stdin)
        walk.arguments.pop()
    return written


def fed(walk: Walk, stdin: str | None) -> str:
    """Read what a shell gets as input; the terminal's is judged as it is typed, or is not known."""
    if stdin is None:
        if not walk.shell.typed:
            walk.doubt("a shell reads commands that are not seen")
        return ANY
    return script(walk, stdin, (), None)
