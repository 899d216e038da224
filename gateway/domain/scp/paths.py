"""Which paths a transfer by scp is about.

The rule: a path is what the command line says, with the names that the source sends. Where that does not settle it
(``scp -t NAME`` writes to NAME or into it), the file is judged under both.

Known limits: the protocol has no question for a real path; rules about names judge a path as it was asked for.
"""

from __future__ import annotations

import re

import attrs

from gateway.domain.shell import single

_PATTERN = re.compile(rb"[*?\[]")


@attrs.define(eq=False)
class Paths:
    """Follow where a transfer is; names as bytes."""

    upload: bool
    asked: tuple[bytes, ...]
    """The paths of the command line."""
    into: bool
    """Whether the path is said to be a folder."""
    _folders: list[bytes] = attrs.field(factory=list)

    @classmethod
    def of(cls, command: str) -> Paths:
        """Read an scp's command line, as :func:`gateway.domain.rights.kind_of_command` knows it."""
        found = single(command)
        words = found.argv[1:] if found is not None else ()
        end = words.index("--") if "--" in words else len(words)
        options = "".join(word for word in words[:end] if word.startswith("-") and len(word) > 1)
        plain = [word for word in words[:end] if not word.startswith("-") or len(word) == 1] + list(words[end + 1 :])
        asked = tuple(word.encode("utf-8", "surrogateescape") for word in plain) or (b".",)
        into = "d" in options or asked[-1].endswith(b"/") or asked[-1] in (b".", b"..", b"~", b"")
        return cls("t" in options, asked, into)

    def candidates(self, name: bytes) -> tuple[bytes, ...]:
        """Return the paths that a file of this name may stand for, the likeliest first."""
        if self._folders:
            return (b"/".join((*self._folders, name)),)
        if not self.upload:
            return (self._source(name),)
        goal = self.asked[-1]
        within = goal.rstrip(b"/") + b"/" + name if goal else name
        return (within,) if self.into else (goal, within)

    def _source(self, name: bytes) -> bytes:
        for path in self.asked:
            if path.rstrip(b"/").rpartition(b"/")[2] == name:
                return path
        patterned = (path for path in self.asked if _PATTERN.search(path))
        above, slash, _ = next(patterned, self.asked[0]).rpartition(b"/")
        return above + slash + name

    def enter(self, name: bytes) -> None:
        """Go into a folder."""
        self._folders.append(name if self._folders else self.candidates(name)[0])

    def leave(self) -> None:
        """Leave the folder; where there is none, nothing changes."""
        if self._folders:
            self._folders.pop()
