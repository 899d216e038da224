"""Elastic Common Schema, as one line of JSON.

The rule: what the schema has a field for is there under its name, and the whole event stands under ``ostiary``.
"""

from __future__ import annotations

from typing import Any

from gateway.domain.facts import KINDS, Entry, flat
from gateway.siem.product import PRODUCT, VENDOR, VERSION
from gateway.siem.texts import json_line, plain
from gateway.siem.themes import ALERTS, CATEGORY, TYPE, outcome, theme

SCHEMA = "8.11.0"

FIELDS = {
    "user": ("user", "name"), "source": ("source", "address"), "target": ("destination", "domain"),
    "rule": ("rule", "name"), "path": ("file", "path"), "command": ("process", "command_line"),
}  # fmt: skip
"""Keys of ours, and the schema's field of text."""


def ecs(entry: Entry) -> str:
    """Return an entry as one line of ECS JSON."""
    told = flat(entry)
    known = KINDS.get(entry.kind)
    record: dict[str, Any] = {
        "@timestamp": told["time"],
        "ecs": {"version": SCHEMA},
        "message": known.meaning if known else entry.kind,
        "event": _event(entry, told),
        "observer": {"vendor": VENDOR, "product": PRODUCT, "type": "pam", "version": VERSION, "name": told["node"]},
    }
    for key, (group, field) in FIELDS.items():
        if told.get(key):
            record.setdefault(group, {})[field] = plain(told[key])
    if told.get("account"):
        record.setdefault("user", {})["target"] = {"name": plain(told["account"])}
    record["ostiary"] = told
    return json_line(record)


def _event(entry: Entry, told: dict[str, Any]) -> dict[str, Any]:
    event: dict[str, Any] = {
        "id": told["id"],
        "sequence": entry.seq,
        "code": plain(told["number"]),
        "kind": "alert" if entry.severity >= ALERTS else "event",
        "category": CATEGORY.get(theme(entry.kind), ("host",)),
        "type": (TYPE.get(entry.kind.rpartition(".")[2], "info"),),
        "action": entry.kind,
        "outcome": outcome(entry.kind),
        "severity": entry.severity,
        "provider": "ostiary",
    }
    if isinstance(told.get("reason"), str):
        event["reason"] = told["reason"]
    if isinstance(told.get("risk"), int | float):
        event["risk_score"] = told["risk"]
    return event
