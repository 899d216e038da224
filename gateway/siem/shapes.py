"""The formats by name, and an entry cut to the length a way out can carry.

The rule: nothing is cut that fits. What does not fit loses the end of its longest texts, which say so themselves, never
the end of the message: every format stays well-formed.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import attrs

from gateway.domain.facts import Entry, flat
from gateway.siem.cef import cef
from gateway.siem.ecs import ecs
from gateway.siem.leef import leef
from gateway.siem.ocsf import ocsf
from gateway.siem.rfc5424 import NIL, header, rfc5424
from gateway.siem.texts import encoded, plain

FORMATS: dict[str, Callable[[Entry], str]] = {
    "rfc5424": rfc5424, "cef": cef, "leef": leef, "ecs": ecs, "ocsf": ocsf,
}  # fmt: skip
"""Each format as pam.toml names it: an entry as one line of text."""

KEPT_CHARACTERS = (8192, 2048, 512, 128, 32)
IDENTITY = ("session", "user", "source", "target", "account", "rule", "by", "outcome", "reason")
"""What is left of a body that can not be shortened enough."""


@attrs.frozen
class Shape:
    """Say how entries are written: a format, whether it goes in a syslog message, and the most bytes of one."""

    format: str
    syslog: bool
    most: int

    def __call__(self, entry: Entry) -> bytes:
        """Return an entry as bytes without a line end."""
        raw = encoded(self._text(entry))
        return raw if len(raw) <= self.most else self._cut(entry)

    def _text(self, entry: Entry) -> str:
        text = FORMATS[self.format](entry)
        if self.syslog and self.format != "rfc5424":
            return f"{header(flat(entry))} {NIL} {text}"
        return text

    def _cut(self, entry: Entry) -> bytes:
        body = entry.body or {}
        for length in KEPT_CHARACTERS:
            raw = encoded(self._text(attrs.evolve(entry, body=_shortened(body, length))))
            if len(raw) <= self.most:
                return raw
        small = _shortened({key: body[key] for key in IDENTITY if key in body}, KEPT_CHARACTERS[-1])
        return encoded(self._text(attrs.evolve(entry, body=small)))


def _shortened(body: Any, length: int) -> dict[str, Any]:
    found: dict[str, Any] = {"truncated": True}
    for key, value in body.items():
        text = plain(value)
        found[key] = value if len(text) <= length else f"{text[:length]}… ({len(text)} characters)"
    return found
