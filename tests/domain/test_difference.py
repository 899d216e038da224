"""What a change would do, as values."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from gateway.domain.difference import HIDDEN, Change, FieldChange, Plan, Problem
from gateway.domain.snapshot import Snapshot


class DifferenceTests(SynchronousTestCase):
    """Lines for people, and problems with their place."""

    def test_a_plan_is_shown_line_by_line(self) -> None:
        """A mark for each change; what is not set says so."""
        plan = Plan(Snapshot(), Snapshot(), (
            Change("user", "alice", "add", None, object()),
            Change("grant", "ops", "change", object(), object(), (FieldChange("rights", "", '["exec"]'),)),
            Change("user", "bob", "change", object(), object(), (FieldChange("password", HIDDEN, ""),)),
            Change("target", "web1", "remove", object(), None),
        ))  # fmt: skip
        self.assertEqual(plan.lines(), (
            "+ user alice", "~ grant ops", '    rights: not set -> ["exec"]', "~ user bob",
            "    password: (hidden) -> not set", "- target web1",
        ))  # fmt: skip
        self.assertEqual([change.name for change in plan.named("user")], ["alice", "bob"])

    def test_a_problem_says_where_it_is(self) -> None:
        """As much of the place as is known."""
        self.assertEqual(str(Problem("no such key")), "no such key")
        self.assertEqual(str(Problem("no such key", "a.toml", 3, 7)), "a.toml:3:7: no such key")
        self.assertEqual(str(Problem("no such key", line=3)), "3: no such key")
