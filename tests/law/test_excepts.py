"""Law: whatever may go wrong is named; ``except Exception`` stands in two places, which tell a fact."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterator

from tests.law.tree import LawCase, Module, Tree, dotted

WIDE = frozenset({"Exception", "BaseException", "builtins.Exception", "builtins.BaseException"})

ALLOWED = {"gateway/domain/flow.py": 1, "gateway/runtime/run.py": 1}
"""The flow's loop and the runner's errback sink."""


def wide_excepts(tree: Tree) -> tuple[str, ...]:
    """List the places that catch anything at all, beyond the two allowed ones."""
    found, seen = [], Counter[str]()
    for module in tree.modules("gateway", "twisted"):
        for node in _catch_alls(module):
            seen[module.path] += 1
            if seen[module.path] > ALLOWED.get(module.path, 0):
                found.append(module.at(node, "name the exceptions that may come here"))
    return tuple(found)


def _catch_alls(module: Module) -> Iterator[ast.AST]:
    for node in ast.walk(module.syntax):
        match node:
            case ast.ExceptHandler(type=None):
                yield node
            case ast.ExceptHandler(type=ast.expr() as caught) if _is_wide(caught):
                yield node
            case ast.Call(func=function, args=caught) if dotted(function).split(".")[-1] == "suppress":
                if any(map(_is_wide, caught)):
                    yield node


def _is_wide(caught: ast.expr) -> bool:
    parts = caught.elts if isinstance(caught, ast.Tuple) else [caught]
    return any(dotted(part) in WIDE for part in parts)


class ExceptTests(LawCase):
    """Nothing is swallowed."""

    def test_two_places_catch_everything_and_no_third(self) -> None:
        """The product keeps to its two places."""
        self.kept(wide_excepts(self.here))

    def test_every_spelling_of_a_wide_except_is_found(self) -> None:
        """Bare, named, in a tuple, starred and suppressed ones are all named."""
        one = "try: f()\nexcept{}: pass\n"
        bad = "".join(map(one.format, ["", " Exception", " (OSError, BaseException)", "* Exception"]))
        tree = self.plant({"gateway/a.py": bad, "gateway/b.py": "with suppress(Exception): f()\n"})
        self.assertEqual(len(wide_excepts(tree)), 5)

    def test_the_second_one_in_an_allowed_place_is_found(self) -> None:
        """An allowed place has room for one."""
        bad = "try: f()\nexcept Exception: g()\n" * 2
        self.assertEqual(len(wide_excepts(self.plant({"gateway/domain/flow.py": bad}))), 1)
