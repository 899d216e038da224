r"""A body as bytes, and back.

The rule: a body is stored as RFC 8785 canonical JSON, so equal bodies have equal hashes; what quotes hostile
bytes is always told. So text that is not Unicode and numbers that JSON can not carry are written down in
another form instead of being refused:

* U+DC80-U+DCFF (bytes that were not UTF-8) become ``\x80``-``\xff``, any other lone surrogate U+FFFD;
* numbers beyond 2**53 - 1 either way, infinities and NaN become text;
* tuples become lists.

Anything else (bytes, sets, keys that are not text) is a mistake of the teller and raises ValueError.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from gateway.domain.canonical import SAFE_INTEGER, canonical_json, quick_json
from gateway.domain.facts import Told

BODY_LIMIT = 4 * 1024 * 1024
"""Bytes; a longer body is refused with ValueError."""

_SURROGATES = re.compile("[\ud800-\udfff]")


def canonical_body(body: Told) -> bytes:
    """Return a body's canonical JSON; raise ValueError where it is not made of JSON values."""
    try:
        raw = quick_json(body)
        if raw is None:
            raw = canonical_json(_plain(body))
    except RecursionError:
        raise ValueError("the body is nested too deeply") from None
    if len(raw) > BODY_LIMIT:
        raise ValueError(f"the body has {len(raw)} bytes, more than {BODY_LIMIT}")
    return raw


def body_from(raw: bytes) -> dict[str, Any]:
    """Read a stored body; raise ValueError for anything that is not a JSON object."""
    try:
        body = json.loads(raw.decode("utf-8"))
    except RecursionError:
        raise ValueError("the body is nested too deeply") from None
    if not isinstance(body, dict):
        raise ValueError("the body is not a JSON object")
    return body


def session_of(body: Told) -> str | None:
    """Return the session a body speaks of, if any: the text under ``session``."""
    session = body.get("session")
    return session if isinstance(session, str) else None


def _plain(value: Any) -> Any:
    if isinstance(value, str):
        return value if value.isascii() else _SURROGATES.sub(_spelled, value)
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int):
        return int(value) if abs(value) <= SAFE_INTEGER else str(value)
    if isinstance(value, float):
        return value if abs(value) <= SAFE_INTEGER else str(value)
    return _plain_many(value)


def _plain_many(value: Any) -> Any:
    if isinstance(value, Mapping):
        if not all(isinstance(key, str) for key in value):
            raise ValueError("the keys of a body are text")
        return {_plain(key): _plain(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    raise ValueError(f"a body is made of JSON values, and {type(value).__name__} is none")


def _spelled(match: re.Match[str]) -> str:
    code = ord(match.group())
    return f"\\x{code - 0xDC00:02x}" if 0xDC80 <= code <= 0xDCFF else "�"
