"""The menu's screen: keys in, a picture out.

The rule: what is drawn never exceeds the screen, whatever names there are and however small it is; the
picture is drawn from the state alone, so that it can be drawn again at any time.
"""

from __future__ import annotations

import re

import attrs

from gateway.ssh.cells import cut
from gateway.ssh.menu_keys import Key, Keys

ENTER_SCREEN = b"\x1b[?1049h\x1b[?25l"
LEAVE_SCREEN = b"\x1b[0m\x1b[?25h\x1b[?1049l"
LONGEST_FILTER = 64
HELP = (
    "type                 show only what contains these words",
    "Up Down PgUp PgDn    move (Home, End, Ctrl-P, Ctrl-N too)",
    "Enter                connect",
    "Backspace Ctrl-U     shorten or clear the filter",
    "q  Ctrl-C            leave (q only with an empty filter)",
    "?                    this help",
)


@attrs.frozen
class Row:
    """One way to a target."""

    target: str
    account: str

    @property
    def text(self) -> str:
        """Return the row as it is shown and filtered."""
        return f"{self.account}@{self.target}"


@attrs.frozen
class Left:
    """The operator leaves, with a row chosen or without."""

    row: Row | None


_NUMBER = re.compile(r"[0-9]{1,18}")


def natural(text: str) -> str:
    """Return a key that sorts ``web2`` before ``web10``."""
    return _NUMBER.sub(lambda found: found[0].zfill(18), text.casefold())


def in_order(rows: list[tuple[str, str]]) -> tuple[Row, ...]:
    """Return (target, account) pairs as rows in their natural order, each once."""
    unique = {Row(target, account) for target, account in rows}
    return tuple(
        sorted(unique, key=lambda row: (natural(row.target), natural(row.account), row.target, row.account))
    )


@attrs.define(eq=False)
class MenuScreen:
    """Hold what the operator sees; sizes in cells."""

    rows: tuple[Row, ...]
    columns: int
    lines: int
    filter: str = attrs.field(init=False, default="")
    help: bool = attrs.field(init=False, default=False)
    chosen: int = attrs.field(init=False, default=0)
    """Which of the shown rows is chosen."""
    top: int = attrs.field(init=False, default=0)
    shown: tuple[Row, ...] = attrs.field(init=False)
    _keys: Keys = attrs.field(init=False, factory=Keys)

    def __attrs_post_init__(self) -> None:
        """Show everything at first."""
        self.shown = self.rows

    def resize(self, columns: int, lines: int) -> None:
        """Take a new size."""
        self.columns, self.lines = columns, lines

    def feed(self, chunk: bytes) -> Left | None:
        """Take typed bytes; the result says that the operator leaves, what came behind it is dropped."""
        for key in self._keys.read(chunk):
            left = self._press(key)
            if left is not None:
                return left
        return None

    def _press(self, key: Key | str) -> Left | None:
        if isinstance(key, str):
            return self._type(key)
        self.help = self.help and key is Key.REPAINT
        match key:
            case Key.LEAVE:
                return Left(None)
            case Key.ENTER:
                return Left(self.shown[self.chosen]) if self.shown else None
            case Key.ERASE:
                self._narrow(self.filter[:-1])
            case Key.CLEAR:
                self._narrow("")
            case Key.REPAINT:
                pass
            case _:
                self._move(key)
        return None

    def _type(self, character: str) -> Left | None:
        if character == "?":
            self.help = not self.help
            return None
        self.help = False
        if character == "q" and not self.filter:
            return Left(None)
        if len(self.filter) < LONGEST_FILTER:
            self._narrow(self.filter + character)
        return None

    def _narrow(self, text: str) -> None:
        before = self.shown[self.chosen] if self.shown else None
        self.filter = text
        words = text.casefold().split()
        self.shown = tuple(row for row in self.rows if all(word in row.text.casefold() for word in words))
        self.chosen = self.shown.index(before) if before in self.shown else 0

    def _move(self, key: Key) -> None:
        page, last = max(1, self._room() - 1), len(self.shown) - 1
        steps = {
            Key.UP: -1,
            Key.DOWN: 1,
            Key.PAGE_UP: -page,
            Key.PAGE_DOWN: page,
            Key.HOME: -last,
            Key.END: last,
        }
        self.chosen = max(0, min(self.chosen + steps[key], last))

    def _room(self) -> int:
        """Return how many rows of the list fit below title and filter."""
        return max(1, self.lines - 2)

    def draw(self) -> bytes:
        """Return what paints the whole picture anew."""
        painted = [b"\x1b[0m\x1b[2J"]
        for number, (text, inverse) in enumerate(self._picture()[: self.lines]):
            shown = cut(text, self.columns).encode("utf-8", "replace")
            painted.append(
                b"\x1b[%d;1H" % (number + 1) + (b"\x1b[7m" + shown + b"\x1b[0m" if inverse else shown)
            )
        return b"".join(painted)

    def _picture(self) -> list[tuple[str, bool]]:
        if self.help:
            return [(text, False) for text in HELP]
        room = self._room()
        self.top = max(0, min(self.top, self.chosen, len(self.shown) - room), self.chosen - room + 1)
        rows = self.shown[self.top : self.top + room]
        listed = [(f" {row.text}", self.top + index == self.chosen) for index, row in enumerate(rows)]
        if not listed:
            listed = [(" nothing fits; Backspace or Ctrl-U", False)]
        if self.lines < 3:
            return listed
        count = f"{len(self.shown)} of {len(self.rows)}"
        title = f"Choose where to go ({count}) - type to filter, Enter connects, ? helps, q leaves"
        return [(title, False), (f"> {self.filter}", False), *listed]
