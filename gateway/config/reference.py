"""``etc/pam.toml``, written from the schema.

The rule: what the reference sets is the default, so loading it changes nothing; everything else in it is a
comment.
"""

from __future__ import annotations

import json
from typing import Any

import attrs

from gateway.admin.times import SECONDS
from gateway.config import kinds
from gateway.config.schema import REPEATED, TABLES

HEAD = """\
# The configuration of an Ostiary node: every key, with its default. All of it is optional.
# Found as --config FILE, else $OSTIARY_CONFIG, else /etc/ostiary/pam.toml; without any, these defaults hold.
# Written by `python -m gateway.config`; unknown keys are errors; secrets never stand here.
"""

COLUMN = 44


def reference() -> str:
    """Return the commented reference file."""
    return HEAD + "".join(_table(name, kind) for name, kind in TABLES.items())


def _table(name: str, kind: type[Any]) -> str:
    repeated = name in REPEATED
    lines = ["", f"# {(kind.__doc__ or '').strip()}", f"# [[{name}]]" if repeated else f"[{name}]"]
    lines += [_key(field, commented=repeated) for field in attrs.fields(kind)]
    return "\n".join(lines) + "\n"


def _key(field: attrs.Attribute[Any], *, commented: bool) -> str:
    example, words = field.metadata["example"], field.metadata["words"]
    value = field.default if example is None else example
    start = "# " if commented or example is not None else ""
    line = f"{start}{field.name} = {_literal(value, field.metadata['kind'])}"
    return f"{line.ljust(COLUMN)}  # {words}" if words else line


def _literal(value: Any, kind: kinds.Kind) -> str:
    """Write a value as TOML; JSON's text, lists and truth are TOML's as well."""
    if kind is kinds.duration and isinstance(value, int):
        return json.dumps(_spoken(value))
    if kind is kinds.volume and isinstance(value, int):
        unit, name = (30, "GiB") if value % (1 << 30) == 0 else (20, "MiB")
        return json.dumps(f"{value >> unit}{name}")
    if isinstance(value, dict):
        inner = ", ".join(f"{name} = {json.dumps(each)}" for name, each in value.items())
        return f"{{ {inner} }}"
    return json.dumps(list(value) if isinstance(value, tuple) else value, ensure_ascii=False)


def _spoken(seconds: int) -> str:
    for letter, unit in zip("dhms", SECONDS, strict=True):
        if seconds % unit == 0:
            return f"{seconds // unit}{letter}"
    raise AssertionError("every whole number is a number of seconds")
