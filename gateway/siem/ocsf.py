"""Open Cybersecurity Schema Framework 1.3, as one line of JSON.

The rule: an event is of the class its theme has, and all of it stands under ``unmapped``.
"""

from __future__ import annotations

from typing import Any

from gateway.domain.facts import KINDS, Entry, flat
from gateway.siem.product import PRODUCT, VENDOR, VERSION, graveness
from gateway.siem.texts import json_line, plain
from gateway.siem.themes import (
    ACTIVITY,
    ACTIVITY_NAMES,
    BASE,
    CATEGORY_NAMES,
    CLASS,
    CLASS_NAMES,
    FINDING,
    OTHER,
    SEVERITY_ID,
    SEVERITY_NAMES,
    outcome,
    theme,
)

SCHEMA = "1.3.0"
STATUS = {"success": (1, "Success"), "failure": (2, "Failure"), "unknown": (0, "Unknown")}
DIRECTIONS = {"upload": 1, "put": 1, "download": 2, "get": 2}


def ocsf(entry: Entry) -> str:
    """Return an entry as one line of OCSF JSON."""
    told = flat(entry)
    known = KINDS.get(entry.kind)
    described = known.meaning if known else entry.kind
    uid = CLASS.get(theme(entry.kind), BASE)
    activity = ACTIVITY.get(entry.kind) or DIRECTIONS.get(plain(told.get("direction", "")), OTHER)
    activity = activity if (uid, activity) in ACTIVITY_NAMES else OTHER
    severity = SEVERITY_ID[graveness(entry.severity)]
    status, status_name = STATUS[outcome(entry.kind)]
    record: dict[str, Any] = {
        "class_uid": uid,
        "class_name": CLASS_NAMES[uid],
        "category_uid": uid // 1000,
        "category_name": CATEGORY_NAMES[uid // 1000],
        "activity_id": activity,
        "activity_name": ACTIVITY_NAMES.get((uid, activity), entry.kind),
        "type_uid": uid * 100 + activity,
        "severity_id": severity,
        "severity": SEVERITY_NAMES[severity],
        "status_id": status,
        "status": status_name,
        "time": round(entry.time * 1000),
        "message": described,
        "metadata": _metadata(entry, told),
        "device": {"hostname": told["node"], "type_id": OTHER},
        **_objects(told),
    }
    if uid == FINDING:
        record["finding_info"] = {"uid": told["id"], "title": described}
    record["unmapped"] = told
    return json_line(record)


def _metadata(entry: Entry, told: dict[str, Any]) -> dict[str, Any]:
    return {
        "version": SCHEMA,
        "product": {"vendor_name": VENDOR, "name": PRODUCT, "version": VERSION},
        "uid": told["id"],
        "sequence": entry.seq,
        "event_code": plain(told["number"]),
        "log_name": entry.kind,
    }


def _objects(told: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if told.get("user"):
        found["actor"] = {"user": {"name": plain(told["user"])}}
        found["user"] = {"name": plain(told.get("account") or told["user"])}
    if told.get("source"):
        found["src_endpoint"] = {"ip": plain(told["source"])}
    if told.get("target"):
        found["dst_endpoint"] = {"hostname": plain(told["target"])}
    if told.get("command"):
        found["process"] = {"cmd_line": plain(told["command"])}
    if told.get("path"):
        path = plain(told["path"])
        found["file"] = {"path": path, "name": path.rpartition("/")[2] or path, "type_id": 1}
    if told.get("session"):
        found["session"] = {"uid": plain(told["session"])}
    return found
