"""How fast a lane may be at a moment, as the second of the two tables and whoever reads it decide."""

from __future__ import annotations

from typing import Any

import attrs
from twisted.trial.unittest import SynchronousTestCase

from gateway.domain.audited import AuditedGate
from gateway.domain.barrier import LockGate
from gateway.domain.echo import EchoMask
from gateway.domain.entries import AuditedRule
from gateway.domain.flow import Flow
from gateway.domain.greeting import GreetingGate
from gateway.domain.lane import Bytes, Lane, Order, OrderKind
from gateway.domain.policy import FrozenPolicy
from gateway.domain.rights import Kind
from gateway.domain.risk import Risk
from gateway.domain.transfer import Desk
from gateway.domain.verdict import Attempts
from gateway.runtime.compose import GATES, WAYS, Makings, Way, flow_of, sieve_of, way_now
from gateway.runtime.record import Recorder
from tests.domain.depots import Depot
from tests.domain.policies import granted

UP, DOWN = Lane.TO_TARGET, Lane.TO_OPERATOR


class Watching:
    """A tap nobody knows."""

    essential = False

    def see(self, seen: object, at: float) -> None: ...


def policy(*rules: AuditedRule, allow_only: bool = False) -> FrozenPolicy:
    """Return a frozen policy with audited rules."""
    frozen = granted().policy
    limits = attrs.evolve(frozen.restrictions, allow_only=allow_only)
    return attrs.evolve(frozen, audited=rules, restrictions=limits)


def composed(kind: Kind, frozen: FrozenPolicy | None = None, level: str = "off", **more: Any) -> Flow:
    """Return a kind's flow with a recorder."""
    frozen = frozen or policy()
    makings = Makings(
        frozen, Attempts(), Risk(), False, False, "scp -t x",
        desk=lambda protocol: Desk(frozen, Depot(), Risk(), "S-1", 1, protocol),
    )  # fmt: skip
    recorder = Recorder(
        kind=kind, terminal=False, track=Track(), mask=EchoMask(level), budgets=(), epoch=0.0, hashed=False,
        essential=True, **{"output": True, **more},
    )  # fmt: skip
    return flow_of(kind, makings, (recorder,))


class Track:
    """A track that keeps nothing."""

    def write(self, at: float, code: str, chunk: bytes) -> None: ...

    def end(self, at: float) -> None: ...


def ways(kind: Kind, flow: Flow) -> tuple[Way, Way]:
    """Return how both lanes travel now."""
    return way_now(kind, UP, flow), way_now(kind, DOWN, flow)


class WaysTests(SynchronousTestCase):
    """How a lane travels at a moment."""

    def test_every_kind_stands_in_both_tables(self) -> None:
        """What is not in a table does not run."""
        self.assertEqual((set(GATES), set(WAYS)), (set(Kind), set(Kind)))
        self.assertTrue(all(set(lanes) == set(Lane) for lanes in WAYS.values()))

    def test_terminals_are_always_mediated(self) -> None:
        """Whatever reads them comes and goes without anybody thinking of the table."""
        self.assertEqual(set(WAYS[Kind.PTY].values()), {Way.MEDIATE})

    def test_transfers_are_tapped_and_carriers_spliced(self) -> None:
        """Counted, and read by nobody; transfers that can be read are sifted by their gate."""
        for kind in (Kind.RSYNC, Kind.GIT):
            self.assertEqual(ways(kind, composed(kind)), (Way.TAP, Way.TAP))
        for kind in (Kind.SFTP, Kind.SCP):
            flow = composed(kind)
            self.assertEqual(ways(kind, flow), (Way.SIFT, Way.SIFT))
            self.assertTrue(all(sieve_of(flow, lane) is not None for lane in Lane))
        self.assertIsNone(sieve_of(composed(Kind.GIT), UP))
        for kind in (Kind.AGENT, Kind.X11):
            self.assertEqual(ways(kind, composed(kind)), (Way.SPLICE, Way.SPLICE))

    def test_input_of_a_command_is_read_where_rules_may_be_about_it(self) -> None:
        """Of a shell that reads commands from it, or by a recording of input."""
        rule = AuditedRule(name="no-reboot", action="deny")
        self.assertEqual(way_now(Kind.EXEC, UP, composed(Kind.EXEC)), Way.SPLICE)
        self.assertEqual(way_now(Kind.EXEC, UP, composed(Kind.EXEC, level="full")), Way.MEDIATE)
        self.assertEqual(way_now(Kind.SHELL, UP, composed(Kind.SHELL)), Way.MEDIATE)
        self.assertEqual(way_now(Kind.SFTP, UP, composed(Kind.SFTP, policy(rule))), Way.SIFT)

    def test_output_is_read_while_it_is_stored(self) -> None:
        """Where the grant stores none, it never is."""
        self.assertEqual(way_now(Kind.EXEC, DOWN, composed(Kind.EXEC)), Way.MEDIATE)
        self.assertEqual(way_now(Kind.EXEC, DOWN, composed(Kind.EXEC, output=False)), Way.TAP)

    def test_a_forward_is_read_until_its_greeting_is_decided(self) -> None:
        """In both directions."""
        flow = composed(Kind.FORWARD)
        self.assertEqual(ways(Kind.FORWARD, flow), (Way.MEDIATE, Way.MEDIATE))
        flow.feed(Bytes(DOWN, b"220 mail"), 0.0)
        self.assertEqual(ways(Kind.FORWARD, flow), (Way.SPLICE, Way.SPLICE))

    def test_a_lock_and_an_end_have_every_lane_back(self) -> None:
        """At the moment the order was weighed."""
        flow = composed(Kind.GIT)
        flow.feed(Order(OrderKind.LOCK, by="carol"), 0.0)
        self.assertEqual(ways(Kind.GIT, flow), (Way.MEDIATE, Way.MEDIATE))
        flow.feed(Bytes(UP, b"held"), 0.0)
        flow.feed(Order(OrderKind.UNLOCK, by="carol"), 0.0)
        self.assertEqual(ways(Kind.GIT, flow), (Way.TAP, Way.TAP))
        flow.ended = True
        self.assertEqual(ways(Kind.GIT, flow), (Way.MEDIATE, Way.MEDIATE))
        self.assertEqual(way_now(None, UP, composed(Kind.GIT)), Way.MEDIATE)

    def test_who_is_not_known_reads_everything(self) -> None:
        """A new gate or tap is slow until somebody says here what it reads."""
        flow = Flow((LockGate(terminal=False), AuditedGate(policy(), Attempts(), Risk())), (Watching(),))
        self.assertEqual(ways(Kind.SFTP, flow), (Way.MEDIATE, Way.MEDIATE))
        flow = Flow((LockGate(terminal=False), GreetingGate("x:1")), (Watching(),))
        self.assertEqual(ways(Kind.AGENT, flow), (Way.MEDIATE, Way.MEDIATE))
