"""The tables of the directory and the inspectors that ship agree."""

from __future__ import annotations

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from gateway.directory.schema import INSPECTORS
from gateway.inspectors.room.bubble import Bubble
from gateway.inspectors.room.room import Room
from gateway.inspectors.shipped import shipped
from tests.runtime.test_evaluate import at_once


class KindTests(SynchronousTestCase):
    """Kinds that ship."""

    def test_what_may_be_written_is_what_is_read(self) -> None:
        """Each kind and each of its keys."""
        clock = Clock()
        made = shipped(clock, at_once, Room(clock, at_once, Bubble(clock)))
        self.assertEqual(
            {kind: set(factory.schema) for kind, factory in made.items()},
            {kind: set(keys) for kind, keys in INSPECTORS.items()},
        )
