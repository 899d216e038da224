"""Differences: what a change would do, in lines."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from gateway.domain.difference import Change, FieldChange, Plan, Problem
from gateway.domain.snapshot import Snapshot


class DifferenceTests(SynchronousTestCase):
    """A plan is shown before it is made true."""

    def test_a_plan_is_told_in_lines(self) -> None:
        """Each entry has its mark, each key its before and after."""
        added = Change("user", "alice", "add", None, object(), (FieldChange("active", "", "false"),))
        changed = Change("target", "web1", "change", object(), object(), (FieldChange("jump", '"a"', ""),))
        removed = Change("grant", "g", "remove", object(), None)
        plan = Plan(Snapshot(), Snapshot(), (added, changed, removed))
        self.assertEqual(plan.lines(), (
            "+ user alice", "    active: not set -> false", "~ target web1", '    jump: "a" -> not set', "- grant g",
        ))  # fmt: skip
        self.assertEqual(plan.named("target"), (changed,))

    def test_a_problem_names_its_place_where_it_has_one(self) -> None:
        """File, line and column as compilers write them."""
        self.assertEqual(str(Problem("bad", "a.toml", 3, 1)), "a.toml:3:1: bad")
        self.assertEqual(str(Problem("bad", "a.toml")), "a.toml: bad")
        self.assertEqual(str(Problem("bad")), "bad")
