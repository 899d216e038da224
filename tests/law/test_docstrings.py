"""Law: every public name says in one sentence what it is; a room's ``__init__.py`` is only a sign."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tests.law.tree import Function, LawCase, Module, Tree, dotted, functions

Named = Function | ast.ClassDef

EXCUSED_BY = frozenset({"overload", "typing.overload"})
"""Decorators that leave the sentence to another definition; so does ``.setter``."""


def silent_names(tree: Tree) -> tuple[str, ...]:
    """List the public modules, classes and functions without a docstring."""
    found = []
    for module in tree.modules("gateway"):
        if ast.get_docstring(module.syntax) is None:
            found.append(f"{module.path}: the module says nothing")
        found += [
            module.at(node, f"{node.name} says nothing")
            for node in _public(module.syntax)
            if ast.get_docstring(node) is None and not _is_excused(node)
        ]
    return tuple(found)


def _public(node: ast.Module | ast.ClassDef) -> Iterator[Named]:
    for child in node.body:
        if isinstance(child, Named) and not child.name.startswith("_"):
            yield child
            if isinstance(child, ast.ClassDef):
                yield from _public(child)


def _is_excused(node: Named) -> bool:
    names = {dotted(decorator) for decorator in node.decorator_list}
    return bool(names & EXCUSED_BY) or any(name.endswith((".setter", ".deleter")) for name in names)


def silent_tests(tree: Tree) -> tuple[str, ...]:
    """List the tests that do not say their intent."""
    return tuple(
        module.at(node, f"{node.name} does not say its intent")
        for module in tree.modules("tests")
        for node in functions(module)
        if node.name.startswith("test_") and ast.get_docstring(node) is None
    )


def busy_signs(tree: Tree) -> tuple[str, ...]:
    """List what stands in a room's ``__init__.py`` beside docstring, imports and ``__all__``."""
    return tuple(
        module.at(statement, "a room's sign does nothing")
        for module in tree.modules("gateway", "tests")
        if module.is_sign
        for statement in _after_docstring(module)
        if not _belongs_on_a_sign(statement)
    )


def _after_docstring(module: Module) -> list[ast.stmt]:
    return module.syntax.body[1 if ast.get_docstring(module.syntax) is not None else 0 :]


def _belongs_on_a_sign(statement: ast.stmt) -> bool:
    if isinstance(statement, ast.Assign):
        return [dotted(target) for target in statement.targets] == ["__all__"]
    return isinstance(statement, ast.Import | ast.ImportFrom)


class DocstringTests(LawCase):
    """Whoever opens a file is told what it is."""

    def test_every_public_name_says_what_it_is(self) -> None:
        """All of gateway/ has its sentences."""
        self.kept(silent_names(self.here))

    def test_every_test_says_its_intent(self) -> None:
        """All of tests/ has its sentences."""
        self.kept(silent_tests(self.here))

    def test_every_sign_is_only_a_sign(self) -> None:
        """No code runs when a room is entered."""
        self.kept(busy_signs(self.here))

    def test_silence_is_found(self) -> None:
        """A silent module, class and method are named; private, inner and overloaded ones are excused."""
        bad = (
            "class A:\n    def b(self): ...\n    def _c(self): ...\n"
            "@overload\ndef e(): ...\ndef _d():\n    def inner(): ...\n"
        )
        self.assertEqual(len(silent_names(self.plant({"gateway/a.py": bad}))), 3)

    def test_a_silent_test_is_found(self) -> None:
        """A test without a sentence is named, its preparation is not."""
        bad = "class T:\n    def setUp(self): ...\n    def test_it(self): ...\n"
        self.assertEqual(len(silent_tests(self.plant({"tests/test_a.py": bad}))), 1)

    def test_a_busy_sign_is_found(self) -> None:
        """A statement beside docstring, imports and ``__all__`` is named."""
        bad = '"""Sign."""\nfrom a import b\n__all__ = ["b"]\nRUN = b()\n'
        self.assertEqual(len(busy_signs(self.plant({"gateway/room/__init__.py": bad}))), 1)
