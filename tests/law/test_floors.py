"""Law: an import may only go down (contracts in pyproject.toml); and what import-linter cannot say."""

from __future__ import annotations

import ast
import os
import shutil
import subprocess
import sys
from pathlib import Path

from tests.law.tree import ROOT, LawCase, Tree, dotted, imports

DOMAIN_MAY_USE = frozenset({"attrs", "attr", "gateway", "re2", "rfc8785", "tree_sitter", "tree_sitter_bash"})
"""Besides the standard library: values and pure parsers."""

CLOCKS_AND_FILES = frozenset({"open", "input", "print", "datetime.now", "datetime.utcnow", "datetime.today",
                              "datetime.datetime.now", "datetime.datetime.utcnow", "date.today"})

LIVE = ("gateway/runtime/live.py", "gateway/runtime/stage.py", "gateway/admin/watch.py")


def strangers_in_the_domain(tree: Tree) -> tuple[str, ...]:
    """List what the domain imports or calls that is not a value, a rule or a pure parser."""
    found = []
    for module in tree.modules("gateway/domain"):
        for node, name in imports(module):
            top = name.split(".")[0]
            if top not in sys.stdlib_module_names and top not in DOMAIN_MAY_USE:
                found.append(module.at(node, f"the domain may not use {top}"))
        for call in (n for n in ast.walk(module.syntax) if isinstance(n, ast.Call)):
            if dotted(call.func) in CLOCKS_AND_FILES:
                found.append(module.at(call, f"the domain may not call {dotted(call.func)}"))
    return tuple(found)


CHOSEN_BY_TWISTD = frozenset({"gateway/node/service.py"})
"""The composition root, where twistd's reactor is taken once and handed down as an argument."""


def global_reactors(tree: Tree) -> tuple[str, ...]:
    """List every import of the global reactor: ruff cannot, where the rooms of Conch excuse themselves."""
    return tuple(
        module.at(node, "the reactor is always an argument")
        for module in tree.modules("gateway")
        for node, name in imports(module)
        if (name == "twisted.internet.reactor" or name.startswith("twisted.internet.reactor."))
        and module.path not in CHOSEN_BY_TWISTD
    )


def buses_in_live_code(tree: Tree) -> tuple[str, ...]:
    """List live code that names the cluster's bus: the live stream never leaves its node."""
    return tuple(
        f"{path}: live code never names the cluster's bus"
        for path, text in tree.files(".py", under="gateway")
        if path in LIVE and ("IClusterBus" in text or "redis" in text.lower())
    )


def lint_imports(root: Path) -> subprocess.CompletedProcess[str]:
    """Run import-linter over the tree at ``root`` with this project's contracts."""
    return subprocess.run(
        [sys.executable, "-c", "from importlinter.cli import lint_imports_command as go; go()", "--no-cache"],
        cwd=root, text=True, capture_output=True, check=False, stdin=subprocess.DEVNULL,
        env={**os.environ, "PYTHONPATH": str(root), "NO_COLOR": "1"},
    )


class FloorTests(LawCase):
    """The floors of architecture, over the real tree and over broken copies of it."""

    def broken_copy(self, path: str, text: str) -> str:
        """Return import-linter's words about a copy of the rooms with one file more."""
        copy = self.plant({})
        shutil.copytree(ROOT / "gateway", copy.root / "gateway", ignore=shutil.ignore_patterns("__pycache__"))
        shutil.copy(ROOT / "pyproject.toml", copy.root)
        target = copy.root / path
        target.write_text((target.read_text() if target.exists() else "") + text)
        outcome = lint_imports(copy.root)
        self.assertNotEqual(outcome.returncode, 0, outcome.stdout)
        return outcome.stdout

    def test_every_import_goes_down(self) -> None:
        """The contracts of pyproject.toml are kept by the whole tree."""
        outcome = lint_imports(ROOT)
        self.assertEqual(outcome.returncode, 0, outcome.stdout + outcome.stderr)

    def test_a_stray_module_is_refused(self) -> None:
        """A module beside the rooms breaks the law, because the layers are exhaustive."""
        self.assertIn("gateway.helpers", self.broken_copy("gateway/helpers.py", "A = 1\n"))

    def test_a_session_cannot_reach_the_directory(self) -> None:
        """An import from the operators' door to where policies come from is refused."""
        self.assertIn("BROKEN", self.broken_copy("gateway/ssh/__init__.py", "\nimport gateway.directory\n"))

    def test_siblings_do_not_meet(self) -> None:
        """Two rooms on one floor may not import each other."""
        self.assertIn("BROKEN", self.broken_copy("gateway/journal/__init__.py", "\nimport gateway.wire\n"))

    def test_the_domain_does_no_io(self) -> None:
        """A socket in the domain is refused."""
        self.assertIn("BROKEN", self.broken_copy("gateway/domain/__init__.py", "\nimport socket\n"))

    def test_the_domain_uses_only_values_and_pure_parsers(self) -> None:
        """Neither a third party's library nor a clock nor a file enters the domain."""
        self.kept(strangers_in_the_domain(self.here))

    def test_a_stranger_in_the_domain_is_found(self) -> None:
        """A clock and a library in the domain are both named."""
        bad = "import datetime\nimport requests\nNOW = datetime.datetime.now()\n"
        self.assertEqual(len(strangers_in_the_domain(self.plant({"gateway/domain/bad.py": bad}))), 2)

    def test_nobody_imports_the_global_reactor(self) -> None:
        """Reactor and clock are handed in, everywhere."""
        self.kept(global_reactors(self.here))

    def test_a_global_reactor_is_found(self) -> None:
        """Both spellings of the import are named."""
        bad = "from twisted.internet import reactor\nimport twisted.internet.reactor\n"
        self.assertEqual(len(global_reactors(self.plant({"gateway/wire/bad.py": bad}))), 2)

    def test_the_live_stream_stays_home(self) -> None:
        """Live code has no name for the cluster's bus."""
        self.kept(buses_in_live_code(self.here))

    def test_a_bus_in_live_code_is_found(self) -> None:
        """The name alone breaks the law."""
        bad = "from gateway.interfaces import IClusterBus\n"
        self.assertEqual(len(buses_in_live_code(self.plant({LIVE[0]: bad}))), 1)
