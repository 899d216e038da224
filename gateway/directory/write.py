"""Entries as ``apply`` TOML: what :mod:`gateway.directory.toml` reads back to the same entry.

The rule: a key with its default is left out; a password never stands here.
"""

from __future__ import annotations

import datetime
import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from gateway.directory.document import DEFAULTS
from gateway.directory.schema import TABLES, entry_fields
from gateway.domain.difference import HIDDEN
from gateway.domain.entries import ENTRY_OF_TABLE, Inspector
from gateway.domain.snapshot import Snapshot
from gateway.domain.units import BYTES, SECONDS


def toml_text(words: str) -> str:
    """Return a TOML basic string."""
    return json.dumps(words, ensure_ascii=False).replace("\x7f", "\\u007f")


def toml_value(value: Any) -> str:
    """Return any JSON-like value as TOML on one line."""
    match value:
        case bool():
            return "true" if value else "false"
        case str():
            return toml_text(value)
        case list() | tuple():
            return f"[{', '.join(toml_value(each) for each in value)}]"
        case dict():
            pairs = (f"{toml_key(key)} = {toml_value(each)}" for key, each in value.items())
            return f"{{ {', '.join(pairs)} }}" if value else "{}"
        case _:
            return str(value)


def toml_key(key: str) -> str:
    """Return a key, in quotes where TOML asks for them."""
    bare = key.isascii() and key.replace("-", "a").replace("_", "a").isalnum()
    return key if bare else toml_text(key)


def _measure(units: Mapping[str, int], smallest: str) -> Callable[[int], str]:
    falling = sorted(units.items(), key=lambda unit: -unit[1])

    def write(amount: int) -> str:
        unit = next((unit for unit, worth in falling if amount and amount % worth == 0), smallest)
        return toml_text(f"{amount // units[unit]}{unit}")

    return write


duration_text = _measure({unit: SECONDS[unit] for unit in "smhd"}, "s")
size_text = _measure({unit: BYTES[unit] for unit in ("B", "KiB", "MiB", "GiB", "TiB")}, "B")


def moment_text(moment: float | None) -> str:
    """Return seconds since the epoch as a TOML date-time, none as an empty text."""
    if moment is None:
        return '""'
    return datetime.datetime.fromtimestamp(moment, datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ").rjust(20, "0")


def _labels(pairs: tuple[tuple[str, str], ...]) -> str:
    return toml_value(dict(pairs))


def _changed(nested: Any) -> dict[str, Any]:
    """Return the fields of a nested value that are not as by default."""
    defaults = DEFAULTS[type(nested)]
    return {name: value for name, default in defaults.items() if (value := getattr(nested, name)) != default}


def _record(record: Any) -> str:
    settings = _changed(record)
    maximum = settings.pop("maximum", None)
    pairs = [f"{key} = {toml_value(value)}" for key, value in settings.items()]
    pairs += [f"max = {size_text(maximum)}"] if maximum is not None else []
    return f"{{ {', '.join(pairs)} }}" if pairs else "{}"


def _match(entry: Any) -> str:
    names = ("command", "options", "arguments", "regex", "opaque")
    return toml_value({name: value for name in names if (value := getattr(entry, name))})


WRITERS: dict[str, Callable[[Any], str]] = {
    "labels": _labels,
    "elevation": lambda value: toml_value(_changed(value)),
    "risk": lambda value: toml_value(_changed(value)),
    "record": _record,
    "idle_timeout": duration_text,
    "max_duration": duration_text,
    "until": moment_text,
    "password": lambda value: HIDDEN,
}
"""key -> how it is written, where it is not just a text, number or list."""


def written(key: str, entry: Any) -> str:
    """Return one key of an entry as TOML; empty where the key is not set or as by default."""
    if key == "match":
        return _match(entry)
    value = getattr(entry, key)
    if value is None or value == DEFAULTS[type(entry)][key]:
        return ""
    return WRITERS.get(key, toml_value)(value)


def inspector_values(inspector: Inspector | None) -> dict[str, str]:
    """Return an inspector's keys as TOML."""
    if inspector is None:
        return {}
    kind = {"kind": toml_text(inspector.kind)} if inspector.kind != inspector.name else {}
    return kind | {key: toml_value(value) for key, value in json.loads(inspector.settings).items()}


def values(table: str, entry: Any) -> dict[str, str]:
    """Return all keys of an entry that are set, as TOML; a password as a word that hides it."""
    if table == "inspector":
        return inspector_values(entry)
    found = ((key, written(key, entry)) for key in TABLES[table])
    return {key: text for key, text in found if text}


def fields_of(table: str, key: str) -> tuple[str, ...]:
    """Return the fields that a key sets, also for inspectors."""
    return (key,) if table == "inspector" else entry_fields(table, key)


def dump(snapshot: Snapshot) -> str:
    """Return the whole directory as ``apply`` TOML; what is set elsewhere (passwords) is named in comments."""
    return "\n".join(_lines(snapshot))


def _lines(snapshot: Snapshot) -> Iterator[str]:
    yield "# The directory as `apply` reads it. Passwords and sealed secrets are kept and not shown."
    for table in ENTRY_OF_TABLE:
        entries: Mapping[str, Any] = getattr(snapshot, table)
        for name in sorted(entries):
            yield ""
            yield f"[inspector.{toml_key(name)}]" if table == "inspector" else f"[[{table}]]"
            for key, text in values(table, entries[name]).items():
                yield "# a password is set" if key == "password" else f"{toml_key(key)} = {text}"
    yield ""
