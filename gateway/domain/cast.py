"""A recording's events as text: how bytes become characters, and characters a frame document or an asciicast.

The rule: cut anywhere gives the same text. A character cut by a packet waits for its tail, in the next event
of the same code; bytes that are no UTF-8 stand as U+DC80–U+DCFF (PEP 383), so the bytes can always be had
back exactly. A frame document is ``{"snapshot": …, "events": [[t, code, text], …]}``, one segment of a
player; where a frame ends inside a character it also has ``"carry": {code: hex}``, the bytes that wait. The
snapshot, ``{"cols", "rows", "init"}`` or null, is the screen before the frame's first event.

Known limit: a character whose tail never comes is shown, as escapes, only by :meth:`Joiner.flush`.
"""

from __future__ import annotations

import codecs
import json
from collections.abc import Iterable, Mapping, Sequence
from json.encoder import encode_basestring_ascii
from typing import Any, NoReturn

import attrs

CODES = "oirmx"
"""Output, input, resize, marker, exit."""

STREAMS = "oi"
"""Codes whose events are pieces of a stream, so that a character may be cut between two of them."""

MAX_DOCUMENT = 8 << 20
"""Bytes of the largest frame document that is read."""

MAX_EVENTS = 1 << 18
"""Events of the largest frame document that is read."""

MAX_SNAPSHOT = 1 << 20
"""Characters, encoded, of the largest snapshot that is written; a larger one is left out."""

_UTF_8 = codecs.getincrementaldecoder("utf-8")


class CastError(ValueError):
    """A frame document that is none."""


@attrs.frozen
class Event:
    """One thing that happened, ``at`` seconds from the start of the session."""

    at: float
    code: str
    text: str


@attrs.frozen
class Document:
    """A decoded frame: its events, bytes that begin a character which the next frame ends, and the screen before."""

    events: tuple[Event, ...]
    carry: Mapping[str, bytes] = attrs.Factory(dict)
    snapshot: Mapping[str, Any] | None = None


class Joiner:
    """Turn the chunks of each stream into text, however they were cut."""

    __slots__ = ("_decoders",)

    def __init__(self, carry: Mapping[str, bytes] | None = None) -> None:
        self._decoders = {code: _UTF_8("surrogateescape") for code in STREAMS}
        for code, waiting in (carry or {}).items():
            self._decoders[code].setstate((waiting, 0))

    def feed(self, code: str, chunk: bytes) -> str:
        """Return the text that is certain by now; empty while a character waits for its tail."""
        decoder = self._decoders.get(code)
        if decoder is None:
            return chunk.decode("utf-8", "surrogateescape")
        return decoder.decode(chunk)

    def carry(self) -> dict[str, bytes]:
        """Return the bytes that wait, by code; codes where none wait are left out."""
        waiting = {code: decoder.getstate()[0] for code, decoder in self._decoders.items()}
        return {code: held for code, held in waiting.items() if held}

    def flush(self) -> list[tuple[str, str]]:
        """Return code and text of what waits, as escapes: the tails will not come."""
        held = [(code, decoder.decode(b"", True)) for code, decoder in self._decoders.items()]
        return [(code, text) for code, text in held if text]


def micros(at: float) -> int:
    """Return seconds as whole microseconds, the finest a recording knows; never below zero."""
    return max(0, int(at * 1_000_000 + 0.5))


def encode_event(at: int, code: str, text: str) -> str:
    """Return one event, ``at`` in microseconds, as it stands in a document and in an asciicast."""
    return f'[{at / 1_000_000!r},"{code}",{encode_basestring_ascii(text)}]'


def encode_snapshot(snapshot: Mapping[str, Any]) -> str:
    """Return a snapshot (``cols``, ``rows``, ``init``) as it stands in a document; ``null`` for one too large."""
    text = json.dumps({name: snapshot[name] for name in ("cols", "rows", "init")}, separators=(",", ":"))
    return text if len(text) <= MAX_SNAPSHOT else "null"


def encode_document(events: Iterable[str], carry: Mapping[str, bytes], snapshot: str = "null") -> bytes:
    """Return the frame document of what :func:`encode_event` and :func:`encode_snapshot` made; pure ASCII."""
    opening = f'{{"snapshot":{snapshot},"events":['
    ending = "]}"
    if carry:
        ending = '],"carry":' + json.dumps({code: carry[code].hex() for code in sorted(carry)}) + "}"
    return (opening + ",".join(events) + ending).encode("ascii")


def decode_document(document: bytes) -> Document:
    """Read a frame document; raise :exc:`CastError` for anything else."""
    if len(document) > MAX_DOCUMENT:
        raise CastError("frame document too large")
    try:
        read = json.loads(document, parse_constant=_refuse)
    except (ValueError, RecursionError) as error:
        raise CastError(f"no frame document: {error}") from None
    if not isinstance(read, dict) or not isinstance(read.get("events"), list):
        raise CastError("no frame document: events are missing")
    if len(read["events"]) > MAX_EVENTS:
        raise CastError("too many events in a frame document")
    events = tuple(_event(each) for each in read["events"])
    return Document(events, _carry(read.get("carry", {})), _snapshot(read.get("snapshot")))


def _refuse(constant: str) -> NoReturn:
    raise CastError(f"{constant} is no time")


def _event(read: Any) -> Event:
    match read:
        case [bool(), *_]:
            raise CastError("a time is a number")
        case [int() | float() as at, str(code), str(text)] if code in CODES and len(code) == 1:
            if 0 <= at < 1e12:
                return Event(float(at), code, text)
    raise CastError("no event in a frame document")


def _snapshot(read: Any) -> dict[str, Any] | None:
    match read:
        case None:
            return None
        case {"cols": bool(), **_rest} | {"rows": bool(), **_rest}:
            raise CastError("a size is a number")
        case {"cols": int() as cols, "rows": int() as rows, "init": str(init)} if 0 < min(cols, rows):
            return {"cols": cols, "rows": rows, "init": init}
    raise CastError("no snapshot in a frame document")


def _carry(read: Any) -> dict[str, bytes]:
    if not isinstance(read, dict):
        raise CastError("carry is no table")
    held = {}
    for code, text in read.items():
        if code not in tuple(STREAMS) or not isinstance(text, str) or len(text) > 6:
            raise CastError("carry names no waiting character")
        try:
            held[code] = bytes.fromhex(text)
        except ValueError:
            raise CastError("carry is not hex") from None
    return held


@attrs.frozen
class CastHeader:
    """The first line of an asciicast v2; ``timestamp`` in seconds since 1970."""

    width: int = 80
    height: int = 24
    timestamp: int = 0
    title: str = ""
    env: Mapping[str, str] = attrs.Factory(dict)

    def line(self) -> str:
        """Return the header as JSON; what is empty is left out."""
        document: dict[str, Any] = {"version": 2, "width": self.width, "height": self.height}
        for name in ("timestamp", "title", "env"):
            if getattr(self, name):
                document[name] = getattr(self, name)
        return json.dumps(document)


def asciicast(header: CastHeader, events: Sequence[Event]) -> bytes:
    """Return an asciicast v2 document, its events in order of time; equal times keep their order."""
    lines = [header.line()]
    lines += [encode_event(micros(each.at), each.code, each.text) for each in sorted(events, key=_time)]
    return ("\n".join(lines) + "\n").encode("ascii")


def _time(event: Event) -> float:
    return event.at


def size_of(text: str) -> tuple[int, int] | None:
    """Read ``80x24``; None for anything that is no size of a terminal."""
    width, _, height = text.partition("x")
    if not (width.isascii() and width.isdigit() and height.isascii() and height.isdigit()):
        return None
    if len(width) > 5 or len(height) > 5:
        return None
    return int(width), int(height)
