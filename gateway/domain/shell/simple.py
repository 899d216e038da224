"""A simple command, as rules see it.

The rule: the words are those the program would get, as far as they are known; holes stand for the rest.
"""

from __future__ import annotations

import attrs

from gateway.domain.shell.unknown import shown

NOWHERE = frozenset({"/dev/null", "/dev/stdout", "/dev/stderr", "/dev/tty", "-"})
"""Where output may go without being written anywhere."""


@attrs.frozen
class Simple:
    """One simple command: ``argv`` with the program's base name first, ``writes`` the files its output goes to."""

    argv: tuple[str, ...]
    path: str = ""
    """The program as it was written."""
    writes: tuple[str, ...] = ()
    unsure: bool = False
    """Whether an argument is a pattern or holds something unknown."""
    guessed: bool = False
    """Whether it is a guess that a program of which nothing is known runs it."""

    @property
    def text(self) -> str:
        """The words joined by single spaces, then the redirections."""
        return " ".join((*self.argv, *(f"> {name}" for name in self.writes)))

    @property
    def shown(self) -> str:
        """The text for people, with an ellipsis for what is unknown."""
        return shown(self.text)
