"""The running sessions, and the immediate orders that reach them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from twisted.internet.defer import Deferred
from zope.interface import Interface

from gateway.domain.lock import Lock


class IRoster(Interface):
    """The sessions of this process, and those it remembers from the journal."""

    def sessions(*, live: bool = False) -> Sequence[Mapping[str, Any]]:
        """Return the sessions, newest first, in the JSON shape of the public contract (``sessions``)."""

    def names() -> Sequence[str]:
        """Return the ids of all sessions, in no order; it costs little however many there are."""

    def find(prefix: str) -> Mapping[str, Any]:
        """Return ``session show`` for an id or unique prefix; raises KeyError, or ValueError when ambiguous."""

    def policy(prefix: str) -> tuple[str, bytes]:
        """Return a session's policy digest and its canonical JSON; raises as :meth:`find`."""

    def reference(ref: str) -> Mapping[str, Any]:
        """Return what stood in the way of a refusal (``why REF``); raises KeyError."""


class IOrders(Interface):
    """Lock, unlock, interrupt, deactivate: act first, then commit, then acknowledge.

    ``by`` is the admin's user name (or ``policy rule NAME``), ``by_name`` his full name, ``door`` where he came in.
    Each Deferred fires when the fact is on disk and the effect is complete on this node. Nobody orders for himself:
    ValueError.
    """

    def lock(scope: str, subject: str, *, by: str, by_name: str, reason: str, ttl: float | None, only: bool,
             door: str) -> Deferred[Mapping[str, Any]]:
        """Freeze and bar: scope ``user | session | target | group | all``; fires with the lock's JSON shape."""

    def unlock(scope: str, subject: str, *, by: str, by_name: str, reason: str,
               door: str) -> Deferred[Sequence[str]]:
        """Release every lock in force with that scope and subject; fires with the released lock ids."""

    def interrupt(scope: str, subject: str, *, by: str, by_name: str, reason: str,
                  door: str) -> Deferred[Sequence[str]]:
        """Cut sessions now: scope ``session | user``; fires with the ids of the sessions cut."""

    def mark(session: str, *, by: str, by_name: str, reason: str, door: str) -> Deferred[None]:
        """Put a mark (``reason`` is its label) into a running session's recording; its operator does not see it.

        Fails with ValueError for a session that does not run.
        """

    def deactivate(user: str, *, by: str, by_name: str, reason: str, door: str) -> Deferred[Sequence[str]]:
        """Switch an account off and end its sessions; fires with the ids of the sessions ended."""

    def activate(user: str, *, by: str, by_name: str, reason: str, door: str) -> Deferred[None]:
        """Switch an account on again."""

    def is_deactivated(user: str) -> bool:
        """Say whether a deactivation is in force."""

    def locks() -> Sequence[Mapping[str, Any]]:
        """Return the locks in force, in the JSON shape of the public contract (``locks``)."""

    def barring(user: str, groups: Sequence[str], target: str) -> Lock | None:
        """Return a lock that bars a new session, the oldest first."""
