"""Playing a recording in a terminal: the screen as it was, at a speed, with pauses cut short, and places to go to.

The rule: a frame is had when it is needed and then let go; the screen is painted from the model, never from the
recorded bytes. A place is reached from the nearest screen that the recording kept before it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import attrs
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.python.failure import Failure

from gateway.admin.display import Display
from gateway.admin.prompt import bar
from gateway.domain.cast import Document, Event, size_of
from gateway.domain.screen import Screen
from gateway.domain.screen.view import Picture, Window, paint, picture
from gateway.interfaces.archive import IReel

STEP = 5.0
"""Seconds that an arrow key goes."""
MERGED = 0.04
SLOWEST, FASTEST = 0.25, 64.0
HELP = "space pause  ←→ 5 s  +- speed  n p audited command  0 start  q leave"

KEYS = {
    "\x1b[C": "forward", "\x1b[D": "back", "\x1bOC": "forward", "\x1bOD": "back", " ": "pause", "+": "faster",
    "=": "faster", "-": "slower", "n": "next", "p": "previous", "q": "leave", "\x03": "leave", "0": "start",
    "?": "help", "\x1b[H": "start",
}  # fmt: skip


@attrs.frozen
class Place:
    """Somewhere to go to: an audited command or a mark, ``at`` seconds from the session's start."""

    at: float
    label: str


@attrs.define(eq=False)
class Play:
    """Play one track until the viewer leaves; fires with nothing."""

    display: Display
    reel: IReel
    clock: IReactorTime
    places: Sequence[Place] = ()
    speed: float = 1.0
    idle: float = 2.0
    """Seconds that a pause takes at most; 0 for as long as it was."""
    done: Deferred[None] = attrs.field(init=False, factory=Deferred)
    at: float = attrs.field(init=False, default=0.0)
    _screen: Screen = attrs.field(init=False)
    _seen: Picture | None = attrs.field(init=False, default=None)
    _number: int = attrs.field(init=False, default=0)
    _events: tuple[Event, ...] = attrs.field(init=False, default=())
    _next: int = attrs.field(init=False, default=0)
    _paused: bool = attrs.field(init=False, default=False)
    _words: str = attrs.field(init=False, default="")
    _timer: IDelayedCall | None = attrs.field(init=False, default=None)
    _asked: int = attrs.field(init=False, default=0)
    """Counts loads, so that a frame which comes when something else is wanted by then is not taken."""
    _begun: str = attrs.field(init=False, default="")
    """A key's first characters."""

    def __attrs_post_init__(self) -> None:
        self._screen = Screen(*self.reel.size)

    @property
    def end(self) -> float:
        """When the last event is."""
        return max((last for _, last in self.reel.spans), default=0.0)

    # Places.

    def seek(self, at: float) -> None:
        """Go to a moment and go on from there."""
        self._still()
        self.at = min(max(at, 0.0), self.end)
        kept = self.reel.kind == "pty"
        starts = [n for n, (start, _) in enumerate(self.reel.spans) if start <= self.at]
        self._load(starts[-1] if kept and starts else 0, self._enter)

    def _load(self, number: int, then: Callable[[int, Document], None]) -> None:
        if number >= len(self.reel.spans):
            self._words = "there is nothing to see in this channel"
            self._show()
            return
        self._asked += 1
        loading = self.reel.segment(number)
        loading.addCallback(self._loaded, self._asked, number, then).addErrback(self._failed)

    def _loaded(self, read: Document, asked: int, number: int, then: Callable[[int, Document], None]) -> None:
        if asked == self._asked and not self.done.called:
            then(number, read)

    def _enter(self, number: int, read: Document) -> None:
        """Begin with the screen that a frame keeps, or with an earlier frame's."""
        if read.snapshot is None and number:
            self._load(number - 1, self._enter)
            return
        self._screen = Screen(*self.reel.size)
        if read.snapshot is not None:
            self._screen = Screen(read.snapshot["cols"], read.snapshot["rows"])
            self._screen.feed(read.snapshot["init"].encode("utf-8", "surrogateescape"))
        self._follow(number, read)

    def _follow(self, number: int, read: Document) -> None:
        """Go on with a frame, from the screen that stands."""
        self._number, self._events, self._next = number, tuple(sorted(read.events, key=_time)), 0
        self._apply(self.at)
        following = number + 1
        if self._next == len(self._events) and following < len(self.reel.spans):
            self._load(following, self._follow)
        else:
            self._show()
            self._go_on()

    # Time.

    def _go_on(self) -> None:
        self._still()
        if self._paused or self._next == len(self._events):
            return
        wait = max(0.0, self._events[self._next].at - self.at)
        self._timer = self.clock.callLater((min(wait, self.idle) if self.idle else wait) / self.speed, self._due)

    def _due(self) -> None:
        self.at = max(self.at, self._events[self._next].at)
        self._apply(self.at + MERGED * self.speed)
        if self._next == len(self._events) and self._number + 1 < len(self.reel.spans):
            self._load(self._number + 1, self._follow)
            return
        self._show()
        self._go_on()

    def _apply(self, until: float) -> None:
        while self._next < len(self._events) and self._events[self._next].at <= until:
            self._take(self._events[self._next])
            self._next += 1

    def _take(self, event: Event) -> None:
        match event.code:
            case "o":
                text = event.text if self.reel.kind == "pty" else event.text.replace("\n", "\r\n")
                self._screen.feed(text.encode("utf-8", "surrogateescape"))
            case "r" if size := size_of(event.text):
                self._screen.resize(*size)
            case "m":
                self._words = event.text
            case _:
                pass

    def _still(self) -> None:
        timer, self._timer = self._timer, None
        if timer is not None and timer.active():
            timer.cancel()

    def stop(self) -> None:
        """Do nothing more."""
        self._still()
        self._asked += 1

    def _failed(self, failure: Failure) -> None:
        self.stop()
        if not self.done.called:
            self.done.errback(failure)

    # The picture.

    def _show(self) -> None:
        if self.display.full():
            self._seen = None
            return
        columns, rows = self.display.size
        if rows > 1:
            seen = Window(columns, rows - 1).through(picture(self._screen))
            self.display.paint(paint(self._seen, seen))
            self._seen = seen
        self.display.paint(bar(self._status(), columns, rows))

    def _status(self) -> str:
        over = self._next == len(self._events) and self._number + 1 >= len(self.reel.spans)
        state = "end" if over else "paused" if self._paused else f"x{self.speed:g}"
        name = f"{self.reel.session}/{self.reel.channel}"
        return f" {name}  t={self.at:.1f} of {self.end:.1f}  {state}  {self._words or '? for help'}"

    # The terminal.

    def typed(self, chunk: bytes) -> None:
        """Take keys."""
        text, self._begun = self._begun + chunk.decode("utf-8", "replace"), ""
        while text and not self.done.called:
            key = next((each for each in KEYS if text.startswith(each)), None)
            if key is None and any(each.startswith(text) for each in KEYS):
                self._begun = text
                return
            text = text[len(key or " ") :]
            if key is not None:
                self._press(KEYS[key])

    def _press(self, does: str) -> None:
        self._words = ""
        match does:
            case "leave":
                self.stop()
                self.done.callback(None)
            case "forward" | "back":
                self.seek(self.at + (STEP if does == "forward" else -STEP))
            case "next" | "previous":
                self._go_to(does)
            case "start":
                self.seek(0.0)
            case _:
                self._set(does)
                self._show()
                self._go_on()

    def _set(self, does: str) -> None:
        if does == "pause":
            self._paused = not self._paused
        elif does == "help":
            self._words = HELP
        else:
            factor = 2.0 if does == "faster" else 0.5
            self.speed = min(max(self.speed * factor, SLOWEST), FASTEST)

    def _go_to(self, does: str) -> None:
        ahead = does == "next"
        found = [each for each in self.places if (each.at > self.at + 0.5 if ahead else each.at < self.at - 0.5)]
        if not found:
            self._words = f"there is no {does} audited command or mark"
            self._show()
            self._go_on()
            return
        place = min(found, key=_time) if ahead else max(found, key=_time)
        self.seek(place.at)
        self._words = place.label

    def resized(self) -> None:
        """Paint for the new size."""
        self._seen = None
        self._show()

    def drained(self) -> None:
        """Paint what was left out."""
        if self._seen is None:
            self._show()


def _time(each: Event | Place) -> float:
    return each.at
