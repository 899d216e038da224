"""The manual's example, installed as any other package, is found by its name and judges files."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from tests.plugins.wheels import install_example

ROOT = Path(__file__).parents[2]
PROGRAM = """
import json, sys
from twisted.internet.defer import Deferred
from gateway.domain.entries import Inspector
from gateway.plugins.discover import find_inspectors
from gateway.testing import conformance, inspect
found = find_inspectors({"acme": ["words"]})["acme"]
done = []
checking = conformance(found.factory, {"word": "secret"}, allows=b"plain", denies=b"a secret word")
Deferred.fromCoroutine(checking).addBoth(done.append)
json.dump([found.version, repr(done[0]), "acme_inspector" in sys.modules], sys.stdout)
"""


class InstalledTests(SynchronousTestCase):
    """A plugin of a third party."""

    def test_the_example_is_found_and_conforms(self) -> None:
        """In a process whose path has the folder that pip installed it to."""
        with tempfile.TemporaryDirectory() as folder:
            Path(folder).chmod(0o755)
            site = install_example(Path(folder))
            path = os.pathsep.join([str(ROOT), str(site)])
            run = subprocess.run(
                [sys.executable, "-c", PROGRAM], env={**os.environ, "PYTHONPATH": path}, capture_output=True,
                timeout=60, check=False,
            )  # fmt: skip
            if os.geteuid() != 0:
                # The checkout's own plugin folder is this user's, so nothing in it may be trusted.
                self.assertIn(b"writable by the gateway's user", run.stderr)
                return
            self.assertEqual(run.returncode, 0, run.stderr.decode())
            self.assertEqual(json.loads(run.stdout), ["acme-inspector 1.0", "None", True])
