"""One line that the gateway itself asks for at an operator's terminal.

The rule: total on any bytes, bounded, and the same however they are cut; what is not a character to show is not shown.
It is never used for secrets: what is typed is echoed.
"""

from __future__ import annotations

import codecs
import enum

import attrs

from gateway.domain.screen.cells import width

LONGEST = 200
ERASE, KILL, CANCEL, ESCAPE = "\x7f\b", "\x15", "\x03\x04", "\x1b"


class _Escape(enum.Enum):
    NO = 0
    BEGUN = 1
    INSIDE = 2


@attrs.define
class Prompted:
    """Collect a line; ``done`` when Enter was typed, ``cancelled`` after Ctrl-C or Ctrl-D."""

    text: str = ""
    done: bool = False
    cancelled: bool = False
    _decoder: codecs.IncrementalDecoder = attrs.field(
        init=False, factory=lambda: codecs.getincrementaldecoder("utf-8")("replace")
    )
    _escape: _Escape = _Escape.NO

    def feed(self, typed: bytes) -> str:
        """Take what was typed; return what the terminal shall show. What comes behind the line's end is dropped."""
        shown = []
        for character in self._decoder.decode(typed):
            if self.done or self.cancelled:
                break
            if not self._swallowed(character):
                shown.append(self._take(character))
        return "".join(shown)

    def _swallowed(self, character: str) -> bool:
        """Pass over the sequences that keys for moving send; Enter and Ctrl-C end them too."""
        if character in CANCEL or character in "\r\n":
            self._escape = _Escape.NO
            return False
        match self._escape:
            case _Escape.BEGUN:
                self._escape = _Escape.INSIDE if character in "[O" else _Escape.NO
                return True
            case _Escape.INSIDE:
                if "@" <= character <= "~":
                    self._escape = _Escape.NO
                return True
            case _:
                if character == ESCAPE:
                    self._escape = _Escape.BEGUN
                return character == ESCAPE

    def _take(self, character: str) -> str:
        if character in "\r\n":
            self.done = True
            return "\r\n"
        if character in CANCEL:
            self.cancelled = True
            return "^C\r\n"
        if character in ERASE:
            last, self.text = self.text[-1:], self.text[:-1]
            return "\b \b" * width(last) if last else ""
        if character == KILL:
            gone, self.text = self.text, ""
            return "\b \b" * sum(map(width, gone))
        if not character.isprintable() or not width(character) or len(self.text) >= LONGEST:
            return ""
        self.text += character
        return character
