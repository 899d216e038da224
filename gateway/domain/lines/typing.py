"""What the keys make of a line.

The rule: the text is *exact* while only keys were pressed that do the same in every line editor that is known here;
a screen that shows something else does not make it less so. Whatever else was pressed, the screen has to say.

Known limits: keys can be bound anew, and an editor in vi's command mode takes letters for commands: the screen then
shows another text than this, and both are judged.
"""

from __future__ import annotations

import attrs

from gateway.domain.lines.keys import Act, Key

LONGEST = 9 * 1024
"""Characters that are kept: more than any line that is read has."""


@attrs.define
class Typing:
    """The text that was typed since the line began, and the cursor in it."""

    text: str = ""
    place: int = 0
    exact: bool = True
    moved: bool = False
    """Whether the cursor may stand before the line's end."""
    strayed: bool = False
    """Whether the line may be any that the editor remembers, of several rows, with the cursor on any of them."""
    listed: bool = False
    """Whether the editor may show a list of completions below the line."""
    touched: bool = False
    """Whether any key was pressed that may have changed the line."""

    def reset(self) -> None:
        """Begin a new line."""
        self.text, self.place = "", 0
        self.exact, self.touched = True, False
        self.moved = self.strayed = self.listed = False

    def blur(self) -> None:
        """Know no longer what the line is."""
        self.exact = False
        self.moved = self.strayed = self.touched = True

    @property
    def at_end(self) -> bool:
        """Say whether the cursor stands at the end of what was typed."""
        return not self.strayed and self.place == len(self.text)

    def press(self, key: Key) -> None:
        """Take one key."""
        match key.act:
            case Act.TEXT | Act.COMMIT:
                self._insert(key.text)
            case Act.STILL | Act.PART | Act.END:
                return
            case Act.CANCEL:
                self.reset()
                return
            case Act.ERASE:
                self._erase(1)
            case Act.KILL:
                self._kill()
            case Act.WORD:
                self._word()
            case Act.LEFT | Act.RIGHT | Act.HOME | Act.TAIL | Act.CUT:
                self._edit(key.act)
            case Act.COMPLETE:
                self.exact, self.listed = False, True
            case _:
                self.blur()
        self.touched = True

    def _insert(self, text: str) -> None:
        if len(self.text) + len(text) > LONGEST:
            self.text, self.exact = (self.text + text)[:LONGEST], False
            self.place = len(self.text)
            return
        self.text = self.text[: self.place] + text + self.text[self.place :]
        self.place += len(text)

    def _erase(self, count: int) -> None:
        before = self.text[: max(0, self.place - count)]
        self.text = before + self.text[self.place :]
        self.place = len(before)

    def _kill(self) -> None:
        """Obey Ctrl-U: editors differ on what stands behind the cursor."""
        self.exact = self.exact and self.at_end
        self._erase(self.place)

    def _word(self) -> None:
        """Obey Ctrl-W: editors agree on a word of letters behind a blank."""
        words = self.text[: self.place].rstrip(" ")
        blank = words.rfind(" ") + 1
        self.exact = self.exact and self.at_end and (words[blank:].isalnum() or not words)
        self._erase(self.place - blank)

    def _edit(self, act: Act) -> None:
        """Obey a key that moves or deletes, as editors do; a terminal without one shows it as a character."""
        self.moved = True
        match act:
            case Act.LEFT:
                self.place = max(0, self.place - 1)
            case Act.RIGHT:
                # At the end, fish takes over what it suggests.
                self.exact = self.exact and self.place < len(self.text)
                self.place = min(len(self.text), self.place + 1)
            case Act.HOME:
                self.place = self.text.rfind("\n", 0, self.place) + 1
                self.exact = self.exact and "\n" not in self.text
            case Act.TAIL:
                self.exact = self.exact and self.place < len(self.text)
                self.place = len(self.text)
            case _:
                self.text = self.text[: self.place]
                self.exact = self.exact and "\n" not in self.text
