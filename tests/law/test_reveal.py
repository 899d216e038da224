"""Law: a secret's bytes come out in three rooms: where one is typed, where one logs in, where they rest.

Its own module stands beside them, because a redactor is made of the bytes without handing them out.
"""

from __future__ import annotations

import ast

from tests.law.tree import LawCase, Tree

MAY_REVEAL = (
    "gateway/domain/secret.py",
    "gateway/ssh/junction.py",
    "gateway/ssh/target.py",
    "gateway/vault/",
)


def reveals(tree: Tree) -> tuple[str, ...]:
    """List every other place that reveals a secret, or takes the method to do it later."""
    return tuple(
        module.at(node, "a secret is not revealed here")
        for module in tree.modules("gateway", "twisted")
        if not module.path.startswith(MAY_REVEAL)
        for node in ast.walk(module.syntax)
        if (isinstance(node, ast.Attribute) and node.attr == "reveal")
        or (isinstance(node, ast.Constant) and node.value == "reveal")
    )


class RevealTests(LawCase):
    """Secrets stay secret by the places that can open them."""

    def test_secrets_are_revealed_in_three_rooms(self) -> None:
        """No other module calls ``reveal``, nor names it for ``getattr``."""
        self.kept(reveals(self.here))

    def test_a_revealed_secret_is_found(self) -> None:
        """A call, a bound method and a name for ``getattr`` are named; the vault may."""
        bad = "a = secret.reveal()\nb = secret.reveal\nc = getattr(secret, 'reveal')()\n"
        tree = self.plant({"gateway/runtime/a.py": bad, "gateway/vault/a.py": bad})
        self.assertEqual(len(reveals(tree)), 3)
