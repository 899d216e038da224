"""Law: what exists is in the manual, and what the manual's tables name exists.

A catalogue is looked at as soon as its module is there: the kinds of facts (``KINDS``), the keys of pam.toml
(``KEYS``, dotted), the verbs (``VERBS``, by name), and every method of every interface.
"""

from __future__ import annotations

import importlib
import importlib.util
import re
from collections.abc import Callable, Collection, Iterable
from types import ModuleType
from typing import cast

import attrs

from tests.law.tree import ROOT, LawCase, Tree


@attrs.frozen
class Catalogue:
    """Where a catalogue is, what it is called there, and the page whose table lists it."""

    module: str
    name: str
    page: str

    def is_there(self, tree: Tree) -> bool:
        """Tell whether the catalogue's module is in the tree, as a file or a package."""
        path = tree.root / self.module.replace(".", "/")
        return path.with_suffix(".py").exists() or any(path.glob("[!_]*.py"))


FACTS = Catalogue("gateway.domain.facts", "KINDS", "facts.rst")
KEYS = Catalogue("gateway.config", "KEYS", "config.rst")
VERBS = Catalogue("gateway.admin.verbs", "VERBS", "verbs.rst")

FIRST_COLUMN = re.compile(r"^ *\* - (``.+)$", re.MULTILINE)
NAME = re.compile(r"``([^`]+)``")


def disagreements(tree: Tree, catalogue: Catalogue, names: Collection[str]) -> tuple[str, ...]:
    """List the names that the manual lacks, and those its table has in excess."""
    page = tree.root / "docs" / catalogue.page
    listed = tuple(_listed(page.read_text("utf-8"))) if page.exists() else ()
    lacking = (f"docs/{catalogue.page}: lacks {name}" for name in sorted(names) if name not in listed)
    gone = (name for name in listed if name not in names)
    excess = (f"docs/{catalogue.page}: names {name}, which does not exist" for name in gone)
    return (*lacking, *excess)


def _listed(text: str) -> Iterable[str]:
    """Yield the names in the first column of a page's tables; several in one cell are several names."""
    for cell in FIRST_COLUMN.findall(text):
        yield from NAME.findall(cell)


def stale_pages(tree: Tree, pages: dict[str, Callable[[], str]]) -> tuple[str, ...]:
    """List the generated pages that are not what would be written now."""
    kept = dict(tree.files(".rst", under="docs"))
    return tuple(
        f"docs/{name}: is stale: run `make reference`"
        for name, write in pages.items()
        if kept.get(f"docs/{name}") != write()
    )


def unnamed_methods(tree: Tree, methods: Iterable[str]) -> tuple[str, ...]:
    """List the members of interfaces (``IThing.member``) that no page names."""
    manual = "".join(text for _, text in tree.files(".rst", under="docs"))
    return tuple(f"docs/: no page names {method}" for method in methods if f"``{method}``" not in manual)


def reference() -> ModuleType:
    """Load what writes the generated pages."""
    spec = importlib.util.spec_from_file_location("reference", ROOT / "docs" / "reference.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class DocsTests(LawCase):
    """The manual is true."""

    def agrees(self, catalogue: Catalogue) -> None:
        """Compare a catalogue that exists with its page."""
        if not catalogue.is_there(self.here):
            return
        names = getattr(importlib.import_module(catalogue.module), catalogue.name, None)
        self.assertIsNotNone(names, f"{catalogue.module} has no {catalogue.name}, which the manual lists")
        rows = cast("Collection[object]", names)
        self.kept(disagreements(self.here, catalogue, tuple(str(getattr(row, "name", row)) for row in rows)))

    def test_every_kind_of_fact_is_in_the_manual(self) -> None:
        """The catalogue of facts and its page name the same."""
        self.agrees(FACTS)

    def test_every_key_of_the_configuration_is_in_the_manual(self) -> None:
        """The configuration's schema and its page name the same."""
        self.agrees(KEYS)

    def test_every_verb_is_in_the_manual(self) -> None:
        """The verbs and their page name the same."""
        self.agrees(VERBS)

    def test_every_method_of_an_interface_is_in_the_manual(self) -> None:
        """A plugin's author finds all that may be called."""
        kinds = reference().all_interfaces()
        methods = [f"{kind.__name__}.{member}" for kind in kinds for member in kind.names()]
        self.assertNotEqual(methods, [])
        self.kept(unnamed_methods(self.here, methods))

    def test_the_generated_pages_are_current(self) -> None:
        """What was written by ``make reference`` would be written again."""
        self.kept(stale_pages(self.here, reference().PAGES))

    def test_lack_and_excess_are_found(self) -> None:
        """One name is lacking, one in excess; a cell may hold several."""
        page = ".. list-table::\n\n   * - ``a.b``, ``a.c``\n     - ``x``\n   * - ``gone``\n     - y\n"
        tree = self.plant({"docs/facts.rst": page})
        found = disagreements(tree, FACTS, ("a.b", "a.c", "new"))
        self.assertEqual([line.split(" ")[2].rstrip(",") for line in found], ["new", "gone"])

    def test_a_catalogue_counts_from_the_day_its_module_is_there(self) -> None:
        """Neither an empty tree nor a room's sign alone is a catalogue; a file or a package is."""
        self.assertFalse(KEYS.is_there(self.plant({})))
        self.assertFalse(VERBS.is_there(self.plant({"gateway/admin/__init__.py": ""})))
        self.assertTrue(KEYS.is_there(self.plant({"gateway/config.py": ""})))
        self.assertTrue(VERBS.is_there(self.plant({"gateway/admin/verbs/apply.py": ""})))

    def test_an_unnamed_method_and_a_stale_page_are_found(self) -> None:
        """One of each is named."""
        tree = self.plant({"docs/a.rst": "``IA.b``\n"})
        self.assertEqual(unnamed_methods(tree, ["IA.b", "IA.c"]), ("docs/: no page names IA.c",))
        self.assertEqual(len(stale_pages(tree, {"a.rst": lambda: "new", "b.rst": lambda: ""})), 2)
