"""The suite for fact sinks: the double passes it, and sinks that break a promise do not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from twisted.internet.defer import Deferred, succeed
from twisted.trial.unittest import SynchronousTestCase, TestCase

from gateway.domain.facts import KINDS, Entry
from gateway.testing import FactSinkSuite, MemorySink, MemorySinkFactory, facts_of_all_kinds


class MemorySinkTests(FactSinkSuite, TestCase):
    """The double in memory."""

    sink: MemorySink

    def make_factory(self) -> Any:
        return MemorySinkFactory()

    def settings(self) -> Mapping[str, Any]:
        return {"label": "m"}

    def make_sink(self) -> Any:
        self.sink = super().make_sink()
        return self.sink

    async def received(self) -> Sequence[str]:
        return [entry.id for entry in self.sink.taken]

    async def test_it_fails_when_it_is_told_to(self) -> None:
        """So that what calls it can be tested."""
        sink = self.make_sink()
        sink.failure = OSError("no")
        await self.assertFailure(sink.deliver(facts_of_all_kinds()), OSError)


class Forgetful(MemorySink):
    """Lose every second event."""

    def deliver(self, entries: Sequence[Entry]) -> Deferred[None]:
        self.taken.extend(entries[::2])
        return succeed(None)


class SuiteTests(SynchronousTestCase):
    """What the suite finds."""

    def run_suite(self, method: str, sink: Any, factory: Any = None) -> None:
        class Case(FactSinkSuite):
            def make_factory(self) -> Any:
                return factory or MemorySinkFactory()

            def make_sink(self) -> Any:
                return sink

            async def received(self) -> Sequence[str]:
                return [entry.id for entry in sink.taken]

        found = getattr(Case(), method)()
        if found is not None:
            self.successResultOf(Deferred.fromCoroutine(found))

    def test_a_sink_that_loses_events_is_found(self) -> None:
        """And one that has no interface."""
        self.run_suite("test_batches_arrive_whole_and_in_order", MemorySink())
        with self.assertRaisesRegex(AssertionError, "ids received"):
            self.run_suite("test_batches_arrive_whole_and_in_order", Forgetful())
        with self.assertRaisesRegex(Exception, "IFactSink"):
            self.run_suite("test_it_is_a_factory_of_sinks", object())
        with self.assertRaisesRegex(AssertionError, "name"):
            self.run_suite("test_it_is_a_factory_of_sinks", MemorySink(), MemorySinkFactory(name="\n"))

    def test_what_an_author_has_to_write_says_so(self) -> None:
        """The three methods."""
        suite = FactSinkSuite()
        self.assertRaises(NotImplementedError, suite.make_factory)
        self.assertRaises(NotImplementedError, suite.settings)
        self.failureResultOf(Deferred.fromCoroutine(suite.received()), NotImplementedError)

    def test_the_entries_are_of_every_kind(self) -> None:
        """In order, with every sort of body."""
        entries = facts_of_all_kinds()
        self.assertEqual([entry.kind for entry in entries], list(KINDS))
        self.assertIn(None, [entry.body for entry in entries])
