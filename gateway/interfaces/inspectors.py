"""File inspectors: what a plugin implements to have a say in file transfers.

A factory is found by ``twisted.plugin`` in the package ``twisted.plugins`` and is used only when a configuration names
it. What an inspector says decides as :mod:`gateway.domain.evaluation` has it: any denial wins, a failure denies.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from twisted.internet.defer import Deferred
from twisted.plugin import IPlugin
from zope.interface import Attribute, Interface

from gateway.domain.evaluation import Spooled, Transfer, Verdict


class InspectorError(ValueError):
    """An inspector can not be configured or can not evaluate a file; the words are for an admin."""


class IFileInspectorFactory(IPlugin):
    """Make inspectors of one kind from their settings."""

    name = Attribute("The kind, as configuration names it: text of lower-case letters, digits and dashes.")
    schema = Attribute(
        "Its settings: a mapping from each key to a function that takes the TOML value (a :class:`Referenced` for a "
        "``file:``) and returns what is kept, or raises ValueError in words. Other keys are refused before."
    )

    def configure(section: Mapping[str, Any]) -> IFileInspector:
        """Return an inspector with these settings, which are frozen with a session's policy.

        Called in a thread. Raises :exc:`InspectorError` or ValueError in words for a setting that is of no use.
        """


class IFileInspector(Interface):
    """Evaluate files under one frozen set of settings; shared by sessions, so it keeps nothing of any."""

    def wants(transfer: Transfer) -> bool:
        """Say whether it has anything to say of such a transfer; False is an abstention."""

    def begin(transfer: Transfer) -> IInspection | Verdict | Deferred[Any]:
        """Begin with one file; a :class:`Verdict` decides by the name, direction and size alone."""


class IInspection(Interface):
    """Evaluate one file. Each method may return a Deferred: nothing more comes until it fires."""

    def data(offset: int, chunk: bytes) -> Verdict | Deferred[Any] | None:
        """Take the next bytes, in order and without gaps; a :class:`Verdict` that denies ends it here."""

    def finish(spooled: Spooled) -> Verdict | Deferred[Verdict]:
        """Say what the whole file is: everything was given to :meth:`data`, and ``spooled`` has all of it."""

    def abort(reason: str) -> None:
        """Forget the file: the transfer, the session or the evaluation ended. Nothing is called afterwards."""
