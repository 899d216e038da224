"""The demo target's command lines: quotes, words, and the few operators that its shell knows.

The rule: a line is read as a whole or not at all; what the shell does not know (pipes, substitutions,
background) is said to be an error and never run as something else.
"""

from __future__ import annotations

import enum
from collections.abc import Iterator

import attrs

MOST_STEPS = 64
MOST_WORDS = 1024
OPERATORS = ("&&", "||", ">>", ";", ">", "|", "&", "<", "(", ")")


class BadLine(ValueError):
    """A line can not be read; the text says why."""


class When(enum.Enum):
    """When a step runs, seen from the one before."""

    ALWAYS = ";"
    ON_SUCCESS = "&&"
    ON_FAILURE = "||"


@attrs.frozen
class Step:
    """One command: its words, when it runs, and the file its output goes to, if any."""

    words: tuple[str, ...]
    when: When
    output: str | None = None
    append: bool = False


@attrs.frozen
class Word:
    """A word, or an operator that stood outside quotes."""

    text: str
    operator: bool = False


def read_steps(line: str) -> tuple[Step, ...]:
    """Read a command line; raise :exc:`BadLine`."""
    steps: list[Step] = []
    when, present = When.ALWAYS, list[Word]()
    for word in [*split(line), Word(";", operator=True)]:
        if not word.operator or word.text in (">", ">>"):
            present.append(word)
            continue
        if word.text not in (";", "&&", "||"):
            raise BadLine(f"syntax error near unexpected token `{word.text}'")
        if present:
            steps.append(_step(present, when))
        elif word.text != ";" or when is not When.ALWAYS:
            raise BadLine(f"syntax error near unexpected token `{word.text}'")
        when, present = When(word.text), []
    if len(steps) > MOST_STEPS:
        raise BadLine(f"more than {MOST_STEPS} commands in one line")
    return tuple(steps)


def _step(words: list[Word], when: When) -> Step:
    plain, output, append = list[str](), None, False
    rest = iter(words)
    for word in rest:
        if not word.operator:
            plain.append(word.text)
            continue
        name = next(rest, None)
        if name is None or name.operator:
            raise BadLine(f"syntax error: a file name is missing after `{word.text}'")
        output, append = name.text, word.text == ">>"
    if len(plain) > MOST_WORDS:
        raise BadLine(f"more than {MOST_WORDS} words in one command")
    return Step(tuple(plain), when, output, append)


def split(line: str) -> Iterator[Word]:
    """Split a line into words and operators; raise :exc:`BadLine` at quotes that do not close."""
    position = 0
    while position < len(line):
        found = next((each for each in OPERATORS if line.startswith(each, position)), None)
        if line[position].isspace():
            position += 1
        elif line[position] == "#":
            return
        elif found is not None:
            yield Word(found, operator=True)
            position += len(found)
        else:
            text, position = _word(line, position)
            yield Word(text)


def _word(line: str, position: int) -> tuple[str, int]:
    pieces: list[str] = []
    while position < len(line) and not line[position].isspace() and not line.startswith(OPERATORS, position):
        match line[position]:
            case "'" | '"' as quote:
                text, position = _quoted(line, position + 1, quote)
                pieces.append(text)
            case "\\":
                pieces.append(line[position + 1 : position + 2])
                position += 2
            case character:
                _refuse_substitution(line, position)
                pieces.append(character)
                position += 1
    return "".join(pieces), position


def _quoted(line: str, position: int, quote: str) -> tuple[str, int]:
    pieces: list[str] = []
    while position < len(line) and line[position] != quote:
        if (
            quote == '"'
            and line[position] == "\\"
            and line[position + 1 : position + 2] in ('"', "\\", "$", "`")
        ):
            position += 1
        elif quote == '"':
            _refuse_substitution(line, position)
        pieces.append(line[position : position + 1])
        position += 1
    if position >= len(line):
        raise BadLine(f"unexpected end of line while looking for matching `{quote}'")
    return "".join(pieces), position + 1


def _refuse_substitution(line: str, position: int) -> None:
    for sign in ("`", "$("):
        if line.startswith(sign, position):
            raise BadLine(f"this shell substitutes nothing: {sign} is not known here")
