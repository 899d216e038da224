"""Law: the tree knows nothing of the machine it was written on."""

from __future__ import annotations

import re

from tests.law.tree import LawCase, Tree

WORKPLACE = re.compile(r"(?<![\w.~])/" + r"work/")


def workplaces(tree: Tree) -> tuple[str, ...]:
    """List every line that names a path of the workplace."""
    return tuple(
        f"{path}:{number}: names a path of one machine"
        for path, text in tree.files()
        for number, line in enumerate(text.splitlines(), 1)
        if WORKPLACE.search(line)
    )


class CleanTests(LawCase):
    """A stranger's machine is as good as ours."""

    def test_no_path_of_the_workplace_is_named(self) -> None:
        """The whole tree is free of them."""
        self.kept(workplaces(self.here))

    def test_a_path_of_the_workplace_is_found(self) -> None:
        """In any text file; a path that merely ends in that word is another's."""
        tree = self.plant({"docs/a.rst": "see " + "/" + "work/shared", "README.rst": "/home/me/" + "work/a"})
        self.assertEqual(len(workplaces(tree)), 1)
