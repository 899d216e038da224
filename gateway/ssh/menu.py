"""The menu: an operator who logged in without a target chooses one.

The rule: the menu shows only what it was given, decides nothing, and leaves the terminal as it found it;
the channel goes on as that of the session chosen. Without a terminal there is one line that says how to
name a target.
"""

from __future__ import annotations

from collections.abc import Callable

import attrs

from gateway.domain.notice import line
from gateway.ssh.menu_screen import ENTER_SCREEN, LEAVE_SCREEN, Left, MenuScreen, in_order
from gateway.ssh.program import USAGE, Output, Program, Start
from gateway.wire.channels import ChannelEnd

DENIED = 77
MOST_UNSENT = 64 * 1024


@attrs.frozen(eq=False)
class Choice:
    """Say what was chosen, on what terminal; whoever gets this listens to ``end`` from now on."""

    target: str
    account: str
    columns: int
    rows: int
    term: str
    modes: bytes
    end: ChannelEnd


@attrs.define(eq=False)
class Menu:
    """Be the program of a channel without a target; ``rows`` gives (target, account) pairs."""

    user: str
    rows: Callable[[], list[tuple[str, str]]]
    choose: Callable[[Choice], None]
    gateway: str = "gateway"
    _output: Output = attrs.field(init=False)
    _start: Start = attrs.field(init=False)
    _screen: MenuScreen | None = attrs.field(init=False, default=None)
    _stale: bool = attrs.field(init=False, default=False)

    def start(self, start: Start, output: Output) -> None:
        """Draw the menu, or say in one line why there is none."""
        self._output, self._start = output, start
        if start.terminal is None or start.command is not None:
            self._refuse(USAGE, f"name a target: ssh {self.user}=ACCOUNT=TARGET@{self.gateway}")
            return
        rows = in_order(self.rows())
        if not rows:
            self._refuse(DENIED, "there is no target that you may reach now; ask an administrator")
            return
        self._screen = MenuScreen(rows, *start.terminal)
        output.write(ENTER_SCREEN)
        self._draw()

    def _refuse(self, code: int, text: str) -> None:
        self._output.write_error(line(text, self._start.terminal is not None))
        self._output.exit(code)

    def received(self, chunk: bytes) -> None:
        """Take keys."""
        if self._screen is None:
            return
        left = self._screen.feed(chunk)
        if left is None:
            self._draw()
        else:
            self._leave(self._screen, left)

    def _leave(self, screen: MenuScreen, left: Left) -> None:
        self._screen = None
        self._output.write(LEAVE_SCREEN)
        if left.row is None:
            self._output.exit(0)
            return
        end = self._output.hand_over()
        size = screen.columns, screen.lines
        self.choose(
            Choice(left.row.target, left.row.account, *size, self._start.term, self._start.modes, end)
        )

    def ended(self) -> None:
        """Leave: nobody types any more."""
        if self._screen is not None:
            self._leave(self._screen, Left(None))

    def resized(self, columns: int, rows: int) -> None:
        """Draw for a new size."""
        if self._screen is not None:
            self._screen.resize(columns, rows)
            self._draw()

    def drained(self) -> None:
        """Draw what could not be drawn before."""
        if self._stale:
            self._draw()

    def stopped(self) -> None:
        """Forget the screen."""
        self._screen = None

    def _draw(self) -> None:
        self._stale = self._output.unsent() > MOST_UNSENT
        if self._screen is not None and not self._stale:
            self._output.write(self._screen.draw())


@attrs.define(eq=False)
class Chooser:
    """Be the program of a login without a target: the verbs, or on an operator's terminal the menu.

    Who has both gets the verbs, and ``menu`` is one of them.
    """

    verbs: Callable[[], Program]
    menu: Callable[[], Program] | None
    prefers_verbs: bool
    _program: Program | None = attrs.field(init=False, default=None)

    def start(self, start: Start, output: Output) -> None:
        """Choose by what was asked for, and begin."""
        asked = (start.command or "").strip() == "menu" or (start.command is None and not self.prefers_verbs)
        if asked and self.menu is not None:
            self._program = self.menu()
            self._program.start(attrs.evolve(start, command=None), output)
        else:
            self._program = self.verbs()
            self._program.start(start, output)

    def received(self, chunk: bytes) -> None:
        """Pass on what is typed."""
        if self._program is not None:
            self._program.received(chunk)

    def ended(self) -> None:
        """Pass EOF on."""
        if self._program is not None:
            self._program.ended()

    def resized(self, columns: int, rows: int) -> None:
        """Pass the size on."""
        if self._program is not None:
            self._program.resized(columns, rows)

    def drained(self) -> None:
        """Pass on that there is room."""
        if self._program is not None:
            self._program.drained()

    def stopped(self) -> None:
        """Pass the end on."""
        if self._program is not None:
            self._program.stopped()
