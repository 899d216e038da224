"""Events to a plugin's sink."""

from __future__ import annotations

from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase

from gateway.domain.facts import Entry, Fact
from gateway.siem.destinations import Destination
from gateway.siem.sinks import SinkWay
from gateway.testing import MemorySink, facts_of_all_kinds
from tests.siem.test_outlets import OutletCase, until


class Waiting(MemorySink):
    """Answer when told to."""

    def deliver(self, entries: object) -> Deferred[None]:
        self.answer: Deferred[None] = Deferred()
        return self.answer

    def close(self) -> Deferred[None]:
        raise RuntimeError("broken")


class SinkOutletTests(OutletCase):
    """The same cursor and the same patience as for any destination."""

    async def test_a_sink_that_fails_gets_everything_later(self) -> None:
        """In order, without what is kept secret, filtered as configured; the cursor follows at once."""
        outlets, sink = self.outlets(), MemorySink("acme", failure=RuntimeError("no broker\n"))
        outlets.add_sink(Destination("plugin:acme", kinds=("user.*",)), sink)
        with self.assertRaisesRegex(ValueError, "configured twice"):
            outlets.add_sink(Destination("plugin:acme"), sink)
        outlets.start()
        self.told(3, "user.locked")
        self.told(3)
        self.journal.tell(Fact("user.password_set", {"user": "alice", "hash": "$scrypt$"}))
        (outlet,) = outlets.outlets
        await until(lambda: outlet.state == "waiting")
        self.assertIn("acme: no broker\\u000a", outlet.detail)
        sink.failure = None
        outlet.hurry()
        await until(lambda: len(sink.taken) == 4)
        self.assertEqual([entry.kind for entry in sink.taken], ["user.locked"] * 3 + ["user.password_set"])
        self.assertEqual(sink.taken[-1].body, {"user": "alice"})
        await outlets.stop()
        self.assertEqual((outlet.confirmed, sink.closed > 0), (outlet.handed, True))


class SinkWayTests(SynchronousTestCase):
    """One way."""

    def test_a_batch_counts_when_it_was_taken(self) -> None:
        """What it raises is a failure of the way; a cancelled batch is none."""
        sink = Waiting()
        way, entries = SinkWay(sink), facts_of_all_kinds()[:5]
        done = way.send(entries)
        self.assertEqual(way.acknowledged(), 0)
        sink.answer.callback(None)
        self.successResultOf(done)
        self.assertEqual(way.acknowledged(), 5)
        done = way.send(entries)
        sink.answer.errback(ValueError())
        self.assertIn("memory: ValueError", str(self.failureResultOf(done, OSError).value))
        done = way.send(entries)
        done.cancel()
        self.failureResultOf(done)
        self.assertNoResult(way.lost())
        self.successResultOf(way.close())
        way.drop()

    def test_what_raises_at_once_is_a_failure_too(self) -> None:
        """A plugin may forget its Deferred."""

        class Raising(MemorySink):
            def deliver(self, entries: object) -> Deferred[None]:
                raise KeyError("x")

        self.failureResultOf(SinkWay(Raising()).send([Entry("o", 1, "x", 0.0, 1, None)]), OSError)
