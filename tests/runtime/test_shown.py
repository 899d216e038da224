"""The screen of a terminal channel is what its operator sees."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from gateway.domain.lane import Bytes, Lane, Mark, Notice, Resize
from gateway.domain.screen import Screen
from gateway.runtime.shown import Showing


class ShowingTests(SynchronousTestCase):
    """What reaches the screen."""

    def test_output_notices_and_sizes_are_shown(self) -> None:
        """What is typed is not, unless the target echoes it."""
        showing = Showing(Screen(40, 4))
        for seen in (
            Bytes(Lane.TO_OPERATOR, b"$ "), Bytes(Lane.TO_TARGET, b"secret"), Mark("mark"), Notice("soon"),
            Resize(20, 5),
        ):  # fmt: skip
            showing.see(seen, 0.0)
        self.assertEqual(showing.screen.text(), ["$", "ostiary: soon", "", "", ""])
        self.assertEqual((showing.screen.columns, showing.screen.rows), (20, 5))
        self.assertFalse(showing.essential)
