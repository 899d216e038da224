"""Law: whatever the source imports is a requirement in setup.cfg, so that a fresh clone runs."""

from __future__ import annotations

import configparser
import re
import sys
from importlib.metadata import packages_distributions

from tests.law.tree import LawCase, Tree, imports

OURS = frozenset({"gateway", "tests", "benchmarks", "acme_inspector", ""})
"""What the tree holds itself; the last named one is the manual's example of a plugin."""

EXTRAS = {"gateway": (), "twisted": (), "tests": ("test", "lint"), "benchmarks": ("test",), "docs": ("docs",)}
"""Which extras a top folder may use beside the requirements proper."""

OPTIONAL = frozenset({"spwd"})
"""Modules that are imported where they exist."""


def undeclared(tree: Tree) -> tuple[str, ...]:
    """List the imports of libraries that setup.cfg does not require."""
    homes = packages_distributions()
    found = {}
    for room, extras in EXTRAS.items():
        declared = _declared(tree, extras)
        for module in tree.modules(room):
            for node, name in imports(module):
                top = name.split(".")[0]
                if top in sys.stdlib_module_names or top in OURS | OPTIONAL:
                    continue
                if not declared & {_plain(home) for home in homes.get(top, (top,))}:
                    found[(module.path, top)] = module.at(node, f"setup.cfg does not require {top}")
    return tuple(found.values())


def _declared(tree: Tree, extras: tuple[str, ...]) -> frozenset[str]:
    """Return the required distributions' names, in their plain form."""
    setup = configparser.ConfigParser(interpolation=None)
    setup.read(tree.root / "setup.cfg", "utf-8")
    lists = [setup.get("options", "install_requires", fallback="")]
    lists += [setup.get("options.extras_require", extra, fallback="") for extra in extras]
    rows = "\n".join(lists).split("\n")
    return frozenset(_plain(re.split(r"[\s\[<>=!~;]", row)[0]) for row in rows if row.strip())


def _plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


class RequirementTests(LawCase):
    """What works here works elsewhere."""

    def test_every_import_is_required(self) -> None:
        """Each library that the tree imports is declared where it is used."""
        self.kept(undeclared(self.here))

    def test_an_undeclared_import_is_found(self) -> None:
        """A library that nobody declared, and a test's library in the product."""
        tree = self.plant({
            "setup.cfg": "[options]\ninstall_requires =\n    zope.interface>=6\n    twisted[conch]>=26\n"
            "[options.extras_require]\ntest =\n    hypothesis\n",
            "gateway/a.py": "import os\nimport gateway.b\nfrom zope import interface\nimport hypothesis\n",
            "gateway/b.py": "import nobody_knows_it\nfrom twisted.internet import defer\n",
            "tests/a.py": "import hypothesis\n",
        })
        self.assertEqual(len(undeclared(tree)), 2)
