"""Law: empty words name nothing here, and a camelCase name means "Twisted calls this"."""

from __future__ import annotations

import re
from pathlib import PurePosixPath

from tests.law.tree import LawCase, Module, Tree, classes, functions

EMPTY = frozenset(
    "handler processor engine manager component helper util common base misc data info context".split()
)
EMPTY_TOO = frozenset(f"{word}s" for word in EMPTY)

CONTRACT = {
    "data": "IInspection.data of the plugins' contract",
    "data_received": "asyncio's protocols and asyncssh's sessions, in the benchmarks",
}
"""Method names that a contract fixes, and whose it is."""


TERM = re.compile(r"(?i)data_?key")
"""What wraps secrets has this name in the whole field."""


def empty_names(tree: Tree) -> tuple[str, ...]:
    """List the modules, classes and functions that have an empty word in their name."""
    found = []
    for module in tree.modules("gateway", "tests", "benchmarks", "twisted"):
        found += [
            f"{module.path}: {word!r} names nothing"
            for part in PurePosixPath(module.path).with_suffix("").parts
            for word in _empty_words(part)
        ]
        found += [
            module.at(node, f"{word!r} in {node.name} names nothing")
            for node in classes(module)
            for word in _empty_words(node.name)
        ]
        found += _empty_functions(module)
    return tuple(found)


def _empty_functions(module: Module) -> list[str]:
    return [
        module.at(node, f"{word!r} in {node.name} names nothing")
        for node in functions(module)
        if not _is_excused(node.name)
        for word in _empty_words(node.name)
    ]


def _is_excused(name: str) -> bool:
    """Excuse Twisted's own names (a capital in them), sentences of tests, and the contract's names."""
    return name != name.lower() or name.startswith("test_") or name in CONTRACT


def _empty_words(name: str) -> tuple[str, ...]:
    words = (word.lower() for word in re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+", TERM.sub("", name)))
    return tuple(word for word in words if word in EMPTY | EMPTY_TOO)


class NameTests(LawCase):
    """Names say what a thing is."""

    def test_no_name_has_an_empty_word(self) -> None:
        """The whole tree names its modules, classes and functions after what they are."""
        self.kept(empty_names(self.here))

    def test_empty_words_are_found_in_snakes_and_camels(self) -> None:
        """A module, a class, a method and a plural are all named."""
        bad = "class SSHManager:\n    def run_engine(self): ...\ndef read_infos(): ...\n"
        self.assertEqual(len(empty_names(self.plant({"gateway/wire/utils.py": bad}))), 4)

    def test_whole_words_only(self) -> None:
        """A word that merely contains an empty one is a word of its own."""
        good = "class Database:\n    def rebase(self): ...\ndef metadata(): ...\ndef informed(): ...\n"
        self.assertEqual(empty_names(self.plant({"gateway/baseline.py": good})), ())

    def test_names_that_twisted_calls_are_excused(self) -> None:
        """Neither Twisted's words nor the field's are ours to choose."""
        self.assertEqual(empty_names(self.plant({"gateway/vault/a.py": "class DataKey: ...\n"})), ())
        good = "class A:\n    def dataReceived(self, data): ...\n    def ssh_CHANNEL_DATA(self, p): ...\n"
        self.assertEqual(empty_names(self.plant({"gateway/wire/a.py": good})), ())
