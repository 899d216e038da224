"""Single entries of the directory's tables: add, list, show, rm.

The rule: options are the TOML's keys with dashes for underscores, so that who knows the file knows the
command; what has no option of its own is set with ``--set KEY=TOML``. The directory checks values, nothing
here does.
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Callable, Mapping
from typing import Any

import attrs

from gateway.admin.answer import Answer, Cell, Column
from gateway.admin.arguments import Argument, Option
from gateway.admin.ids import unknown
from gateway.admin.refusal import usage
from gateway.admin.render import plain_text
from gateway.admin.room import ADMIN, AUDITOR
from gateway.admin.selfless import favours_of
from gateway.admin.verb import Call, Verb, roles
from gateway.domain.entries import ENTRY_OF_TABLE


def words_list(text: str) -> list[str]:
    """Read ``a,b`` as a list; an empty text is an empty list."""
    return [word.strip() for word in text.split(",")] if text else []


def truth(text: str) -> bool:
    """Read yes or no. Raises ValueError in words."""
    if text.lower() not in {"yes", "no", "true", "false"}:
        raise ValueError(f"expected yes or no, not {text!r}")
    return text.lower() in {"yes", "true"}


def label(text: str) -> dict[str, str]:
    """Read ``key=value``. Raises ValueError in words."""
    key, equals, value = text.partition("=")
    if not key or not equals:
        raise ValueError(f"expected KEY=VALUE, not {text!r}")
    return {key: value}


def setting(text: str) -> dict[str, Any]:
    """Read ``key=TOML``. Raises ValueError in words."""
    try:
        found = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError):
        raise ValueError(f"expected KEY=VALUE with a TOML value, not {text!r}") from None
    if len(found) != 1:
        raise ValueError("expected one KEY=VALUE")
    return found


TEXT, NUMBER, TRUTH, LIST, WHOLE, LABELS = "TEXT", "NUMBER", "yes|no", "A,B", "LINE", "KEY=VALUE"
KINDS: dict[str, Callable[[str], Any]] = {
    TEXT: str, NUMBER: int, TRUTH: truth, LIST: words_list, WHOLE: lambda line: [line], LABELS: label,
}  # fmt: skip
MANY = frozenset({LIST, WHOLE, LABELS})

SCOPE = {"users": LIST, "groups": LIST, "targets": LIST, "accounts": LIST}

KEYS: dict[str, dict[str, str]] = {
    "user": {
        "full_name": TEXT, "kind": TEXT, "roles": LIST, "groups": LIST, "keys": WHOLE, "second_factor": TEXT,
        "active": TRUTH, "origin": LIST,
    },
    "target": {
        "address": TEXT, "labels": LABELS, "host_keys": WHOLE, "host_ca": WHOLE, "jump": TEXT, "legacy": LIST,
    },
    "credential": {"target": TEXT, "account": TEXT, "kind": TEXT, "secret": TEXT},
    "audited": {"score": NUMBER, "action": TEXT, "attempts": NUMBER, "then": TEXT, "services": TRUTH,
                "mode": TEXT, **SCOPE},
    "transfer": {
        "direction": TEXT, "inspectors": LIST, "action": TEXT, "on_error": TEXT, "mode": TEXT, **SCOPE,
    },
    "inspector": {"kind": TEXT},
    "grant": {
        **SCOPE, "labels": LABELS, "rights": LIST, "audited": LIST, "allow_only": TRUTH, "transfers": LIST,
        "elevate": TRUTH, "env": LIST, "second_factor": TEXT, "approval": NUMBER, "present": NUMBER,
        "ticket": TEXT, "idle_timeout": TEXT, "max_duration": TEXT, "hours": TEXT, "origin": LIST, "mode": TEXT,
    },
}  # fmt: skip
"""table -> key -> how its option is written; the rest (match, risk, record, until, reason …) goes by
``--set``.
"""

COLUMNS: dict[str, tuple[str, ...]] = {
    "user": ("name", "full_name", "kind", "roles", "groups", "second_factor", "active"),
    "target": ("name", "address", "labels", "jump"),
    "credential": ("name", "target", "account", "kind", "secret"),
    "audited": ("name", "command", "regex", "action", "score", "mode"),
    "transfer": ("name", "direction", "inspectors", "action", "mode"),
    "inspector": ("name", "kind", "settings"),
    "grant": ("name", "users", "groups", "targets", "accounts", "rights", "mode"),
}

NOUNS = {
    "user": "a user",
    "target": "a target",
    "credential": "a credential",
    "audited": "a rule for audited commands",
    "transfer": "a rule for file transfers",
    "inspector": "a file inspector",
    "grant": "a grant",
}

SET = Option("--set", "any other key of the TOML", word="KEY=TOML", kind=setting, many=True)
NAME = Argument("NAME", "the entry's name")


def _options(table: str) -> tuple[Option, ...]:
    own = (
        Option(f"--{key.replace('_', '-')}", "as in the TOML", word=kind, kind=KINDS[kind], many=kind in MANY)
        for key, kind in KEYS[table].items()
    )
    return (*own, SET)


def _given(call: Call, table: str) -> dict[str, Any]:
    """Return the keys that the command line sets, as TOML values."""
    values: dict[str, Any] = {}
    for key, kind in KEYS[table].items():
        value = call[key]
        if value is None or value == ():
            continue
        if kind == LABELS:
            values[key] = {name: text for pair in value for name, text in pair.items()}
        else:
            values[key] = [word for words in value for word in words] if kind in MANY else value
    if table == "target" and call["host"]:
        values["address"] = call["host"]
    for pair in call["set"]:
        values.update(pair)
    return values


def _adding(table: str) -> Callable[[Call], Any]:
    async def add(call: Call) -> Answer:
        name, directory = call["name"], call.room.directory
        if name.startswith("-"):
            raise usage("a name does not begin with '-'")
        known = name in getattr(directory.snapshot(), table)
        values = _given(call, table)
        favours_of(call.caller, directory.snapshot(), table, name, values)
        await directory.change(table, name, values, by=call.caller.name, reason=call.reason)
        done = "changed" if known else "added"
        return Answer({"table": table, "name": name, "done": done}, words=f"{done} {table} {name}")

    return add


def _removing(table: str) -> Callable[[Call], Any]:
    async def remove(call: Call) -> Answer:
        entry(call, table)
        name, directory = call["name"], call.room.directory
        favours_of(call.caller, directory.snapshot(), table, name, None)
        await directory.change(table, name, None, by=call.caller.name, reason=call.reason)
        return Answer({"table": table, "name": name, "done": "removed"}, words=f"removed {table} {name}")

    return remove


def _listing(table: str) -> Callable[[Call], Any]:
    async def listed(call: Call) -> Answer:
        entries = getattr(call.room.directory.snapshot(), table)
        rows = await call.room.in_thread(lambda: [shown(entries[name]) for name in sorted(entries)])
        columns = tuple(Column(key, key.replace("_", " ").upper(), _cell(table, key)) for key in COLUMNS[table])
        return Answer(rows, columns, words=f"nothing there yet: `{table} add NAME …`")

    return listed


def _cell(table: str, key: str) -> Cell:
    return Cell.LIST if KEYS[table].get(key) in (LIST, WHOLE) else Cell.TEXT


def _showing(table: str) -> Callable[[Call], Any]:
    async def show(call: Call) -> Answer:
        found = entry(call, table)
        row, usual = shown(found), _usual(table)
        told = {key: value for key, value in row.items() if value != usual.get(key)}
        return Answer(row, words=listed_fields(told))

    return show


def _usual(table: str) -> dict[str, Any]:
    """Return the defaults of a table's keys, which people need not be told of."""
    fields = attrs.fields(ENTRY_OF_TABLE[table])
    usual = {field.name: field.default for field in fields if field.default is not attrs.NOTHING}
    return {key: _plain(value) for key, value in usual.items() if key != "password"}


def _plain(value: Any) -> Any:
    return json.loads(json.dumps(value, default=attrs.asdict))


def entry(call: Call, table: str) -> Any:
    """Return the entry that ``NAME`` names. Raises :exc:`gateway.admin.refusal.Refusal`."""
    entries = getattr(call.room.directory.snapshot(), table)
    if call["name"] not in entries:
        raise unknown(table, call["name"], entries)
    return entries[call["name"]]


def listed_fields(row: Mapping[str, Any]) -> str:
    """Return one entry for people, a line for each key that says something."""
    lines = (f"{key:<16}{_joined(value)}" for key, value in row.items() if value not in (None, "", [], {}))
    return "\n".join(lines)


def _joined(value: Any) -> str:
    return ", ".join(map(plain_text, value)) if isinstance(value, list) else plain_text(value)


def shown(entry: Any) -> dict[str, Any]:
    """Return an entry as JSON values; of a password only whether it is set."""
    row: dict[str, Any] = _plain(attrs.asdict(entry))
    if "labels" in row:
        row["labels"] = dict(row["labels"])
    if "password" in row:
        row["password"] = "set" if row["password"] else "not set"
    return row


def _verbs(table: str) -> tuple[Verb, ...]:
    placed = (NAME, Argument("HOST", "address as HOST:PORT", required=False)) if table == "target" else (NAME,)
    only, readers = roles(ADMIN), roles(ADMIN, AUDITOR)
    return (
        Verb(f"{table} add", f"add {NOUNS[table]}, or change the keys given", _adding(table), only, placed,
             _options(table), changes=True),
        Verb(f"{table} list", f"list all of {table}", _listing(table), readers, lists=True),
        Verb(f"{table} show", f"show {NOUNS[table]}", _showing(table), readers, (NAME,)),
        Verb(f"{table} rm", f"remove {NOUNS[table]}", _removing(table), only, (NAME,), changes=True),
    )  # fmt: skip


VERBS = tuple(verb for table in ENTRY_OF_TABLE for verb in _verbs(table))
