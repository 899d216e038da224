"""One line, edited on a terminal: bytes in, bytes to paint and what was asked out.

The rule: total on hostile bytes and bounded in all it keeps. What is painted is the prompt, cleaned text, and
four escape sequences of our own (erase, move right, clear, and carriage return); nothing that came in is
echoed raw. Known limits: one row is used, longer lines scroll sideways; characters beyond Unicode's own
widths may misplace the cursor, never the text.
"""

from __future__ import annotations

import codecs
import enum
from collections.abc import Callable

import attrs

from gateway.admin.cleaning import clean, width

LONGEST = 4096
MOST_HISTORY = 500
MOST_AHEAD = 65536
LONGEST_SEQUENCE = 32


class Event(enum.Enum):
    """What the person asked for."""

    SUBMIT = "submit"
    COMPLETE = "complete"
    INTERRUPT = "interrupt"
    END = "end"


def _decoder() -> codecs.IncrementalDecoder:
    return codecs.getincrementaldecoder("utf-8")("ignore")


@attrs.define
class LineEditor:
    """Edit one line after another; ``columns`` is the terminal's width."""

    prompt: str
    columns: int = 80
    hidden: bool = False
    text: str = ""
    _at: int = 0
    _history: list[str] = attrs.field(factory=list)
    _back: int = 0
    _draft: str = ""
    _ahead: str = ""
    _sequence: str = ""
    _after_return: bool = False
    _decode: codecs.IncrementalDecoder = attrs.field(factory=_decoder)

    def begin(self, prompt: str, *, hidden: bool = False) -> None:
        """Begin an empty line; a hidden one shows nothing of what is typed and is not remembered."""
        self.prompt, self.hidden = prompt, hidden
        self.text, self._at, self._back = "", 0, 0

    def ahead(self, chunk: bytes) -> None:
        """Keep what is typed until :meth:`press` takes it, so much of it as is kept at all."""
        self._ahead = (self._ahead + self._decode.decode(chunk))[:MOST_AHEAD]

    def forget(self) -> None:
        """Forget what was typed ahead."""
        self._ahead = ""

    def press(self, chunk: bytes = b"") -> tuple[bytes, Event | None]:
        """Take keys until something is asked for; return what to paint and that. Call again for the rest."""
        self.ahead(chunk)
        asked, used = None, 0
        for used, key in enumerate(self._ahead, 1):  # noqa: B007 - how many were used is needed afterwards
            asked = self._key(key)
            if asked is not None:
                break
        self._ahead = self._ahead[used:]
        painted = self.paint() if used else b""
        return (painted + b"\r\n" if asked in (Event.SUBMIT, Event.INTERRUPT) else painted), asked

    def paint(self) -> bytes:
        """Return the bytes that show the line as it is."""
        prompt = clean(self.prompt)
        room = max(4, self.columns - width(prompt) - 1)
        shown, cursor = ("", 0) if self.hidden else self._window(room)
        column = width(prompt) + cursor
        moved = f"\x1b[{column}C" if column else ""
        return f"\r{prompt}{shown}\x1b[K\r{moved}".encode()

    def _window(self, room: int) -> tuple[str, int]:
        start = self._at
        used = 0
        while start > 0 and used + width(self.text[start - 1]) <= room:
            start -= 1
            used += width(self.text[start])
        end, total = start, 0
        while end < len(self.text) and total + width(self.text[end]) <= room:
            total += width(self.text[end])
            end += 1
        return self.text[start:end], used

    def insert(self, words: str) -> None:
        """Put text at the cursor, as if it was typed; what can not be painted is left out."""
        words = clean(words)[: LONGEST - len(self.text)]
        self.text = self.text[: self._at] + words + self.text[self._at :]
        self._at += len(words)

    @property
    def before(self) -> str:
        """The text before the cursor."""
        return self.text[: self._at]

    def take(self) -> str:
        """Return the line and begin a new one; a shown line is remembered."""
        line, self.text, self._at, self._back = self.text, "", 0, 0
        if line and not self.hidden and (not self._history or self._history[-1] != line):
            self._history = [*self._history, line][-MOST_HISTORY:]
        return line

    def _key(self, key: str) -> Event | None:
        if self._sequence:
            self._escaped(key)
            return None
        returned, self._after_return = self._after_return, key == "\r"
        if key == "\n" and returned:
            return None
        if key in ASKED:
            return Event.INTERRUPT if key == "\x03" else self._asked(key)
        action = CONTROLS.get(key)
        if action is not None:
            action(self)
        elif key == "\x1b":
            self._sequence = key
        elif clean(key) == key:
            self.insert(key)
        return None

    def _asked(self, key: str) -> Event | None:
        if key == "\x04" and self.text:
            self._delete()
            return None
        return None if key == "\t" and self.hidden else ASKED[key]

    def _escaped(self, key: str) -> None:
        self._sequence += key
        body = self._sequence[1:]
        if body in ("[", "O"):
            return
        if body[0] not in "[O" or "@" <= key <= "~" or len(body) > LONGEST_SEQUENCE:
            self._sequence = ""
            action = SEQUENCES.get(body)
            if action is not None:
                action(self)

    def _move(self, to: int) -> None:
        self._at = max(0, min(len(self.text), to))

    def _left(self) -> None:
        self._move(self._at - 1)

    def _right(self) -> None:
        self._move(self._at + 1)

    def _home(self) -> None:
        self._at = 0

    def _end(self) -> None:
        self._at = len(self.text)

    def _rub(self) -> None:
        if self._at:
            self.text = self.text[: self._at - 1] + self.text[self._at :]
            self._at -= 1

    def _delete(self) -> None:
        self.text = self.text[: self._at] + self.text[self._at + 1 :]

    def _kill_end(self) -> None:
        self.text = self.text[: self._at]

    def _kill_start(self) -> None:
        self.text, self._at = self.text[self._at :], 0

    def _kill_word(self) -> None:
        kept = self.before.rstrip(" ")
        kept = kept[: kept.rfind(" ") + 1]
        self.text, self._at = kept + self.text[self._at :], len(kept)

    def _older(self) -> None:
        self._recall(self._back + 1)

    def _newer(self) -> None:
        self._recall(self._back - 1)

    def _recall(self, back: int) -> None:
        if self.hidden or not 0 <= back <= len(self._history):
            return
        if self._back == 0:
            self._draft = self.text
        self._back = back
        self.text = self._history[-back] if back else self._draft
        self._at = len(self.text)


ASKED = {
    "\r": Event.SUBMIT,
    "\n": Event.SUBMIT,
    "\t": Event.COMPLETE,
    "\x03": Event.INTERRUPT,
    "\x04": Event.END,
}
"""Keys by which something is asked for."""

CONTROLS: dict[str, Callable[[LineEditor], None]] = {
    "\x01": LineEditor._home,
    "\x02": LineEditor._left,
    "\x05": LineEditor._end,
    "\x06": LineEditor._right,
    "\x08": LineEditor._rub,
    "\x0b": LineEditor._kill_end,
    "\x0e": LineEditor._newer,
    "\x10": LineEditor._older,
    "\x15": LineEditor._kill_start,
    "\x17": LineEditor._kill_word,
    "\x7f": LineEditor._rub,
}
"""Control keys, as readline has them."""

SEQUENCES: dict[str, Callable[[LineEditor], None]] = {
    "[A": LineEditor._older,
    "[B": LineEditor._newer,
    "[C": LineEditor._right,
    "[D": LineEditor._left,
    "[H": LineEditor._home,
    "[F": LineEditor._end,
    "[1~": LineEditor._home,
    "[7~": LineEditor._home,
    "[4~": LineEditor._end,
    "[8~": LineEditor._end,
    "[3~": LineEditor._delete,
    "OA": LineEditor._older,
    "OB": LineEditor._newer,
    "OC": LineEditor._right,
    "OD": LineEditor._left,
    "OH": LineEditor._home,
    "OF": LineEditor._end,
}
"""Escape sequences of keys, without their escape."""
