"""JSON in the form of RFC 8785: one spelling of a document, so that what is hashed and signed has one hash.

The rule: the bytes are those of the reference, :mod:`rfc8785`, whose walk in Python costs some thirty times as much
as the standard library's encoder in C. So documents about which the two agree go through the latter: names in ASCII,
whole numbers within 2^53, and other numbers that both write without an exponent. All others take the long way.
"""

from __future__ import annotations

import json
from typing import Any, Final

import rfc8785

SAFE_INTEGER: Final = 2**53 - 1
"""The largest whole number that every reader of JSON understands alike (RFC 7493)."""

_ENCODE: Final = json.JSONEncoder(
    ensure_ascii=False, check_circular=False, allow_nan=False, sort_keys=True, separators=(",", ":")
).encode


def canonical_json(document: Any) -> bytes:
    """Return a document's one spelling; raise ValueError for what has none, RecursionError where it is too deep."""
    known = quick_json(document)
    return rfc8785.dumps(document) if known is None else known


def quick_json(document: Any) -> bytes | None:
    """Return a document's one spelling where the quick way knows it; None says nothing about whether it has one."""
    if not _agreed(document):
        return None
    text = _ENCODE(document)
    try:
        return text.encode("utf-8")
    except UnicodeEncodeError:
        return None


def _agreed(value: Any) -> bool:
    """Say whether both encoders write a value alike."""
    kind = type(value)
    if kind is str or value is None or kind is bool:
        return True
    if kind is dict:
        return all(type(name) is str and name.isascii() for name in value) and all(map(_agreed, value.values()))
    if kind is list or kind is tuple:
        return all(map(_agreed, value))
    if kind is int:
        return bool(-SAFE_INTEGER <= value <= SAFE_INTEGER)
    return isinstance(value, float) and 1e-4 <= abs(value) < 1e15 and not value.is_integer()
