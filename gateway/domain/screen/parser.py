"""Text and control sequences apart, as the VT500 does it.

The rule: what is well formed and whole is taken by one expression; whatever else is read character by character
by the machine of https://vt100.net/emu/dec_ansi_parser, whose state outlives a chunk. Both read the same, so cut
anywhere gives the same. Strings (OSC, DCS, APC …) are passed over and nothing of them is kept.
"""

from __future__ import annotations

import re
from typing import Protocol

LONGEST = 256
"""Characters of the longest control sequence that is obeyed."""

GROUND, ESCAPE, ESCAPE_MIDDLE, CSI, CSI_SKIP, OSC, STRING = range(7)

_TOKEN = re.compile(
    "([^\0-\x09\x0b\x0c\x0e-\x1f\x7f-\x9f]+)"
    f"|\x1b\\[([0-9;:]{{0,{LONGEST}}})([@-~])"
    "|([\0-\x17\x19\x1c-\x1f\x84\x85\x88\x8d])"
    "|\x1b((?:[ -/][0-~])|[0-OQ-WYZ\\\\`-~])"
    f"|\x1b\\[([<-?]?)([0-9;:]{{0,{LONGEST - 3}}})([ -/]?[@-~])"
    "|\x1b\\][^\x07\x18\x1a\x1b\x80-\x9f]*(\x07)"
    "|(.)",
    re.DOTALL,
)
_TEXT, _CSI, _CONTROL, _ESCAPE, _CSI_MORE, _OSC = 1, 3, 4, 5, 8, 9
_END_OF_OSC = re.compile("[\x07\x18\x1a\x1b\x80-\x9f]")
_END_OF_STRING = re.compile("[\x18\x1a\x1b\x80-\x9f]")
_CSI_PARTS = re.compile("([<-?]?)([0-9;:]*)([ -/]*)")
_ANYWHERE = {
    "\x1b": ESCAPE, "\x9b": CSI, "\x9d": OSC, "\x90": STRING, "\x98": STRING, "\x9e": STRING, "\x9f": STRING,
}
_AFTER_ESCAPE = {"[": CSI, "]": OSC, "P": STRING, "X": STRING, "^": STRING, "_": STRING}
_BEGUN = ("", "\x1b", "\x1b", "\x1b[", "\x1b[0?", "\x1b]", "\x1bP")


class IObeying(Protocol):
    """Who does what the parser has read."""

    def write(self, text: str) -> None:
        """Print text, which may hold CR and LF."""

    def control(self, character: str) -> None:
        """Obey a control character."""

    def escape(self, sequence: str) -> None:
        """Obey an escape sequence, given without its ESC."""

    def csi(self, parameters: str, name: str) -> None:
        """Obey a control sequence; its name is prefix, intermediates and final."""


class Parser:
    """Read text of any cut and hand on what it says."""

    __slots__ = ("_held", "_state")

    def __init__(self) -> None:
        self._state = GROUND
        self._held = ""

    @property
    def begun(self) -> str:
        """What brings a fresh parser to where this one is: the beginning of a sequence, or nothing."""
        return _BEGUN[self._state] + self._held

    def feed(self, text: str, to: IObeying) -> None:
        """Read on."""
        at, end = 0, len(text)
        while at < end:
            if self._state == GROUND:
                at = self._run(text, at, to)
            elif self._state in (OSC, STRING):
                at = self._pass(text, at)
            else:
                self._step(text[at], to)
                at += 1

    def _run(self, text: str, at: int, to: IObeying) -> int:
        """Read what is well formed; return where something else begins, its first character being read."""
        write, csi, control, escape = to.write, to.csi, to.control, to.escape
        for token in _TOKEN.finditer(text, at):
            kind = token.lastindex
            if kind == _TEXT:
                write(token[1])
            elif kind == _CSI:
                csi(token[2], token[3])
            elif kind == _CONTROL:
                control(token[4])
            elif kind == _ESCAPE:
                escape(token[5])
            elif kind == _CSI_MORE:
                csi(token[7], token[6] + token[8])
            elif kind != _OSC:
                self._anywhere(token[10])
                return token.end()
        return len(text)

    def _anywhere(self, character: str) -> None:
        """Begin or break off a sequence; other characters here mean nothing."""
        self._state = _ANYWHERE.get(character, GROUND)
        self._held = ""

    def _pass(self, text: str, at: int) -> int:
        found = (_END_OF_OSC if self._state == OSC else _END_OF_STRING).search(text, at)
        if found is None:
            return len(text)
        self._anywhere(found[0])
        return found.end()

    def _step(self, character: str, to: IObeying) -> None:
        """Read one character inside a sequence."""
        if character in "\x18\x1a\x1b" or "\x80" <= character <= "\x9f":
            self._anywhere(character)
            if self._state == GROUND:
                to.control(character)
        elif character < " ":
            to.control(character)
        elif character > "~":
            if character > "\x7f" and self._state != CSI_SKIP:
                self._anywhere(character)
        elif self._state in (CSI, CSI_SKIP):
            self._csi(character, to)
        else:
            self._escape(character, to)

    def _escape(self, character: str, to: IObeying) -> None:
        if character < "0":
            self._held = (self._held + character)[:2]
            self._state = ESCAPE_MIDDLE
        elif self._state == ESCAPE and character in _AFTER_ESCAPE:
            self._anywhere("")
            self._state = _AFTER_ESCAPE[character]
        else:
            sequence = self._held + character
            self._anywhere(character)
            to.escape(sequence)

    def _csi(self, character: str, to: IObeying) -> None:
        if character < "@":
            self._held += character
            if self._state == CSI_SKIP or _CSI_PARTS.fullmatch(self._held) is None or len(self._held) > LONGEST:
                self._state, self._held = CSI_SKIP, ""
            return
        parts = _CSI_PARTS.fullmatch(self._held) if self._state == CSI else None
        self._state, self._held = GROUND, ""
        if parts is not None:
            to.csi(parts[2], parts[1] + parts[3] + character)
