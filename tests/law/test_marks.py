"""Law: what is not done is in the tracker, not in the source."""

from __future__ import annotations

import re

from tests.law.tree import LawCase, Tree

MARK = re.compile(r"\b(" + "|".join(["TO" + "DO", "FIX" + "ME", "X" * 3, "HA" + "CK"]) + r")\b")


def marks(tree: Tree) -> tuple[str, ...]:
    """List every line that puts something off."""
    return tuple(
        f"{path}:{number}: finish it, or file it"
        for path, text in tree.files(".py", ".rst", ".toml", ".cfg", ".sh", "Makefile", "run")
        for number, line in enumerate(text.splitlines(), 1)
        if MARK.search(line)
    )


class MarkTests(LawCase):
    """Nothing is half done in the tree."""

    def test_nothing_is_put_off(self) -> None:
        """The whole tree is free of marks."""
        self.kept(marks(self.here))

    def test_a_mark_is_found(self) -> None:
        """One mark is one violation; a word that contains it is none."""
        bad = f"# {'TO' + 'DO'}: later\nMASTO{'DO'}N = 1\n"
        self.assertEqual(len(marks(self.plant({"gateway/a.py": bad}))), 1)
