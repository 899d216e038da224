"""Connections that are made ahead: taken by whom they are for, dropped otherwise, and never too many."""

from __future__ import annotations

import time
from pathlib import Path

import attrs
from twisted.internet import reactor
from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.error import ConnectingCancelledError
from twisted.internet.task import deferLater
from twisted.trial.unittest import TestCase

from gateway.domain.entries import Target
from gateway.ssh import approach
from gateway.ssh.approach import MOST_EACH, MOST_TARGET, Approaches
from gateway.ssh.demo import DemoTarget
from gateway.ssh.reach import TargetFailed


class ApproachTests(TestCase):
    """Approaches to a demo target on the loopback."""

    timeout = 30

    async def start(self) -> Target:
        """Start a target; return its entry."""
        demo = DemoTarget(Path(self.mktemp()).absolute(), lambda: 0.0)
        self.addCleanup(demo.stop)
        port = await demo.start(reactor)
        self.approaches = Approaches(reactor, time.time)
        self.addCleanup(self.approaches.drop_all)
        return Target("demo", f"127.0.0.1:{port}", host_keys=(demo.host_key_line,))

    async def arrived(self, count: int = 1) -> None:
        """Wait until so many approaches have arrived."""
        while sum(each.transport is not None for each in self.approaches._open) < count:
            await deferLater(reactor, 0.01)

    @property
    def counted(self) -> tuple[int, ...]:
        return attrs.astuple(self.approaches.counters)

    async def test_who_it_is_for_takes_it_before_or_after_it_has_arrived(self) -> None:
        """Once; the connection is encrypted, and nobody is logged in."""
        target = await self.start()
        for early in (True, False):
            self.approaches.begin("alice", target)
            if not early:
                await self.arrived()
            taken = self.approaches.take("alice", target)
            assert taken is not None
            transport = await taken
            self.assertTrue(transport.host_key)
            self.assertFalse(transport.carrier.ended)
            self.assertIsNone(self.approaches.take("alice", target))
            transport.abort()
            await transport.closed
        self.assertEqual(self.counted, (2, 2, 0, 0))

    async def test_nobody_else_takes_it_nor_for_a_target_that_was_changed(self) -> None:
        """Another operator, another address, another pinned key: another connection."""
        target = await self.start()
        self.approaches.begin("alice", target)
        await self.arrived()
        self.assertIsNone(self.approaches.take("bob", target))
        for changed in ({"address": "127.0.0.1:1"}, {"host_keys": ()}, {"host_ca": target.host_keys}, {"jump": "web2"}):
            self.assertIsNone(self.approaches.take("alice", attrs.evolve(target, **changed)))
        self.assertIsNotNone(self.approaches.take("alice", target))

    async def test_what_nobody_takes_is_dropped_and_its_operator_rests(self) -> None:
        """So a key that is only shown costs a target one connection a minute."""
        self.patch(approach, "LIFE", 0.3)
        target = await self.start()
        self.approaches.begin("alice", target)
        await self.arrived()
        transport = self.approaches._open[0].transport
        assert transport is not None
        await transport.closed
        self.assertEqual(self.counted, (1, 0, 1, 0))
        self.assertIsNone(self.approaches.take("alice", target))
        self.approaches.begin("alice", target)
        self.assertEqual(self.counted, (1, 0, 1, 0))
        self.approaches.begin("bob", target)
        self.assertEqual(self.counted, (2, 0, 1, 0))

    async def test_there_are_never_too_many(self) -> None:
        """For an operator, for a target; a second one to the same target is none."""
        target = await self.start()
        for number in range(MOST_EACH + 2):
            self.approaches.begin("alice", target)
            self.approaches.begin("alice", attrs.evolve(target, name=f"other{number}"))
        self.assertEqual(self.approaches.counters.begun, MOST_EACH)
        for number in range(MOST_TARGET):
            self.approaches.begin(f"user{number}", target)
        self.assertEqual(self.approaches.counters.begun, MOST_TARGET)
        self.approaches.begin("zoe", attrs.evolve(target, jump="web1"))
        self.assertEqual(self.approaches.counters.begun, MOST_TARGET)
        self.approaches.drop_all()
        self.assertEqual(self.approaches.counters.dropped, MOST_TARGET)

    async def test_one_that_its_target_closed_is_not_given_out(self) -> None:
        """The session makes its own."""
        target = await self.start()
        self.approaches.begin("alice", target)
        await self.arrived()
        transport = self.approaches._open[0].transport
        assert transport is not None
        transport.abort()
        await transport.closed
        self.assertIsNone(self.approaches.take("alice", target))

    async def test_a_failure_is_told_to_who_took_it_and_to_nobody_else(self) -> None:
        """A host of which nothing is known is not queued by an approach; one that shows another key is refused."""
        target = await self.start()
        other = DemoTarget(Path(), time.time).host_key_line
        for host_keys, reason in (((), "host_key_unknown"), ((other,), "host_key_changed")):
            changed = attrs.evolve(target, host_keys=host_keys)
            self.approaches.begin(reason, changed)
            taken = self.approaches.take(reason, changed)
            assert taken is not None
            failed = await self.assertFailure(taken, TargetFailed)
            self.assertEqual(failed.reason, reason)
        self.approaches.begin("alice", attrs.evolve(target, host_keys=()))
        while self.approaches._open:
            await deferLater(reactor, 0.01)
        self.assertEqual(self.approaches.counters.failed, 1)

    async def test_giving_up_ends_the_connection(self) -> None:
        """The session was ended while its approach was under way."""
        target = await self.start()
        self.approaches.begin("alice", target)
        taken = self.approaches.take("alice", target)
        assert isinstance(taken, Deferred)
        taken.cancel()
        await self.assertFailure(taken, CancelledError, ConnectingCancelledError, TargetFailed)
