"""Which audited rules a command line hits.

The rule: a line is cut into simple commands; each is judged by every rule; a line that can not be cut into simple
commands with certainty is *opaque*, and never judged harmless.

Known limits (the full reading of shells comes with its own issue): the cut knows quotes, ``; & && || |`` and
newlines. Whatever else can make a command – substitutions, redirected shells, ``eval``, wrappers such as ``env`` or
``sudo``, ``sh -c``, variables in command position – makes the line opaque.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from fnmatch import fnmatchcase
from functools import lru_cache
from typing import Any

import attrs
import re2

from gateway.domain.entries import AuditedRule

LONGEST_LINE = 8 * 1024
"""Longer lines are opaque."""

SEPARATORS = frozenset({";", "&", "&&", "||", "|", ";;", "|&"})
OPAQUE_MARKS = ("$(", "`", "<(", ">(", "${", "<<", "$'", '$"', "\\\n", "\0")
WRAPPERS = frozenset({
    "sudo", "su", "doas", "env", "sh", "bash", "dash", "zsh", "ksh", "fish", "eval", "exec", "command", "builtin",
    "xargs", "find", "nohup", "nice", "ionice", "timeout", "time", "watch", "script", "setsid", "chroot", "ssh",
    "python", "python3", "perl", "ruby", "awk", "busybox", "source", ".", "trap", "alias", "tmux", "screen",
    "if", "then", "else", "elif", "fi", "for", "while", "until", "do", "done", "case", "esac", "select", "function",
    "{", "}", "(", ")", "!", "[[", "coproc", "parallel", "stdbuf", "unshare", "nsenter", "systemd-run", "at", "batch",
    "flock", "strace", "ltrace", "gdb", "vi", "vim", "less", "more", "man", "ed", "tee", "git", "tar", "rsync", "make",
})  # fmt: skip
"""First words whose real command, if any, this version does not look for."""


@attrs.frozen
class Simple:
    """One simple command: ``argv`` with the program's base name first, ``text`` normalised with single spaces."""

    argv: tuple[str, ...]

    @property
    def text(self) -> str:
        """The words joined by single spaces."""
        return " ".join(self.argv)


@attrs.frozen
class Judged:
    """Say what a line consists of and which rules it hits, strongest action first."""

    commands: tuple[Simple, ...]
    opaque: bool
    hits: tuple[tuple[Simple, AuditedRule], ...]


STRENGTH = ("allow", "warn", "review", "deny", "lock", "interrupt", "deactivate")
"""Actions from the weakest to the strongest."""


def judge(line: str, rules: tuple[AuditedRule, ...]) -> Judged:
    """Cut a line and match every rule against every simple command of it."""
    commands, opaque = simple_commands(line)
    hits = [(command, rule) for command in commands for rule in rules if hit(rule, command)]
    hits.sort(key=lambda pair: -STRENGTH.index(pair[1].action))
    return Judged(commands, opaque, tuple(hits))


def simple_commands(line: str) -> tuple[tuple[Simple, ...], bool]:
    """Return the simple commands of a line, and whether something in it could not be read for certain."""
    if len(line) > LONGEST_LINE:
        return (), True
    opaque = any(mark in line for mark in OPAQUE_MARKS)
    words = shlex.shlex(line.replace("\n", " ; "), posix=True, punctuation_chars=";&|()<>")
    words.whitespace_split, words.commenters = True, ""
    try:
        tokens = list(words)
    except ValueError:
        return (Simple(tuple(line.split())),), True
    found = tuple(Simple(_based(argv)) for argv in _cut(tokens) if argv)
    return found, opaque or any(_is_opaque(command) for command in found)


def _cut(tokens: list[str]) -> Iterator[list[str]]:
    argv: list[str] = []
    for token in tokens:
        if token in SEPARATORS:
            yield argv
            argv = []
        else:
            argv.append(token)
    yield argv


def _based(argv: list[str]) -> tuple[str, ...]:
    return (argv[0].rpartition("/")[2] or argv[0], *argv[1:])


def _is_opaque(command: Simple) -> bool:
    program = command.argv[0]
    return program in WRAPPERS or any(mark in program for mark in "$*?[{~=") or bool(set("()<>") & set(program))


def hit(rule: AuditedRule, command: Simple) -> bool:
    """Say whether one rule matches one simple command."""
    if rule.regex:
        return _compiled(rule.regex).search(command.text) is not None
    if rule.command != command.argv[0]:
        return False
    options, arguments = _sorted_out(command.argv[1:])
    return all(_has_option(wanted, options) for wanted in rule.options) and all(
        any(fnmatchcase(argument, wanted) for argument in arguments) for wanted in rule.arguments
    )


def _sorted_out(words: tuple[str, ...]) -> tuple[set[str], list[str]]:
    options: set[str] = set()
    for position, word in enumerate(words):
        if word == "--":
            return options, [*_arguments(words[:position]), *words[position + 1 :]]
        if word.startswith("--"):
            options.add(word[2:].partition("=")[0])
        elif word.startswith("-"):
            options.update(word[1:])
    return options, _arguments(words)


def _arguments(words: tuple[str, ...]) -> list[str]:
    return [word for word in words if not word.startswith("-") or word == "-"]


def _has_option(wanted: str, options: set[str]) -> bool:
    return any(spelling in options or _abbreviated(spelling, options) for spelling in wanted.split("|"))


def _abbreviated(spelling: str, options: set[str]) -> bool:
    return len(spelling) > 1 and any(len(each) > 2 and spelling.startswith(each) for each in options)


@lru_cache(maxsize=1024)
def _compiled(pattern: str) -> Any:
    return re2.compile(pattern)
