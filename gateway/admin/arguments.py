"""The command line of a verb, strictly.

The rule: what is not declared is refused with words, and nothing is guessed or abbreviated. Any list of
strings is either parsed or refused with :exc:`Refusal`; the parser reads no file and no environment.
"""

from __future__ import annotations

import difflib
import shlex
from collections.abc import Callable, Sequence
from typing import Any

import attrs

from gateway.admin.refusal import usage

MOST_WORDS = 4096
MOST_CHARACTERS = 256 * 1024


@attrs.frozen
class Option:
    """An option; without a ``word`` it is a flag. ``kind`` turns its text into a value or raises ValueError."""

    name: str
    says: str
    word: str = ""
    kind: Callable[[str], Any] = str
    many: bool = False

    @property
    def key(self) -> str:
        """The name under which its value is found."""
        return self.name.lstrip("-").replace("-", "_")


@attrs.frozen
class Argument:
    """An argument by position; the last one may take ``many``."""

    word: str
    says: str
    required: bool = True
    many: bool = False

    @property
    def key(self) -> str:
        """The name under which its value is found."""
        return self.word.lower()


Values = dict[str, Any]

QUOTES = "quote words that belong together, over ssh twice: \"'two words'\""
"""What helps where words fell apart: ssh hands over a command line without the quotes of the shell it was typed in."""

JSON = Option("--json", "one JSON object on stdout, and nothing else")
NDJSON = Option("--ndjson", "one JSON object a line")
CSV = Option("--csv", "comma-separated values with a head line")
REASON = Option("--reason", "why; kept in the audit log", word="TEXT")
HELP = Option("--help", "what the verb does and takes")


def split(line: bytes | str) -> list[str]:
    """Cut a command line into words as a POSIX shell does, without any expansion. Raises :exc:`Refusal`."""
    if len(line) > MOST_CHARACTERS:
        raise usage("the command line is too long")
    try:
        text = line.decode("utf-8") if isinstance(line, bytes) else line
        return shlex.split(text, comments=False)
    except UnicodeDecodeError:
        raise usage("the command line is not UTF-8") from None
    except ValueError as failure:
        raise usage(f"the command line can not be read: {str(failure).lower()}") from None


def parse(arguments: Sequence[Argument], options: Sequence[Option], words: Sequence[str]) -> Values:
    """Return every argument and option by its key: None, False or () where it was not given."""
    if len(words) > MOST_WORDS or sum(map(len, words)) > MOST_CHARACTERS:
        raise usage("the command line is too long")
    reading = _Reading({option.name: option for option in options})
    plain = _reasoned(arguments, reading, reading.take(list(words)))
    values = reading.values
    values.update(_placed(arguments, plain))
    return values


@attrs.define
class _Reading:
    options: dict[str, Option]
    values: Values = attrs.field(init=False)
    before: int | None = None
    """How many plain words stood before the reason, where no option follows it."""

    def __attrs_post_init__(self) -> None:
        self.values = {option.key: _absent(option) for option in self.options.values()}

    def take(self, words: list[str]) -> list[str]:
        """Take all options out of the words; return the rest."""
        plain: list[str] = []
        words.reverse()
        while words:
            word = words.pop()
            if word == "--":
                return plain + words[::-1]
            if word == "-" or not word.startswith("-"):
                plain.append(word)
            else:
                self._option(word, words)
                self.before = len(plain) if word == REASON.name else None
        return plain

    def _option(self, word: str, rest: list[str]) -> None:
        name, equals, text = word.partition("=")
        option = self.options.get(name)
        if option is None:
            near = difflib.get_close_matches(name, list(self.options), n=1, cutoff=0.5)
            raise usage(f"unknown option {name!r}" + (f"; did you mean {near[0]}?" if near else f"; {QUOTES}"))
        if not option.word:
            if equals:
                raise usage(f"{name} takes no value")
            self.values[option.key] = True
            return
        if not equals:
            if not rest:
                raise usage(f"{name} needs a value: {name} {option.word}")
            text = rest.pop()
        self._value(option, text)

    def _value(self, option: Option, text: str) -> None:
        try:
            value = option.kind(text)
        except ValueError as failure:
            raise usage(f"{option.name}: {failure}") from None
        if option.many:
            self.values[option.key] += (value,)
        elif self.values[option.key] is not None:
            raise usage(f"{option.name} is given twice")
        else:
            self.values[option.key] = value


def _absent(option: Option) -> Any:
    if not option.word:
        return False
    return () if option.many else None


def _reasoned(arguments: Sequence[Argument], reading: _Reading, plain: list[str]) -> list[str]:
    """Give a reason the words after it that nothing else can take; return the rest."""
    most = len(arguments)
    if reading.before != most or any(argument.many for argument in arguments):
        return plain
    reading.values[REASON.key] = " ".join((reading.values[REASON.key], *plain[most:]))
    return plain[:most]


def _placed(arguments: Sequence[Argument], plain: list[str]) -> Values:
    values: Values = {}
    left = list(plain)
    for argument in arguments:
        if argument.required and not left:
            raise usage(f"{argument.word} is missing: {argument.says}")
        if argument.many:
            values[argument.key], left = tuple(left), []
        else:
            values[argument.key] = left.pop(0) if left else None
    if left:
        raise usage(f"unexpected {left[0]!r}; {QUOTES}")
    return values


def synopsis(name: str, arguments: Sequence[Argument], options: Sequence[Option]) -> str:
    """Return the usage line of a verb."""
    parts = [name]
    for argument in arguments:
        word = f"{argument.word}…" if argument.many else argument.word
        parts.append(word if argument.required else f"[{word}]")
    for option in options:
        shown = f"{option.name} {option.word}" if option.word else option.name
        parts.append(f"[{shown}]…" if option.many else f"[{shown}]")
    return " ".join(parts)
