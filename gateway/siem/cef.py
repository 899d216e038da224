"""ArcSight's Common Event Format, version 0, with the keys of its dictionary.

The rule: the whole event also stands in ``msg``, last, as JSON; the named keys are for correlation.
"""

from __future__ import annotations

from typing import Any

from gateway.domain.facts import KINDS, Entry, flat
from gateway.siem.product import PRODUCT, VENDOR, VERSION, graveness
from gateway.siem.texts import WRITTEN, json_line, plain

KEYS = {
    "externalId": "id", "cat": "kind", "dvchost": "node", "outcome": "outcome", "reason": "reason", "act": "action",
    "src": "source", "suser": "user", "dhost": "target", "duser": "account", "filePath": "path", "fsize": "size",
    "fileHash": "sha256",
}  # fmt: skip
"""Keys of the dictionary, and ours."""
LABELLED = {
    "cs1": "session", "cs2": "rule", "cs3": "command", "cs4": "policy", "cs5": "by", "cn1": "risk", "cn2": "score",
    "cn3": "seq",
}  # fmt: skip
"""Custom keys, which carry a label: ours."""

_ESCAPED = {code: f"\\{words}" for code, words in WRITTEN.items()}
_HEADER = {**_ESCAPED, ord("\\"): "\\\\", ord("|"): "\\|"}
_VALUE = {**_ESCAPED, ord("\\"): "\\\\", ord("="): "\\=", ord("\n"): "\\n", ord("\r"): "\\r"}


def cef(entry: Entry) -> str:
    """Return an entry as one line of CEF."""
    told = flat(entry)
    known = KINDS.get(entry.kind)
    name = known.meaning if known else entry.kind
    number = known.number if known else 0
    front = (VENDOR, PRODUCT, VERSION, str(number), name, str(graveness(entry.severity)))
    pairs = [f"rt={round(entry.time * 1000)}", "app=SSH"]
    pairs += [f"{key}={_value(told[ours])}" for key, ours in KEYS.items() if _has(told, ours)]
    for key, ours in LABELLED.items():
        if _has(told, ours):
            pairs.append(f"{key}Label={ours} {key}={_value(told[ours])}")
    pairs.append(f"msg={_value(json_line(told))}")
    return f"CEF:0|{'|'.join(each.translate(_HEADER) for each in front)}|{' '.join(pairs)}"


def _has(told: dict[str, Any], key: str) -> bool:
    return told.get(key) is not None and told[key] != ""


def _value(value: Any) -> str:
    return plain(value).translate(_VALUE)
