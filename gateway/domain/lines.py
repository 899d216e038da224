"""Read a command line as a shell would, as far as that is certain.

The rule: a line is cut into simple commands by the quoting rules of POSIX shells; whatever could make another
command or another word than those that stand there makes the line *opaque*. What is quoted is never a separator,
what is a separator is never an argument.

Known limits (the full reading of shells comes with its own issue): substitutions, variables, braces, groups,
comments, here-documents and assignments are opaque, not resolved; so are reserved words and programs that run others
(:data:`WRAPPERS`), for whoever judges commands. Patterns in arguments are kept as they stand, and the command is
marked *unsure*.
"""

from __future__ import annotations

from collections.abc import Callable

import attrs

LONGEST_LINE = 8 * 1024
"""Longer lines are opaque."""
MOST_COMMANDS = 128
"""Lines of more simple commands are opaque; the first ones are judged."""

WRAPPERS = frozenset({
    "sudo", "su", "doas", "env", "sh", "bash", "dash", "zsh", "ksh", "fish", "csh", "tcsh", "rbash", "ash", "eval",
    "exec", "command", "builtin", "xargs", "find", "nohup", "nice", "ionice", "timeout", "time", "watch", "script",
    "setsid", "chroot", "ssh", "python", "python3", "perl", "ruby", "awk", "gawk", "mawk", "sed", "busybox", "source",
    ".", "trap", "alias", "tmux", "screen", "node", "php", "lua", "expect", "socat", "nc", "runuser", "pkexec", "sg",
    "if", "then", "else", "elif", "fi", "for", "while", "until", "do", "done", "case", "esac", "select", "function",
    "{", "}", "!", "[[", "coproc", "parallel", "stdbuf", "unshare", "nsenter", "systemd-run", "at", "batch", "crontab",
    "flock", "strace", "ltrace", "gdb", "vi", "vim", "less", "more", "man", "ed", "ex", "tee", "git", "tar", "rsync",
    "make", "scp", "sftp", "docker", "podman", "kubectl", "taskset", "chrt", "setpriv", "ld.so", "toybox", "noglob",
    "nocorrect", "repeat", "foreach", "end", "and", "or", "not", "begin", "switch",
})  # fmt: skip
"""First words whose real command, if any, is not looked for."""

IN_DOUBLE_QUOTES = frozenset('$`"\\')
"""What a backslash takes its meaning from within double quotes."""
NOWHERE = frozenset({"/dev/null", "/dev/stdout", "/dev/stderr"})
"""Where output may go without being written anywhere."""


@attrs.frozen
class Simple:
    """One simple command: ``argv`` with the program's base name first, ``writes`` the files its output goes to."""

    argv: tuple[str, ...]
    path: str = ""
    """The program as it was written."""
    writes: tuple[str, ...] = ()
    unsure: bool = False
    """Whether an argument is a pattern, so that the real ones are not known."""

    @property
    def text(self) -> str:
        """The words joined by single spaces, then the redirections."""
        return " ".join((*self.argv, *(f"> {name}" for name in self.writes)))


@attrs.define(eq=False)
class Reading:
    """Read one line; ``commands`` and ``opaque`` are what comes of it."""

    line: str
    commands: list[Simple] = attrs.field(factory=list)
    opaque: bool = False
    _place: int = 0
    _word: list[str] | None = None
    _argv: list[str] = attrs.field(factory=list)
    _writes: list[str] = attrs.field(factory=list)
    _unsure: bool = False
    _redirected: str = ""

    def read(self) -> None:
        """Read to the end, or to the cap on commands."""
        self.opaque = "\0" in self.line
        while self._place < len(self.line) and len(self.commands) < MOST_COMMANDS:
            character = self.line[self._place]
            self._place += 1
            MEANING.get(character, Reading._plain)(self, character)
        self.opaque = self.opaque or self._place < len(self.line)
        self._end_command()

    def _plain(self, character: str) -> None:
        if self._word is None:
            self._word = []
        self._word.append(character)

    def _marked(self, character: str) -> None:
        self.opaque = True
        self._plain(character)

    def _pattern(self, character: str) -> None:
        if character != "~" or self._word is None:
            self._unsure = True
            self.opaque = self.opaque or not self._argv
        self._plain(character)

    def _comment(self, character: str) -> None:
        self.opaque = self.opaque or self._word is None
        self._plain(character)

    def _escaped(self, character: str) -> None:
        following = self.line[self._place : self._place + 1]
        self._place += 1
        if not following:
            self.opaque = True
        elif following != "\n":
            self._plain(following)

    def _single_quoted(self, character: str) -> None:
        end = self.line.find("'", self._place)
        self.opaque = self.opaque or end < 0
        end = len(self.line) if end < 0 else end
        self._word = [*(self._word or ()), self.line[self._place : end]]
        self._place = end + 1

    def _double_quoted(self, character: str) -> None:
        self._word = self._word or []
        while self._place < len(self.line):
            each = self.line[self._place]
            self._place += 1
            if each == '"':
                return
            if each == "\\":
                each = self._escaped_in_quotes()
            elif each in "$`":
                self.opaque = True
            self._word.append(each)
        self.opaque = True

    def _escaped_in_quotes(self) -> str:
        following = self.line[self._place : self._place + 1]
        if following == "\n":
            self._place += 1
            return ""
        if following not in IN_DOUBLE_QUOTES:
            return "\\"
        self._place += 1
        return following

    def _blank(self, character: str) -> None:
        self._end_word()

    def _grouping(self, character: str) -> None:
        self.opaque = True
        self._end_command()

    def _separator(self, character: str) -> None:
        if character == "&" and self.line.startswith(">", self._place):
            self._end_word()
            self._place += 1
            self._redirection(">")
        else:
            self._end_command()

    def _redirection(self, character: str) -> None:
        if self._word is not None and "".join(self._word).isdigit():
            self._word = None
        self._end_word()
        rest = self.line[self._place : self._place + 2]
        if self._redirected or (character == "<" and rest[:1] == "<"):
            self.opaque = True
        self._place += len(rest) - len(rest.lstrip(">&|"))
        self._redirected = character

    def _end_word(self) -> None:
        if self._word is None:
            return
        word, self._word = "".join(self._word), None
        if not self._redirected:
            self._argv.append(word)
        elif self._redirected == ">" and word not in NOWHERE and not word.isdigit():
            self._writes.append(word)
        self._redirected = ""

    def _end_command(self) -> None:
        self._end_word()
        if self._argv:
            path = self._argv[0]
            program = path.rpartition("/")[2] or path
            self.opaque = self.opaque or "=" in path
            self.commands.append(Simple((program, *self._argv[1:]), path, tuple(self._writes), self._unsure))
        self.opaque = self.opaque or bool(self._redirected) or (bool(self._writes) and not self._argv)
        self._argv, self._writes, self._unsure, self._redirected = [], [], False, ""


MEANING: dict[str, Callable[[Reading, str], None]] = {
    "'": Reading._single_quoted,
    '"': Reading._double_quoted,
    "\\": Reading._escaped,
    " ": Reading._blank,
    "\t": Reading._blank,
    "\n": Reading._separator,
    ";": Reading._separator,
    "&": Reading._separator,
    "|": Reading._separator,
    "(": Reading._grouping,
    ")": Reading._grouping,
    "<": Reading._redirection,
    ">": Reading._redirection,
    "$": Reading._marked,
    "`": Reading._marked,
    "{": Reading._marked,
    "*": Reading._pattern,
    "?": Reading._pattern,
    "[": Reading._pattern,
    "~": Reading._pattern,
    "#": Reading._comment,
}
"""What a character outside quotes does; all others stand for themselves."""


def simple_commands(line: str) -> tuple[tuple[Simple, ...], bool]:
    """Return the simple commands of a line, and whether something in it could not be read for certain."""
    if len(line) > LONGEST_LINE:
        return (), True
    reading = Reading(line)
    reading.read()
    return tuple(reading.commands), reading.opaque
