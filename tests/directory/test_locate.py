"""Where keys stand in a TOML text."""

from __future__ import annotations

import json
import tomllib
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from gateway.directory.locate import Path, locate

bare = st.from_regex(r"[a-z0-9_-]{1,6}", fullmatch=True)
keys = bare | st.text(max_size=5).map(lambda key: quoted(key))
filler = st.sampled_from(("1", "true", '"a = [b] # c"', "'x'", '"""a\n[[b]]\nc = 1 \\""" """', "'''\n[d]\n'''", "[]",
                          "[1, # ]\n 2]", '[{ a = 1 }, { b = [ "]" ] }]', "2027-01-01T00:00:00Z", "-1.5"))  # fmt: skip


def quoted(key: str) -> str:
    """Return a key as a TOML basic string."""
    return json.dumps(key).replace("\x7f", "\\u007f")


def paths(document: Any, path: Path = ()) -> list[Path]:
    """Return the paths of all keys and entries of a parsed document, arrays of values aside."""
    found: list[Path] = []
    if isinstance(document, dict):
        for key, value in document.items():
            found += [(*path, key), *paths(value, (*path, key))]
    elif isinstance(document, list) and document and all(isinstance(each, dict) for each in document):
        for place, each in enumerate(document):
            found += [(*path, place), *paths(each, (*path, place))]
    return found


class LocateTests(SynchronousTestCase):
    """The locator against texts that parse and texts that do not."""

    def test_keys_are_found_at_their_line_and_column(self) -> None:
        """In tables, arrays of tables, inline tables, after strings that look like keys."""
        text = (
            '# [[user]]\n[[user]]\nname = "a"\n\n  [[user]] # x\n  name = """\n[[user]]\nname = 1\n"""\n'
            '  keys = [\n "name = 1", # name\n ]\n  m = { a = 1, "b c" = { d = "}" }, e.f = 2 }\n[ins."x.y"]\nz.w = 1'
        )
        tomllib.loads(text)
        found = locate(text)
        for path, place in {
            ("user", 0): (2, 3), ("user", 0, "name"): (3, 1), ("user", 1): (5, 5), ("user", 1, "name"): (6, 3),
            ("user", 1, "keys"): (10, 3), ("user", 1, "m"): (13, 3), ("user", 1, "m", "a"): (13, 9),
            ("user", 1, "m", "b c", "d"): (13, 26), ("user", 1, "m", "e", "f"): (13, 37), ("ins", "x.y"): (14, 2),
            ("ins", "x.y", "z", "w"): (15, 1),
        }.items():  # fmt: skip
            line, column = found.place(path)
            self.assertEqual(line, place[0], path)
            if path not in {("user", 0), ("user", 1), ("ins", "x.y")}:
                self.assertEqual(column, place[1], path)

    def test_what_is_not_found_is_told_at_the_nearest_thing_above(self) -> None:
        """An entry without a name is told at its head; an empty text at its beginning."""
        found = locate("\n[[user]]\na = 1\n")
        self.assertEqual(found.place(("user", 0, "name"))[0], 2)
        self.assertEqual(found.place(("target", 3)), (1, 1))
        self.assertEqual(locate("").place(("x",)), (1, 1))

    @given(st.text(max_size=200) | st.text("[]{}=,.\"'#\n\\ab ", max_size=200))
    def test_any_text_has_places(self, text: str) -> None:
        """The locator is total, and every place it tells is inside the text."""
        found = locate(text)
        for path in (*found.places, ("x", 0, "y")):
            line, column = found.place(path)
            self.assertLessEqual(line, text.count("\n") + 1)
            self.assertGreaterEqual(min(line, column), 1)

    @given(st.lists(st.tuples(keys, st.booleans(), st.lists(st.tuples(keys, filler), max_size=4)), max_size=5))
    def test_every_key_of_a_text_that_parses_is_found(
        self, tables: list[tuple[str, bool, list[tuple[str, str]]]]
    ) -> None:
        """Exactly: the text at the place is that key."""
        text = "".join(
            ("[[{}]]\n" if array else "[{}]\n").format(name) + "".join(f"{key} = {value}\n" for key, value in pairs)
            for name, array, pairs in tables
        )
        try:
            document = tomllib.loads(text)
        except tomllib.TOMLDecodeError:
            return
        found = locate(text)
        for path in paths(document):
            if len(path) == 3 - isinstance(document[path[0]], dict):
                rest, key = text[found.places[path] :], str(path[-1])
                self.assertTrue(rest.startswith((f"{key} = ", f"{quoted(key)} = ")), (path, rest))
