"""One channel's screen, and those who watch it.

The rule: what passes is only noted; the painting is done later, once for all viewers of a size, and never for somebody
who has not taken what he was shown before. A viewer that fails is dropped, the others go on.
"""

from __future__ import annotations

from collections import deque
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
AT_ONCE = 16
"""Viewers that are served in one turn of the reactor: less than a millisecond, so that no key waits for them all."""


@attrs.define(eq=False)
class _Group:
    """The viewers of one size, and the picture that those who are not behind have."""

    viewers: dict[IViewer, bool] = attrs.field(factory=dict)
    """Whether each is to be shown the whole screen next."""
    seen: Picture | None = None
    afresh: tuple[Picture, Update] | None = None
    """A picture and what paints the whole of it, once somebody needed that."""


@attrs.frozen(eq=False)
class _Delivery:
    """What one viewer is to be shown; None: he is to be shown the whole screen."""

    group: _Group
    viewer: IViewer
    differing: Update | None


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
    _deliveries: deque[_Delivery] = attrs.field(init=False, factory=deque)
    _again: bool = attrs.field(init=False, default=False)
    """Whether something passed while viewers were still being served."""
    _facing: IViewer | None = attrs.field(init=False, default=None)

    def see(self, seen: Seen, at: float) -> None:
        """Note that something passed."""
        if self._leaving and self._pending is None:
            self._pending = self.clock.callLater(MERGED, self._due)
        elif self._deliveries:
            self._again = True

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
        while self._deliveries:
            maybeDeferred(self._flush).addErrback(self._failed)
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
        """Paint what there is to paint, and give it to the first viewers; the others' turn comes at once."""
        self._still()
        maybeDeferred(self._paint).addErrback(self._failed)

    def _paint(self) -> None:
        self._flush()
        self._again = False
        now = picture(self.shown.screen)
        for size, group in tuple(self._groups.items()):
            framed = now if size is None else Window(*size).through(now)
            differing = None if group.seen is None else _update(group.seen, framed)
            group.seen = framed
            self._deliveries += [_Delivery(group, viewer, differing) for viewer in group.viewers]
        self._turn()

    def _flush(self) -> None:
        while self._deliveries:
            self._deliver()

    def _go_on(self) -> None:
        self._pending = None
        maybeDeferred(self._turn).addErrback(self._failed)

    def _turn(self) -> None:
        """Serve some viewers, then let keys pass: the next ones are served in the next turn of the reactor."""
        for _ in range(min(AT_ONCE, len(self._deliveries))):
            self._deliver()
        if self._deliveries:
            self._pending = self.clock.callLater(0, self._go_on)
        elif self._again:
            self._pending = self.clock.callLater(MERGED, self._due)

    def _deliver(self) -> None:
        delivery = self._deliveries.popleft()
        group, viewer = delivery.group, delivery.viewer
        if viewer not in group.viewers:
            return
        self._facing = viewer
        if viewer.is_full():
            group.viewers[viewer] = True
        elif group.viewers[viewer] or delivery.differing is None:
            assert group.seen is not None  # noqa: S101 - painted before anything is delivered
            if group.afresh is None or group.afresh[0] is not group.seen:
                group.afresh = group.seen, _update(None, group.seen)
            group.viewers[viewer] = False
            viewer.show(group.afresh[1])
        elif delivery.differing.painted:
            viewer.show(delivery.differing)
        self._facing = None

    def _failed(self, failure: Failure) -> None:
        """Drop the viewer that failed; the others are served."""
        log.failure("a viewer of a live stream failed and is dropped", failure)
        viewer, self._facing = self._facing, None
        if viewer is None:
            return
        left = self._leaving.get(viewer)
        self.leave(viewer)
        if left is not None:
            left()
        if self._leaving:
            self._still()
            self._pending = self.clock.callLater(MERGED if not self._deliveries else 0, self._go_on)
            self._again = True


def _update(before: Picture | None, after: Picture) -> Update:
    fresh = before is None or (before.columns, len(before.rows)) != (after.columns, len(after.rows))
    return Update(after.columns, len(after.rows), fresh, paint(before, after).encode("utf-8", "replace"))


def _log_failure(failure: Failure) -> None:
    log.failure("a viewer of a live stream failed at its end", failure)
