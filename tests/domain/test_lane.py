"""The two vocabularies."""

from __future__ import annotations

from typing import get_args

import attrs
from twisted.trial.unittest import SynchronousTestCase

from gateway.domain.lane import Effect, Event, Inject, Lane, LaneEvent, Order, OrderKind, Resize, Seen
from gateway.domain.secret import Secret


class LaneTests(SynchronousTestCase):
    """Words that are closed and never change."""

    def test_a_size_travels_to_the_target(self) -> None:
        """Like every event of a lane it has one."""
        self.assertIs(Resize(80, 24).lane, Lane.TO_TARGET)

    def test_the_vocabularies_are_closed(self) -> None:
        """A new word changes this test, and needs a reason."""
        self.assertEqual(
            {each.__name__ for each in get_args(LaneEvent)}, {"Bytes", "End", "Close", "Resize", "Request"}
        )
        self.assertEqual({each.__name__ for each in get_args(Event)} - {each.__name__ for each in get_args(LaneEvent)},
                         {"Tick", "Answered", "Order"})  # fmt: skip
        self.assertEqual({each.__name__ for each in get_args(Effect)} - {each.__name__ for each in get_args(LaneEvent)},
                         {"Notice", "Inject", "Hold", "Credit", "Ask", "Withdraw", "Tell", "Mark", "Refuse",
                          "GiveOrder", "EndSession"})  # fmt: skip
        self.assertEqual({kind.value for kind in OrderKind},
                         {"lock", "unlock", "interrupt", "deactivate", "mark", "presence"})  # fmt: skip

    def test_no_tap_is_ever_shown_a_secret(self) -> None:
        """Inject is not among the words a tap may hear, and its repr hides the secret."""
        self.assertNotIn(Inject, get_args(Seen))
        self.assertNotIn("hunter2", repr(Inject(Lane.TO_TARGET, Secret(b"hunter2"))))

    def test_nothing_said_can_be_changed(self) -> None:
        """Every word is frozen."""
        with self.assertRaises(attrs.exceptions.FrozenInstanceError):
            Order(OrderKind.LOCK, "bob").by = "eve"  # type: ignore[misc]
