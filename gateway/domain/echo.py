"""What of the typed input may be recorded.

The rule: typed text is recorded in clear only where the target has shown it; when in doubt it is masked. A
gateway can not see the target's terminal settings, so it watches the echo: text typed between two control
keys (a *run*) counts as echoed when the line painted since its typing began holds the whole run, unbroken. A
line is decided as a whole, when it was committed (Enter, Ctrl-C …) and was echoed or the target has begun a
new line in answer, or when nothing was typed for ``PATIENCE`` seconds: if one of its runs was not echoed, all
are masked. A masked run is ``••••`` whatever its length. Control keys and arrow keys are no secrets and pass.
Events carry the time of typing.

Known limits, each pinned by a test: a hidden password that the target happens to paint, whole and unbroken,
while it is typed (a word of some noise in the background) is taken for echoed; lines typed ahead of a slow
target, and keys of full-screen programs that paint no typed text, are masked though they were no secrets; a
line typed with a pause longer than the patience is decided piece by piece.
"""

from __future__ import annotations

import codecs
import re

import attrs

MASK = "••••".encode()
"""What stands in a recording where a run of typed text is hidden."""

PATIENCE = 10.0
"""Seconds without typing after which undecided input is decided."""

MOST_PENDING = 4096
"""Characters of undecided input, a run counting ``RUN_COSTS`` more; beyond that it is decided."""

RUN_COSTS = 32
"""What keeps the number of runs small that are looked for."""

MOST_NOISE = 32 << 10
"""Characters shown while input is undecided, and comparisons by their cost; after more it is decided."""

LOOK_COSTS = 8
"""What a comparison costs at least, so that a hostile target can not make it compare without end."""

MOST_PAINTED = 4096
"""Characters of the painted line that are remembered."""

MOST_HELD = 512
"""Characters of an unfinished escape sequence that are waited for."""

_COMMITS = frozenset("\r\n\x03\x04\x1a\x1c")
_KEY = re.compile(r"\x1b\[[0-?]{0,32}[ -/]{0,4}[@-~]|\x1bO[@-~]|[\x00-\x1f\x7f]|[^\x00-\x1f\x7f]+")
_KEY_CUT = re.compile(r"\x1b(?:\[[0-?]{0,32}[ -/]{0,4}|O)?\Z")
_PAINT = re.compile(
    r"(?P<text>[^\x00-\x1f\x7f]+)"
    r"|\x1b\[(?P<count>[0-9]{0,5})(?P<final>[@CDKP])"
    r"|\x1b\[[0-?]*[ -/]*(?P<other>[@-~])"
    r"|\x1b[\]PX^_][^\x07\x1b]*(?:\x07|\x1b\\)"
    r"|\x1b[ -/]+[0-~]|\x1b[0-OQ-WYZ\\`-~]"
    r"|(?P<control>[\x00-\x1a\x1c-\x1f\x7f])"
)
_PAINT_CUT = re.compile(r"\x1b(?:\[[0-?]*[ -/]*|[\]PX^_][^\x07\x1b]*\x1b?|[ -/]+)?\Z")
_STILL = frozenset("m")
"""Finals of sequences that paint and move nothing."""

_UTF_8 = codecs.getincrementaldecoder("utf-8")


@attrs.frozen
class Typed:
    """What is recorded of the input, at the time of its typing."""

    at: float
    chunk: bytes


@attrs.define
class Run:
    """Text between two control keys; ``parts`` are times and texts, as they were typed."""

    parts: list[tuple[float, str]]
    text: str
    echoed: bool = False


@attrs.define
class Line:
    """Keys and runs up to a commit, in the order of typing."""

    items: list[Run | Typed] = attrs.Factory(list)
    committed: bool = False
    size: int = 0

    def runs(self) -> list[Run]:
        """Return the runs alone."""
        return [item for item in self.items if isinstance(item, Run)]

    def certain(self) -> bool:
        """Say whether nothing that comes could change what is recorded."""
        runs = self.runs()
        return not runs or (self.committed and all(run.echoed for run in runs))

    def decided(self) -> list[Typed]:
        """Return what is recorded of the line: all of its text, or none."""
        clear = all(run.echoed for run in self.runs())
        events = []
        for item in self.items:
            if isinstance(item, Typed):
                events.append(item)
            elif clear:
                events += [Typed(at, text.encode("utf-8", "surrogateescape")) for at, text in item.parts]
            else:
                events.append(Typed(item.parts[0][0], MASK))
        return events


class Painted:
    """The line that the target paints, as far as it was painted since this began."""

    __slots__ = ("_cells", "_column", "_origin", "_soft", "fresh")

    def __init__(self) -> None:
        self.fresh = False
        self._cells = ""
        self._column = self._origin = 0
        self._soft = False

    @property
    def size(self) -> int:
        """The number of characters on the line."""
        return len(self._cells)

    def holds(self, text: str) -> bool:
        """Say whether the line has this text, unbroken."""
        return text in self._cells

    def clear(self) -> None:
        """Begin another line."""
        self._cells = ""
        self._column = self._origin = 0
        self._soft = False

    def write(self, text: str) -> None:
        """Paint over what stands at the cursor."""
        if len(self._cells) + len(text) > MOST_PAINTED:
            self.clear()
            text = text[-MOST_PAINTED:]
        self._soft = text.endswith(" ") and self._column + len(text) > len(self._cells)
        column = self._column
        self._column += len(text)
        self._cells = self._cells[:column] + text + self._cells[self._column :]
        self.fresh = True

    def back(self) -> None:
        """Go to the line's beginning: a new painting, unless a line editor wraps (a blank, then CR)."""
        if self._soft and self._column == len(self._cells):
            self._cells = self._cells[:-1]
            self._column = self._origin = self._column - 1
            self._soft = False
        elif self._origin:
            self._column = self._origin
        else:
            self.clear()

    def edit(self, final: str, count: int) -> None:
        """Obey a CSI of a line editor: ``D C`` move, ``K P`` erase, ``@`` makes room."""
        column, cells = self._column, self._cells
        self._soft = False
        self.fresh = self.fresh or final in "P@"
        match final:
            case "D":
                self._column = max(0, column - max(1, count))
            case "C":
                self._column = min(len(cells), column + max(1, count))
            case "P":
                self._cells = cells[:column] + cells[column + max(1, count) :]
            case "@":
                room = " " * min(max(1, count), MOST_PAINTED - len(cells))
                self._cells = cells[:column] + room + cells[column:]
            case _:
                self._cells = cells[:column]


class EchoMask:
    """Decide what of one terminal's input is recorded; ``level`` is ``off``, ``masked`` or ``full``."""

    def __init__(self, level: str) -> None:
        self.level = level
        self._lines: list[Line] = []
        self._painted = Painted()
        self._keys = _UTF_8("surrogateescape")
        self._shows = _UTF_8("surrogateescape")
        self._key_held = ""
        self._show_held = ""
        self._noise = 0
        self._owed = 0
        self._answered = False
        self._latest = 0.0

    def typed(self, at: float, chunk: bytes) -> list[Typed]:
        """Take input; return what is decided by now."""
        match self.level:
            case "off":
                return []
            case "full":
                return [Typed(at, chunk)]
        self._latest = at
        text = self._key_held + self._keys.decode(chunk)
        cut = _KEY_CUT.search(text)
        self._key_held = cut.group() if cut is not None else ""
        events = self._take(at, text[: len(text) - len(self._key_held)])
        if sum(line.size for line in self._lines) > MOST_PENDING:
            return events + self._all()
        return events + self._passed()

    def shown(self, at: float, chunk: bytes) -> list[Typed]:
        """Take output; return what it decides."""
        if not self._lines:
            self._show_held = ""
            self._shows.reset()
            return []
        text = self._show_held + self._shows.decode(chunk)
        self._show_held = ""
        self._answered = self._lines[-1].committed
        events = self._watch(text)
        if self._noise > MOST_NOISE:
            events += self._all()
        return events + self._look()

    def _watch(self, text: str) -> list[Typed]:
        """Paint until the text, or what is undecided, comes to its end."""
        events: list[Typed] = []
        place = 0
        while place < len(text) and self._lines and self._noise <= MOST_NOISE:
            found = _PAINT.match(text, place)
            if found is None:
                if len(text) - place <= MOST_HELD and _PAINT_CUT.match(text, place):
                    self._show_held = text[place:]
                    break
                place += 1
                self._noise += 1
                continue
            self._noise += found.end() - place
            place = found.end()
            events += self._paint(found)
        return events

    def tick(self, at: float) -> list[Typed]:
        """Decide what has waited for too long."""
        return self.end(at) if at - self._latest >= PATIENCE else []

    def end(self, at: float) -> list[Typed]:
        """Decide everything: the channel is closed."""
        held, self._key_held = self._key_held + self._keys.decode(b"", True), ""
        return self._take(self._latest, held) + self._all()

    def _take(self, at: float, text: str) -> list[Typed]:
        # Keys typed in the face of an answer belong to another line, also when the answer had no new line.
        events = self._all() if text and self._answered else []
        for key in _KEY.findall(text):
            self._key(at, key)
        return events

    def _key(self, at: float, key: str) -> None:
        if not self._lines or self._lines[-1].committed:
            if not self._lines:
                self._painted.clear()
                self._noise = self._owed = 0
                self._answered = False
            self._lines.append(Line())
        line = self._lines[-1]
        line.size += len(key)
        if key[0] < " " or key == "\x7f":
            line.items.append(Typed(at, key.encode("utf-8", "surrogateescape")))
            line.committed = key in _COMMITS
            return
        last = line.items[-1] if line.items else None
        if isinstance(last, Run):
            last.parts.append((at, key))
            last.text += key
            last.echoed = False
        else:
            line.size += RUN_COSTS
            line.items.append(Run([(at, key)], key))

    def _passed(self) -> list[Typed]:
        """Give what is certain from the beginning on: keys before text, committed lines that were echoed."""
        events: list[Typed] = []
        while self._lines and self._lines[0].certain():
            line = self._lines.pop(0)
            events += line.decided()
            if line.runs():
                self._owed += 1
                self._painted.clear()
                self._noise = 0
        return events

    def _paint(self, found: re.Match[str]) -> list[Typed]:
        if (text := found["text"]) is not None:
            self._painted.write(text)
            return []
        if found["control"] is None and found["final"] is None and found["other"] in {None, *_STILL}:
            return []
        events = self._look()
        if found["final"] is not None:
            self._painted.edit(found["final"], int(found["count"] or 0))
            return events
        match found["control"]:
            case "\b":
                self._painted.edit("D", 1)
            case "\r":
                self._painted.back()
            case "\n":
                events += self._new_line()
            case None:
                self._painted.clear()
        return events

    def _new_line(self) -> list[Typed]:
        self._painted.clear()
        if self._owed:
            self._owed -= 1
            return []
        if not self._lines or not self._lines[0].committed:
            return []
        self._noise = 0
        return self._lines.pop(0).decided() + self._passed()

    def _look(self) -> list[Typed]:
        """Note which runs of the first line stand on the painted one, and give what is certain by that."""
        if not self._lines or not self._painted.fresh:
            return []
        self._painted.fresh = False
        for run in self._lines[0].runs():
            if not run.echoed:
                run.echoed = self._painted.holds(run.text)
                self._noise += LOOK_COSTS + self._painted.size // 64
        return self._passed()

    def _all(self) -> list[Typed]:
        events = [event for line in self._lines for event in line.decided()]
        self._lines.clear()
        self._painted.clear()
        self._noise = 0
        return events
