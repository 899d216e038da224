"""What a kind of fact is in the words of others: ECS categories and OCSF classes, as literal tables.

The rule: a kind that no table names gets the words of its theme, and a theme that no table names those of the host, so
no event is ever without them.
"""

from __future__ import annotations

CATEGORY = {
    "auth": ("authentication",), "session": ("session",), "channel": ("session",), "target": ("network",),
    "forward": ("network",), "command": ("process",), "risk": ("threat",), "file": ("file",), "live": ("session",),
    "user": ("iam",), "approval": ("iam",), "elevation": ("iam", "process"), "recording": ("file",),
    "directory": ("configuration", "iam"), "secret": ("iam",), "store": ("configuration",), "verb": ("iam",),
}  # fmt: skip
"""ECS ``event.category`` of each theme; others are ``host``."""

TYPE = {
    "started": "start", "opened": "start", "watch_started": "start", "executed": "start", "ended": "end",
    "closed": "end", "watch_ended": "end", "stopped": "end", "denied": "denied", "refused": "denied",
    "given": "allowed", "succeeded": "allowed", "failed": "error", "changed": "change", "activated": "change",
    "deactivated": "change", "locked": "change", "unlocked": "change", "password_set": "change", "viewed": "access",
}  # fmt: skip
"""ECS ``event.type`` by the last word of a kind; others are ``info``."""

FAILED = frozenset({"failed", "denied", "refused"})
SUCCEEDED = frozenset({"succeeded", "given", "started", "opened", "executed", "sealed", "transferred", "changed"})

ALERTS = 6
"""The severity from which an event is an alert to ECS."""

BASE, PROCESS, ACCOUNT, AUTHENTICATION, ENTITY, FINDING, SSH, HOSTING = 0, 1007, 3001, 3002, 3004, 2004, 4007, 6006
CLASS_NAMES = {
    BASE: "Base Event", PROCESS: "Process Activity", ACCOUNT: "Account Change", AUTHENTICATION: "Authentication",
    ENTITY: "Entity Management", FINDING: "Detection Finding", SSH: "SSH Activity", HOSTING: "File Hosting Activity",
}  # fmt: skip
CATEGORY_NAMES = {
    0: "Uncategorized", 1: "System Activity", 2: "Findings", 3: "Identity & Access Management", 4: "Network Activity",
    6: "Application Activity",
}  # fmt: skip
CLASS = {
    "auth": AUTHENTICATION, "session": SSH, "channel": SSH, "target": SSH, "forward": SSH, "command": PROCESS,
    "file": HOSTING, "user": ACCOUNT, "risk": FINDING, "directory": ENTITY, "secret": ENTITY,
    "elevation": AUTHENTICATION,
}  # fmt: skip
"""OCSF class of each theme; others are base events."""

OTHER = 99
ACTIVITY = {
    "auth.succeeded": 1, "auth.failed": 1, "session.started": 1, "session.ended": 2, "session.refused": 5,
    "session.failed": 4, "session.interrupted": 3, "channel.opened": 1, "channel.closed": 2, "channel.refused": 5,
    "target.failed": 4, "forward.opened": 1, "forward.closed": 2, "command.executed": 1, "command.unmediated": 1,
    "user.activated": 2, "user.password_set": 3, "user.deactivated": 5, "user.locked": 9, "user.unlocked": 12,
    "risk.threshold": 1, "directory.changed": 3, "secret.sealed": 3,
}  # fmt: skip
"""OCSF activity of a kind within its class; others are 99, named by their kind."""
ACTIVITY_NAMES = {
    (AUTHENTICATION, 1): "Logon", (SSH, 1): "Open", (SSH, 2): "Close", (SSH, 3): "Reset", (SSH, 4): "Fail",
    (SSH, 5): "Refuse", (PROCESS, 1): "Launch", (ACCOUNT, 2): "Enable", (ACCOUNT, 3): "Password Change",
    (ACCOUNT, 5): "Disable", (ACCOUNT, 9): "Lock", (ACCOUNT, 12): "Unlock", (FINDING, 1): "Create",
    (ENTITY, 3): "Update", (HOSTING, 1): "Upload", (HOSTING, 2): "Download",
}  # fmt: skip
SEVERITY_ID = (1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6)
SEVERITY_NAMES = ("", "Informational", "Low", "Medium", "High", "Critical", "Fatal")


def theme(kind: str) -> str:
    """Return the first word of a kind."""
    return kind.partition(".")[0]


def outcome(kind: str) -> str:
    """Return ``success``, ``failure`` or ``unknown``, by the last word of a kind."""
    last = kind.rpartition(".")[2]
    return "failure" if last in FAILED else "success" if last in SUCCEEDED else "unknown"
