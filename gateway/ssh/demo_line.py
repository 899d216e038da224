"""The demo target's terminal: keys in, lines out, as a Unix line discipline does it.

The rule: bytes are taken in their order, one event at a time, so that it never matters how they were cut;
what is typed ahead is bounded, and what is typed hidden is never echoed.
"""

from __future__ import annotations

import enum
from collections.abc import Callable

import attrs

from gateway.ssh.cells import width

LONGEST_LINE = 4096
LONGEST_AHEAD = 64 * 1024
BELL = b"\a"
INTERRUPT, END, BACKSPACE, LINE_FEED, RETURN, KILL, WORD, ESCAPE, DELETE = 3, 4, 8, 10, 13, 21, 23, 27, 127


class Key(enum.Enum):
    """What is not a line."""

    INTERRUPT = "Ctrl-C"
    END = "Ctrl-D"


class _Sequence(enum.Enum):
    """Where in an escape sequence, which is swallowed whole, the keys are."""

    NONE = 0
    ESCAPED = 1
    CONTROL = 2
    SINGLE = 3


@attrs.define(eq=False)
class LineDiscipline:
    """Edit lines; ``echo`` shows what is typed unless ``hidden``."""

    echo: Callable[[bytes], None]
    hidden: bool = False
    _ahead: bytearray = attrs.field(init=False, factory=bytearray, repr=False)
    _line: bytearray = attrs.field(init=False, factory=bytearray, repr=False)
    _sequence: _Sequence = attrs.field(init=False, default=_Sequence.NONE)
    _after_return: bool = attrs.field(init=False, default=False)

    def push(self, chunk: bytes) -> None:
        """Take what was typed; what exceeds the space is dropped with a bell."""
        room = LONGEST_AHEAD - len(self._ahead)
        self._ahead += chunk[:room]
        if len(chunk) > room:
            self.echo(BELL)

    def take(self) -> bytes | Key | None:
        """Return the next line or key; None when there is none yet."""
        for position, byte in enumerate(self._ahead):
            event = self._weigh(byte)
            if event is not None:
                del self._ahead[: position + 1]
                return event
        self._ahead.clear()
        return None

    def take_key(self) -> int | None:
        """Return the next byte as it was typed; None when there is none yet."""
        return self._ahead.pop(0) if self._ahead else None

    def interrupted(self) -> bool:
        """Drop what was typed up to the last Ctrl-C, if there is one, and say so."""
        last = self._ahead.rfind(INTERRUPT)
        if last < 0:
            return False
        del self._ahead[: last + 1]
        self._line.clear()
        self._sequence = _Sequence.NONE
        self.echo(b"^C\r\n")
        return True

    def _weigh(self, byte: int) -> bytes | Key | None:
        if self._sequence is not _Sequence.NONE and byte != INTERRUPT:
            self._sequence = _next_in_sequence(self._sequence, byte)
            return None
        self._sequence = _Sequence.NONE
        second, self._after_return = byte == LINE_FEED and self._after_return, byte == RETURN
        if second:
            return None
        match byte:
            case 10 | 13:
                self.echo(b"\r\n")
                return self._taken()
            case 3:
                self.echo(b"^C\r\n")
                self._line.clear()
                return Key.INTERRUPT
            case 4:
                return Key.END if not self._line else None
            case _:
                self._edit(byte)
                return None

    def _taken(self) -> bytes:
        line = bytes(self._line)
        self._line.clear()
        return line

    def _edit(self, byte: int) -> None:
        match byte:
            case 8 | 127:
                self._erase(self._last_character())
            case 21:
                self._erase(len(self._line))
            case 23:
                self._erase(len(self._line) - self._start_of_word())
            case 27:
                self._sequence = _Sequence.ESCAPED
            case _ if byte < 32 or len(self._line) >= LONGEST_LINE:
                self.echo(BELL)
            case _:
                self._line.append(byte)
                if not self.hidden:
                    self.echo(bytes((byte,)))

    def _erase(self, count: int) -> None:
        gone = bytes(self._line[len(self._line) - count :])
        del self._line[len(self._line) - count :]
        if not self.hidden:
            self.echo(b"\b \b" * width(gone.decode("utf-8", "replace")))

    def _last_character(self) -> int:
        count = min(1, len(self._line))
        while count < min(4, len(self._line)) and self._line[-count] & 0xC0 == 0x80:
            count += 1
        return count

    def _start_of_word(self) -> int:
        words = bytes(self._line).rstrip(b" ")
        return words.rfind(b" ") + 1


def _next_in_sequence(where: _Sequence, byte: int) -> _Sequence:
    match where:
        case _Sequence.ESCAPED if byte == ord("["):
            return _Sequence.CONTROL
        case _Sequence.ESCAPED if byte == ord("O"):
            return _Sequence.SINGLE
        case _Sequence.CONTROL if not 0x40 <= byte <= 0x7E:
            return _Sequence.CONTROL
        case _:
            return _Sequence.NONE
