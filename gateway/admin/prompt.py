"""One line at the bottom of a painted screen: a message, or a question that is being answered.

The rule: what is shown is cleaned and never wider than the terminal; what is typed is printable text.
"""

from __future__ import annotations

from collections.abc import Callable

import attrs

from gateway.admin.cleaning import clean, width

LONGEST = 500
ESCAPE, INTERRUPT, ERASE, KILL = "\x1b", "\x03", ("\x7f", "\b"), "\x15"


@attrs.define(eq=False)
class Prompt:
    """Hold a question and what was typed so far; ``answered`` gets the line, or None when it was left."""

    question: str
    answered: Callable[[str | None], None]
    typed: str = ""

    def press(self, text: str) -> bool:
        """Take keys; say whether the question is over (``answered`` has been called)."""
        for key in text:
            if key in (ESCAPE, INTERRUPT):
                self.answered(None)
                return True
            if key in "\r\n":
                self.answered(self.typed.strip())
                return True
            self._edit(key)
        return False

    def _edit(self, key: str) -> None:
        if key in ERASE:
            self.typed = self.typed[:-1]
        elif key == KILL:
            self.typed = ""
        elif key.isprintable() and len(self.typed) < LONGEST:
            self.typed += key

    def line(self, columns: int) -> str:
        """Return the line as it is shown: of a long answer its end."""
        room = max(1, columns - width(clean(self.question)) - 2)
        return f"{self.question} {self.typed[-room:]}"


def bar(text: str, columns: int, row: int, *, cursor: bool = False) -> str:
    """Return what paints a line across the terminal in a row (from 1), the cursor behind it or hidden."""
    kept, used = "", 0
    for character in clean(text):
        used += width(character)
        if used > columns - (1 if cursor else 0):
            break
        kept += character
    taken = width(kept)
    blank = " " * (columns - taken)
    place = f"\x1b[{row};{taken + 1}H\x1b[?25h" if cursor else "\x1b[?25l"
    return f"\x1b[{row};1H\x1b[0;7m{kept}{blank}\x1b[m{place}"
