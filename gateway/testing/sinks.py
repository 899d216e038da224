"""Fact sinks: a double in memory, and what every sink must do.

The rule: the suite asks nothing that the interface does not promise.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import attrs
from twisted.internet.defer import Deferred, fail, succeed
from zope.interface import implementer
from zope.interface.verify import verifyObject

from gateway.domain.facts import KINDS, Entry
from gateway.interfaces import IFactSink, IFactSinkFactory

HOSTILE = "a\r\n<13>1 b\x1b[31m\u202e\u2028\"'\\]|=^\udcff 漢 \N{PILE OF POO}"
"""A text that would forge a record, where it is not escaped."""


def facts_of_all_kinds(origin: str = "gw1#0.1") -> tuple[Entry, ...]:
    """Return an entry of each kind, with plain, nested, hostile and missing bodies."""
    bodies: tuple[Mapping[str, Any] | None, ...] = (
        {"user": "alice", "target": "web1"},
        {"user": HOSTILE, "command": HOSTILE},
        {"list": [1, 2.5, None, True, {"deep": [HOSTILE]}], "empty": "", "none": None},
        {"command": "x" * 100_000},
        None,
    )
    return tuple(
        Entry(origin, number, kind, 1_800_000_000.0 + number, KINDS[kind].severity, bodies[number % len(bodies)])
        for number, kind in enumerate(KINDS, 1)
    )


@implementer(IFactSink)
@attrs.define(eq=False)
class MemorySink:
    """Keep what is delivered; fail with what :attr:`failure` is set to."""

    name: str = "memory"
    taken: list[Entry] = attrs.field(factory=list)
    failure: Exception | None = None
    closed: int = 0

    def deliver(self, entries: Sequence[Entry]) -> Deferred[None]:
        """Keep a batch."""
        if self.failure is not None:
            return fail(self.failure)
        self.taken.extend(entries)
        return succeed(None)

    def close(self) -> Deferred[None]:
        """Count."""
        self.closed += 1
        return succeed(None)


@implementer(IFactSinkFactory)
@attrs.frozen
class MemorySinkFactory:
    """Make sinks in memory; ``settings`` may name them."""

    name: str = "memory"
    schema: Mapping[str, Any] = attrs.field(factory=lambda: {"label": str})

    def configure(self, settings: Mapping[str, Any]) -> MemorySink:
        """Make a sink."""
        return MemorySink(settings.get("label", self.name))


class FactSinkSuite:
    """What every fact sink does: mix it into a trial TestCase and write the first three methods."""

    def make_factory(self) -> Any:
        """Return the factory that your module in ``twisted.plugins`` declares."""
        raise NotImplementedError

    def settings(self) -> Mapping[str, Any]:
        """Return settings, as TOML gives them, by which a sink reaches your receiver."""
        raise NotImplementedError

    async def received(self) -> Sequence[str]:
        """Return the ids of the events at your receiver, in the order they came, once nothing more is on its way."""
        raise NotImplementedError

    def make_sink(self) -> Any:
        """Return a sink, set up as the node does it."""
        factory = self.make_factory()
        return factory.configure({key: factory.schema[key](value) for key, value in self.settings().items()})

    async def _given(self, sink: Any, entries: Sequence[Entry]) -> None:
        # A copy in a tuple: what a sink keeps of it must not change under it.
        await sink.deliver(tuple(entries))

    def _same(self, found: object, wanted: object, words: str) -> None:
        if found != wanted:
            raise AssertionError(f"{words}: {found!r} is not {wanted!r}")

    def test_it_is_a_factory_of_sinks(self) -> None:
        """Both provide their whole interface, and carry the name that configuration uses."""
        factory, sink = self.make_factory(), self.make_sink()
        verifyObject(IFactSinkFactory, factory)
        verifyObject(IFactSink, sink)
        self._same(isinstance(factory.name, str) and factory.name.isprintable() and bool(factory.name), True, "name")
        for key, take in factory.schema.items():
            self._same((isinstance(key, str), callable(take)), (True, True), f"schema of {key!r}")

    def test_nothing_happens_before_the_first_batch(self) -> None:
        """The node is starting when a sink is set up: two of them in one turn disturb nothing."""
        self.make_sink()
        self.make_sink()

    async def test_batches_arrive_whole_and_in_order(self) -> None:
        """Every kind of event, whatever its body holds; an empty batch is none."""
        sink, entries = self.make_sink(), facts_of_all_kinds()
        await self._given(sink, ())
        await self._given(sink, entries[:1])
        await self._given(sink, entries[1:])
        self._same(list(await self.received()), [entry.id for entry in entries], "the ids received")
        await sink.close()

    async def test_an_event_may_come_again(self) -> None:
        """At least once is what is promised to a sink: the second time is no failure."""
        sink, entries = self.make_sink(), facts_of_all_kinds()[:3]
        await self._given(sink, entries)
        await self._given(sink, entries)
        self._same(set(await self.received()), {entry.id for entry in entries}, "the ids received")
        await sink.close()

    async def test_after_its_close_it_takes_events_again(self) -> None:
        """Closing twice is closing."""
        sink, entries = self.make_sink(), facts_of_all_kinds()[:2]
        await self._given(sink, entries[:1])
        await sink.close()
        await sink.close()
        await self._given(sink, entries[1:])
        self._same(set(await self.received()), {entry.id for entry in entries}, "the ids received")
        await sink.close()
