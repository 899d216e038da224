"""Where a session's inspectors come from, and where a file goes that one of them wants kept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import attrs
from twisted.internet.defer import Deferred
from zope.interface import Interface

from gateway.domain.entries import Inspector
from gateway.domain.evaluation import Spooled, Transfer
from gateway.interfaces.inspectors import IFileInspector


@attrs.frozen
class Referenced:
    """What a ``file:`` in an inspector's settings stands for: the content as it was when the policy was frozen."""

    path: str
    sha256: str
    content: bytes = attrs.field(repr=False)


class IInspectors(Interface):
    """The inspectors of this node, by what the configuration names."""

    def configured(inspector: Inspector) -> Deferred[IFileInspector]:
        """Make an inspector from frozen settings, in a thread; equal settings may share one.

        Fails with :exc:`~gateway.interfaces.InspectorError` or ValueError where it can not be made.
        """


class IQuarantine(Interface):
    """Files that were denied and are kept for an admin, by SHA-256, with a sidecar that says where they come from."""

    def keep(
        transfer: Transfer, spooled: Spooled, verdicts: Sequence[Mapping[str, Any]], rule: str
    ) -> Deferred[str]:
        """Keep a file and tell ``file.quarantined``; fires with its id, empty where it could not be kept (told)."""

    def items() -> Deferred[Sequence[Mapping[str, Any]]]:
        """Return a row a file, newest first: ``id, sha256, size, kept, until, operator, target, path, rule, seen``."""

    def show(prefix: str) -> Deferred[Mapping[str, Any]]:
        """Return one file's row with all its occurrences; fails with KeyError, or ValueError where several fit."""

    def release(prefix: str, to: str, *, by: str, reason: str, door: str) -> Deferred[Mapping[str, Any]]:
        """Write a file's content to a new file (0600) on the node and tell it; the kept one stays.

        Fails with KeyError or ValueError as :meth:`show`, or OSError where it can not be written.
        """

    def remove(prefix: str, *, by: str, reason: str, door: str) -> Deferred[Mapping[str, Any]]:
        """Remove a file for good and tell it; fails as :meth:`show`."""
