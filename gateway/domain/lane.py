"""The two closed vocabularies of a session: what happens to it, and what it does.

The rule: a gate or tap speaks these words and no others. A new capability is a gate or a tap, not a new word; a new
word needs a reason in its commit. ``at`` (seconds since the session's start) comes with every event that is fed;
nothing in here asks for the time.

Events come in: :class:`Bytes`, :class:`End`, :class:`Close`, :class:`Resize`, :class:`Request`, :class:`Tick`,
:class:`Answered`, :class:`Order`. Effects go out: those of the first five that passed every gate, and :class:`Notice`,
:class:`Inject`, :class:`Hold`, :class:`Credit`, :class:`Ask`, :class:`Withdraw`, :class:`Tell`, :class:`Mark`,
:class:`Refuse`, :class:`GiveOrder`, :class:`EndSession`.
"""

from __future__ import annotations

import enum
from typing import Any

import attrs

from gateway.domain.facts import Fact
from gateway.domain.secret import Secret


class Lane(enum.Enum):
    """Name a direction by where it leads."""

    TO_TARGET = "to_target"
    TO_OPERATOR = "to_operator"

    __hash__ = object.__hash__  # the one of Enum is written in Python, and lanes are keys for each packet


@attrs.frozen
class Bytes:
    """Carry bytes along a lane; ``stderr`` marks extended data of type 1."""

    lane: Lane
    chunk: bytes
    stderr: bool = False


@attrs.frozen
class End:
    """Say that no more bytes come along a lane (EOF)."""

    lane: Lane


@attrs.frozen
class Close:
    """Say that the channel was closed by the side the lane comes from; it travels behind everything else."""

    lane: Lane


@attrs.frozen
class Resize:
    """Give the operator's terminal a new size, in cells."""

    columns: int
    rows: int
    payload: bytes = attrs.field(default=b"", repr=False)
    """The request as it came, pixels included, to be relayed as it is."""

    @property
    def lane(self) -> Lane:
        """A size always travels to the target."""
        return Lane.TO_TARGET


@attrs.frozen
class Request:
    """Carry a channel request (RFC 4254 §5.4) along a lane; ``slot`` ties the answer to the question, if any."""

    lane: Lane
    name: str
    payload: bytes
    slot: int | None = None


@attrs.frozen
class Tick:
    """Say that time has passed; what waits for a silence may go on."""


@attrs.frozen
class Answered:
    """Bring the answer to a ticket; ``answer`` is what the asker expects."""

    ticket: int
    answer: Any


class OrderKind(enum.Enum):
    """The closed set of immediate orders: each can bar, end or annotate; none permits anything."""

    LOCK = "lock"
    UNLOCK = "unlock"
    INTERRUPT = "interrupt"
    DEACTIVATE = "deactivate"
    MARK = "mark"
    PRESENCE = "presence"


@attrs.frozen
class Order:
    """Give an immediate order: who says so, why, and the words the operator may see."""

    kind: OrderKind
    by: str
    reason: str = ""
    notice: str = ""


@attrs.frozen
class Notice:
    """Tell the operator one line; recorded, because the recording shows what was seen.

    Where ``drawn`` is given it is what a terminal gets instead: a line over its screen, or the screen as it was.
    """

    text: str
    drawn: bytes | None = attrs.field(default=None, repr=False)


@attrs.frozen
class Inject:
    """Write a secret to a lane; no tap ever receives this."""

    lane: Lane
    secret: Secret


@attrs.frozen
class Hold:
    """Account for bytes a gate keeps back on a lane: their window is not refunded."""

    lane: Lane
    count: int


@attrs.frozen
class Credit:
    """Account for held bytes that are held no longer, passed on or swallowed."""

    lane: Lane
    count: int


@attrs.frozen
class Ask:
    """Ask somebody outside; what the gate passes on along ``lane`` waits for the answer."""

    ticket: int
    lane: Lane
    question: Any


@attrs.frozen
class Withdraw:
    """Take back what was asked: no answer comes any more, and what waited for it goes on behind this."""

    ticket: int


@attrs.frozen
class Tell:
    """Tell a fact of this session."""

    fact: Fact


@attrs.frozen
class Mark:
    """Put a mark into the recording."""

    label: str


@attrs.frozen
class Refuse:
    """Refuse this channel: the line is said, the exit code given, the channel closed; the target sees nothing."""

    code: int
    text: str


@attrs.frozen
class GiveOrder:
    """Give an order about the operator because a rule says so; its reach goes beyond this session."""

    kind: OrderKind
    rule: str


@attrs.frozen
class EndSession:
    """End the whole session with a stable reason word; ``text`` None ends it without a word."""

    code: int
    reason: str
    text: str | None = None


LaneEvent = Bytes | End | Close | Resize | Request
Event = LaneEvent | Tick | Answered | Order
Effect = LaneEvent | Notice | Inject | Hold | Credit | Ask | Withdraw | Tell | Mark | Refuse | GiveOrder | EndSession
Seen = LaneEvent | Notice | Mark
"""What taps are shown."""
