"""The benchmarks run: every workload, directly and through the gateway, at sizes that say nothing of speed."""

from __future__ import annotations

import json
import sys
import tempfile
import xml.etree.ElementTree as Xml
from pathlib import Path
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from benchmarks.metrics import METRICS
from tests.real.harness import ROOT, run

MEANT_FOR_BETWEEN = ("W6", "W7", "W8")
"""Workloads that measure the process between client and target, which a direct connection does not have."""


class QuickRunTests(SynchronousTestCase):
    """``python -m benchmarks --quick`` as a user starts it."""

    def test_a_quick_run_measures_every_workload_and_writes_what_it_found(self) -> None:
        """Each metric has finite figures of both contenders, the plot is well-formed, nothing failed."""
        folder = tempfile.TemporaryDirectory(prefix="ostiary-bench-")
        self.addCleanup(folder.cleanup)
        path = Path(folder.name) / "figures.json"
        argv = [sys.executable, "-m", "benchmarks", "--quick", "--contenders", "direct,ours", "--json", str(path)]
        done = run(argv, seconds=120, PYTHONPATH=str(ROOT))
        self.assertEqual(done.code, 0, done)
        found = json.loads(path.read_text())
        self.assertEqual(found["failures"], [])
        self.assertEqual([row["metric"] for row in found["results"]], [metric.name for metric in METRICS])
        for row in found["results"]:
            self._look_at(row)
        self.assertLessEqual({"cpu", "cores", "kernel", "openssh", "python"}, set(found["machine"]))
        drawn = Xml.parse(path.with_suffix(".svg")).getroot()
        self.assertTrue(drawn.tag.endswith("svg"))

    def _look_at(self, row: dict[str, Any]) -> None:
        names = {"ours"} if row["metric"].startswith(MEANT_FOR_BETWEEN) else {"direct", "ours"}
        self.assertEqual(set(row["median"]), names, row)
        self.assertEqual(set(row["ratio"]), names - {"ours"}, row)
        if "ours" in row["ratio"]:
            self.assertGreater(min(row["median"].values()), 0.0, row)

    def test_a_workload_that_does_not_exist_is_named(self) -> None:
        """A slip of the hand is told before anything starts."""
        done = run([sys.executable, "-m", "benchmarks", "--workload", "W1,W9"], PYTHONPATH=str(ROOT))
        self.assertEqual(done.code, 2)
        self.assertIn("'W9' is none of W1, W2", done.err)
