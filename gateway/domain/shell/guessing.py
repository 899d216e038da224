"""Programs of which nothing is known: where in their words a command may stand.

The rule: words behind a mark (``--``, ``run``, ``exec``), what an option that usually carries code is given, and words
that look like a whole command (options or paths follow) are read as a command would be and noted as guesses. A guess
counts for rules that hit it; it is neither told as executed nor asked for permission, and it leaves no doubts and
nothing to later lines but files. There are no guesses in guesses.

Known limits: a subcommand of an unknown program that is called like a command, options and all (``frob rm -rf x``), is
taken for it; a command without options or paths (``frob reboot``) is not guessed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from itertools import islice
from typing import TYPE_CHECKING

import attrs

from gateway.domain.shell.call import Call
from gateway.domain.shell.carriers_table import CARRIERS
from gateway.domain.shell.launchers import COMMANDED, LAUNCHERS, ORDINARY
from gateway.domain.shell.reading import MOST_COMMANDS, Reading
from gateway.domain.shell.words import Field

if TYPE_CHECKING:
    from gateway.domain.shell.walk import Walk

MARKS = frozenset({
    "run", "exec", "execute", "spawn", "shell", "cmd.run", "do", "enter", "launch", "ssh", "unshare",
})  # fmt: skip
"""Words of unknown programs behind which a command often stands."""
CODED = frozenset({
    "c", "C", "e", "x", "X", "exec", "execute", "command", "Command", "cmd", "run", "eval", "shell", "shell-command",
    "wrap", "exec-batch", "on-change", "script", "init", "entrypoint", "program", "pre", "post", "hook",
    "scripts", "commands",
})  # fmt: skip
"""Options whose value often is a command."""
MOST_GUESSES, MOST_WORDS = 24, 64
"""Places of one command that are tried, and words that are read from each."""
_SEEMING = ("-", "/", "~", "./", "../")
"""How options and paths begin: what follows a command."""
_PROGRAM = re.compile(r"[\w./+~-]*[A-Za-z_]")


def guessed(walk: Walk, call: Call) -> None:
    """Read what an unknown program may run."""
    launches = call.name in LAUNCHERS or call.name in COMMANDED
    if call.name in ORDINARY or (call.name in CARRIERS and not launches) or not call.args or walk.guessing:
        return
    words = call.args
    anywhere = call.name not in COMMANDED
    starts = _marked(words, anywhere)
    if call.name in LAUNCHERS:
        starts = (place for place, word in enumerate(words) if not word.startswith("-"))
    for place in islice(starts, MOST_GUESSES):
        _guess(walk, words[place : place + MOST_WORDS], call)
    for text in islice(_codes(words, anywhere), MOST_GUESSES):
        _read(walk, text)


def _marked(words: tuple[str, ...], anywhere: bool) -> Iterator[int]:
    """Yield the places where a command may begin: behind a mark, or where one seems to stand."""
    behind, last = False, max((place for place, word in enumerate(words) if word.startswith(_SEEMING)), default=0)
    for place, word in enumerate(words):
        before = words[place - 1] if place else ""
        if before == "--" or (before.startswith("-") and before.lstrip("-") in CODED):
            yield place
        elif not word.startswith("-") and (behind or (anywhere and place < last)):
            yield place
        behind = behind or word in MARKS


def _codes(words: tuple[str, ...], anywhere: bool) -> Iterator[str]:
    """Yield what may be code: values of options, and whole commands in one word."""
    for place, word in enumerate(words):
        name, equals, value = word.lstrip("-").partition("=")
        if word.startswith("-") and name in CODED:
            yield value if equals else " ".join(words[place + 1 : place + 2])
        elif anywhere and " " in word:
            yield value if equals and word.startswith("-") else word


def _guess(walk: Walk, words: tuple[str, ...], call: Call) -> None:
    if " " in words[0]:
        _read(walk, words[0])
    elif _PROGRAM.fullmatch(words[0]):
        _aside(walk, lambda: walk.run([Field(word) for word in words], call.plumbing))


def _read(walk: Walk, text: str) -> None:
    if text.strip():
        _aside(walk, lambda: walk.code(text, ""))


def _aside(walk: Walk, read: Callable[[], object]) -> None:
    """Read something without doubts, and note its commands as guesses."""
    outer, walk.guessing = walk.reading, True
    walk.reading = Reading([], [], outer.effort)
    with walk.shell.child():
        read()
    found, walk.reading, walk.guessing = walk.reading, outer, False
    outer.effort = found.effort
    for command in found.commands:
        guess = attrs.evolve(command, guessed=True)
        if guess not in outer.commands and len(outer.commands) < MOST_COMMANDS:
            outer.add(guess)
