"""Law: each module of the domain is covered to its last branch by its own test file alone."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.law.tree import ROOT, LawCase, Tree

ROOM = "gateway/domain"


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
    return (*found, *_measure(tree.root, own))


def _own_test(tree: Tree, path: str) -> str | None:
    """Return a module's test file: ``domain/a/test_b.py``, or ``test_a.py`` for all of a package ``a``."""
    parts = path.removesuffix("/__init__.py").removesuffix(".py").split("/")[1:]
    for end in range(len(parts), 1, -1):
        test = "/".join(["tests", *parts[: end - 1], f"test_{parts[end - 1]}.py"])
        if (tree.root / test).exists():
            return test
    return None


def _measure(root: Path, own: dict[str, list[str]]) -> list[str]:
    """Let ``measure.py`` run the test files of a tree; ``-P``: nothing but that tree is on its path."""
    run = subprocess.run(
        [sys.executable, "-P", str(ROOT / "tests/law/measure.py"), str(ROOT / "pyproject.toml")],
        cwd=root, input=json.dumps(list(own.items())), capture_output=True, text=True, check=False,
        env=_plain_environment(root),
    )
    if run.returncode:
        return [f"measuring failed:\n{run.stderr[-4000:]}"]
    return list(json.loads(run.stdout))


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
        """A module without tests, one with a branch left out, one that fails, and one that is whole."""
        rule = "def rule(a):\n    if a:\n        return 1\n    return 2\n"
        test = "from gateway.domain.{0} import rule\ndef test_it():\n    assert rule(1) == 1\n"
        signs = ["gateway", "gateway/domain", "tests", "tests/domain"]
        tree = self.plant({
            **{f"{room}/__init__.py": "" for room in signs},
            "gateway/domain/alone.py": rule,
            "gateway/domain/half.py": rule,
            "tests/domain/test_half.py": test.format("half"),
            "gateway/domain/wrong.py": rule,
            "tests/domain/test_wrong.py": test.format("wrong") + "    assert rule(0) == 3\n",
            "gateway/domain/whole.py": rule,
            "tests/domain/test_whole.py": test.format("whole") + "    assert rule(0) == 2\n",
        })
        found = "\n".join(uncovered(tree))
        self.assertIn("alone.py: has no test file", found)
        self.assertIn("half.py: tests/domain/test_half.py does not reach all of it", found)
        self.assertIn("test_wrong.py: does not pass alone", found)
        self.assertNotIn("whole.py:", found)
