"""Law: no file over 400 lines (tests 500), no function over 40, no function of complexity over 8.

Complexity is counted as McCabe does, except that a ``match`` counts once, whatever its cases. A file that is
a literal table (more than four fifths of its lines are assignments of literals) may be longer.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tests.law.tree import Function, LawCase, Module, Tree, functions

FILE_LINES = {"gateway": 400, "twisted": 400, "benchmarks": 400, "docs": 400, "tests": 500}
FUNCTION_LINES = 40
COMPLEXITY = 8
TABLE_SHARE = 0.8


def too_long(tree: Tree) -> tuple[str, ...]:
    """List the files and functions over their caps."""
    found = []
    for module in tree.modules(*FILE_LINES):
        lines, cap = module.text.count("\n"), FILE_LINES[module.path.split("/")[0]]
        if lines > cap and not is_table(module):
            found.append(f"{module.path}: {lines} lines, the cap is {cap}: split it by concept")
        for function in functions(module):
            long = (function.end_lineno or function.lineno) - function.lineno + 1
            if long > FUNCTION_LINES:
                why = f"{function.name} has {long} lines, the cap is {FUNCTION_LINES}"
                found.append(module.at(function, why))
    return tuple(found)


def too_tangled(tree: Tree) -> tuple[str, ...]:
    """List the functions whose complexity is over the cap."""
    return tuple(
        module.at(function, f"{function.name} has complexity {complexity(function)}, the cap is {COMPLEXITY}")
        for module in tree.modules(*FILE_LINES)
        for function in functions(module)
        if complexity(function) > COMPLEXITY
    )


def complexity(function: Function) -> int:
    """Return one and the number of places where the way parts; inner functions count for themselves."""
    return 1 + sum(_partings(node) for node in _own_nodes(function))


def _partings(node: ast.AST) -> int:
    match node:
        case ast.If() | ast.Match():
            return 1
        case ast.For() | ast.AsyncFor() | ast.While():
            return 1 + bool(node.orelse)
        case ast.Try() | ast.TryStar():
            return len(node.handlers) + bool(node.orelse)
        case _:
            return 0


def _own_nodes(node: ast.AST) -> Iterator[ast.AST]:
    for child in ast.iter_child_nodes(node):
        if not isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Lambda):
            yield child
            yield from _own_nodes(child)


def is_table(module: Module) -> bool:
    """Tell whether nearly all of a module is assignments of literals."""
    table = sum(
        (statement.end_lineno or statement.lineno) - statement.lineno + 1
        for statement in module.syntax.body
        if isinstance(statement, ast.Assign | ast.AnnAssign)
        and statement.value is not None
        and _is_literal(statement.value)
    )
    return table > TABLE_SHARE * module.text.count("\n")


def _is_literal(value: ast.expr) -> bool:
    """Tell whether this is a literal, a name, or a call with literal arguments (a row may have a type)."""
    match value:
        case ast.Constant() | ast.Name() | ast.Attribute():
            return True
        case ast.List(elts=parts) | ast.Tuple(elts=parts) | ast.Set(elts=parts):
            return all(map(_is_literal, parts))
        case ast.Dict():
            return all(_is_literal(part) for part in (*value.keys, *value.values) if part is not None)
        case ast.Call(func=ast.Name() | ast.Attribute()):
            return all(map(_is_literal, (*value.args, *(word.value for word in value.keywords))))
        case ast.UnaryOp(operand=operand):
            return _is_literal(operand)
        case ast.BinOp(left=left, op=ast.BitOr() | ast.Mult(), right=right):
            return _is_literal(left) and _is_literal(right)
        case ast.Starred(value=inner):
            return _is_literal(inner)
        case _:
            return False


class SizeTests(LawCase):
    """What is small enough to be read in one sitting."""

    def test_no_file_and_no_function_is_over_its_cap(self) -> None:
        """The whole tree keeps the caps on lines."""
        self.kept(too_long(self.here))

    def test_no_function_is_tangled(self) -> None:
        """The whole tree keeps the cap on complexity."""
        self.kept(too_tangled(self.here))

    def test_a_long_file_is_found(self) -> None:
        """One line over the cap is named, a test file has a hundred more."""
        lines = {"gateway/a.py": 401, "gateway/b.py": 400, "tests/c.py": 500}
        tree = self.plant({path: "f()\n" * count for path, count in lines.items()})
        self.assertEqual(len(too_long(tree)), 1)

    def test_a_long_function_is_found(self) -> None:
        """One line over the cap is named."""
        tree = self.plant({"gateway/a.py": "def f():\n" + "    g()\n" * 40})
        self.assertEqual(too_long(tree), ("gateway/a.py:1: f has 41 lines, the cap is 40",))

    def test_a_table_may_be_long_and_a_program_in_its_guise_may_not(self) -> None:
        """Only assignments of literals excuse a file."""
        row = "    ('a', KIND, Row(1, -2)),\n"
        table, guise = "T = (\n" + row * 500 + ")\n", "T = [\n" + "    lambda: 1,\n" * 500 + "]\n"
        self.assertEqual(too_long(self.plant({"gateway/a.py": table})), ())
        self.assertEqual(len(too_long(self.plant({"gateway/a.py": guise}))), 1)

    def test_a_tangled_function_is_found(self) -> None:
        """Eight ways are allowed, nine are named."""
        ways = "def f(a):\n" + "    if a: g()\n" * 7
        self.assertEqual(too_tangled(self.plant({"gateway/a.py": ways})), ())
        self.assertEqual(len(too_tangled(self.plant({"gateway/a.py": ways + "    for b in a: g()\n"}))), 1)

    def test_a_match_counts_once(self) -> None:
        """Twenty cases are one parting of the ways."""
        cases = "".join(f"        case {n}: g()\n" for n in range(20))
        self.assertEqual(too_tangled(self.plant({"gateway/a.py": "def f(a):\n    match a:\n" + cases})), ())
