"""Cut shell code into words and operators, so that its grammar sees neither quotes nor here-documents.

The rule: a word that is more than plain letters is put aside and a mark stands in its place; comments are dropped;
the text of a here-document becomes a word behind ``<``; redirections go behind the words of their command. What is
left has no character with two meanings: the grammar decides on commands and compounds, and never on what a quote
hides.
"""

from __future__ import annotations

import re

import attrs

from gateway.domain.shell.joining import joined
from gateway.domain.shell.quoting import ansi_end, backtick_end, brace_end, double_end, paren_end, single_end

MOST_SUMS = 32
"""More arithmetic commands than this are read as subshells."""
MARK = "\2"
HERE = "\3"
"""Begins a word behind ``<`` that is not a file's name but the text itself, with its quotes."""
RAW = "\4"
"""Begins a word behind ``<`` that is the number of a here-document."""
TOWARDS = "\5"
"""Stands between the operator of a redirection, with its number, and the word."""
OWN = re.compile("[\0-\5]")
"""Characters that have a meaning of our own and no place in a command line."""
_PLAIN = re.compile(r"[\w/.:@%+,-][\w/.:@%+,=^-]*|[{}!]")
_TOKEN = re.compile(
    r"(?P<blank>(?:[ \t]|\\\n)+)|(?P<comment>#[^\n]*)|(?P<here><<<)|(?P<doc><<-?)"
    r"|(?P<redirection>&>>|&>|>>|>&|>\||<&|<>|[<>](?!\())|(?P<operator>;;&|;;|;&|;|&&|&|\|\||\|&|\||\n|[()])"
)
_IN_WORD = re.compile(r"[^\\'\"$`<>()\s;|&]+|.", re.S)
_ASSIGNMENT = re.compile(r"([A-Za-z_]\w*)(\[[^\]]*\])?(\+?=)")
_COMPOUND = r"[ \t]*(?=\{[ \t\n]|\(|(?:if|while|until|for|case|select)[ \t\n(]|\[\[ )"
_PREFIXED = {
    "!": re.compile(_COMPOUND),
    "time": re.compile(rf"(?:[ \t]+-p)?(?:[ \t]+--)?{_COMPOUND}"),
    "coproc": re.compile(rf"{_COMPOUND}|[ \t]+\w+[ \t]*(?=\{{[ \t\n]|\()"),
}
"""What may stand between such a word and a compound, which then is read as if the word were not there."""
_MARKED = re.compile(f"{MARK}(\\d+){MARK}")
_ENDS = {"'": single_end, '"': double_end, "`": backtick_end}


@attrs.frozen
class Document:
    """A here-document: its text, and whether expansions are done in it."""

    text: str
    expands: bool


@attrs.define(eq=False)
class Tokens:
    """Cut one piece of code; ``plain`` is what the grammar gets."""

    source: str
    out: list[str] = attrs.field(factory=list)
    words: list[str] = attrs.field(factory=list)
    documents: list[Document] = attrs.field(factory=list)
    faults: list[str] = attrs.field(factory=list)
    operators: int = 0
    _place: int = 0
    _awaited: list[tuple[str, bool, bool]] = attrs.field(factory=list)
    _redirections: list[str] = attrs.field(factory=list)
    _sums: int = 0

    @property
    def plain(self) -> str:
        """The code for the grammar."""
        return "".join(self.out)

    def original(self, text: str) -> str:
        """Return text of the plain code with the words put back."""
        return _MARKED.sub(lambda found: self.words[int(found[1])], text) if MARK in text else text

    def commands(self) -> list[list[str]]:
        """Return the words between operators, without redirections, in whatever compounds they stand."""
        pieces = re.split(r"[;&|\n()]+", re.sub(r">\S+", "", self.plain))
        return [[self.original(word) for word in piece.split()] for piece in pieces]

    def cut(self) -> None:
        """Cut the whole source."""
        self.source = joined(self.source)
        while self._place < len(self.source):
            found = _TOKEN.match(self.source, self._place)
            if found is None:
                self._word()
                continue
            self._place = found.end()
            self._token(found.lastgroup or "", found[0])
        self._end_command()
        if self._awaited:
            self._read_documents()

    def _end_command(self) -> None:
        """Put the redirections of a command behind its words."""
        if self._redirections:
            self.out.append(f" {' '.join(self._redirections)} ")
            self._redirections = []

    def _token(self, kind: str, text: str) -> None:
        match kind:
            case "blank":
                self.out.append(" ")
            case "comment":
                pass
            case "here":
                self._skip_blanks()
                self._redirect("<", HERE + self._scan())
            case "redirection":
                self._redirection(text)
            case "doc":
                self._document(text)
            case _:
                self._operator(text)

    def _operator(self, text: str) -> None:
        self.operators += 1
        self._end_command()
        if text == "(" and self.source.startswith("(", self._place):
            self._arithmetic()
            return
        self.out.append(text)
        if text == "\n" and self._awaited:
            self._read_documents()

    def _redirection(self, operator: str) -> None:
        self.operators += 1
        self._skip_blanks()
        word = self._scan()
        if not word:
            self.faults.append("a redirection leads nowhere")
        self._redirect(operator, word)

    def _redirect(self, operator: str, word: str) -> None:
        """Keep a redirection, with the number that stands directly before it; the grammar sees only that it is one."""
        number = self.out.pop() if self.out and self.out[-1].isdecimal() else ""
        self._redirections.append(f">{self._aside(number + operator + TOWARDS + word)}")

    def _arithmetic(self) -> None:
        """Keep ``((...))`` as one harmless word with its substitutions."""
        self._sums += 1
        end = paren_end(self.source, self._place + 1) if self._sums <= MOST_SUMS else 0
        if not self.source.startswith("))", end):
            self.out.append("( ")
            return
        inside = self.source[self._place + 1 : end]
        self._place = end + 2
        if self._after("for"):
            self.out.append(" _ in " + self._aside(f"$(({inside}))"))
        else:
            self.out.append(f" [[ -n {self._aside(f'$(({inside}))')} ]] ")

    def _after(self, word: str) -> bool:
        return next((each for each in reversed(self.out) if each.strip()), "") == word

    def _skip_blanks(self) -> None:
        while self.source.startswith((" ", "\t", "\\\n"), self._place):
            self._place += 2 if self.source[self._place] == "\\" else 1

    def _document(self, operator: str) -> None:
        self._skip_blanks()
        word = self._scan()
        delimiter = re.sub(r"\\(.)|['\"]", lambda found: found[1] or "", word.removeprefix("$"))
        quoted = any(mark in word for mark in "'\"\\")
        self._awaited.append((delimiter, not quoted, operator == "<<-"))
        self._redirect("<", f"{RAW}{len(self.documents) + len(self._awaited) - 1}")

    def _read_documents(self) -> None:
        for delimiter, expands, tabs in self._awaited:
            lines = []
            while self._place < len(self.source):
                end = self.source.find("\n", self._place)
                end = len(self.source) if end < 0 else end
                line = self.source[self._place : end]
                self._place = end + 1
                line = line.lstrip("\t") if tabs else line
                if line == delimiter:
                    break
                lines.append(line + "\n")
            else:
                self.faults.append("a here-document is not closed")
            self.documents.append(Document("".join(lines), expands))
        self._awaited = []

    def _aside(self, word: str) -> str:
        self.words.append(word)
        return f"{MARK}{len(self.words) - 1}{MARK}"

    def _word(self) -> None:
        word = self._scan()
        prefixed = _PREFIXED[word].match(self.source, self._place) if word in _PREFIXED else None
        if prefixed is not None:
            self._place = prefixed.end()
            return
        if word == "[[":
            self._condition()
            return
        if _PLAIN.fullmatch(word):
            self.out.append(word)
            return
        found = _ASSIGNMENT.match(word)
        if found is None:
            self.out.append(self._aside(word))
        else:
            value = word[found.end() :]
            value = f"$_{value}" if found[2] else value
            self.out.append(found[1] + found[3] + (self._aside(value) if value else ""))

    def _scan(self) -> str:
        """Return the source of the word at this place and go behind it."""
        start = self._place
        while self._place < len(self.source):
            found = _IN_WORD.match(self.source, self._place)
            piece = found[0] if found else ""
            if not self._piece(piece, start):
                break
        return self.source[start : self._place]

    def _piece(self, piece: str, start: int) -> bool:
        """Go over one piece of a word; say whether it belongs to the word."""
        match piece:
            case "\\":
                self._place += 2
            case "'" | '"' | "`":
                self._over(_ENDS[piece](self.source, self._place + 1))
            case "$":
                self._dollar()
            case "<" | ">" if self.source.startswith("(", self._place + 1):
                self._over(paren_end(self.source, self._place + 2))
            case "(" if start < self._place and self.source[self._place - 1] in "@?+*":
                self._over(paren_end(self.source, self._place + 1))
            case " " | "\t" | "\n" | ";" | "|" | "&" | "<" | ">" | "(" | ")":
                return False
            case _:
                self._place += len(piece)
        return True

    def _condition(self) -> None:
        """Keep ``[[ ... ]]`` as the words in it, whatever they are compared by."""
        inside = []
        while self._place < len(self.source):
            word = self._scan()
            if word == "]]":
                break
            if word:
                inside.append(f"-n {self._aside(word)}")
            else:
                self._place += 1
        else:
            self.faults.append("a condition is not closed")
        self.out.append(f"[[ {' && '.join(inside) or '-n x'} ]]")

    def _dollar(self) -> None:
        following = self.source[self._place + 1 : self._place + 2]
        ends = {"(": paren_end, "{": brace_end, "'": ansi_end, '"': double_end}
        if following in ends and following:
            self._over(ends[following](self.source, self._place + 2))
        else:
            self._place += 1

    def _over(self, end: int) -> None:
        if end >= len(self.source):
            self.faults.append("a quote is not closed")
        self._place = min(end + 1, len(self.source))
