"""One channel's screen, and those who watch it.

The rule: what passes is only noted; the painting is done later, once for all viewers of a size, and never for somebody
who has not taken what he was shown before. A viewer that fails is dropped, the others go on.
"""

from __future__ import annotations

from collections.abc import Callable

import attrs
from twisted.internet.defer import maybeDeferred
from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.logger import Logger
from twisted.python.failure import Failure

from gateway.domain.lane import Seen
from gateway.domain.screen.view import Picture, Update, Window, paint, picture
from gateway.interfaces.live import IViewer
from gateway.runtime.shown import Showing, Trail

log = Logger()

MERGED = 0.04
"""Seconds over which what passes is merged into one update."""


@attrs.define(eq=False)
class _Group:
    """The viewers of one size, and the picture that those who are not behind have."""

    viewers: dict[IViewer, bool] = attrs.field(factory=dict)
    """Whether each is to be shown the whole screen next."""
    seen: Picture | None = None


@attrs.define(eq=False)
class Stage:
    """Show one channel to its viewers; a tap."""

    shown: Showing | Trail
    clock: IReactorTime
    terminal: bool
    essential: bool = attrs.field(default=False, init=False)
    closed: bool = attrs.field(default=False, init=False)
    _groups: dict[tuple[int, int] | None, _Group] = attrs.field(init=False, factory=dict)
    _leaving: dict[IViewer, Callable[[], None]] = attrs.field(init=False, factory=dict)
    _pending: IDelayedCall | None = attrs.field(init=False, default=None)
    _facing: IViewer | None = attrs.field(init=False, default=None)

    def see(self, seen: Seen, at: float) -> None:
        """Note that something passed."""
        if self._leaving and self._pending is None:
            self._pending = self.clock.callLater(MERGED, self._due)

    @property
    def watchers(self) -> int:
        """How many watch."""
        return len(self._leaving)

    def join(self, viewer: IViewer, left: Callable[[], None]) -> None:
        """Show a viewer the present screen, and what becomes of it; ``left`` is called if he has to go."""
        self._leaving[viewer] = left
        self.refresh(viewer)

    def refresh(self, viewer: IViewer) -> None:
        """Show a viewer the whole present screen, at once if he takes it."""
        if viewer in self._leaving:
            self._forget(viewer)
            self._groups.setdefault(viewer.size, _Group()).viewers[viewer] = True
            self._due()

    def leave(self, viewer: IViewer) -> None:
        """Show a viewer no more."""
        self._forget(viewer)
        self._leaving.pop(viewer, None)
        if not self._leaving:
            self.shown.close()
            self._still()

    def close(self, words: str) -> None:
        """Show the end of it, then nothing more."""
        if self._pending is not None:
            self._due()
        self.closed = True
        leaving = dict(self._leaving)
        for viewer, left in leaving.items():
            self.leave(viewer)
            left()
            maybeDeferred(viewer.over, words).addErrback(_log_failure)

    def _forget(self, viewer: IViewer) -> None:
        for size, group in tuple(self._groups.items()):
            group.viewers.pop(viewer, None)
            if not group.viewers:
                del self._groups[size]

    def _still(self) -> None:
        pending, self._pending = self._pending, None
        if pending is not None and pending.active():
            pending.cancel()

    def _due(self) -> None:
        self._still()
        maybeDeferred(self._show).addErrback(self._failed)

    def _show(self) -> None:
        now = picture(self.shown.screen)
        for size, group in tuple(self._groups.items()):
            framed = now if size is None else Window(*size).through(now)
            differing = None if group.seen is None else _update(group.seen, framed)
            afresh: Update | None = None
            for viewer, behind in tuple(group.viewers.items()):
                self._facing = viewer
                if viewer.is_full():
                    group.viewers[viewer] = True
                elif behind or differing is None:
                    afresh = afresh or _update(None, framed)
                    group.viewers[viewer] = False
                    viewer.show(afresh)
                elif differing.painted:
                    viewer.show(differing)
            group.seen = framed
        self._facing = None

    def _failed(self, failure: Failure) -> None:
        """Drop the viewer that failed; the others are shown the next update afresh."""
        log.failure("a viewer of a live stream failed and is dropped", failure)
        viewer, self._facing = self._facing, None
        if viewer is None:
            return
        left = self._leaving.get(viewer)
        self.leave(viewer)
        if left is not None:
            left()
        for group in self._groups.values():
            group.seen = None
        if self._leaving:
            self._pending = self.clock.callLater(MERGED, self._due)


def _update(before: Picture | None, after: Picture) -> Update:
    fresh = before is None or (before.columns, len(before.rows)) != (after.columns, len(after.rows))
    return Update(after.columns, len(after.rows), fresh, paint(before, after).encode("utf-8", "replace"))


def _log_failure(failure: Failure) -> None:
    log.failure("a viewer of a live stream failed at its end", failure)
