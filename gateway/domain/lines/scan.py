"""Whether a line is finished, and whether a shell would put its history into it.

The rule: a line is unfinished when a shell would ask for more before it runs anything of it. In doubt it is finished,
so that it is judged as it stands.

Known limits: options that change the grammar (bash without ``interactive_comments``, other history characters) are
not known at a session's start; of zsh both grammars of comments are judged.
"""

from __future__ import annotations

import re

from gateway.domain.shell.joining import joined
from gateway.domain.shell.quoting import ansi_end, backtick_end, brace_end, double_end, paren_end, single_end

MOST_STEPS = 4096
_TOKEN = re.compile(
    r"(?P<blank>[ \t]+|\\\n)|(?P<comment>#[^\n]*)|(?P<here><<-?)(?!<)|(?P<join>\|\||&&|\|&?)|(?P<new>[\n;&]+)"
    r"|(?P<open>\()|(?P<shut>\))|(?P<word>(?:\\.|\$?'|\$?\"|\$\(|\$\{|`|<\(|>\(|[^\s;&|()'\"`\\])+)|(?P<rest>.)",
    re.S,
)
_INSIDE = re.compile(r"\\.|\$'|'|\$?\"|[$<>]\(|\$\{|`", re.S)
_ENDS = {"'": single_end, "$'": ansi_end, '"': double_end, '$"': double_end, "`": backtick_end, "${": brace_end}
_OPENERS = {"if": "fi", "case": "esac", "do": "done", "{": "}"}
_LEADERS = frozenset({"then", "else", "elif", "do", "while", "until", "if", "{", "!", "time"})
_WAITERS = frozenset({"while", "until", "for", "select"})
"""Words that have a ``do`` of their own."""
_EVENT = re.compile(r"\\.|'[^']*'?|!(?=[^\s=(\"]|\Z)", re.S)
_PRINTED = re.compile(r"!(?:!|[\w$^*-]*)(?::[\d$^*-]+)?:p")
_COMMENT = re.compile(r"\\.|\$'(?:\\.|[^'\\])*'?|'[^']*'?|\"(?:\\.|[^\"\\])*\"?|(?<![^\s;&|()])#", re.S)


def uncommented(text: str) -> str:
    """Return a text that means, where there are comments, what this one means where there are none."""
    return _COMMENT.sub(lambda found: "\\#" if found[0] == "#" else found[0], text)


def unfinished(text: str, words: bool = True) -> bool:
    """Say whether a shell would ask for more; ``words``: also for words that open something, as in shells like sh."""
    return _Scan(text, words).unfinished()


def recalls(line: str) -> bool:
    """Say whether a shell with history would put something of it into the line."""
    if line.startswith("^") and line.count("^") > 1:
        return True
    return any(found[0] == "!" and found.end() < len(line) for found in _EVENT.finditer(line))


def prints_only(line: str) -> bool:
    """Say whether the line recalls a command to be printed, not run."""
    return _PRINTED.fullmatch(line.strip()) is not None


class _Scan:
    """One pass over a text."""

    __slots__ = ("_awaited", "_first", "_here", "_joined", "_open", "_place", "_text", "_words")

    def __init__(self, text: str, words: bool) -> None:
        self._text = text
        self._words = words
        self._place = 0
        self._open: list[str] = []
        self._awaited: list[tuple[str, bool]] = []
        self._first = True
        self._joined = False
        self._here: bool | None = None

    def unfinished(self) -> bool:
        """Say whether something is open at the end."""
        if (len(self._text) - len(self._text.rstrip("\\"))) % 2:
            return True
        self._text = joined(self._text)
        for _ in range(MOST_STEPS):
            if self._place >= len(self._text):
                break
            found = _TOKEN.match(self._text, self._place)
            assert found is not None  # noqa: S101 - the last alternative takes any character
            start, self._place = self._place, found.end()
            if self._take(found.lastgroup or "", start, found[0]):
                return True
        return bool(self._open or self._awaited or self._joined or self._here is not None)

    def _take(self, kind: str, start: int, token: str) -> bool:
        """Take one token; say whether it has no end."""
        match kind:
            case "blank" | "comment":
                return False
            case "here":
                self._here = token == "<<-"
            case "new":
                return self._new(token)
            case "join":
                self._first = self._joined = True
            case "open":
                self._open.append(")")
                self._first, self._joined = True, False
            case "shut":
                self._shut(")")
            case _:
                return self._word(start)
        return False

    def _new(self, token: str) -> bool:
        self._first = True
        self._joined = self._joined and not token.strip("\n")
        if "\n" in token and self._awaited:
            self._place = self._place - len(token) + token.index("\n") + 1
            return not self._documents()
        return False

    def _documents(self) -> bool:
        """Pass the here-documents; say whether all have an end."""
        for name, tabs in self._awaited:
            while self._place <= len(self._text):
                end = self._text.find("\n", self._place)
                end = len(self._text) if end < 0 else end
                line, self._place = self._text[self._place : end], end + 1
                if (line.lstrip("\t") if tabs else line) == name:
                    break
            else:
                return False
        self._awaited = []
        return True

    def _word(self, start: int) -> bool:
        """Pass a word with its quotes; say whether one of them has no end."""
        place = start
        while place < len(self._text):
            inside = _INSIDE.match(self._text, place)
            if inside is None:
                if place > start and self._ends_word(place):
                    break
                place += 1
                continue
            place = inside.end()
            if not inside[0].startswith("\\"):
                end = _ENDS.get(inside[0], paren_end)(self._text, place)
                if end >= len(self._text):
                    return True
                place = end + 1
        self._place = place
        self._known(self._text[start:place])
        return False

    def _ends_word(self, place: int) -> bool:
        if self._text.startswith("<<", place):
            return self._text[place - 1] != "<"
        return self._text[place] in " \t\n;&|()"

    def _known(self, word: str) -> None:
        if self._here is not None:
            self._awaited.append((re.sub(r"['\"\\]", "", word), self._here))
            self._here = None
            return
        first, self._first, self._joined = self._first and self._words, False, False
        if not first:
            return
        if word in _WAITERS:
            self._open.append("done")
        elif word == "do" or word in ("fi", "esac", "done", "}"):
            self._shut(word)
        elif word in _OPENERS:
            self._open.append(_OPENERS[word])
        self._first = word in _LEADERS

    def _shut(self, word: str) -> None:
        """Close what a word closes; ``do`` closes nothing, it begins what ``done`` ends."""
        self._first, self._joined = word in ("do", ")"), False
        if word != "do" and self._open[-1:] == [word]:
            self._open.pop()
