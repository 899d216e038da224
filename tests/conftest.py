"""How the tests run under pytest: as they would under trial, in a directory that is thrown away.

Hypothesis has no deadline here, because a busy machine is not a defect.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

settings.register_profile("house", deadline=None, print_blob=True)
settings.load_profile("house")


@pytest.fixture(autouse=True, scope="session")
def elsewhere() -> Iterator[Path]:
    """Work in a short-named scratch directory: trial's ``mktemp`` makes its files in the present one."""
    before = Path.cwd()
    scratch = Path(tempfile.mkdtemp(prefix="ostiary-"))
    scratch.chmod(0o755)
    os.chdir(scratch)
    yield scratch
    os.chdir(before)
    shutil.rmtree(scratch, ignore_errors=True)
