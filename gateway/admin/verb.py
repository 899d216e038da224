"""What a verb is.

The rule: a verb is a row of a table: its name, who may call it, what it takes, and one coroutine that does
it. It knows neither doors nor how its answer is shown.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import attrs

from gateway.admin.answer import Answer, Form
from gateway.admin.arguments import CSV, HELP, JSON, NDJSON, REASON, Argument, Option, Values, synopsis
from gateway.admin.refusal import usage
from gateway.admin.room import Caller, Room
from gateway.admin.streams import Streams


@attrs.frozen
class Call:
    """One verb, called: by whom, with what, and where its input comes from."""

    room: Room
    verb: Verb
    values: Values
    form: Form
    streams: Streams

    def __getitem__(self, key: str) -> Any:
        return self.values[key]

    @property
    def caller(self) -> Caller:
        """Who calls."""
        return self.room.caller

    @property
    def own(self) -> bool:
        """Say whether the caller may see only what is his own."""
        return not self.caller.roles & self.verb.roles

    @property
    def reason(self) -> str:
        """Why, as the caller said."""
        return self.values.get("reason") or ""

    def one_of(self, *keys: str) -> str:
        """Return which one of several arguments or options was given. Raises :exc:`Refusal`."""
        given = [key for key in keys if self.values[key]]
        if len(given) != 1:
            words = ", ".join(key.upper() if key in self._placed else f"--{key.replace('_', '-')}" for key in keys)
            raise usage(f"{self.verb.name} takes exactly one of {words}")
        return given[0]

    @property
    def _placed(self) -> frozenset[str]:
        return frozenset(argument.key for argument in self.verb.arguments)


@attrs.frozen
class Verb:
    """A verb; ``own`` are the roles that see only their own rows, ``changes`` gives it ``--reason``.

    ``lists`` gives it ``--ndjson`` and ``--csv``. ``hidden`` options (secrets) do not exist: secrets come on
    stdin.
    """

    name: str
    says: str
    run: Callable[[Call], Awaitable[Answer]]
    roles: frozenset[str]
    arguments: tuple[Argument, ...] = ()
    options: tuple[Option, ...] = ()
    own: frozenset[str] = frozenset()
    changes: bool = False
    lists: bool = False

    @property
    def callers(self) -> frozenset[str]:
        """All roles that may call it at all."""
        return self.roles | self.own

    @property
    def all_options(self) -> tuple[Option, ...]:
        """Its own options, and those every verb of its kind has."""
        listing = (NDJSON, CSV) if self.lists else ()
        changing = (REASON,) if self.changes else ()
        return (*self.options, *changing, JSON, *listing, HELP)

    @property
    def synopsis(self) -> str:
        """The usage line."""
        return synopsis(self.name, self.arguments, self.all_options[:-1])


def roles(*names: str) -> frozenset[str]:
    """Return a set of roles."""
    return frozenset(names)
