"""Exit codes, and the one exception by which a verb says no.

The rule: whoever refuses says what happened, to what, and what to do next; the code is the public contract's.
"""

from __future__ import annotations

import enum


class Exit(enum.IntEnum):
    """Exit codes of verbs."""

    OK = 0
    FAILED = 1
    UNSEALED = 2
    DIFFERENT = 3
    USAGE = 64
    INTERNAL = 70
    LATER = 75
    DENIED = 77
    CONFIGURATION = 78


class Refusal(Exception):
    """A verb ends without its effect; ``kind`` is a stable word for programs."""

    def __init__(self, code: int, kind: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.kind = kind
        self.message = message


def usage(message: str) -> Refusal:
    """Return the refusal of a command line."""
    return Refusal(Exit.USAGE, "usage", message)


def denied(message: str) -> Refusal:
    """Return the refusal for want of a right."""
    return Refusal(Exit.DENIED, "denied", message)


def missing(message: str) -> Refusal:
    """Return the refusal because something named is not there."""
    return Refusal(Exit.FAILED, "not_found", message)
