"""Open verb programs, looked at again whenever somebody's standing changes.

The rule: a lock, a deactivation or a lost role ends that person's shells and running verbs at once, not at the next
line. Attach it to the journal behind the folds that say how people stand (directory, orders).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import attrs
from zope.interface import implementer

from gateway.admin.room import Room
from gateway.admin.shell import VerbProgram
from gateway.admin.verb import Verb
from gateway.domain.facts import Entry
from gateway.interfaces.facts import IFold

STANDING = frozenset({"user.locked", "user.deactivated", "directory.changed"})
"""Kinds of facts after which somebody may stand otherwise than before."""


@implementer(IFold)
@attrs.define(eq=False)
class Vigil:
    """Make verb programs and keep watch over them until they end."""

    verbs: Mapping[str, Verb]
    _open: set[VerbProgram] = attrs.field(init=False, factory=set)

    def program(self, room_factory: Callable[[], Room]) -> VerbProgram:
        """Return a new program, under watch from its start to its end."""
        return VerbProgram(room_factory, self.verbs, self._open)

    def apply(self, entry: Entry) -> None:
        """Look at every open program again when somebody's standing has changed."""
        if entry.kind in STANDING:
            for program in tuple(self._open):
                program.review()
