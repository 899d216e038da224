"""From text, file and environment to a :class:`Config`.

The rule: strict and complete: all problems of a file are found and told together, each with its line and
column. Nothing here looks at the machine but the file, ``environ`` and the host name.
"""

from __future__ import annotations

import difflib
import os
import re
import socket
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import attrs

from gateway.config.schema import REPEATED, TABLES, Config, Node

SYSTEM_FILE = "/etc/ostiary/pam.toml"
LARGEST = 1024 * 1024
NOT_A_NAME = re.compile(r"[^A-Za-z0-9._-]")
TOML_PLACE = re.compile(r"^(.*) \(at (?:line (\d+), column (\d+)|end of document)\)$", re.DOTALL)


@attrs.frozen
class Problem:
    """One thing wrong with a file; line and column count from 1, 0 where they are unknown."""

    file: str
    line: int
    column: int
    words: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}: {self.words}" if self.line else f"{self.file}: {self.words}"


class ConfigError(ValueError):
    """The configuration can not be used; ``problems`` say why."""

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        super().__init__("\n".join(map(str, problems)))
        self.problems = problems


def load(path: str | None, environ: Mapping[str, str]) -> Config:
    """Read the configuration: ``path``, else ``$OSTIARY_CONFIG``, else the system's file, else built-in
    defaults.

    Raises :exc:`ConfigError`, also for a named file that can not be read.
    """
    named = path or environ.get("OSTIARY_CONFIG") or None
    source = named or (SYSTEM_FILE if os.path.lexists(SYSTEM_FILE) else None)
    config = Config() if source is None else parse(_read(source), source)
    return attrs.evolve(config, node=_completed(config.node, environ), source=source)


def _completed(node: Node, environ: Mapping[str, str]) -> Node:
    state = node.state or environ.get("STATE_DIRECTORY", "").split(":")[0]
    if not state:
        state = str(Path(environ.get("HOME") or Path.home(), ".local/state/ostiary"))
    elif state.startswith("~/"):
        state = str(Path(environ.get("HOME") or Path.home(), state[2:]))
    name = node.name or NOT_A_NAME.sub("-", socket.gethostname().split(".")[0])[:64] or "node"
    return Node(name=name, state=state)


def _read(source: str) -> str:
    try:
        with open(source, "rb") as file:
            found = file.read(LARGEST + 1)
        if len(found) > LARGEST:
            raise ConfigError((Problem(source, 0, 0, f"is larger than {LARGEST} bytes"),))
        return found.decode("utf-8")
    except UnicodeDecodeError as failure:
        raise ConfigError((Problem(source, 0, 0, f"is not UTF-8 at byte {failure.start}"),)) from None
    except OSError as failure:
        raise ConfigError((Problem(source, 0, 0, f"can not be read: {failure.strerror}"),)) from None


def parse(text: str, source: str = "pam.toml") -> Config:
    """Read configuration text; node name and state stay empty where they are not set. Raises
    :exc:`ConfigError`.
    """
    try:
        document = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as failure:
        raise ConfigError((_syntax(source, str(failure)),)) from None
    reading = _Reading(source, text)
    values = {name: reading.table(name, value) for name, value in document.items()}
    if reading.problems:
        raise ConfigError(tuple(reading.problems))
    return Config(**values, source=source)


def _syntax(source: str, message: str) -> Problem:
    found = TOML_PLACE.match(message)
    if found is None:
        return Problem(source, 0, 0, message)
    return Problem(source, int(found[2] or 0), int(found[3] or 0), found[1])


@attrs.define
class _Reading:
    source: str
    text: str
    problems: list[Problem] = attrs.field(factory=list)

    def table(self, name: str, value: Any) -> Any:
        kind = TABLES.get(name)
        if kind is None:
            self._problem((name,), 0, f"unknown table {name!r}{_nearest(name, TABLES)}")
        elif name in REPEATED:
            if isinstance(value, list) and all(isinstance(item, dict) for item in value):
                return tuple(self._keys(name, position, item, kind) for position, item in enumerate(value))
            self._problem((name,), 0, f"expected [[{name}]]: the table may be repeated")
        elif isinstance(value, dict):
            return self._keys(name, 0, value, kind)
        else:
            self._problem((name,), 0, f"expected a table [{name}]")
        return None

    def _keys(self, table: str, position: int, given: Mapping[str, Any], kind: type[Any]) -> Any:
        fields, values = attrs.fields_dict(kind), {}
        for key, value in given.items():
            if key not in fields:
                self._problem((table, key), position, f"unknown key {key!r} in [{table}]{_nearest(key, fields)}")
                continue
            try:
                values[key] = fields[key].metadata["kind"](value)
            except ValueError as failure:
                self._problem((table, key), position, f"{table}.{key}: {failure}")
        for key, field in fields.items():
            if field.metadata.get("required") and key not in given:
                self._problem((table,), position, f"[[{table}]] needs {key!r}")
        return kind(**values)

    def _problem(self, place: tuple[str, ...], position: int, words: str) -> None:
        line, column = locate(self.text, place, position)
        self.problems.append(Problem(self.source, line, column, words))


def _nearest(word: str, known: Mapping[str, Any]) -> str:
    near = difflib.get_close_matches(word, list(known), n=1, cutoff=0.5)
    return f"; did you mean {near[0]!r}?" if near else f"; known are {', '.join(known)}"


def locate(text: str, place: tuple[str, ...], position: int = 0) -> tuple[int, int]:
    """Return line and column of a table, or of a key in its ``position``-th table; (0, 0) where it is not
    found.
    """
    header = re.compile(rf"\[\[?\s*[\"']?{re.escape(place[0])}[\"']?\s*[\].]")
    wanted = re.compile(rf"[\"']?{re.escape(place[-1])}[\"']?\s*[=.]")
    seen, inside, found = -1, len(place) == 1, (0, 0)
    for number, line in enumerate(text.splitlines(), 1):
        start = line.lstrip()
        here = (number, len(line) - len(start) + 1)
        if start.startswith("["):
            entered = header.match(start) is not None
            seen += entered
            inside = entered and seen == position
            found = here if inside else found
            if inside and len(place) == 1:
                return here
        elif inside and wanted.match(start):
            return here
    return found
