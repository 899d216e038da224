"""What the benchmarks make of their samples: medians, ratios, goals, a table and a plot."""

from __future__ import annotations

import os
import subprocess
import sys
import xml.etree.ElementTree as Xml

from twisted.trial.unittest import SynchronousTestCase

from benchmarks.drawing import draw
from benchmarks.report import goal_lines, goals, results, table
from benchmarks.usage import cpu_seconds, family, resident

SAMPLES = {
    "W1.one": {"direct": [100.0, 300.0, 200.0], "ours": [90.0, 50.0, 60.0]},
    "W2.gcm": {"direct": [500.0], "ours": [450.0]},
    "W7.connection": {"ours": [2.0, 4.0]},
}


class ReportTests(SynchronousTestCase):
    """Figures become rows."""

    def test_a_ratio_is_our_median_by_theirs(self) -> None:
        """Medians, not means, and only where both were measured."""
        first, second, third = results(SAMPLES)
        self.assertEqual((first["median"], first["ratio"]), ({"direct": 200.0, "ours": 60.0}, {"direct": 0.3}))
        self.assertEqual(second["ratio"], {"direct": 0.9})
        self.assertEqual((third["median"], third["ratio"]), ({"ours": 3.0}, {}))

    def test_a_goal_is_reached_or_missed_by_its_own_sense(self) -> None:
        """One is an upper bound, one a lower, one of our figure alone; what was not measured is not judged."""
        found = {(goal["metric"], goal["against"]): goal["reached"] for goal in goals(results(SAMPLES))}
        self.assertEqual(
            found, {("W1.one", "direct"): True, ("W2.gcm", "direct"): False, ("W7.connection", ""): True}
        )
        self.assertEqual(sum(line.startswith("MISSED") for line in goal_lines(goals(results(SAMPLES)))), 1)

    def test_the_table_has_a_dash_where_nothing_was_measured(self) -> None:
        """Columns stay in line."""
        lines = table(results(SAMPLES), ("direct", "ours")).splitlines()
        self.assertEqual(len({len(line) for line in lines}), 1)
        self.assertEqual(lines[3].split()[-4:], ["ms", "-", "3.00", "-"])

    def test_the_plot_is_well_formed_whatever_the_caption(self) -> None:
        """One bar for each figure, and markup in words stays words."""
        drawn = Xml.fromstring(draw(results(SAMPLES), ("direct", "ours"), "<&>"))
        bars = [each for each in drawn if each.tag.endswith("rect") and each.get("x")]
        self.assertEqual(len(bars), 5)


class UsageTests(SynchronousTestCase):
    """What /proc says of this process and its child."""

    def test_a_child_is_counted_while_it_lives_and_after(self) -> None:
        """Its CPU time stays with its parent once it was waited for."""
        before = cpu_seconds(os.getpid())
        busy = "import time\nwhile time.process_time() < 0.2: pass\nprint(flush=True)\ninput()"
        pipe = subprocess.PIPE
        with subprocess.Popen([sys.executable, "-c", busy], stdin=pipe, stdout=pipe) as child:
            assert child.stdout is not None
            child.stdout.readline()
            self.assertIn(child.pid, family(os.getpid()))
            self.assertGreaterEqual(cpu_seconds(os.getpid()) - before, 0.15)
            child.communicate(b"\n")
        self.assertNotIn(child.pid, family(os.getpid()))
        self.assertGreaterEqual(cpu_seconds(os.getpid()) - before, 0.15)
        self.assertGreater(resident(os.getpid()), 1 << 20)
