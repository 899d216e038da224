"""Working out what ``apply`` would change: pure, so that it runs in a thread and shows before it does.

The rule: an absent key keeps the stored value; removal only with prune; nothing here switches an account on again;
all or nothing. A whole directory that does not hold together is refused with every reason.
"""

from __future__ import annotations

import gc
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import attrs

from gateway.directory.checks import Fault, faults
from gateway.directory.schema import INSPECTORS, REQUIRED, TABLES, entry_name
from gateway.directory.toml import Named, Reading, Source, read_inspector, read_key, read_texts
from gateway.directory.values import BadValue, nearest
from gateway.directory.write import values
from gateway.domain.difference import Change, FieldChange, Plan, Problem
from gateway.domain.entries import ENTRY_OF_TABLE, Inspector
from gateway.domain.snapshot import Snapshot
from gateway.interfaces.directory import DirectoryError

MOST_PROBLEMS = 100


Trial = Callable[[Inspector], None]
"""Make an inspector from its settings and throw it away; raises ValueError in words."""


def no_trial(inspector: Inspector) -> None:
    """Take every inspector: nobody here can make one."""


@attrs.frozen
class Present:
    """What a plan starts from: the snapshot, and the names of users that were switched off, removed ones too."""

    snapshot: Snapshot
    switched_off: frozenset[str] = frozenset()
    trial: Trial = no_trial


def plan_texts(present: Present, texts: Mapping[str, str], *, prune: bool = False) -> Plan:
    """Work out what several texts (by file) would change; raise :exc:`DirectoryError` with every problem."""
    with _collector_resting():
        return _planned_texts(present, texts, prune)


@contextmanager
def _collector_resting() -> Iterator[None]:
    """Let the cyclic collector rest: scanning a large directory that is being made stops every thread for 100 ms."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def _planned_texts(present: Present, texts: Mapping[str, str], prune: bool) -> Plan:
    reading = read_texts(texts)
    if reading.problems:
        raise DirectoryError(sorted(reading.problems, key=lambda problem: (problem.file, problem.line, problem.column)))
    return _planned(present, reading, prune=prune)


def plan_entry(present: Present, table: str, name: str, entry_values: Mapping[str, Any] | None) -> Plan:
    """Work out a change of one entry from TOML values, or its removal with None."""
    if table not in ENTRY_OF_TABLE:
        raise DirectoryError([Problem(f"there is no table {table!r:.80}{nearest(table, tuple(ENTRY_OF_TABLE))}")])
    stored: Mapping[str, Any] = getattr(present.snapshot, table)
    if entry_values is None:
        if name not in stored:
            raise DirectoryError([Problem(f"there is no {table} {name!r:.80}")])
        return _finished(present, {(table, name): None}, Reading())
    reading = _read_values(table, name, entry_values)
    if reading.problems:
        raise DirectoryError(reading.problems)
    return _planned(present, reading, prune=False)


def _read_values(table: str, name: str, entry_values: Mapping[str, Any]) -> Reading:
    reading, source = Reading(), Source("", "")
    fields: dict[str, Any] = {}
    try:
        if table == "inspector":
            fields = read_inspector(entry_name(name), entry_values)
        else:
            for key, value in {**entry_values, "name": name}.items():
                if key not in TABLES[table]:
                    raise BadValue(f"unknown key {key!r:.80} in {table}{nearest(key, tuple(TABLES[table]))}")
                fields.update(read_key(table, key, value))
            fields.pop("name")
    except ValueError as problem:
        reading.problems.append(Problem(f"{table} {name:.80}: {problem}"))
        return reading
    reading.named[(table, name)] = Named(table, name, fields, source, ())
    return reading


def _planned(present: Present, reading: Reading, *, prune: bool) -> Plan:
    wanted: dict[tuple[str, str], Any] = {}
    problems: list[Problem] = []
    for place, named in reading.named.items():
        stored = getattr(present.snapshot, named.table).get(named.name)
        missing = [] if stored else [key for key in REQUIRED.get(named.table, ()) if not _names(named, key)]
        if missing:
            problems.append(named.problem(f"is new and lacks {', '.join(missing)}"))
            continue
        try:
            wanted[place] = _entry(present, named, stored)
        except BadValue as problem:
            problems.append(named.problem(str(problem), problem.inner))
    if problems:
        raise DirectoryError(problems[:MOST_PROBLEMS])
    if prune:
        wanted.update(_unnamed(present.snapshot, reading))
    return _finished(present, wanted, reading)


def _names(named: Named, key: str) -> bool:
    return key == "name" or {"match": "command"}.get(key, key) in named.fields


def _entry(present: Present, named: Named, stored: Any) -> Any:
    if named.table == "inspector":
        return _inspector(present, named, stored)
    fields = dict(named.fields)
    if named.table == "user" and named.name in present.switched_off:
        fields["active"] = False
    if stored is not None:
        return attrs.evolve(stored, **fields)
    return ENTRY_OF_TABLE[named.table](name=named.name, **fields)


def _inspector(present: Present, named: Named, stored: Inspector | None) -> Inspector:
    kind = named.fields.get("kind") or (stored.kind if stored else named.name)
    kept = json.loads(stored.settings) if stored and stored.kind == kind else {}
    settings = kept | named.fields["settings"]
    if kind in INSPECTORS:
        read_inspector(named.name, {"kind": kind, **settings})
    text = json.dumps(settings, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    inspector = Inspector(named.name, kind, text)
    if inspector != stored:
        try:
            present.trial(inspector)
        except ValueError as problem:
            raise BadValue(str(problem)) from None
    return inspector


def _unnamed(snapshot: Snapshot, reading: Reading) -> dict[tuple[str, str], None]:
    return {
        (table, name): None
        for table in ENTRY_OF_TABLE
        for name in getattr(snapshot, table)
        if (table, name) not in reading.named
    }


def _finished(present: Present, wanted: Mapping[tuple[str, str], Any], reading: Reading) -> Plan:
    before, tables = present.snapshot, dict[str, dict[str, Any]]()
    changes = []
    for (table, name), entry in wanted.items():
        stored = getattr(before, table).get(name)
        if entry == stored:
            continue
        changes.append(_change(table, name, stored, entry))
        touched = tables.setdefault(table, dict(getattr(before, table)))
        if entry is None:
            del touched[name]
        else:
            touched[name] = entry
    after = before.changed(**tables) if tables else before
    found = [_placed(fault, reading) for fault in faults(after)]
    if found:
        raise DirectoryError(found[:MOST_PROBLEMS])
    order = tuple(ENTRY_OF_TABLE)
    changes.sort(key=lambda change: (order.index(change.table), change.name))
    return Plan(before, after.indexed(), tuple(changes), _notes(present, after, reading))


def _placed(fault: Fault, reading: Reading) -> Problem:
    named = reading.named.get((fault.table, fault.name))
    if named is None or not named.path:
        return Problem(f"{fault.table} {fault.name}: {fault.key}: {fault.words}")
    return named.problem(f"{fault.key}: {fault.words}", fault.key)


def _change(table: str, name: str, before: Any, after: Any) -> Change:
    old = values(table, before) if before is not None else {}
    new = values(table, after) if after is not None else {}
    keys = [key for key in {**old, **new} if key != "name"]
    kind = "add" if before is None else "remove" if after is None else "change"
    fields = tuple(
        FieldChange(key, old.get(key, ""), new.get(key, ""))
        for key in keys
        if old.get(key) != new.get(key) or (key == "password" and _password(before) != _password(after))
    )
    return Change(table, name, kind, before, after, fields)


def _password(user: Any) -> str | None:
    return user.password if user is not None else None


def _notes(present: Present, after: Snapshot, reading: Reading) -> tuple[str, ...]:
    notes = [
        f"user {name} stays switched off: only `user activate {name}` switches an account on again"
        for name in sorted(present.switched_off)
        if (named := reading.named.get(("user", name))) and named.fields.get("active")
    ]
    if _has_admin(present.snapshot) and not _has_admin(after):
        notes.append("no active admin is left: only root on the node itself can give orders then")
    return tuple(notes)


def _has_admin(snapshot: Snapshot) -> bool:
    return any(user.active and "admin" in user.roles for user in snapshot.user.values())
