"""What the screen shows of the line that is being edited.

The rule: the line stands between the end of the prompt (the *anchor*) and the cursor, over wrapped rows. Where the
prompt is no longer where it was (cleared, redrawn, resized), it is looked for; where it can not be found, every
reading that may be the line is given.

Known limits: what stands right of the cursor is taken for a suggestion unless a key may have moved the cursor back; a
row that is written to its last column continues on the next.
"""

from __future__ import annotations

import re

import attrs

from gateway.domain.screen import Screen
from gateway.domain.screen.cells import FILL, MARK, to_cells

MOST_PROMPTS = 16
MOST_GUESSES = 4
MOST_BLANKS = 3
"""Blanks at the end of a row that continues on the next."""
LONGEST = 64 * 1024
_SEARCH = re.compile(r"\((?:reverse-|forward-|failed )*i-search\)`.*?':(?P<line>.*)\Z", re.S)
_SEARCHING = re.compile(r"\s*(?:failing )?(?:bck|fwd)-i-search: ")
_PROMPT_END = re.compile(r"[$#%>❯»λ] ")
_NOTICE = "ostiary: "


@attrs.frozen
class Anchor:
    """Where the line begins: its column, its row for good, the prompt before it and what stood behind it."""

    column: int
    row: int
    prompt: str
    tail: str = ""


@attrs.define(eq=False)
class Showing:
    """Read one terminal's line."""

    screen: Screen
    anchor: Anchor | None = None
    prompts: list[str] = attrs.field(factory=list)
    """Ends of prompts that were seen, the latest last."""
    _guessed: bool = False
    """Whether the prompt may be another one, of which nothing is known."""
    again: bool = False
    """Whether the prompt may have been written again below the old one."""

    def begin(self, typed: str = "", filled: bool = False, shell: bool = True) -> bool:
        """Put the anchor where the cursor stands: behind a prompt, before anything is typed.

        ``typed`` was typed before the prompt came and stands behind it; ``filled``: the editor may have put something
        there itself. A prompt of a ``shell`` is remembered. Say whether something else stands behind the prompt.
        """
        x, y = self.screen.cursor
        before = self.screen.row(y, 0, x)
        cells = len(to_cells(typed).replace(MARK, ""))
        if typed and before.endswith(typed):
            self._drop(x - cells, y)
        elif filled or typed or self._known(y) not in ("", before):
            self.anchor = None
            self._find()
            return True
        else:
            self._drop(x, y)
            if shell:
                self.learn(before)
        return False

    def learn(self, prompt: str) -> None:
        """Remember how a prompt ends."""
        if prompt.strip():
            self.prompts = [*(each for each in self.prompts if each != prompt), prompt][-MOST_PROMPTS:]

    @property
    def ready(self) -> bool:
        """Say whether a known prompt stands before the cursor and nothing else on its row."""
        x, y = self.screen.cursor
        return self.screen.row(y, 0, x) in self.prompts

    @property
    def before(self) -> str:
        """What stands before the cursor on its row."""
        x, y = self.screen.cursor
        return self.screen.row(y, 0, x)

    @property
    def lost(self) -> bool:
        """Say whether the line began where nothing of it is shown any more."""
        return self.anchor is not None and not self._anchored()

    def forget(self) -> None:
        """Know no longer where the line begins."""
        self.anchor = None

    def shows(self, text: str, at_end: bool) -> bool:
        """Say whether the screen shows exactly this text as the line, with the cursor at its end if it must be."""
        cells = to_cells(text)
        if MARK in cells or not text.isprintable() or len(cells) > LONGEST or not self._anchored():
            return False
        assert self.anchor is not None  # noqa: S101 - it is anchored
        columns, x, y = self.screen.columns, self.anchor.column, self.anchor.row - self.screen.scrolled
        place = 0
        while place < len(cells):
            room = columns - x
            piece = cells[place : place + room]
            if cells[place + len(piece) : place + len(piece) + 1] == FILL:
                piece = piece[:-1]
            if y >= self.screen.rows or self.screen.row(y, x, x + len(piece)) != piece.replace(FILL, ""):
                return False
            place += len(piece)
            x += len(piece)
            if place < len(cells):
                x, y = 0, y + 1
        return self._ends_at(x, y) if at_end else self._blank_from(x, y)

    def _ends_at(self, x: int, y: int) -> bool:
        if x == self.screen.columns:
            return self.screen.cursor in ((x - 1, y), (0, y + 1))
        return self.screen.cursor == (x, y)

    def _blank_from(self, x: int, y: int) -> bool:
        rest = self.screen.row(y, x).strip()
        return not rest or (self.anchor is not None and rest == self.anchor.tail)

    def read(self, strayed: bool = False) -> list[str]:
        """Return what may be the line, the likeliest first; ``strayed``: the cursor may stand before its end."""
        y = self.screen.cursor[1]
        found = self._search(y)
        if found is not None:
            return [found]
        if not self._anchored():
            return self._guess(y)
        assert self.anchor is not None  # noqa: S101 - it is anchored
        first = self.anchor.row - self.screen.scrolled
        last, end = (self._last(y), None) if strayed else (y, self._x())
        texts = [self._text(first, self.anchor.column, last, end, loose) for loose in (True, False)]
        return list(dict.fromkeys([*texts, *self._guess(y)] if self._guessed else texts))

    def below(self) -> list[str]:
        """Return the rows below the line as it was read, up to a blank one."""
        rows = []
        for y in range(self._last(self.screen.cursor[1]) + 1, self.screen.rows):
            row = self.screen.row(y).rstrip()
            if not row or _SEARCHING.match(row):
                break
            rows.append(row)
        return rows

    def accepted(self, x: int, row: int) -> str:
        """Return the line that was accepted when the cursor stood there, as far as it is still on the screen."""
        last = row - self.screen.scrolled - (x == 0)
        if self.anchor is None:
            found = [n for n in range(max(0, last), -1, -1) if n < self.screen.rows and self._known(n)]
            self.anchor = self._behind(self._known(found[0]), found[0]) if found else None
        if self.anchor is None or not self._holds(self.anchor):
            return ""
        first = self.anchor.row - self.screen.scrolled
        if last < first or last >= self.screen.rows:
            return ""
        return self._text(first, self.anchor.column, last, None)

    # The anchor.

    def _drop(self, x: int, y: int) -> None:
        self.anchor, self._guessed = self._at(x, y), False

    def _at(self, x: int, y: int) -> Anchor:
        return Anchor(x, y + self.screen.scrolled, self.screen.row(y, 0, x), self.screen.row(y, x).strip())

    def _behind(self, prompt: str, y: int) -> Anchor:
        return Anchor(len(to_cells(prompt)), y + self.screen.scrolled, prompt)

    def _holds(self, anchor: Anchor) -> bool:
        """Say whether the prompt is where it was."""
        y = anchor.row - self.screen.scrolled
        return 0 <= y < self.screen.rows and self.screen.row(y, 0, anchor.column) == anchor.prompt

    def _anchored(self) -> bool:
        """Say whether it is known where the line begins; look for the prompt where it moved."""
        anchor, again = self.anchor, self.again
        self.again = False
        if (
            anchor is not None
            and not again
            and self._holds(anchor)
            and anchor.row - self.screen.scrolled <= self.screen.cursor[1]
        ):
            return True
        if anchor is not None and anchor.prompt.strip():
            for y in range(self.screen.cursor[1], -1, -1):
                if self.screen.row(y).startswith(anchor.prompt):
                    self.anchor = Anchor(anchor.column, y + self.screen.scrolled, anchor.prompt, anchor.tail)
                    return True
            return False
        return self._find()

    def _find(self) -> bool:
        """Look upwards from the cursor for a prompt that is known."""
        for y in range(self.screen.cursor[1], -1, -1):
            prompt = self._known(y)
            if prompt:
                self.anchor = self._behind(prompt, y)
                self._guessed = y != self.screen.cursor[1]
                return True
            if not self.screen.row(y).strip():
                break
        return False

    def _known(self, y: int) -> str:
        """Return the longest known prompt that a row begins with."""
        row = self.screen.row(y)
        return max((prompt for prompt in self.prompts if row.startswith(prompt)), key=len, default="")

    # The text.

    def _x(self) -> int:
        return self.screen.columns if self.screen.wrap_due else self.screen.cursor[0]

    def _search(self, last: int) -> str | None:
        """Return the line that a search in bash's history shows instead of the prompt."""
        first = next((y for y in range(last, -1, -1) if "i-search)`" in self.screen.row(y)), None)
        if first is None:
            return None
        found = _SEARCH.match(self._text(first, 0, self._last(last), None))
        return found["line"].strip() if found is not None else None

    def _last(self, y: int) -> int:
        """Return the last row of a line of which a row is known."""
        while y + 1 < self.screen.rows and self._continues(y + 1):
            y += 1
        return y

    def _continues(self, y: int) -> bool:
        """Say whether a row continues the one above: that one is full, or was left with next to no blanks."""
        blanks = self._blanks(y - 1)
        return not blanks or (blanks <= MOST_BLANKS and (self.screen.wrapped(y) or self._wide(y)))

    def _blanks(self, y: int) -> int:
        row = self.screen.row(y)
        return len(row) - len(row.rstrip(" "))

    def _wide(self, y: int) -> bool:
        """Say whether a row begins with a wide character: there may have been no room for it above."""
        return self.screen.cell(0, y).width == 2

    def _text(self, first: int, column: int, last: int, end: int | None, loose: bool = False) -> str:
        """Return the text from a column of one row to the end, or a column, of another.

        ``loose``: a row with a single blank at its end is taken for one that goes on.
        """
        pieces: list[str] = []
        whole = said = False
        for y in range(first, last + 1):
            row = self.screen.row(y, column if y == first else 0, end if y == last else None)
            said = row.startswith(_NOTICE) or (said and self._continues(y))
            if said or (y > first and _SEARCHING.match(row)):
                continue
            if y == first and end is None and self.anchor is not None and self.anchor.tail:
                row = row.rstrip().removesuffix(self.anchor.tail)
            if pieces and not (self._continues(y) or (loose and self._blanks(y - 1) == 1)):
                pieces[-1] = pieces[-1].rstrip() + "\n"
            elif pieces and self._wide(y):
                pieces[-1] = pieces[-1].removesuffix(" ")
            pieces.append(row)
            whole = y == last and end is not None
        text = "".join(pieces)
        return text if whole else text.rstrip()

    def _guess(self, y: int) -> list[str]:
        """Return what may be the line on a row whose prompt is not known."""
        row = self.screen.row(y).rstrip()
        cuts = [found.end() for found in _PROMPT_END.finditer(row + " ")][:MOST_GUESSES]
        return [row[cut:] for cut in cuts] or [row]
