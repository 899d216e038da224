"""A fact as it may leave the node: one flat object, without what is kept secret.

The rule: hashes, tags of one-time codes and sealed boxes stand in bodies because folds rest on them; nobody who reads
events, on the node or in a SIEM, is ever shown them.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import attrs

from gateway.domain.facts.catalogue import KINDS
from gateway.domain.facts.fact import Entry

TOLD = frozenset({"user", "secret", "version", "epoch", "by", "reason", "ends"})
TOKEN = frozenset({"token", "user", "name", "role", "origin", "by", "reason", "door", "ends"})
WITHHELD = {"user.password_set": TOLD, "secret.sealed": TOLD, "token.added": TOKEN}
"""Kinds that keep hashes, codes or sealed boxes in their bodies, and the only keys of theirs that are shown."""


def flat(entry: Entry) -> dict[str, Any]:
    """Return an entry as one flat object: the envelope's keys and the body's, but nothing that is kept secret."""
    known = KINDS.get(entry.kind)
    envelope = {
        "id": entry.id,
        "seq": entry.seq,
        "time": _utc(entry.time),
        "node": entry.origin.partition("#")[0],
        "kind": entry.kind,
        "number": known.number if known else None,
        "severity": entry.severity,
    }
    body = entry.body or {}
    shown = WITHHELD.get(entry.kind)
    told = set(body) - set(envelope) if shown is None else shown & set(body)
    return {**envelope, **{key: body[key] for key in body if key in told}}


def leaving(entry: Entry) -> Entry:
    """Return an entry as it may leave the node, for those who take it as a value."""
    shown = WITHHELD.get(entry.kind)
    if shown is None or entry.body is None:
        return entry
    return attrs.evolve(entry, body={key: entry.body[key] for key in entry.body if key in shown})


def _utc(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
