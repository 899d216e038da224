"""Reading ``apply`` TOML: from texts to what they name, or to every problem with its line and column.

The rule: strict and total. An unknown table or key, a bad value, a missing name, a double: each is a problem with
its place; whatever text comes, nothing but :exc:`DirectoryError` is raised.
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterator, Mapping
from typing import Any

import attrs

from gateway.directory.locate import Locator, Path, locate
from gateway.directory.schema import EVERY_INSPECTOR, INSPECTORS, TABLES, entry_fields, entry_name
from gateway.directory.values import BadValue, nearest
from gateway.domain.difference import Problem

LONGEST = 64 * 1024**2
MOST_PROBLEMS = 100

TABLE_NAMES = (*TABLES, "inspector")


@attrs.define
class Source:
    """One text and the name of its file; its keys are located when the first problem needs it."""

    file: str
    text: str
    _locator: Locator | None = None

    def problem(self, words: str, path: Path = ()) -> Problem:
        """Return a problem with the place of a key."""
        if self._locator is None:
            self._locator = locate(self.text)
        line, column = self._locator.place(path)
        return Problem(words, self.file, line, column)


@attrs.frozen
class Named:
    """What a text says of one entry: the fields it sets, and where that stands."""

    table: str
    name: str
    fields: Mapping[str, Any]
    source: Source = attrs.field(repr=False)
    path: Path

    def problem(self, words: str, key: str = "") -> Problem:
        """Return a problem with this entry, at one of its keys."""
        place = (*self.path, key) if key else self.path
        return self.source.problem(f"{self.table} {self.name}: {words}", place)


@attrs.define
class Reading:
    """What has been read of all texts, and what was wrong."""

    named: dict[tuple[str, str], Named] = attrs.field(factory=dict)
    problems: list[Problem] = attrs.field(factory=list)

    def take(self, source: Source) -> None:
        """Read one text."""
        if len(source.text) > LONGEST:
            self.problems.append(Problem(f"has more than {LONGEST} characters", source.file))
            return
        try:
            document = tomllib.loads(source.text)
        except RecursionError:
            self.problems.append(Problem("is nested too deeply", source.file))
        except ValueError as problem:
            self.problems.append(_syntax(source.file, str(problem)))
        else:
            for table, content in document.items():
                self._table(source, table, content)

    def _table(self, source: Source, table: str, content: Any) -> None:
        if table == "inspector" and isinstance(content, dict):
            for name, settings in content.items():
                self._inspector(source, name, settings)
        elif table in TABLES and isinstance(content, list):
            for place, each in enumerate(content):
                self._entry(source, table, each, (table, place))
        elif table in TABLE_NAMES:
            head = "[inspector.NAME]" if table == "inspector" else f"[[{table}]]"
            self._wrong(source.problem(f"write {head}", (table,)))
        else:
            self._wrong(source.problem(f"unknown table {table!r:.80}{nearest(table, TABLE_NAMES)}", (table,)))

    def _entry(self, source: Source, table: str, content: Any, path: Path) -> None:
        if not isinstance(content, dict):
            self._wrong(source.problem(f"write [[{table}]]", path))
            return
        fields: dict[str, Any] = {}
        for key, value in content.items():
            self._key(source, (*path, key), value, fields)
        if "name" in fields:
            self._keep(Named(table, fields.pop("name"), fields, source, path))
        elif "name" not in content:
            self._wrong(source.problem(f"this {table} has no name", path))

    def _key(self, source: Source, path: Path, value: Any, fields: dict[str, Any]) -> None:
        table, key = str(path[0]), str(path[-1])
        known = TABLES[table]
        if key not in known:
            words = f"unknown key {key!r:.80} in {table}{nearest(key, tuple(known))}"
            self._wrong(source.problem(words, path))
            return
        try:
            fields.update(read_key(table, key, value))
        except ValueError as problem:
            inner = (problem.inner,) if isinstance(problem, BadValue) and problem.inner else ()
            self._wrong(source.problem(f"{key}: {problem}", (*path, *inner)))

    def _inspector(self, source: Source, name: str, content: Any) -> None:
        path: Path = ("inspector", name)
        if not isinstance(content, dict):
            self._wrong(source.problem(f"write [inspector.{name:.64}]", path))
            return
        try:
            entry_name(name)
            fields = read_inspector(name, content)
        except BadValue as problem:
            self._wrong(source.problem(f"inspector {name!r:.80}: {problem}", (*path, problem.inner)))
        else:
            self._keep(Named("inspector", name, fields, source, path))

    def _keep(self, named: Named) -> None:
        first = self.named.setdefault((named.table, named.name), named)
        if first is not named:
            other = first.source.problem("", first.path)
            self._wrong(named.problem(f"stands here twice, first at {str(other).removesuffix(': ')}", "name"))

    def _wrong(self, problem: Problem) -> None:
        if len(self.problems) < MOST_PROBLEMS:
            self.problems.append(problem)


def read_key(table: str, key: str, value: Any) -> Iterator[tuple[str, Any]]:
    """Return the fields that one key sets, with their values; raise ValueError in words."""
    fields = entry_fields(table, key)
    read = TABLES[table][key].read(value)
    return zip(fields, read if len(fields) > 1 else (read,), strict=True)


def read_inspector(name: str, content: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields of an inspector: its kind, where it is named, and its settings as they are written.

    ``kind`` may be left out where the stored entry has one; the settings are checked again by the plan then.
    """
    kind = content.get("kind", name)
    own = INSPECTORS.get(kind) if isinstance(kind, str) else None
    for key, value in content.items():
        _inspector_key(own, key, value)
    settings = {key: value for key, value in content.items() if key != "kind"}
    return ({"kind": kind} if "kind" in content else {}) | {"settings": settings}


def _inspector_key(own: Mapping[str, Any] | None, key: str, value: Any) -> None:
    reader = EVERY_INSPECTOR.get(key) or (own or {}).get(key)
    if reader is None and own is not None:
        raise BadValue(f"unknown key {key!r:.80}{nearest(key, (*own, *EVERY_INSPECTOR))}", key)
    try:
        if reader is not None:
            reader(value)
        json.dumps(value, allow_nan=False)
    except (TypeError, ValueError) as problem:
        raise BadValue(f"{key}: {problem}", key) from problem


def _syntax(file: str, words: str) -> Problem:
    found = re.search(r" \(at line (\d+), column (\d+)\)$", words)
    if found is None:
        return Problem(f"is not TOML: {words}", file)
    return Problem(f"is not TOML: {words[: found.start()]}", file, int(found[1]), int(found[2]))


def read_texts(texts: Mapping[str, str]) -> Reading:
    """Read several texts, by their file's names."""
    reading = Reading()
    for file, text in texts.items():
        reading.take(Source(file, text))
    return reading
