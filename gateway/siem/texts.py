r"""Text that can not forge a record.

The rule: whatever an operator or a target typed comes out on one line, in UTF-8, and without control characters: they
are written as ``\u001b``. What is harmless is not changed, so evidence stays readable.
"""

from __future__ import annotations

import json
from typing import Any

BIDI = "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
HOSTILE = [*map(chr, range(32)), *map(chr, range(127, 160)), "\u2028", "\u2029", "\ufeff", *BIDI]
WRITTEN = {ord(each): f"\\u{ord(each):04x}" for each in HOSTILE}
"""Control characters, line ends, the byte order mark and what turns text round, as they are written."""
IN_JSON = {code: words for code, words in WRITTEN.items() if code >= 127}
"""The same where JSON has not escaped them itself."""

_ENCODER = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), default=str)


def plain(value: Any) -> str:
    """Return a body's value as text: text as it is, everything else as JSON."""
    return value if isinstance(value, str) else str(value) if type(value) is int else _ENCODER.encode(value)


def printable(value: Any) -> str:
    """Return a value as one line without control characters."""
    return plain(value).translate(WRITTEN)


def json_line(told: Any) -> str:
    """Return JSON on one line; what is hostile to a terminal is escaped inside its strings."""
    return _ENCODER.encode(told).translate(IN_JSON)


def encoded(text: str) -> bytes:
    """Return text as UTF-8; a lone surrogate becomes ``?``."""
    return text.encode("utf-8", "replace")
