"""The question a gate asks about who asks, and its two answers."""

from __future__ import annotations

import attrs

from gateway.domain.secret import Secret

LEVELS = ("text", "strong", "certain")
"""How well it is proven who asks, from nothing but the words of a prompt upwards."""

AGAIN = "again"
"""Why a process is not answered that was answered already."""


@attrs.frozen
class Wanted:
    """Ask who asks on a channel's terminal, and for what is to be typed if it is proven."""

    program: str
    method: str


@attrs.frozen
class Proven:
    """It is proven who asks, and told: type the line. The secret is what is looked for in what is shown."""

    level: str
    argv: tuple[str, ...]
    line: Secret
    secret: Secret


@attrs.frozen
class Withheld:
    """There is no answer: a stable reason, and words for the operator, empty where he has read them already."""

    reason: str
    words: str = ""


@attrs.define
class Tried:
    """What a session's channels share: whether an answer has failed; then no other is given."""

    failed: bool = False
