"""A folder of its own for each test."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase


def folder_for(case: SynchronousTestCase) -> Path:
    """Return an empty folder that is removed after the test, last of all."""
    path = Path(tempfile.mkdtemp(prefix="journal-"))
    case.addCleanup(shutil.rmtree, path)
    return path
