"""The audit log, as it stands and as it grows.

The rule: entries are read from the journal page by page in a thread, as fast as the door takes them;
following keeps no queue, it reads on where it was whenever something new is committed.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from functools import partial
from itertools import islice

import attrs
from twisted.internet.defer import Deferred

from gateway.admin.answer import Answer, Form, Row
from gateway.admin.arguments import Option
from gateway.admin.refusal import usage
from gateway.admin.room import ADMIN, AUDITOR, Room
from gateway.admin.verb import Call, Verb, roles
from gateway.admin.verbs.sessions import asked_moment, session_id
from gateway.domain.facts import KINDS, Entry, flat
from gateway.domain.snapshot import matches

PAGE = 256
MOST_LAST = 10_000


async def events(call: Call) -> Answer:
    """Write the audit log, oldest first."""
    if call["follow"] and call.form is Form.JSON:
        raise usage("--follow has no end, so it can not be one JSON object: use --ndjson, which is the default")
    if call.form is Form.CSV:
        raise usage("events have many shapes: they are written as --ndjson or --json")
    wanted = _Wanted(
        kinds=_kinds(call["kind"]),
        session=session_id(call.room, call["session"]) if call["session"] else None,
        since=asked_moment(call, "since") if call["since"] else 0.0,
    )
    after = call["after"] or 0
    if call["last"] is not None:
        after = await call.room.in_thread(partial(_before_last, call.room, wanted, call["last"]))
    return Answer(stream=_rows(call.room, wanted, after, follow=call["follow"]))


def count(text: str) -> int:
    """Read how many. Raises ValueError in words."""
    if not text.isascii() or not text.isdigit() or not 0 < int(text) <= MOST_LAST:
        raise ValueError(f"expected a whole number from 1 to {MOST_LAST}, not {text!r}")
    return int(text)


def place(text: str) -> int:
    """Read an event's seq. Raises ValueError in words."""
    if not text.isascii() or not text.isdigit() or len(text) > 15:
        raise ValueError(f"expected an event's seq, not {text!r}")
    return int(text)


def _before_last(room: Room, wanted: _Wanted, last: int) -> int:
    """Return the seq behind which the last so many entries stand that are wanted; looks back as far as it must."""
    head, window = room.journal.head()[0], max(PAGE, 4 * last)
    while True:
        start = max(0, head - window)
        found = [
            entry.seq
            for entry in room.journal.entries(start, wanted.kinds, wanted.session)
            if entry.time >= wanted.since
        ]
        if len(found) >= last:
            return found[-last] - 1
        if start == 0:
            return 0
        window *= 4


@attrs.frozen
class _Wanted:
    kinds: tuple[str, ...]
    session: str | None
    since: float


def _kinds(patterns: tuple[str, ...]) -> tuple[str, ...]:
    for pattern in patterns:
        if not any(matches(pattern, kind) for kind in KINDS):
            raise usage(f"--kind: {pattern!r} is no kind of event, nor a pattern that matches one")
    return tuple(kind for kind in KINDS if any(matches(pattern, kind) for pattern in patterns))


def _page(room: Room, after: int, wanted: _Wanted) -> list[Entry]:
    return list(islice(room.journal.entries(after, wanted.kinds, wanted.session), PAGE))


async def _rows(room: Room, wanted: _Wanted, after: int, *, follow: bool) -> AsyncIterator[Row]:
    bell = _Bell()
    cease = room.journal.follow(bell.ring) if follow else None
    try:
        while True:
            page = await room.in_thread(partial(_page, room, after, wanted))
            for entry in page:
                after = entry.seq
                if entry.time >= wanted.since:
                    yield flat(entry)
            if not page and not follow:
                return
            if not page:
                await bell.rung()
    finally:
        if callable(cease):
            cease()


@attrs.define
class _Bell:
    """Remember that something was committed, however often, until it is asked for."""

    _rung: bool = False
    _waiting: Deferred[None] | None = None

    def ring(self, entry: object) -> None:
        waiting, self._waiting = self._waiting, None
        self._rung = waiting is None
        if waiting is not None and not waiting.called:
            waiting.callback(None)

    async def rung(self) -> None:
        if not self._rung:
            self._waiting = Deferred()
            await self._waiting
        self._rung = False


VERBS = (
    Verb("events", "the audit log, one JSON object a line", events, roles(ADMIN, AUDITOR), (), (
        Option("--follow", "go on with what happens from now on"),
        Option("--session", "of this session", word="ID"),
        Option("--kind", "of this kind, or a glob", word="KIND", many=True),
        Option("--since", "since then, or so long ago", word="TIME"),
        Option("--after", "behind the event with this seq", word="SEQ", kind=place),
        Option("--last", "the last so many alone", word="COUNT", kind=count),
    ), lists=True),
)  # fmt: skip
