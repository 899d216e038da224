"""Law: our classes do not inherit from each other.

Exceptions may, for they are caught by their family; interfaces may, for they promise and do nothing.
"""

from __future__ import annotations

import ast
import builtins

import attrs

from tests.law.tree import LawCase, Module, Tree, classes, dotted, imports

EXCUSED = {"Interface"} | frozenset(
    name
    for name, kind in vars(builtins).items()
    if isinstance(kind, type) and issubclass(kind, BaseException)
)


@attrs.frozen
class Kind:
    """One class of ours: where it is, and what it inherits from, as full names."""

    module: Module
    node: ast.ClassDef
    parents: tuple[str, ...]


def inheriting(tree: Tree) -> tuple[str, ...]:
    """List the classes of ours that inherit from a class of ours, exceptions and interfaces aside."""
    ours = {name: kind for module in tree.modules("gateway") for name, kind in _kinds(module)}
    signs = _signs(tree)
    return tuple(
        kind.module.at(kind.node, f"{kind.node.name} inherits from {parent}")
        for kind in ours.values()
        for parent in kind.parents
        if signs.get(parent, parent) in ours and not _is_excused(signs.get(parent, parent), ours, signs)
    )


def _kinds(module: Module) -> list[tuple[str, Kind]]:
    home = _name(module)
    known = {full.split(".")[-1] if alias is None else alias: full for alias, full in _aliases(module)}
    found = []
    for node in classes(module):
        parents = tuple(_full(dotted(_bare(parent)), known, home) for parent in node.bases)
        found.append((f"{home}.{node.name}", Kind(module, node, parents)))
    return found


def _aliases(module: Module) -> list[tuple[str | None, str]]:
    renamed = {
        name.name.split(".")[-1]: name.asname
        for node in ast.walk(module.syntax)
        if isinstance(node, ast.ImportFrom | ast.Import)
        for name in node.names
    }
    return [(renamed.get(full.split(".")[-1]), full) for _, full in imports(module)]


def _full(name: str, known: dict[str, str], home: str) -> str:
    first, _, rest = name.partition(".")
    if first in known:
        return f"{known[first]}.{rest}" if rest else known[first]
    return name if first in EXCUSED else f"{home}.{name}"


def _bare(parent: ast.expr) -> ast.expr:
    return parent.value if isinstance(parent, ast.Subscript) else parent


def _name(module: Module) -> str:
    return module.path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")


def _signs(tree: Tree) -> dict[str, str]:
    """Map names that a room's sign re-exports to where they are made."""
    return {
        f"{_name(module)}.{full.split('.')[-1]}": full
        for module in tree.modules("gateway")
        if module.is_sign
        for _, full in imports(module)
    }


def _is_excused(name: str, ours: dict[str, Kind], signs: dict[str, str]) -> bool:
    if name not in ours:
        return name.split(".")[-1] in EXCUSED or name.endswith(("Error", "Exception"))
    return any(_is_excused(signs.get(parent, parent), ours, signs) for parent in ours[name].parents)


class InheritanceTests(LawCase):
    """What a class does stands in the class."""

    def test_no_class_inherits_from_ours(self) -> None:
        """Only exceptions have families."""
        self.kept(inheriting(self.here))

    def test_an_heir_is_found(self) -> None:
        """In one module, through an import, through a sign and under another name."""
        tree = self.plant({
            "gateway/room/__init__.py": "from gateway.room.a import A\n",
            "gateway/room/a.py": "class A: ...\nclass B(A): ...\n",
            "gateway/b.py": "from gateway.room.a import A as Other\nclass C(Other): ...\n",
            "gateway/c.py": "from gateway.room import A\nclass D(A[int]): ...\n",
        })
        self.assertEqual(len(inheriting(tree)), 3)

    def test_exceptions_and_strangers_are_no_heirs(self) -> None:
        """A family of exceptions, one of interfaces and a class of Twisted's are fine."""
        good = (
            "from zope.interface import Interface\nclass IA(Interface): ...\nclass IB(IA): ...\n"
            "from twisted.internet.protocol import Protocol\n"
            "class Refused(Exception): ...\nclass Barred(Refused): ...\nclass Wire(Protocol): ...\n"
        )
        self.assertEqual(inheriting(self.plant({"gateway/a.py": good})), ())
