"""Read the tree as the laws see it: files, modules and their syntax, never by importing them.

A law is a function from a :class:`Tree` to the tuple of its violations, each naming file and line. So each
law is proven twice: the real tree breaks it nowhere, a small bad tree breaks it.
"""

from __future__ import annotations

import ast
import os
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

import attrs
from twisted.trial.unittest import SynchronousTestCase

ROOT = Path(__file__).resolve().parents[2]

_NOT_OURS = frozenset({"__pycache__", "_build", "build", "dist", "node_modules"})

Function = ast.FunctionDef | ast.AsyncFunctionDef


@attrs.frozen
class Module:
    """One Python file: its path from the root (``gateway/domain/lane.py``), text and syntax."""

    path: str
    text: str
    syntax: ast.Module

    @property
    def is_sign(self) -> bool:
        """Tell whether this is a room's ``__init__.py``."""
        return self.path.endswith("__init__.py")

    def at(self, node: ast.AST, why: str) -> str:
        """Return one violation's line."""
        return f"{self.path}:{getattr(node, 'lineno', 1)}: {why}"


@attrs.frozen
class Tree:
    """A checkout, or a small one made for a proof."""

    root: Path

    def files(self, *suffixes: str, under: str = ".") -> Iterator[tuple[str, str]]:
        """Yield (path from the root, text) of our files with one of these suffixes; of all when none."""
        for folder, folders, names in os.walk(self.root / under):
            folders[:] = sorted(f for f in folders if self._is_ours(f))
            for name in sorted(names):
                if not self._is_a_file_of_ours(name, suffixes):
                    continue
                path = Path(folder) / name
                if path.is_symlink() or not path.is_file():  # a lock to nowhere, a pipe nobody writes
                    continue
                try:
                    yield path.relative_to(self.root).as_posix(), path.read_text("utf-8")
                except UnicodeDecodeError:
                    continue

    @staticmethod
    def _is_ours(folder: str) -> bool:
        if folder.startswith("_trial_temp") or folder.endswith(".egg-info"):
            return False
        return folder == ".ci" or not (folder.startswith(".") or folder in _NOT_OURS)

    @staticmethod
    def _is_a_file_of_ours(name: str, suffixes: tuple[str, ...]) -> bool:
        if (name.startswith(".") and name != ".gitignore") or name.endswith((".log", ".pid", ".cache")):
            return False
        return not suffixes or name.endswith(suffixes)

    def modules(self, *rooms: str) -> Iterator[Module]:
        """Yield the Python files of these top folders."""
        for room in rooms:
            for path, text in self.files(".py", under=room):
                yield Module(path, text, ast.parse(text, path))


def functions(module: Module) -> Iterator[Function]:
    """Yield every function of a module, however deep."""
    return (n for n in ast.walk(module.syntax) if isinstance(n, Function))


def classes(module: Module) -> Iterator[ast.ClassDef]:
    """Yield every class of a module, however deep."""
    return (n for n in ast.walk(module.syntax) if isinstance(n, ast.ClassDef))


def dotted(node: ast.expr) -> str:
    """Return ``a.b.c`` of an expression that is only names and dots, else the empty string."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        left = dotted(node.value)
        return f"{left}.{node.attr}" if left else ""
    return ""


def imports(module: Module) -> Iterator[tuple[ast.stmt, str]]:
    """Yield each imported name in full, absolute form: ``from a import b`` is ``a.b``."""
    for node in ast.walk(module.syntax):
        if isinstance(node, ast.Import):
            yield from ((node, name.name) for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            home = _home(module.path, node)
            yield from ((node, f"{home}.{name.name}") for name in node.names)


def _home(path: str, node: ast.ImportFrom) -> str:
    if not node.level:
        return node.module or ""
    parts = path.removesuffix(".py").split("/")[: -node.level]
    return ".".join([*parts, *([node.module] if node.module else [])])


class LawCase(SynchronousTestCase):
    """What every law's tests stand on: the real tree, and small trees made to break the law."""

    here = Tree(ROOT)

    def kept(self, violations: tuple[str, ...]) -> None:
        """Fail with every violation named, or pass."""
        if violations:
            self.fail("\n".join(["the law is broken here:", *violations]))

    def plant(self, files: Mapping[str, str]) -> Tree:
        """Make a tree of these files; it is removed after the test."""
        folder = tempfile.TemporaryDirectory(prefix="law-")
        self.addCleanup(folder.cleanup)
        root = Path(folder.name)
        for path, text in files.items():
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_text(text, "utf-8")
        return Tree(root)
