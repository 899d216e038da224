"""What the journal knows of one session, sorted into the lists of ``session show``.

The rule: a command has one row, whatever number of facts speak of it: what a rule made of it and that it ran belong
together. How it was known stands in the row.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from gateway.domain.facts import Entry


def rfc3339(epoch: float) -> str:
    """Write seconds since the epoch as RFC 3339 in UTC, to the millisecond."""
    return datetime.fromtimestamp(epoch, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def story(entries: Sequence[Entry]) -> dict[str, Any]:
    """Sort one session's entries, oldest first."""
    channels: dict[int, dict[str, Any]] = {}
    told: dict[str, Any] = {"commands": [], "transfers": [], "elevations": [], "admin_actions": [], "blind_s": 0.0}
    began = entries[0].time if entries else 0.0
    for entry in entries:
        body = entry.body
        if body is None:
            continue
        match entry.kind.partition(".")[0], entry.kind:
            case "channel", "channel.opened":
                channels[body["channel"]] = {
                    "id": body["channel"], "kind": body["channel_kind"], "command": body["command"],
                    "started": rfc3339(entry.time), "ended": None, "exit": "", "bytes_in": 0, "bytes_out": 0,
                }  # fmt: skip
            case "channel", "channel.closed" if body["channel"] in channels:
                channels[body["channel"]] |= {
                    "ended": rfc3339(entry.time), "exit": body["exit"],
                    "bytes_in": body.get("bytes_in", 0), "bytes_out": body.get("bytes_out", 0),
                }  # fmt: skip
            case "command", "command.blind":
                told["blind_s"] = round(told["blind_s"] + float(body["seconds"]), 3)
            case "command", _:
                _command(told["commands"], entry, body, began)
            case "session", "session.locked" | "session.unlocked" | "session.interrupted" | "session.marked":
                told["admin_actions"].append({"time": rfc3339(entry.time), "kind": entry.kind, **_by(body)})
            case "live", _:
                seen = {key: body.get(key) for key in ("by_name", "from", "door", "channel", "duration")}
                told["admin_actions"].append({"time": rfc3339(entry.time), "kind": entry.kind, **_by(body), **seen})
            case "file", "file.transferred" | "file.denied" | "file.quarantined":
                told["transfers"].append(_outcome(entry, body, began))
            case "elevation", _:
                told["elevations"].append(_outcome(entry, body, began))
            case "session", "session.started":
                began = entry.time
                told["policy_text"] = body.get("policy_text", "")
                told["purpose"] = {key: body[key] for key in ("reason", "ticket") if key in body}
            case _:
                pass
    return {"channels": list(channels.values()), **told}


def _outcome(entry: Entry, body: Mapping[str, Any], began: float) -> dict[str, Any]:
    """Return a fact whose kind says how something ended."""
    when = {"time": rfc3339(entry.time), "t": round(entry.time - began, 3)}
    return {"outcome": entry.kind.partition(".")[2], **when, **body}


def _command(rows: list[dict[str, Any]], entry: Entry, body: Mapping[str, Any], began: float) -> None:
    """Add what a fact says of a command to its row, or begin one."""
    text = str(body.get("command", ""))
    last = rows[-1] if rows else None
    if (entry.kind == "command.denied" and body.get("rule")) or entry.kind == "command.unmediated":
        return
    if entry.kind == "command.executed" and last is not None:
        for row in rows[-MOST_HITS:]:
            if row["text"] == text and row["rule"] and row["outcome"] not in ("executed", "denied"):
                row["outcome"] = "executed"
                return
    known_by = "opaque" if entry.kind == "command.opaque" else body.get("known_by", "")
    rows.append({
        "time": rfc3339(entry.time), "t": round(entry.time - began, 3), "text": text, "argv": body.get("argv", []),
        "rule": body.get("rule", ""), "action": body.get("action", ""), "outcome": body.get("outcome", "executed"),
        "known_by": known_by, "score": body.get("score", 0),
    })  # fmt: skip


MOST_HITS = 8
"""So many rows back a hit of a rule is looked for when its command is told as executed."""


def _by(body: Mapping[str, Any]) -> dict[str, Any]:
    return {"by": body.get("by", ""), "reason": body.get("reason", "")}
