"""Keys of a terminal as the menu knows them.

The rule: keys come out the same however their bytes were cut; what is not known is swallowed whole, and
nothing that is kept grows beyond a few bytes.
"""

from __future__ import annotations

import codecs
import enum
from collections.abc import Iterator

import attrs

LONGEST_SEQUENCE = 32


class Key(enum.Enum):
    """What is not a character."""

    UP = "up"
    DOWN = "down"
    PAGE_UP = "page up"
    PAGE_DOWN = "page down"
    HOME = "home"
    END = "end"
    ENTER = "enter"
    ERASE = "backspace"
    CLEAR = "clear the filter"
    LEAVE = "leave"
    REPAINT = "repaint"


CONTROLS = {
    "\r": Key.ENTER,
    "\n": Key.ENTER,
    "\b": Key.ERASE,
    "\x7f": Key.ERASE,
    "\x15": Key.CLEAR,
    "\x17": Key.CLEAR,
    "\x03": Key.LEAVE,
    "\x04": Key.LEAVE,
    "\x0c": Key.REPAINT,
    "\x10": Key.UP,
    "\x0e": Key.DOWN,
}
SEQUENCES = {
    "[A": Key.UP,
    "[B": Key.DOWN,
    "[H": Key.HOME,
    "[F": Key.END,
    "OA": Key.UP,
    "OB": Key.DOWN,
    "OH": Key.HOME,
    "OF": Key.END,
    "[1~": Key.HOME,
    "[4~": Key.END,
    "[5~": Key.PAGE_UP,
    "[6~": Key.PAGE_DOWN,
    "[7~": Key.HOME,
    "[8~": Key.END,
}


def _decoder() -> codecs.IncrementalDecoder:
    return codecs.getincrementaldecoder("utf-8")("replace")


@attrs.define(eq=False)
class Keys:
    """Read keys off a stream of bytes."""

    _decoder: codecs.IncrementalDecoder = attrs.field(init=False, factory=_decoder)
    _sequence: str | None = attrs.field(init=False, default=None)

    def read(self, chunk: bytes) -> Iterator[Key | str]:
        """Yield keys and printable characters."""
        for character in self._decoder.decode(chunk):
            key = self._in_sequence(character) if self._sequence is not None else self._plain(character)
            if key is not None:
                yield key

    def _plain(self, character: str) -> Key | str | None:
        if character == "\x1b":
            self._sequence = ""
            return None
        return CONTROLS.get(character, character if character.isprintable() else None)

    def _in_sequence(self, character: str) -> Key | str | None:
        before = self._sequence or ""
        if character in "\x1b\x03":
            self._sequence = "" if character == "\x1b" else None
            return Key.LEAVE if character == "\x03" else None if before else Key.CLEAR
        if not before and character not in "[O":
            self._sequence = None
            return None
        whole = before + character
        if not before or (whole.startswith("[") and not "@" <= character <= "~"):
            self._sequence = whole[:LONGEST_SEQUENCE]
            return None
        self._sequence = None
        return SEQUENCES.get(whole)
