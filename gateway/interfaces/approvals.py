"""Requests that wait for approvers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from twisted.internet.defer import Deferred
from zope.interface import Interface


class ApprovalError(ValueError):
    """A request can not be answered so; says why, in words for a person."""


class IApprovals(Interface):
    """What waits on this node, and the answers.

    ``by`` is the approver's name, ``by_name`` his full name, ``door`` where he came in. Both answers raise
    :exc:`ApprovalError` for what does not wait (any more), ValueError for an answer to oneself.
    """

    def requests() -> Sequence[Mapping[str, Any]]:
        """Return what waits, oldest first: ``id, subject command|session, session, operator, account, target, command,
        rule, since, until, needed, given, source``; times in seconds since the epoch."""

    def approve(prefix: str, *, by: str, by_name: str, reason: str, door: str) -> Deferred[Mapping[str, Any]]:
        """Agree; fires, once it is on disk, with the request's row and its ``state given|waiting``."""

    def deny(prefix: str, *, by: str, by_name: str, reason: str, door: str) -> Deferred[Mapping[str, Any]]:
        """Refuse at once; fires when it is on disk, with the request's row and the ``state denied``."""
