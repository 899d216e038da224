"""Run test files, each in a process of its own, and say what they do not reach of the modules they stand for.

A script of the law on coverage: it reads ``[[test, [module, …]], …]`` as JSON from stdin, paths from the
present directory, and writes the violations as a JSON list to stdout. It imports what tests need once and
forks for each file, because starting anew costs more than most files' tests. It must not import the project
itself: lines that run on import would have run unseen.
"""

from __future__ import annotations

import contextlib
import importlib
import io
import json
import multiprocessing
import sys

import coverage
import pytest

AT_ONCE = 2
PYTEST = (
    *("-q", "-x", "-p", "no:xdist", "-p", "no:cacheprovider", "--rootdir=."),
    *("-W", "ignore:Module already imported:pytest.PytestAssertRewriteWarning"),
)
WARM = ("attrs", "hypothesis.strategies", "twisted.trial.unittest", "zope.interface")


def unreached(job: tuple[str, list[str]]) -> list[str]:
    """Run one test file under coverage of its own modules; return what it failed or did not reach."""
    test, modules = job
    measured = coverage.Coverage(data_file=None, branch=True, include=modules, config_file=sys.argv[1])
    words = io.StringIO()
    measured.start()
    with contextlib.redirect_stdout(words):
        failed = pytest.main([*PYTEST, test])
    measured.stop()
    if failed:
        return [f"{test}: does not pass alone:\n{words.getvalue()[-2000:]}"]
    return [line for module in modules for line in _missing(measured, test, module)]


def _missing(measured: coverage.Coverage, test: str, module: str) -> list[str]:
    words = io.StringIO()
    try:
        if measured.report([module], show_missing=True, file=words) == 100:
            return []
    except coverage.exceptions.NoDataError:
        return [f"{module}: {test} does not import it"]
    lines = [line.split("%")[-1].strip() for line in words.getvalue().splitlines() if module in line]
    return [f"{module}: {test} does not reach all of it: {' '.join(lines)}"]


def main() -> None:
    """Measure every job, two at a time."""
    for name in WARM:
        importlib.import_module(name)
    jobs = json.load(sys.stdin)
    with multiprocessing.get_context("fork").Pool(AT_ONCE, maxtasksperchild=1) as pool:
        found = [line for lines in pool.imap(unreached, jobs) for line in lines]
    json.dump(found, sys.stdout)


if __name__ == "__main__":
    main()
