"""Every kind of inspector that ships, by name: one literal table.

The rule: what is here needs no plugin and can not be taken by one.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from twisted.internet.defer import Deferred

from gateway.inspectors.clamd import ClamdFactory
from gateway.inspectors.command import CommandFactory
from gateway.inspectors.hash import HashFactory
from gateway.inspectors.icap import IcapFactory
from gateway.inspectors.parsed import parsed
from gateway.inspectors.path import PathFactory
from gateway.inspectors.room.room import Room
from gateway.inspectors.size import SizeFactory


def shipped(reactor: Any, in_thread: Callable[..., Deferred[Any]], room: Room) -> dict[str, Any]:
    """Return kind -> factory of what ships with the gateway."""
    factories: tuple[Any, ...] = (
        SizeFactory(reactor.seconds),
        PathFactory(),
        HashFactory(),
        *parsed(room),
        ClamdFactory(reactor),
        IcapFactory(reactor, in_thread),
        CommandFactory(reactor, in_thread, room.bubble),
    )
    return {factory.name: factory for factory in factories}
