"""Law: each module of the domain is covered to its last branch by its own test file alone."""

from __future__ import annotations

import io
import os
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import coverage
import pytest

from tests.law.tree import ROOT, LawCase, Tree

ROOM = "gateway/domain"
AT_ONCE = 2


def uncovered(tree: Tree) -> tuple[str, ...]:
    """List the domain's modules without a test file of their own, and what such a file does not reach."""
    own: dict[str, list[str]] = {}
    found = []
    for module in tree.modules(ROOM):
        test = _own_test(tree, module.path)
        if test is not None:
            own.setdefault(test, []).append(module.path)
        elif not module.is_sign:
            found.append(f"{module.path}: has no test file of its own")
    with ThreadPoolExecutor(AT_ONCE) as pool:
        for violation in pool.map(lambda pair: _measure(tree.root, *pair), own.items()):
            found += violation
    return tuple(found)


def _own_test(tree: Tree, path: str) -> str | None:
    """Return a module's test file: ``domain/a/test_b.py``, or ``test_a.py`` for all of a package ``a``."""
    parts = path.removesuffix("/__init__.py").removesuffix(".py").split("/")[1:]
    for end in range(len(parts), 1, -1):
        test = "/".join(["tests", *parts[: end - 1], f"test_{parts[end - 1]}.py"])
        if (tree.root / test).exists():
            return test
    return None


def _measure(root: Path, test: str, modules: list[str]) -> list[str]:
    """Run one test file under coverage of its own modules; return what it failed or did not reach."""
    with tempfile.TemporaryDirectory(prefix="law-") as folder:
        store = str(Path(folder) / "coverage")
        run = subprocess.run(
            [
                sys.executable, "-m", "coverage", "run", "--branch", f"--data-file={store}",
                f"--rcfile={ROOT / 'pyproject.toml'}", "--source=", f"--include={','.join(modules)}",
                "-m", "pytest", "-q", "-x", "-p", "no:xdist", "-p", "no:cacheprovider",
                f"--rootdir={root}", test,
            ],
            cwd=root, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL,
            env=_plain_environment(root),
        )
        if run.returncode:
            return [f"{test}: does not pass alone:\n{run.stdout[-2000:]}{run.stderr[-2000:]}"]
        return _report(root, store, test, modules)


def _report(root: Path, store: str, test: str, modules: list[str]) -> list[str]:
    measured = coverage.Coverage(data_file=store, branch=True, config_file=str(ROOT / "pyproject.toml"))
    measured.load()
    found = []
    for path in modules:
        words = io.StringIO()
        try:
            share = measured.report([str(root / path)], show_missing=True, file=words)
        except coverage.exceptions.NoDataError:
            share = 0.0
        if share < 100:
            missing = [line.split("%")[-1].strip() for line in words.getvalue().splitlines() if path in line]
            found.append(f"{path}: {test} does not reach all of it: {' '.join(missing) or 'not imported'}")
    return found


def _plain_environment(root: Path) -> dict[str, str]:
    """Return this process's environment without what pytest and xdist put into it."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST", "COV"))}
    return {**kept, "PYTHONPATH": str(root)}


class CoverageTests(LawCase):
    """Who reads a rule finds its tests in one file, all of them."""

    @pytest.mark.timeout(300)
    def test_each_domain_module_is_covered_by_its_own_tests(self) -> None:
        """Every branch of every rule is reached by the file that stands for it."""
        self.kept(uncovered(self.here))

    def test_a_branch_nobody_reaches_is_found(self) -> None:
        """A module without tests, one with a branch left out, and one that is whole."""
        rule = "def rule(a):\n    if a:\n        return 1\n    return 2\n"
        test = "from gateway.domain.{0} import rule\ndef test_it():\n    assert rule(1) == 1\n"
        signs = ["gateway", "gateway/domain", "tests", "tests/domain"]
        tree = self.plant({
            **{f"{room}/__init__.py": "" for room in signs},
            "gateway/domain/alone.py": rule,
            "gateway/domain/half.py": rule,
            "tests/domain/test_half.py": test.format("half"),
            "gateway/domain/whole.py": rule,
            "tests/domain/test_whole.py": test.format("whole") + "    assert rule(0) == 2\n",
        })
        found = "\n".join(uncovered(tree))
        self.assertIn("alone.py: has no test file", found)
        self.assertIn("half.py: tests/domain/test_half.py does not reach all of it", found)
        self.assertNotIn("whole.py:", found)
