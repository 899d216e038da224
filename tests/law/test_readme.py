"""Law: a command that the README or the house rules give exists."""

from __future__ import annotations

import re

from tests.law.tree import LawCase, Tree

SAID = ("README.rst", "CONTRIBUTING.rst")
MUST_SAY = ("make run", "make test")


def missing_commands(tree: Tree) -> tuple[str, ...]:
    """List the ``make`` verbs that a reader is told and the Makefile lacks, and those he must be told."""
    targets = set(re.findall(r"^([a-z]+):", _text(tree, "Makefile"), re.MULTILINE))
    found = [
        f"{name}: there is no `make {verb}`"
        for name in SAID
        for verb in re.findall(r"(?:^ +(?:\$ )?|``)make ([a-z]+)", _text(tree, name), re.MULTILINE)
        if verb not in targets
    ]
    readme = _text(tree, "README.rst")
    return (*found, *(f"README.rst: does not say `{verb}`" for verb in MUST_SAY if verb not in readme))


def _text(tree: Tree, name: str) -> str:
    return (tree.root / name).read_text("utf-8") if (tree.root / name).exists() else ""


class ReadmeTests(LawCase):
    """What we tell a stranger to type works."""

    def test_every_command_we_give_exists(self) -> None:
        """README and CONTRIBUTING name verbs of the Makefile only."""
        self.kept(missing_commands(self.here))

    def test_a_command_that_does_not_exist_is_found(self) -> None:
        """In a block, in a line, and one that is not said at all."""
        tree = self.plant({
            "Makefile": "run: a\n\ttrue\n",
            "README.rst": "::\n\n    make run\n    $ make jam\n\nor ``make tea``\n",
        })
        self.assertEqual(len(missing_commands(tree)), 3)
