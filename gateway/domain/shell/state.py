"""What a session's shell remembers from line to line.

The rule: what was set for certain has its value; what was set perhaps (in a branch, in a pipe) is unknown from then
on; what was never set here may be anything the account's start-up files made of it.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from contextlib import contextmanager

import attrs

from gateway.domain.shell.unknown import ANY, SOME, beginning

MOST_NAMES = 512
"""More names of a kind are not kept, and the session is opaque from then on."""
LONGEST_VALUE = 16 * 1024
"""Longer values are not known."""
GIVEN = {
    "0": "bash", "SHELL": "/bin/bash", "BASH": "/bin/bash", "IFS": " \t\n", "HOME": SOME, "USER": SOME, "LOGNAME": SOME,
    "PWD": SOME, "OLDPWD": SOME, "HOSTNAME": SOME, "HOSTTYPE": SOME, "OSTYPE": SOME, "MACHTYPE": SOME, "LANG": SOME,
    "LC_ALL": SOME, "LC_CTYPE": SOME, "TERM": SOME, "TZ": SOME, "UID": SOME, "EUID": SOME, "GROUPS": SOME,
    "PPID": SOME, "RANDOM": SOME, "SRANDOM": SOME, "SECONDS": SOME, "EPOCHSECONDS": SOME, "EPOCHREALTIME": SOME,
    "LINENO": SOME, "BASHPID": SOME, "COLUMNS": SOME, "LINES": SOME, "SHLVL": SOME, "SSH_CONNECTION": SOME,
    "SSH_CLIENT": SOME, "SSH_TTY": SOME, "SSH_AUTH_SOCK": SOME, "TMPDIR": SOME, "MAIL": SOME, "PATH": SOME,
    "XDG_RUNTIME_DIR": SOME, "BASH_VERSION": SOME, "DISPLAY": SOME, "$": SOME, "!": SOME, "?": SOME, "#": SOME,
    "-": SOME, "_": ANY, "SUDO_USER": SOME, "HISTFILE": SOME, "HISTSIZE": SOME,
}  # fmt: skip
"""Variables that a login sets, while nobody in the session has set them."""

_NAMES = ("variables", "aliases", "functions", "programs", "exported")


@attrs.define
class Shell:
    """The state; ``typed`` says that what a shell started here reads from its terminal is judged too."""

    typed: bool = False
    variables: dict[str, str] = attrs.field(factory=dict)
    arrays: dict[str, tuple[str, ...]] = attrs.field(factory=dict)
    aliases: dict[str, str] = attrs.field(factory=dict)
    functions: dict[str, str] = attrs.field(factory=dict)
    files: dict[str, str] = attrs.field(factory=dict)
    """Paths written in the session, with their content; or :data:`ANY` for it."""
    programs: dict[str, str] = attrs.field(factory=dict)
    """Paths and names that were linked, copied or hashed to a program."""
    exported: dict[str, str] = attrs.field(factory=dict)
    """Variables that children see; the values say nothing."""
    folder: str = ""
    crowded: bool = False
    """Whether more was set than is kept."""

    def copy(self) -> Shell:
        """Return another shell that remembers the same."""
        kept = {name: dict(getattr(self, name)) for name in (*_NAMES, "arrays", "files")}
        return Shell(self.typed, folder=self.folder, crowded=self.crowded, **kept)

    def value(self, name: str) -> str:
        """Return a variable's value."""
        if name in self.variables:
            return self.variables[name]
        if name in self.arrays:
            return next(iter(self.arrays[name]), "")
        return GIVEN.get(name, ANY)

    def assign(self, name: str, value: str) -> None:
        """Set a variable."""
        self.arrays.pop(name, None)
        self.keep(self.variables, name, value)

    def path(self, name: str) -> str:
        """Return a file's name as it is known here: from the present folder, without detours."""
        return posixpath.normpath(posixpath.join(self.folder, name)) if name else ""

    def enter(self, name: str) -> None:
        """Change the folder."""
        known = beginning(name)
        self.folder = posixpath.normpath(posixpath.join(self.folder, name)) if known == name else ANY

    def write(self, name: str, content: str, append: bool = False) -> None:
        """Remember what a file holds now."""
        path = self.path(name)
        self.keep(self.files, path, self.files.get(path, "") + content if append else content)
        self.programs.pop(path, None)

    def read(self, name: str) -> str | None:
        """Return what a file holds; None where it was not written in this session."""
        return self.files.get(self.path(name))

    def elements(self, name: str) -> list[str]:
        """Return the elements of an array; of a plain variable, its value."""
        return list(self.arrays[name]) if name in self.arrays else [self.value(name)]

    def fill(self, name: str, elements: list[str], more: bool) -> None:
        """Set an array, or append to it."""
        before = tuple(self.elements(name)) if more else ()
        self.assign(name, "")
        self.variables.pop(name, None)
        self.arrays[name] = (*before, *elements) if len(before) + len(elements) <= MOST_NAMES else (ANY,)
        self.crowded = self.crowded or len(self.arrays) > MOST_NAMES

    def define(self, name: str, body: str) -> None:
        """Remember a function."""
        self.keep(self.functions, name, body)

    def keep(self, names: dict[str, str], name: str, value: str) -> None:
        """Put a value under a name, within the bounds."""
        if name in names or len(names) < MOST_NAMES:
            names[name] = value if len(value) <= LONGEST_VALUE else ANY
        else:
            self.crowded = True

    def alias(self, name: str, value: str) -> None:
        """Remember an alias."""
        self.keep(self.aliases, name, value)

    def export(self, name: str) -> None:
        """Let children see a variable."""
        self.keep(self.exported, name, "")

    def rename(self, name: str, program: str) -> None:
        """Remember that a path, or a plain name, stands for a program."""
        self.keep(self.programs, self.path(name) if "/" in name else name, program)
        if self.folder:
            self.keep(self.programs, self.path(name), program)

    def forget(self, name: str) -> None:
        """Unset a variable; without IFS, words are cut at blanks."""
        self.assign(name, " \t\n" if name == "IFS" else "")

    def restore(self, before: dict[str, str], names: list[str]) -> None:
        """Give variables the values they had before."""
        for name in names:
            self.variables.pop(name, None)
            if name in before:
                self.variables[name] = before[name]

    @contextmanager
    def exporting(self, names: list[str]) -> Iterator[None]:
        """Let children see these variables."""
        added = [name for name in names if name not in self.exported]
        self.exported.update(dict.fromkeys(added, ""))
        yield
        for name in added:
            self.exported.pop(name, None)

    @contextmanager
    def child(self) -> Iterator[None]:
        """Be another shell, which knows only what is exported and leaves nothing behind but files."""
        with self.apart():
            for name in [each for each in self.variables if each not in self.exported]:
                del self.variables[name]
            self.arrays.clear()
            self.aliases.clear()
            yield

    @contextmanager
    def apart(self) -> Iterator[None]:
        """Let what is done inside leave nothing behind but files."""
        kept = [(names, dict(names)) for names in self._names]
        arrays, folder = dict(self.arrays), self.folder
        yield
        for names, before in kept:
            if names != before:
                names.clear()
                names.update(before)
        self.arrays, self.folder = arrays, folder

    @contextmanager
    def perhaps(self) -> Iterator[None]:
        """Let what is done inside be uncertain afterwards where it was done differently before."""
        kept = [(names, dict(names)) for names in self._names]
        arrays, folder = dict(self.arrays), self.folder
        yield
        for names, before in kept:
            if names != before:
                names.update({name: ANY for name in {**names, **before} if names.get(name) != before.get(name)})
        for name in [each for each, parts in self.arrays.items() if arrays.get(each) != parts]:
            self.arrays[name] = (ANY,)
        self.folder = folder if folder == self.folder else ANY

    @property
    def _names(self) -> tuple[dict[str, str], ...]:
        return tuple(getattr(self, name) for name in _NAMES)
