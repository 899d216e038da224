"""Put together who evaluates files: the shipped inspectors, the named plugins, the room for parsers, the quarantine.

The rule: a node does not start while a named inspector is missing; a session's inspectors are made when its policy is
frozen.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import attrs
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock

from gateway.config import Config
from gateway.domain.policy import FrozenPolicy
from gateway.domain.snapshot import Snapshot
from gateway.inspectors.room.bubble import Bubble
from gateway.inspectors.room.room import Room
from gateway.inspectors.shipped import shipped
from gateway.interfaces import IFacts
from gateway.node.version import VERSION
from gateway.plugins.discover import Found
from gateway.plugins.shelf import Shelf
from gateway.runtime.evaluate import evaluator
from gateway.runtime.quarantine import Quarantine
from gateway.runtime.run import Answering

InThread = Callable[..., Deferred[Any]]


@attrs.frozen(eq=False, repr=False)
class Inspection:
    """Who evaluates the files of this node."""

    clock: Any
    in_thread: InThread
    shelf: Shelf
    room: Room
    quarantine: Quarantine

    async def load(self, snapshot: Snapshot) -> None:
        """Find the plugins that the directory names; raise ValueError in words where one is missing."""
        await self.in_thread(self.shelf.load, tuple(snapshot.inspector.values()))

    def answering(self, policy: FrozenPolicy) -> Mapping[type, Answering]:
        """Make a session's inspectors; return who answers its questions about files."""
        made = evaluator(policy.inspectors, self.shelf, self.clock, self.in_thread, self.quarantine)
        return made.answering()

    def expire(self) -> Deferred[None]:
        """Remove held files whose time is over."""
        return Deferred.fromCoroutine(self.quarantine.expire())

    def faults(self) -> list[dict[str, object]]:
        """Return the fault states."""
        return self.quarantine.faults()

    def close(self) -> None:
        """End the room for parsers."""
        self.room.close()


def make_inspection(
    config: Config, state: Path, reactor: Any, in_thread: InThread, content: Callable[[str, str], bytes], facts: IFacts,
    wall: Callable[[], float],
) -> Inspection:  # fmt: skip
    """Make what evaluates files; nothing is started before the first file."""
    clock = reactor if reactor is not None else Clock()
    bubble = Bubble(clock, hidden=(str(state.absolute()), "/etc/ostiary"))
    room = Room(clock, in_thread, bubble)
    kinds = {kind: Found(factory, VERSION) for kind, factory in shipped(clock, in_thread, room).items()}
    held = config.quarantine
    quarantine = Quarantine(state / "quarantine", held.max, held.keep, in_thread, facts, wall)
    return Inspection(clock, in_thread, Shelf(kinds, content, in_thread), room, quarantine)
