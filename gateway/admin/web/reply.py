"""What is answered, as one value.

The rule: every reply carries the same headers of caution; what a page may load is this origin's alone, and no script
or style stands in a page. What belongs to a person is never kept by a cache.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Any, Protocol

import attrs

from gateway.admin.refusal import Exit, Refusal
from gateway.admin.render import error_json

HTML, JSON, TEXT = "text/html; charset=utf-8", "application/json", "text/plain; charset=utf-8"
POLICY = (
    "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; img-src 'self' data:; "
    "font-src 'self'; connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)
CAUTION = (
    ("Content-Security-Policy", POLICY),
    ("X-Content-Type-Options", "nosniff"),
    ("X-Frame-Options", "DENY"),
    ("Referrer-Policy", "same-origin"),
    ("Cross-Origin-Opener-Policy", "same-origin"),
    ("Cross-Origin-Resource-Policy", "same-origin"),
    ("Permissions-Policy", "camera=(), geolocation=(), microphone=(), payment=(), usb=()"),
)
STRICT_TRANSPORT = ("Strict-Transport-Security", "max-age=31536000")
FORGET = ("Cache-Control", "no-store")
FOR_EVER = ("Cache-Control", "public, max-age=31536000, immutable")

STATUS = {
    Exit.OK: HTTPStatus.OK,
    Exit.USAGE: HTTPStatus.BAD_REQUEST,
    Exit.DENIED: HTTPStatus.FORBIDDEN,
    Exit.CONFIGURATION: HTTPStatus.UNPROCESSABLE_ENTITY,
    Exit.LATER: HTTPStatus.SERVICE_UNAVAILABLE,
    Exit.INTERNAL: HTTPStatus.INTERNAL_SERVER_ERROR,
}
KINDS = {
    "not_found": HTTPStatus.NOT_FOUND,
    "locked": HTTPStatus.FORBIDDEN,
    "too_many": HTTPStatus.TOO_MANY_REQUESTS,
    "unauthorized": HTTPStatus.UNAUTHORIZED,
    "method": HTTPStatus.METHOD_NOT_ALLOWED,
}
"""Where a refusal's kind says more than its exit code."""


class Pipe(Protocol):
    """An open answer that goes on."""

    async def send(self, chunk: bytes) -> None:
        """Write, waiting while the reader takes nothing."""

    def offer(self, chunk: bytes) -> bool:
        """Write if the reader takes something now; return whether he did."""


@attrs.frozen
class Reply:
    """One answer; ``stream`` writes what follows the body, for as long as it runs."""

    code: int = HTTPStatus.OK
    body: bytes = b""
    kind: str = HTML
    headers: tuple[tuple[str, str], ...] = (FORGET,)
    stream: Callable[[Pipe], Awaitable[None]] | None = None
    make: Callable[[], bytes] | None = None
    """Makes the body, in a thread: a page of hundreds of rows takes ten milliseconds."""

    def also(self, *headers: tuple[str, str]) -> Reply:
        """Return it with more headers."""
        return attrs.evolve(self, headers=(*self.headers, *headers))


def status_of(code: int, kind: str = "") -> int:
    """Return the HTTP status of an exit code; verbs' own codes (1, 2, 3) with an answer are successes."""
    if kind in KINDS:
        return KINDS[kind]
    known = {int(each): status for each, status in STATUS.items()}
    return known.get(int(code), HTTPStatus.CONFLICT if kind else HTTPStatus.OK)


def refused(refusal: Refusal) -> Reply:
    """Return a refusal as the JSON of the public contract."""
    return Reply(status_of(refusal.code, refusal.kind), error_json(refusal), JSON)


def json_reply(value: Any, code: int = HTTPStatus.OK) -> Reply:
    """Return a JSON document."""
    return Reply(code, json.dumps(value, ensure_ascii=True, allow_nan=False).encode() + b"\n", JSON)


def text_reply(text: str, code: int = HTTPStatus.OK) -> Reply:
    """Return plain text."""
    return Reply(code, text.encode("utf-8", "replace"), TEXT)


def see_other(place: str, *headers: tuple[str, str]) -> Reply:
    """Send the browser elsewhere, with GET."""
    return Reply(HTTPStatus.SEE_OTHER, b"", TEXT, (FORGET, ("Location", place), *headers))
