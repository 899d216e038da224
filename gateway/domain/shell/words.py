"""What a word of a command stands for: quotes, expansions, splitting.

The rule: the word's own source is read, character by character as a shell does; what can not be known is put in as a
hole (:mod:`gateway.domain.shell.unknown`). A word may become none, one or many.
"""

from __future__ import annotations

import re
from typing import Protocol

import attrs

from gateway.domain.shell.braces import MOST, braced, opened
from gateway.domain.shell.parameters import expansion
from gateway.domain.shell.quoting import (
    ansi_end,
    backtick_end,
    brace_end,
    double_end,
    paren_end,
    single_end,
    unescaped,
)
from gateway.domain.shell.unknown import ANY, SOME

MOST_LEVELS = 6
"""Expansions in expansions of one word: deeper ones are not read."""
LITERAL = re.compile(r"[\w/.:@%+,=^-]+")
"""Words that are what they say."""
_RUN = re.compile(r"[^\\'\"$`*?\[<>~ \t\n;|&()]+")
_QUOTED_RUN = re.compile(r"[^\\\"$`]+")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*|[0-9@*#?$!-]")
_BACKTICKED = re.compile(r"\\([$`\\])")
_BLANK = " \t\n"


class Surroundings(Protocol):
    """Who knows the variables, and can run what is substituted."""

    def value(self, name: str) -> str:
        """Return a variable's value, with holes where it is not known."""

    def elements(self, name: str) -> list[str]:
        """Return the elements of an array or of the positional parameters."""

    def assign(self, name: str, value: str) -> None:
        """Set a variable."""

    def substituted(self, code: str) -> str:
        """Run code and return what it writes, with holes where that is not known."""

    def channel(self, code: str, direction: str) -> str:
        """Run code beside, and return the path that is connected to it."""

    def doubt(self, why: str) -> None:
        """Note that something can not be read."""


@attrs.frozen
class Field:
    """One word as a program gets it; ``pattern`` where a glob in it is still to be matched against files."""

    text: str
    pattern: bool = False
    path: str = ""


@attrs.define(eq=False)
class _Reading:
    source: str
    around: Surroundings
    level: int = 0
    fields: list[Field] = attrs.field(factory=list)
    place: int = 0
    _pieces: list[str] = attrs.field(factory=list)
    _begun: bool = False
    _pattern: bool = False

    def read(self) -> list[Field]:
        """Read the word to its end."""
        while self.place < len(self.source):
            run = _RUN.match(self.source, self.place)
            if run is not None:
                self._put(run[0])
                self.place = run.end()
                continue
            character = self.source[self.place]
            self.place += 1
            self._special(character)
        self._end()
        return self.fields

    def _special(self, character: str) -> None:
        match character:
            case "\\":
                self._escaped()
            case "'":
                end = single_end(self.source, self.place)
                self._put(self._upto(end))
            case '"':
                end = double_end(self.source, self.place)
                self._double(self._upto(end))
            case "$":
                self._dollar(False)
            case "`":
                self._split(self._backtick())
            case "*" | "?" | "[":
                self._pattern = True
                self._put(character)
            case "~":
                self._tilde()
            case _:
                self._odd(character)

    def _upto(self, end: int) -> str:
        """Return the text up to a closing mark and go behind it."""
        text = self.source[self.place : end]
        if end >= len(self.source):
            self.around.doubt("a quote is not closed")
        self.place = end + 1
        return text

    def _put(self, text: str) -> None:
        self._begun = True
        self._pieces.append(text)

    def _end(self) -> None:
        if self._begun:
            self.fields.append(Field("".join(self._pieces), self._pattern))
        self._pieces, self._begun, self._pattern = [], False, False

    def _escaped(self) -> None:
        following = self.source[self.place : self.place + 1]
        self.place += 1
        if following != "\n":
            self._put(following)

    def _tilde(self) -> None:
        rest = self.source[self.place : self.place + 1]
        at_start = not self._begun and not self.fields
        self._put(self.around.value("HOME") if at_start and rest in ("", "/") else SOME if at_start else "~")

    def _odd(self, character: str) -> None:
        if character in "<>" and self.source.startswith("(", self.place):
            self.place += 1
            code = self._upto(paren_end(self.source, self.place))
            self._put(self.around.channel(code, character))
        elif character == "(" and self.source[self.place - 2 : self.place - 1] in tuple("@!?+*"):
            self._pattern = True
            self._put("(" + self._upto(paren_end(self.source, self.place)) + ")")
        else:
            self.around.doubt(f"{character!r} stands where no word can have it")
            self._put(character)

    def _double(self, inside: str) -> None:
        self._put("")
        inner = self._inner(inside)
        inner.read_quoted()
        if len(inner.fields) > 1:
            self._put(inner.fields[0].text)
            for field in inner.fields[1:]:
                self._end()
                self._put(field.text)
        else:
            self._put(inner.fields[0].text)

    def read_quoted(self) -> None:
        """Read to the end as if in double quotes; always at least one field."""
        self._put("")
        while self.place < len(self.source):
            run = _QUOTED_RUN.match(self.source, self.place)
            if run is not None:
                self._put(run[0])
                self.place = run.end()
                continue
            character = self.source[self.place]
            self.place += 1
            self._special_in_quotes(character)
        self._end()

    def _special_in_quotes(self, character: str) -> None:
        match character:
            case "\\":
                following = self.source[self.place : self.place + 1]
                self.place += 1
                self._put("" if following == "\n" else following if following in '$`"\\' else "\\" + following)
            case "$":
                self._dollar(True)
            case "`":
                self._put(self._backtick())
            case _:
                self._put(character)

    def _backtick(self) -> str:
        code = self._upto(backtick_end(self.source, self.place))
        return self.around.substituted(_BACKTICKED.sub(r"\1", code))

    def _dollar(self, quoted: bool) -> None:
        following = self.source[self.place : self.place + 1]
        match following:
            case "(" if self.source.startswith("((", self.place):
                self._arithmetic(2)
            case "(":
                self.place += 1
                code = self._upto(paren_end(self.source, self.place))
                self._value(self.around.substituted(code), quoted)
            case "{":
                self.place += 1
                inside = self._upto(brace_end(self.source, self.place))
                values = expansion(inside, self.around, self)
                if quoted and (inside == "*" or inside.endswith("[*]")):
                    values = [self._joined(values)]
                self._values(values, quoted)
            case "[":
                self._arithmetic(1)
            case "'" if not quoted:
                self.place += 1
                self._put(unescaped(self._upto(ansi_end(self.source, self.place))))
            case '"' if not quoted:
                self.place += 1
                self._double(self._upto(double_end(self.source, self.place)))
            case _:
                self._named(quoted)

    def _joined(self, values: list[str]) -> str:
        """Return the elements of an array as one word: between them stands the first character of IFS."""
        between = self.around.value("IFS")
        return (" " if ANY in between else between[:1]).join(values)

    def _arithmetic(self, marks: int) -> None:
        self.place += marks
        if marks == 1:
            inside = self.source[self.place :].partition("]")[0]
            self.place += len(inside) + 1
        else:
            end = paren_end(self.source, self.place)
            inside = self.source[self.place : end]
            self.place = end + 2
        self._inner(inside).read_quoted()
        self._put(SOME)

    def _inner(self, source: str) -> _Reading:
        """Return the reading of a piece of the word."""
        if self.level >= MOST_LEVELS:
            self.around.doubt("expansions stand in expansions too deeply")
            source = ""
        return _Reading(source, self.around, self.level + 1)

    def _named(self, quoted: bool) -> None:
        name = _NAME.match(self.source, self.place)
        if name is None:
            self._put("$")
            return
        self.place = name.end()
        if name[0] == "*" and quoted:
            self._put(self._joined(self.around.elements("*")))
        elif name[0] in "@*":
            self._values(self.around.elements(name[0]), quoted)
        else:
            self._value(self.around.value(name[0]), quoted)

    def _values(self, values: list[str], quoted: bool) -> None:
        for number, value in enumerate(values):
            if number:
                self._end()
            self._value(value, quoted)

    def _value(self, value: str, quoted: bool) -> None:
        if quoted:
            self._put(value)
        else:
            self._split(value)

    def _split(self, value: str) -> None:
        """Put in what an expansion outside quotes gives: it is cut at blanks and its globs are patterns."""
        blanks = self.around.value("IFS")
        blanks = _BLANK if ANY in blanks or SOME in blanks else blanks
        for piece in re.split(f"([{re.escape(blanks)}]+)", value) if blanks else [value]:
            if piece and not piece.strip(blanks):
                self._end()
            elif piece:
                self._pattern = self._pattern or any(mark in piece for mark in "*?[")
                self._put(piece)

    def text_of(self, source: str) -> str:
        """Return what a piece of source stands for, as one word."""
        return " ".join(field.text for field in self._inner(source).read())


def fields(source: str, around: Surroundings) -> list[Field]:
    """Return the words that a word of the source becomes."""
    if LITERAL.fullmatch(source):
        return [Field(source)]
    if "{" not in source:
        return _Reading(source, around).read()
    words = braced(source) if opened(source) <= MOST else [source] * (MOST + 1)
    if len(words) > MOST:
        around.doubt("braces make too many words")
        words = words[:MOST] if words[0] != source else [source]
    return [field for word in words for field in _Reading(word, around).read()]


def text(source: str, around: Surroundings) -> str:
    """Return what a word stands for where it is not split: in assignments and redirections."""
    if LITERAL.fullmatch(source):
        return source
    return " ".join(field.text for field in _Reading(source, around).read())


def quoted_text(source: str, around: Surroundings) -> str:
    """Return what a text stands for where expansions are done and quotes are none: in here-documents."""
    reading = _Reading(source.replace('"', '\\"'), around)
    reading.read_quoted()
    return " ".join(field.text for field in reading.fields)
