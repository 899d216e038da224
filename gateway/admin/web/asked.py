"""What a browser or program asked, as one value.

The rule: everything that came is bounded and decoded here, once; what is no UTF-8 or no path is refused, never
guessed. Nothing beyond this module looks at Twisted's request.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl, unquote

import attrs

from gateway.admin.refusal import usage

MOST_FIELDS = 200
FORM = "application/x-www-form-urlencoded"
MANY = tuple[tuple[str, str], ...]


@attrs.frozen
class Ask:
    """One request; header names are lower case, ``source`` is the client's address, ``secure`` says TLS."""

    method: str = "GET"
    path: str = "/"
    query: MANY = ()
    headers: Mapping[str, str] = attrs.field(factory=dict, repr=False)
    cookies: Mapping[str, str] = attrs.field(factory=dict, repr=False)
    body: bytes = attrs.field(default=b"", repr=False)
    source: str = ""
    secure: bool = False

    def asked(self, key: str) -> str:
        """Return a word of the query, empty where there is none."""
        return next((value for name, value in self.query if name == key), "")

    def header(self, name: str) -> str:
        """Return a header, empty where there is none."""
        return self.headers.get(name, "")

    @property
    def agent(self) -> str:
        """The browser's own words for itself, cut to a line."""
        return self.header("user-agent")[:200]

    @property
    def writes(self) -> bool:
        """Say whether it may change something."""
        return self.method not in ("GET", "HEAD", "OPTIONS")

    @property
    def form(self) -> dict[str, str]:
        """The fields of a posted form. Raises :exc:`gateway.admin.refusal.Refusal`."""
        if self.header("content-type").partition(";")[0].strip().lower() != FORM:
            raise usage(f"expected a form ({FORM})")
        return dict(pairs(self.body))

    @property
    def document(self) -> dict[str, Any]:
        """The JSON object of the body, empty where there is no body. Raises :exc:`gateway.admin.refusal.Refusal`."""
        if not self.body:
            return {}
        if self.header("content-type").partition(";")[0].strip().lower() != "application/json":
            raise usage("expected a JSON object (content-type: application/json)")
        try:
            found = json.loads(self.body.decode("utf-8"))
        except (ValueError, RecursionError):  # also a number of thousands of digits
            raise usage("the body is not JSON in UTF-8") from None
        if not isinstance(found, dict):
            raise usage("expected one JSON object")
        return found


def pairs(text: bytes) -> MANY:
    """Read a query or form. Raises :exc:`gateway.admin.refusal.Refusal`."""
    try:
        found = parse_qsl(text.decode("ascii"), True, max_num_fields=MOST_FIELDS, errors="strict")
    except ValueError:
        raise usage("the fields can not be read") from None
    return tuple(found)


def path_of(raw: bytes) -> str:
    """Return a path that is safe to compare: absolute, decoded once, without dots that climb. Raises Refusal."""
    try:
        text = unquote(raw.decode("ascii"), errors="strict")
    except (UnicodeDecodeError, ValueError):
        raise usage("the path can not be read") from None
    parts = text.split("/")
    if not text.startswith("/") or ".." in parts or "." in parts or not text.isprintable():
        raise usage("the path can not be read")
    return text


def cookies_of(header: str) -> dict[str, str]:
    """Return cookies by name; of two with one name the first, and nothing of what is malformed."""
    found: dict[str, str] = {}
    for part in header.split(";")[:100]:
        name, equals, value = part.strip().partition("=")
        if equals and name:
            found.setdefault(name, value.strip('"'))
    return found
