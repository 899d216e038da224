"""The operator's bytes, cut into keys.

The rule: every byte belongs to exactly one key and none waits: what begins a key is passed on as a part of it, and
the key is known when its end has come. Cut anywhere gives the same keys.

Known limits: which key a sequence is depends on the terminal; those of xterm and its kin are known. ESC and what
comes next are one key, however late it comes, as a line editor may take them so.
"""

from __future__ import annotations

import codecs
import enum
import re

import attrs


class Act(enum.Enum):
    """Say what a key does to a line that is edited with it, in every editor that is known here."""

    TEXT = "text"
    COMMIT = "commit"
    """May submit the line: CR, LF, Ctrl-O, Esc-a, and Enter in its longer spellings."""
    END = "end"
    """Ctrl-D: submits what was typed on a terminal in canonical mode."""
    CANCEL = "cancel"
    """Ctrl-C and its kin: throws the line away."""
    ERASE = "erase"
    KILL = "kill"
    WORD = "word"
    CUT = "cut"
    LEFT = "left"
    RIGHT = "right"
    HOME = "home"
    TAIL = "tail"
    """To the end of the line."""
    STILL = "still"
    """Changes nothing of the line: Ctrl-L, Ctrl-S, Ctrl-Q, reports of the terminal, the marks of a paste."""
    EDIT = "edit"
    """A known editing key whose result is not worked out here: history, search, words."""
    COMPLETE = "complete"
    """Tab."""
    RARE = "rare"
    """Anything else: it may be bound to anything."""
    PART = "part"
    """The beginning of a key; the rest comes later."""


@attrs.frozen
class Key:
    """One key: its bytes that are not passed on yet, what it does, and the text it types."""

    raw: bytes
    act: Act
    text: str = ""
    pasted: bool = False
    """Whether it stands in a bracketed paste."""


_C0 = {
    0x01: Act.HOME, 0x02: Act.LEFT, 0x03: Act.CANCEL, 0x04: Act.END, 0x05: Act.TAIL, 0x06: Act.RIGHT,
    0x08: Act.ERASE, 0x09: Act.COMPLETE, 0x0A: Act.COMMIT, 0x0B: Act.CUT, 0x0C: Act.STILL, 0x0D: Act.COMMIT,
    0x0E: Act.EDIT, 0x0F: Act.COMMIT, 0x10: Act.EDIT, 0x11: Act.STILL, 0x12: Act.EDIT, 0x13: Act.STILL, 0x15: Act.KILL,
    0x16: Act.EDIT, 0x17: Act.WORD, 0x19: Act.EDIT, 0x1A: Act.CANCEL, 0x1C: Act.CANCEL, 0x7F: Act.ERASE,
}  # fmt: skip
_SEQUENCES = {
    b"[C": Act.RIGHT, b"OC": Act.RIGHT, b"[D": Act.LEFT, b"OD": Act.LEFT,
    b"OM": Act.COMMIT, b"[13u": Act.COMMIT, b"a": Act.COMMIT, b"\r": Act.COMMIT, b"\n": Act.COMMIT,
    b"[200~": Act.STILL, b"[201~": Act.STILL, b"[I": Act.STILL, b"[O": Act.STILL,
    **dict.fromkeys(
        (b"[A", b"[B", b"OA", b"OB", b"[H", b"OH", b"[F", b"OF", b"[1~", b"[3~", b"[4~", b"[5~", b"[6~", b"[7~", b"[8~",
         b"b", b"f", b"d", b".", b"_", b"\x7f", b"\x08"), Act.EDIT,
    ),
}  # fmt: skip
"""What stands behind ESC."""
_ENTER = re.compile(rb"\[13;\d*u|\[27;\d*;13~|\[57414(?:;\d*)?u")
_REPORT = re.compile(rb"\[[\d;?>]*[Rcnty]|\[\?[\d;]*\$y")
_KEY = re.compile(
    rb"\x1b(?:\[[0-?]{0,32}[ -/]{0,4}[@-~]|O[ -~]|[^\x1b\[O])|\x1b(?=\x1b)"
    rb"|(?>\x1b(?:\[[0-?]{0,32}[ -/]{0,4}|O))(?=.)|[\x00-\x1a\x1c-\x1f\x7f]|[^\x00-\x1f\x7f]+",
    re.S,
)
"""A key; a sequence that goes on as none does is one too. Only what may go on is no match."""
_UTF_8 = codecs.getincrementaldecoder("utf-8")


@attrs.define(eq=False)
class Keys:
    """Cut one operator's input."""

    pasting: bool = False
    _begun: bytes = b""
    _decoder: codecs.IncrementalDecoder = attrs.field(init=False, factory=lambda: _UTF_8("surrogateescape"))

    def cut(self, chunk: bytes) -> list[Key]:
        """Take input; return the keys that its bytes end, continue or begin."""
        given, passed = self._begun + chunk, len(self._begun)
        self._begun = b""
        keys: list[Key] = []
        place = 0
        while place < len(given):
            found = _KEY.match(given, place)
            if found is None:
                self._begun = given[place:]
                return [*keys, Key(given[max(place, passed) :], Act.PART)]
            place = found.end()
            keys.append(self._key(found[0], given[max(found.start(), passed) : place]))
        return keys

    def _key(self, whole: bytes, raw: bytes) -> Key:
        if whole in (b"\x1b[200~", b"\x1b[201~"):
            self.pasting = whole == b"\x1b[200~"
            return Key(raw, Act.STILL)
        pasted = self.pasting
        if whole[0] >= 0x20 and whole[0] != 0x7F:
            return Key(raw, Act.TEXT, self._decoder.decode(raw), pasted)
        if pasted and whole[0] != 0x1B:
            text = {0x0D: "\n", 0x0A: "\n"}.get(whole[0], chr(whole[0]))
            return Key(raw, Act.COMMIT if text == "\n" else Act.TEXT, text, pasted)
        return Key(raw, _act(whole), "", pasted)


def _act(whole: bytes) -> Act:
    if whole[0] != 0x1B:
        return _C0.get(whole[0], Act.RARE)
    rest = whole[1:]
    if _ENTER.fullmatch(rest):
        return Act.COMMIT
    if _REPORT.fullmatch(rest):
        return Act.STILL
    return _SEQUENCES.get(rest, Act.RARE)
