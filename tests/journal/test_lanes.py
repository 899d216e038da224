"""What is put in is done in order, grouped while the disk is busy."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Sequence
from queue import Queue
from typing import Any

import attrs
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from gateway.domain.facts import Fact
from gateway.journal.lanes import GROUP_FACTS, LINGER, DirectLane, Errand, ThreadLane, Work, next_group
from gateway.journal.ledger import Batch, Outcome

LIST = Fact("session.started")
ROUTINE = Fact("command.executed")


def batch(facts: int = 1, fact: Fact = LIST) -> Batch:
    """Return a batch of so many facts."""
    return Batch((fact,) * facts, 0)


@attrs.define
class Turns:
    """The part of a reactor that lanes see; :meth:`turn` runs what a thread sent."""

    clock: Clock = attrs.field(factory=Clock)
    sent: Queue[Callable[[], Any]] = attrs.field(factory=Queue)

    def callFromThread(self, work: Callable[[], Any]) -> None:
        """Keep it for the next turn."""
        self.sent.put(work)

    def callLater(self, seconds: float, work: Callable[[], Any]) -> Any:
        """Keep it for that time."""
        return self.clock.callLater(seconds, work)

    def turn(self) -> None:
        """Run one piece of work, which has to come soon."""
        self.sent.get(timeout=10)()


@attrs.define
class Bench:
    """Commit and deliver, and remember which batches went together."""

    groups: list[list[Batch]] = attrs.field(factory=list)
    delivered: list[Batch] = attrs.field(factory=list)
    failures: list[Exception | None] = attrs.field(factory=list)
    gate: threading.Event = attrs.field(factory=threading.Event)
    error: Exception | None = None
    answer: Callable[[Batch], None] = lambda batch: None

    def commit(self, group: Sequence[Batch]) -> list[Outcome]:
        """Wait for the gate, then take the group."""
        self.gate.wait(10)
        if self.error is not None:
            raise self.error
        self.groups.append(list(group))
        return [Outcome(one) for one in group]

    def deliver(self, outcomes: Sequence[Outcome]) -> None:
        """Remember who heard of it."""
        for outcome in outcomes:
            self.delivered.append(outcome.batch)
            self.failures.append(outcome.failure)
            self.answer(outcome.batch)

    @property
    def work(self) -> Work:
        """Both, as a lane wants them."""
        return Work(self.commit, self.deliver)


class GroupTests(SynchronousTestCase):
    """What goes together."""

    def test_batches_go_together_up_to_an_errand(self) -> None:
        """An errand is done alone."""
        first, second, third = batch(), batch(), batch()
        errand = Errand(lambda: None)
        waiting: deque[Batch | Errand] = deque([first, second, errand, third])
        groups = []
        while waiting:
            groups.append(next_group(waiting))
        self.assertEqual(groups, [[first, second], [errand], [third]])

    def test_a_group_has_a_bound_and_a_large_batch_is_whole(self) -> None:
        """So that one delivery is never long, whatever waits."""
        large, small = batch(GROUP_FACTS + 1), [batch() for _ in range(GROUP_FACTS + 1)]
        waiting: deque[Batch | Errand] = deque([large, *small])
        self.assertEqual(next_group(waiting), [large])
        self.assertEqual(next_group(waiting), small[:GROUP_FACTS])
        self.assertEqual(list(waiting), small[GROUP_FACTS:])


class DirectTests(SynchronousTestCase):
    """Without a reactor."""

    def setUp(self) -> None:
        self.bench = Bench()
        self.bench.gate.set()
        self.lane = DirectLane(self.bench.work)

    def test_what_is_put_in_while_delivering_comes_after(self) -> None:
        """No delivery inside a delivery."""
        first, second = batch(), batch()
        order: list[str] = []

        def answer(heard: Batch) -> None:
            if heard is first:
                self.lane.put(second)
                order.append("first heard")
            else:
                order.append("second heard")

        self.bench.answer = answer
        self.lane.put(first)
        self.assertEqual(order, ["first heard", "second heard"])

    def test_an_error_nobody_foresaw_reaches_the_tellers(self) -> None:
        """The lane lives on."""
        self.bench.error = KeyError("a mistake of ours")
        self.lane.put(batch())
        self.bench.error = None
        self.lane.put(batch())
        self.assertEqual(self.bench.failures[1], None)
        self.assertIsInstance(self.bench.failures[0], KeyError)

    def test_an_errand_answers_or_fails(self) -> None:
        """With what its work returned or raised."""
        good, bad = Errand(lambda: 7), Errand(lambda: [][0])
        self.lane.put(good)
        self.lane.put(bad)
        self.assertEqual(self.successResultOf(good.fired), 7)
        self.failureResultOf(bad.fired, IndexError)


class ThreadTests(SynchronousTestCase):
    """With a reactor whose turns we take ourselves."""

    def setUp(self) -> None:
        self.bench, self.reactor = Bench(), Turns()
        self.lane = ThreadLane(self.bench.work, self.reactor)
        self.addCleanup(self.end)

    def end(self) -> None:
        """End the lane's thread, and see that it has ended."""
        self.bench.gate.set()
        last = Errand(lambda: None, last=True)
        self.lane.put(last)
        while not last.fired.called:
            self.reactor.turn()
        thread = self.lane._thread
        thread.join(10)
        self.assertFalse(thread.is_alive())

    def test_what_arrives_during_a_commit_is_the_next_group(self) -> None:
        """The first goes at once, the others together behind it."""
        first, second, third = batch(), batch(), batch()
        self.lane.put(first)
        while self.lane._waiting:
            self.assertTrue(self.lane._thread.is_alive())
        self.lane.put(second)
        self.lane.put(third)
        self.bench.gate.set()
        self.reactor.turn()
        self.reactor.turn()
        self.assertEqual(self.bench.groups, [[first], [second, third]])

    def test_only_the_reactors_thread_delivers(self) -> None:
        """Whatever is done, nobody hears of it before a turn of the reactor."""
        self.bench.gate.set()
        told = batch()
        self.lane.put(told)
        work = self.reactor.sent.get(timeout=10)
        self.assertEqual((self.bench.groups, self.bench.delivered), ([[told]], []))
        work()
        self.assertEqual(self.bench.delivered, [told])

    def test_an_error_does_not_end_the_thread(self) -> None:
        """It reaches the tellers, and the next group is done."""
        self.bench.gate.set()
        self.bench.error = MemoryError()
        self.lane.put(batch())
        self.reactor.turn()
        self.bench.error = None
        self.lane.put(batch())
        self.reactor.turn()
        self.assertIsInstance(self.bench.failures[0], MemoryError)
        self.assertIsNone(self.bench.failures[1])

    def test_facts_that_nobody_waits_for_go_together(self) -> None:
        """A moment later, in the order they were told in."""
        self.bench.gate.set()
        first, second, third = batch(fact=ROUTINE), batch(fact=ROUTINE), batch(fact=ROUTINE)
        self.lane.put(first)
        self.reactor.clock.advance(LINGER / 2)
        self.lane.put(second)
        self.assertIsNone(self.lane._thread)
        self.reactor.clock.advance(LINGER / 2)
        self.reactor.turn()
        self.lane.put(third)
        self.reactor.clock.advance(LINGER)
        self.reactor.turn()
        self.assertEqual(self.bench.groups, [[first, second], [third]])

    def test_what_is_urgent_takes_along_what_lingers(self) -> None:
        """What an effect waits for, an alarm by its kind, and one by its own severity; no call is left behind."""
        self.bench.gate.set()
        for urgent in (LIST, Fact("command.denied"), attrs.evolve(ROUTINE, severity=9)):
            routine, last = batch(fact=ROUTINE), batch(fact=urgent)
            self.lane.put(routine)
            self.lane.put(last)
            self.reactor.turn()
            self.assertEqual(self.bench.groups.pop(), [routine, last])
            self.assertEqual(self.reactor.clock.getDelayedCalls(), [])
