"""The ledger of windows: nobody may send what cannot be passed on."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from gateway.wire.windows import LARGEST_WAITING, LARGEST_WINDOW, credit_due

ROOM = st.integers(0, LARGEST_WINDOW)
STEPS = st.lists(
    st.tuples(st.sampled_from(["send", "pass", "take", "swallow", "inject"]), st.integers(1, 40_000)), max_size=60
)


class CreditTests(SynchronousTestCase):
    """One lane: a sender, the gateway, a receiver."""

    @given(ROOM, ROOM, ROOM)
    def test_never_more_than_the_receiver_takes(self, room: int, resting: int, granted: int) -> None:
        """What may come after the credit fits into the receiver's room, and into 32 bits."""
        due = credit_due(room, resting, granted)
        self.assertGreaterEqual(due, 0)
        if due:
            self.assertLessEqual(granted + due + resting, room)
            self.assertLessEqual(granted + due, LARGEST_WINDOW)

    @given(ROOM, ROOM, ROOM)
    def test_a_sender_is_never_starved(self, room: int, resting: int, granted: int) -> None:
        """When he has nothing left and the receiver takes anything, he gets it, however little."""
        self.assertEqual(credit_due(room, resting, 0), max(0, room - resting))
        left = room - resting - granted
        if left >= LARGEST_WAITING:
            self.assertEqual(credit_due(room, resting, granted), left)

    @given(st.integers(1, 100_000), STEPS)
    def test_the_balance_holds_whatever_happens(self, window: int, steps: list[tuple[str, int]]) -> None:
        """Sent, passed, taken, swallowed, injected: what may come always fits into the room at the other side."""
        room, resting, granted, owed = window, 0, window, 0
        for step, size in steps:
            match step:
                case "send":
                    size = min(size, granted)
                    granted, resting = granted - size, resting + size
                case "pass":
                    size = min(size, resting, room)
                    resting, room, owed = resting - size, room - size, owed + size
                case "take":
                    size = min(size, owed)
                    room, owed = room + size, owed - size
                case "swallow":
                    resting -= min(size, resting)
                case _:
                    size = min(size, 1000)
                    resting += size
            before = granted
            granted += credit_due(room, resting, granted)
            if granted > before:
                self.assertLessEqual(granted + resting, room)
        while owed or resting:
            room, owed = room + owed, 0
            size = min(resting, room)
            resting, room, owed = resting - size, room - size, owed + size
        granted += credit_due(room, resting, granted)
        self.assertGreater(granted, 0)
