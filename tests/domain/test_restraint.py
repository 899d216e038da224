"""How far a rule may go by itself."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from gateway.domain.restraint import MOST, WINDOW, Measure, Restraint, Standing


class RestraintTests(SynchronousTestCase):
    """Rules switch off few accounts, and never all of them."""

    def test_the_last_admin_and_services_keep_their_accounts(self) -> None:
        """A rule may name services; nothing names the last admin."""
        restraint = Restraint()
        self.assertIs(restraint.measure(Standing(), False, 0.0), Measure.DEACTIVATE)
        self.assertIs(restraint.measure(Standing(service=True), False, 0.0), Measure.SPARE)
        self.assertIs(restraint.measure(Standing(service=True), True, 0.0), Measure.DEACTIVATE)
        self.assertIs(restraint.measure(Standing(last_admin=True), True, 0.0), Measure.SPARE)
        self.assertEqual(
            [Standing(last_admin=True).spared(True), Standing(service=True).spared(False), Standing().spared(False)],
            ["last_admin", "service", ""],
        )

    def test_a_sixth_in_ten_minutes_is_locked(self) -> None:
        """Until the first is ten minutes old; the alarm is raised once a window."""
        restraint = Restraint()
        for number in range(MOST):
            self.assertIs(restraint.measure(Standing(), False, float(number)), Measure.DEACTIVATE)
            restraint.note(f"D-{number}", float(number))
            restraint.note(f"D-{number}", 1e9)
        self.assertIs(restraint.measure(Standing(), False, WINDOW - 1), Measure.LOCK)
        self.assertEqual([restraint.alarm(at) for at in (10.0, 11.0, 10.0 + WINDOW)], [True, False, True])
        self.assertIs(restraint.measure(Standing(), False, WINDOW), Measure.DEACTIVATE)

    @given(st.lists(st.floats(0, 10_000), max_size=40))
    def test_no_window_holds_more_than_the_most(self, gaps: list[float]) -> None:
        """Whatever the times are at which rules strike."""
        restraint, now, struck = Restraint(), 0.0, []
        for number, gap in enumerate(gaps):
            now += gap
            if restraint.measure(Standing(), False, now) is Measure.DEACTIVATE:
                restraint.note(str(number), now)
                struck.append(now)
        for first, sixth in zip(struck, struck[MOST:], strict=False):
            self.assertGreaterEqual(sixth - first, WINDOW)
