"""Following a session in a terminal: its screen as the operator sees it, and keys behind Ctrl-].

The rule: what is typed never goes anywhere near the session; a key does something only behind Ctrl-]. While a question
stands the picture stands too, and is painted afresh when it is answered. Leaving, by whatever way, ends the watch.
"""

from __future__ import annotations

import codecs
from collections.abc import Callable, Coroutine, Mapping
from typing import Any

import attrs
from twisted.internet.defer import Deferred
from twisted.python.failure import Failure
from zope.interface import implementer

from gateway.admin.display import Display
from gateway.admin.prompt import Prompt, bar
from gateway.admin.refusal import Refusal
from gateway.domain.screen.view import Update
from gateway.interfaces.live import ILiveSeat, IViewer

PREFIX = "\x1d"
"""Ctrl-]."""
INTERRUPT = "\x03"
HELP = "Ctrl-] then: q leave  l lock  u unlock  k kill  m mark  ? this help"

Act = Callable[[str], Coroutine[Any, Any, str]]
"""Does something for a reason (or note); returns words to show. Raises :exc:`gateway.admin.refusal.Refusal`."""


@attrs.frozen
class Key:
    """What a key behind Ctrl-] does: what it asks for first, and the deed."""

    act: Act
    sure: str = ""
    """The question that wants a typed yes; empty where none is asked."""
    question: str = "reason:"
    needed: bool = False
    """Whether an empty answer is none."""


@implementer(IViewer)
@attrs.define(eq=False)
class Watch:
    """Paint a live stream on a display until the viewer leaves or it is over; fires with the last words."""

    display: Display
    keys: Mapping[str, Key]
    title: str
    done: Deferred[str] = attrs.field(init=False, factory=Deferred)
    seat: ILiveSeat | None = None
    _prefixed: bool = attrs.field(init=False, default=False)
    _prompt: Prompt | None = attrs.field(init=False, default=None)
    _words: str = attrs.field(init=False, default="")
    _behind: bool = attrs.field(init=False, default=False)
    _decoder: Any = attrs.field(init=False, factory=codecs.getincrementaldecoder("utf-8"))

    # The viewer.

    @property
    def size(self) -> tuple[int, int]:
        """The terminal's size."""
        return self.display.size

    def is_full(self) -> bool:
        """Say whether nothing is to be painted now: the terminal lags, or a line of ours stands on it."""
        self._behind = self._prompt is not None or bool(self._words) or self.display.full()
        return self._behind

    def show(self, update: Update) -> None:
        """Paint."""
        self.display.write(update.painted)

    def over(self, words: str) -> None:
        """Leave: there is nothing more to see."""
        self._end(words)

    # The terminal.

    def typed(self, chunk: bytes) -> None:
        """Take keys; nothing but Ctrl-C does anything without the prefix."""
        for key in self._decoder.decode(chunk):
            if self._prompt is not None:
                self._answer(self._prompt, key)
            elif self._prefixed or key == INTERRUPT:
                self._prefixed = False
                self._command(key)
            else:
                self._prefixed = key == PREFIX
                if self._words:
                    self._say("")

    def resized(self) -> None:
        """Be painted for the new size."""
        self._refresh()

    def drained(self) -> None:
        """Be painted what was left out."""
        if self._behind:
            self._refresh()

    def _refresh(self) -> None:
        if self.seat is not None:
            self.seat.refresh()
        self._line()

    def _line(self) -> None:
        columns, rows = self.size
        if self._prompt is not None:
            self.display.paint(bar(self._prompt.line(columns), columns, rows, cursor=True))
        elif self._words:
            self.display.paint(bar(self._words, columns, rows))

    def _say(self, words: str) -> None:
        """Show a line until the next key."""
        self._prompt, self._words = None, words
        self._refresh()

    def _end(self, words: str) -> None:
        if not self.done.called:
            self.done.callback(words)

    # The keys.

    def _command(self, key: str) -> None:
        chosen = self.keys.get(key)
        if key in ("q", INTERRUPT):
            self._end("")
        elif chosen is not None:
            self._begin(chosen)
        else:
            self._say(f"{self.title}  {HELP}")

    def _begin(self, chosen: Key) -> None:
        if chosen.sure:
            self._ask(f"{chosen.sure} Type yes:", lambda said: self._sure(chosen, said))
        else:
            self._ask_why(chosen)

    def _sure(self, chosen: Key, said: str | None) -> None:
        if said == "yes":
            self._ask_why(chosen)
        else:
            self._say("nothing was done")

    def _ask_why(self, chosen: Key) -> None:
        self._ask(chosen.question, lambda said: self._do(chosen, said))

    def _do(self, chosen: Key, said: str | None) -> None:
        if said is None or (chosen.needed and not said):
            self._say("nothing was done" if said is None else "nothing was done: it needs a reason")
            return
        doing = Deferred.fromCoroutine(chosen.act(said))
        doing.addErrback(_refused).addCallbacks(self._say, self._failed)

    def _failed(self, failure: Failure) -> None:
        """Leave with what went wrong: the door logs it."""
        if not self.done.called:
            self.done.errback(failure)

    def _ask(self, question: str, answered: Callable[[str | None], None]) -> None:
        self._words, self._prompt = "", Prompt(question, answered)
        self._line()

    def _answer(self, prompt: Prompt, key: str) -> None:
        if not prompt.press(key):
            self._line()
        elif self._prompt is prompt:
            self._prompt = None
            self._refresh()


def _refused(failure: Failure) -> str:
    if not isinstance(failure.value, Refusal):
        failure.raiseException()
    return str(failure.value)
