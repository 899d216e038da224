"""What a job may do while the operator's stream waits for it.

The rule: a job is a generator. It yields a :class:`Send`, :data:`WAIT` or a :class:`~gateway.domain.depot.Question` and
gets the answer as the value of that ``yield``; with :class:`Answer` it answers the operator, with :class:`Forward` it
passes on what he asked. Anything else it yields is an effect of the gate. It never sees a clock or a file.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import attrs

from gateway.domain.depot import Kept, Question, Settle
from gateway.domain.sftp.codec import Asked, Reply


@attrs.frozen
class Send:
    """Send a request of the gateway's own to the target; ``body`` is what follows its id.

    A DATA that answers it is written to ``sink`` at ``offset``; its answer is a :class:`Reply` with ``length``.
    ``tag`` comes back with the answer.
    """

    kind: int
    body: bytes
    sink: Kept | None = None
    offset: int = 0
    tag: Any = None


class _Wait:
    """The type of :data:`WAIT`."""


WAIT = _Wait()
"""Wait for the next answer of the target to a :class:`Send`; the value is ``(tag, Reply)``."""


@attrs.frozen
class Answer:
    """Answer the operator with a whole packet."""

    raw: bytes


@attrs.frozen
class Forward:
    """Pass on what the operator asked; ``raw`` is the packet."""

    asked: Asked
    raw: bytes


Job = Generator[Any, Any, Any]


def settled(kept: Kept) -> Job:
    """Wait until all of a file is written."""
    yield Question(Settle(kept))


def call(kind: int, body: bytes) -> Generator[Any, Any, Reply]:
    """Send one request and wait for its answer."""
    yield Send(kind, body)
    _, answer = yield WAIT
    assert isinstance(answer, Reply)  # noqa: S101 - what WAIT is
    return answer
