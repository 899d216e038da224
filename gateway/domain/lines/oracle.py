"""The line that is about to run, by three readings: what was typed, what the screen shows, what is still open.

The rule: where keys and screen agree the line is certain, at once. Where they do not, both are given, once the
screen has settled. What shells leave unfinished is kept and stands before the next line. While a line editor reads,
it has bracketed paste switched on; each switch is an event, with the cursor as it was then.

Known limits: a terminal whose line editor never switches has no such events: then a prompt is what stands before the
cursor when nothing more comes.
"""

from __future__ import annotations

import attrs

from gateway.domain.lines.keys import Act, Key
from gateway.domain.lines.programs import SHELL, SHELLS, Program, Reads
from gateway.domain.lines.scan import uncommented, unfinished
from gateway.domain.lines.showing import Showing
from gateway.domain.lines.typing import LONGEST, Typing
from gateway.domain.lines.waiting import QUIET, Pace
from gateway.domain.screen import Screen
from gateway.domain.screen.screen import BRACKETED_PASTE
from gateway.domain.shell import Simple

_PREFIXES = frozenset({b"\x01", b"\x02"})
"""Keys that multiplexers take for themselves, with the key behind them."""
CANCELLED = 0.25
"""Seconds of silence after which a prompt is taken for drawn where a line was thrown away: editors draw it twice."""
UNSEEN = "where the line begins is not on the screen"
ALTERNATES = frozenset({47, 1047, 1049})
"""Private modes of the alternate page."""
_FISH = b"\x1b[30m\x1b(B\x1b[m"
"""What fish paints before each prompt, and no other shell."""


@attrs.frozen
class Switch:
    """The line editor began (``on``) or ceased to read, the cursor being there."""

    on: bool
    x: int
    row: int
    alternate: bool = False
    """Whether a full-screen program had the screen then."""


@attrs.frozen
class Reading:
    """What the line is: all readings, the likeliest first, and how it is known."""

    lines: tuple[str, ...]
    known_by: str = "held"
    echoed: bool = True
    """Whether the screen shows anything of it."""
    differs: bool = False
    """Whether keys and screen say different things."""
    doubt: str = ""
    """Why the line is not known for certain."""


@attrs.define(eq=False)
class Oracle:
    """Know one terminal's present line."""

    screen: Screen
    typing: Typing = attrs.field(factory=Typing)
    pace: Pace = attrs.field(factory=Pace)
    program: Program = SHELL
    open: str = ""
    """Lines that were accepted and are not finished."""
    editor: bool = False
    """Whether a line editor reads now."""
    modern: bool = False
    """Whether line editors here say when they read."""
    flavour: str = ""
    """The line editor's kind, as far as it shows: bash, zsh or fish."""
    bound: bool = False
    """Whether keys may have been bound anew."""
    uncommented: bool = False
    """Whether a shell was told to know no comments."""
    showing: Showing = attrs.field(init=False)
    switches: list[Switch] = attrs.field(init=False, factory=list)
    _filled: bool = attrs.field(init=False, default=False)
    _late: bool = attrs.field(init=False, default=False)
    """Whether a prompt came after something was typed."""
    _cancelled: bool = attrs.field(init=False, default=False)
    _left: int = attrs.field(init=False, default=0)
    """The row for good on which the last line was submitted."""
    _alternate: bool = attrs.field(init=False, default=False)
    _mux: bool = attrs.field(init=False, default=False)
    _prefixed: bool = attrs.field(init=False, default=False)
    _tail: bytes = attrs.field(init=False, default=b"")

    def __attrs_post_init__(self) -> None:
        """Watch the screen's modes."""
        self.showing = Showing(self.screen)
        self.screen.watch(self._switched)

    # What comes.

    def press(self, key: Key, at: float) -> None:
        """Take a key that is passed on; the screen shows all that came before."""
        self.pace.pass_key(at, key.act is Act.TEXT and self.editor)
        if self._prefixed:
            self._elsewhere()
            return
        self._prefixed = self._mux and key.raw in _PREFIXES and self.in_multiplexer
        if key.act is not Act.PART and not self.typing.touched:
            self._begin()
        self._filled = self._filled or key.raw == b"\x11" or key.act is Act.RARE
        self.typing.press(key)

    def _elsewhere(self) -> None:
        """Be in another terminal of a multiplexer, perhaps: nothing is known of its line."""
        self._prefixed, self.open = False, ""
        self.typing.reset()
        self.typing.blur()
        self.showing.forget()

    def output(self, chunk: bytes, at: float) -> bool:
        """Note output that the screen has not got yet; say whether the line editor may have been switched."""
        self.pace.show(at)
        seen = self._tail + chunk
        self._tail = seen[-8:]
        if _FISH in seen and self.editor:
            self.flavour = "fish"
        return b"?2004" in seen or b"?1049" in seen

    def _switched(self, mode: int, on: bool) -> None:
        if mode in ALTERNATES:
            self._alternate = on
        elif mode == BRACKETED_PASTE:
            self.switches.append(Switch(on, *self.screen.standing(), self._alternate))

    def taken(self) -> list[Switch]:
        """Read what the screen waits with; return the line editor's switches since the last time."""
        self.screen.settle()
        switches, self.switches = self.switches, []
        return switches

    def switch(self, switch: Switch) -> None:
        """Follow the line editor; a full-screen program's own is none."""
        if switch.alternate and self.program.reads is Reads.APPLICATION:
            return
        self.editor = switch.on
        if switch.on:
            self._late = self.typing.touched
            self.modern = True
            if switch.alternate or self.flavour != "fish":
                self.flavour = "zsh" if switch.x and not switch.alternate else "bash"

    # The line.

    def _begin(self) -> None:
        if self.editor:
            self.prompted()
        shell = not self.open and self.program.reads is not Reads.PROMPT
        more = self.showing.begin("", self._filled, shell)
        if self._filled or (more and self._cancelled):
            self.typing.exact = False
        self._filled = self._late = False

    def _catch_up(self) -> None:
        """Put the anchor behind the prompt, also behind one that came after something was typed."""
        if not self.typing.touched:
            self._begin()
        elif self._late:
            self._late = False
            self.showing.begin(self.typing.text if self.typing.exact else "", not self.typing.exact)

    @property
    def canonical(self) -> bool:
        """Say whether the terminal may be one where Ctrl-D submits."""
        return not self.editor

    def certain(self, at: float) -> Reading | None:
        """Return what the line is; None while more may be shown, until :attr:`due`."""
        self._catch_up()
        typed = self.typing.text
        if len(typed) >= LONGEST:
            return Reading((typed,), doubt=UNSEEN)
        if self.typing.exact and self.showing.shows(typed, self.typing.at_end):
            return Reading((typed,))
        if at < self.pace.settled():
            return None
        return self._settled(typed)

    def _settled(self, typed: str) -> Reading:
        """Return what the line is on a screen that has settled."""
        seen = self._seen()
        if not self.typing.exact:
            return Reading(tuple(dict.fromkeys(seen)), "screen", doubt=UNSEEN if self.showing.lost else "")
        if self.showing.lost:
            return Reading((typed,))
        if _alike(typed, seen[0]):
            return Reading((typed,))
        if typed.startswith(seen[0].rstrip()) and len(seen) == 1:
            return Reading((typed,), echoed=bool(seen[0].strip()))
        if not typed:
            return Reading(tuple(seen), "screen")
        lines = (*seen, typed) if self.flavour == "fish" else (typed, *seen)
        return Reading(tuple(dict.fromkeys(lines)), differs=True)

    def _seen(self) -> list[str]:
        self.showing.again = self.showing.again or self.typing.listed
        seen = self.showing.read(self.typing.moved)
        below = self.showing.below() if self.typing.strayed and self.showing.anchor is not None else []
        if not below:
            return seen
        longer = [seen[0]]
        for row in below:
            longer.append(f"{longer[-1]}\n{row}")
        whole = (each for each in reversed(longer) if not self.goes_on(self.open + each))
        likeliest = seen[0] if self.typing.listed else next(whole, longer[-1])
        others = [] if self.goes_on(self.open + seen[0]) else seen[:1]
        return list(dict.fromkeys((likeliest, *others, longer[-1])))

    @property
    def due(self) -> float:
        """When the screen has settled."""
        return self.pace.settled()

    def seen_now(self) -> tuple[str, ...]:
        """Return all readings of the line as it stands, without waiting."""
        self._catch_up()
        seen = self._seen()
        return tuple(dict.fromkeys((self.typing.text, *seen) if self.typing.exact else seen))

    def released(self, key: Key, program: Program, at: float) -> None:
        """Begin another line: this one was submitted, and this program reads next."""
        self._cancelled, self._left = False, self.screen.cursor[1] + self.screen.scrolled
        self._filled = self._filled or key.raw not in (b"\r", b"\n")
        self.pace.pass_key(at)
        self.program = program
        self._mux = program.mux or (self._mux and self.screen.alternate)
        self.typing.reset()

    def goes_on(self, line: str) -> bool:
        """Say whether the shell would ask for more of a line."""
        return any(unfinished(each, self.flavour != "fish") for each in self.meanings((line,)))

    def learn(self, commands: tuple[Simple, ...]) -> None:
        """Note what commands that ran do to the line editor and to what lines mean."""
        self.bound = self.bound or any(command.argv[0] in ("bind", "bindkey") for command in commands)
        self.uncommented = self.uncommented or any("interactive_comments" in command.argv for command in commands)

    def meanings(self, lines: tuple[str, ...]) -> tuple[str, ...]:
        """Return all that lines may mean: zsh knows no comments, unless an option says so."""
        if self.flavour != "zsh" and not self.uncommented:
            return lines
        return tuple(dict.fromkeys((*lines, *map(uncommented, lines))))

    def redrawn(self, at: float) -> None:
        """Go on with the line, which the editor was asked to draw anew."""
        self.typing.blur()
        self.showing.again = True
        self.pace.pass_key(at)

    def stays(self) -> None:
        """Go on with the line that was submitted: the editor did not take it."""
        self.typing.blur()

    def taken_away(self) -> None:
        """Begin another line: this one was submitted by something else."""
        self.open = ""
        self.typing.reset()
        self.showing.forget()

    def cancelled(self, at: float) -> None:
        """Begin another line: this one was thrown away."""
        self._cancelled = True
        self.pace.pass_key(at)
        self.taken_away()

    # The prompt.

    @property
    def left_behind(self) -> bool:
        """Say whether a prompt stands below the line that was submitted: multiplexers may pass on no switch."""
        row = self.screen.cursor[1] + self.screen.scrolled
        return row > self._left and self.editor and (self.showing.ready or self.screen.alternate)

    @property
    def drawn_at(self) -> float:
        """From when on what stands before the cursor is taken for a prompt."""
        ready = self.showing.ready
        if self._cancelled:
            return self.pace.shown + (QUIET if ready else CANCELLED)
        return self.pace.shown + (0.0 if ready else QUIET)

    def prompted(self) -> None:
        """Look at a prompt that came back: whose it is."""
        if self.program.reads is Reads.PROMPT:
            if not self.program.expects(self.showing.before) or self.showing.ready:
                self.program = SHELL
        elif self.editor or self.showing.ready:
            self.program = SHELL

    @property
    def in_prompt(self) -> bool:
        """Say whether the line stands behind the prompt of a program that reads statements."""
        anchor = self.showing.anchor
        if self.program.reads is not Reads.PROMPT or anchor is None or anchor.prompt in self.showing.prompts:
            return False
        return self.program.expects(anchor.prompt)

    @property
    def in_application(self) -> bool:
        """Say whether a known program has the whole screen."""
        return self.program.reads is Reads.APPLICATION and self.screen.alternate

    @property
    def in_shell(self) -> bool:
        """Say whether what is typed goes to a shell: a line editor's, one that has none, one without a prompt yet."""
        anchor = self.showing.anchor
        known = anchor is not None and anchor.prompt in self.showing.prompts
        return self.editor or not self.modern or self.program.name in SHELLS or self.in_multiplexer or known

    @property
    def in_multiplexer(self) -> bool:
        """Say whether several terminals share this one."""
        return self._mux and self.screen.alternate

    def command_row(self) -> str:
        """Return the row on which a full-screen program reads a command of its own; empty where it reads none."""
        x, y = self.screen.cursor
        return self.screen.row(y, 0, x + self.screen.wrap_due) if y >= self.screen.rows - 3 else ""


def _alike(typed: str, seen: str) -> bool:
    """Say whether two texts differ in white space alone, which rows and tabs make."""
    return typed.split() == seen.split() or "".join(typed.split()) == "".join(seen.split()) != ""
