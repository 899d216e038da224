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
from pathlib import Path as FilePath
from typing import Any

import attrs

from gateway.config.schema import REPEATED, TABLES, Config, Node
from gateway.directory.locate import Locator, Path, locate
from gateway.domain.difference import Problem

SYSTEM_FILE = "/etc/ostiary/pam.toml"
LARGEST = 1024 * 1024
NOT_A_NAME = re.compile(r"[^A-Za-z0-9._-]")
TOML_PLACE = re.compile(r"^(.*) \(at (?:line (\d+), column (\d+)|end of document)\)$", re.DOTALL)


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
        state = str(FilePath(environ.get("HOME") or FilePath.home(), ".local/state/ostiary"))
    elif state.startswith("~/"):
        state = str(FilePath(environ.get("HOME") or FilePath.home(), state[2:]))
    name = node.name or NOT_A_NAME.sub("-", socket.gethostname().split(".")[0])[:64] or "node"
    return attrs.evolve(node, name=name, state=state)


def _read(source: str) -> str:
    try:
        with open(source, "rb") as file:
            found = file.read(LARGEST + 1)
        if len(found) > LARGEST:
            raise ConfigError((Problem(f"is larger than {LARGEST} bytes", source),))
        return found.decode("utf-8")
    except UnicodeDecodeError as failure:
        raise ConfigError((Problem(f"is not UTF-8 at byte {failure.start}", source),)) from None
    except OSError as failure:
        raise ConfigError((Problem(f"can not be read: {failure.strerror}", source),)) from None


def parse(text: str, source: str = "pam.toml") -> Config:
    """Read configuration text; node name and state stay empty where they are not set. Raises
    :exc:`ConfigError`.
    """
    try:
        document = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as failure:
        raise ConfigError((_syntax(source, str(failure)),)) from None
    reading = _Reading(source, locate(text))
    values = {name: reading.table(name, value) for name, value in document.items()}
    if reading.problems:
        raise ConfigError(tuple(reading.problems))
    return Config(**values, source=source)


def _syntax(source: str, message: str) -> Problem:
    found = TOML_PLACE.match(message)
    if found is None:
        return Problem(message, source)
    return Problem(found[1], source, int(found[2] or 0), int(found[3] or 0))


@attrs.define
class _Reading:
    source: str
    locator: Locator
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
        table, *rest = place
        path: Path = (table, position, *rest) if table in REPEATED else place
        self.problems.append(Problem(words, self.source, *self.locator.place(path)))


def _nearest(word: str, known: Mapping[str, Any]) -> str:
    near = difflib.get_close_matches(word, list(known), n=1, cutoff=0.5)
    return f"; did you mean {near[0]!r}?" if near else f"; known are {', '.join(known)}"
