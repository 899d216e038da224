"""A question to approvers, and their answer, as values.

The rule: what waits for approval runs only when somebody else than the operator says so, in time; a refusal, the
operator's own Ctrl-C, a time that is over and the death of the node all mean no. Nobody is asked twice, and no
approval outlives the line or the session it was given for.
"""

from __future__ import annotations

import enum

import attrs

CANCEL = b"\x03"
"""Ctrl-C: what takes a question back."""


class Ruling(enum.Enum):
    """How a question ended."""

    GIVEN = "given"
    DENIED = "denied"
    EXPIRED = "expired"
    """Nobody answered in time."""
    NOBODY = "nobody"
    """There is nobody who could answer."""
    WITHDRAWN = "withdrawn"
    """The operator took it back, or is gone."""


@attrs.frozen
class Review:
    """Ask approvers: about a line that a rule wants reviewed, or, without a line, about a whole session."""

    line: str = ""
    rule: str = ""
    known_by: str = ""
    needed: int = 1
    """So many different people have to agree."""
    purpose: str = ""
    """Why a session is wanted, in the operator's words."""

    @property
    def subject(self) -> str:
        """Return what is asked about: ``command | session``."""
        return "command" if self.line else "session"


@attrs.frozen
class Decision:
    """Answer a question: who decided, and the reason given."""

    ruling: Ruling
    by: str = ""
    by_name: str = ""
    reason: str = ""

    @property
    def given(self) -> bool:
        """Say whether it may run."""
        return self.ruling is Ruling.GIVEN

    @property
    def words(self) -> str:
        """Return how it ended, for the operator."""
        who = self.by_name or self.by
        why = f": {self.reason}" if self.reason else ""
        match self.ruling:
            case Ruling.GIVEN:
                return f"approved by {who}{why}"
            case Ruling.DENIED:
                return f"denied by {who}{why}"
            case Ruling.EXPIRED:
                return "nobody answered in time"
            case Ruling.NOBODY:
                return "nobody can approve it"
            case _:
                return "withdrawn"
