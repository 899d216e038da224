"""The tables a reviewer reads: every kind has its gates, and the lock is nearest to the operator."""

from __future__ import annotations

import attrs
from twisted.trial.unittest import SynchronousTestCase

from gateway.domain.audited import AuditedGate
from gateway.domain.barrier import LockGate
from gateway.domain.entries import AuditedRule
from gateway.domain.greeting import GreetingGate
from gateway.domain.lane import Bytes, Lane, Order, OrderKind, Request
from gateway.domain.lines.gate import LineGate
from gateway.domain.lines.piped import PipedGate
from gateway.domain.lines.watching import LineWatch
from gateway.domain.rights import Kind
from gateway.domain.risk import Risk
from gateway.domain.screen import Screen
from gateway.domain.transfer import Desk
from gateway.domain.verdict import Attempts
from gateway.runtime.compose import GATES, WAYS, Makings, Way, early_flow, flow_of, way_now
from gateway.wire.fields import string
from tests.domain.depots import Depot
from tests.domain.policies import policy

RM = AuditedRule("rm", command="rm", action="deny")
LOCK, UNLOCK = Order(OrderKind.LOCK, "bob"), Order(OrderKind.UNLOCK, "bob")


def makings(*rules: AuditedRule, locked: bool = False, **grant: object) -> Makings:
    """Return what gates are made of."""
    frozen = policy(rules=rules, **grant)
    return Makings(
        frozen, Attempts(), Risk(), terminal=False, locked=locked, where="db1:5432",
        desk=lambda protocol: Desk(frozen, Depot(), Risk(), "S-1", 1, protocol),
    )  # fmt: skip


class ComposeTests(SynchronousTestCase):
    """Gates and ways."""

    def test_every_kind_has_gates_and_ways(self) -> None:
        """No kind runs that is not in the tables; the lock stands first for each."""
        self.assertEqual((set(GATES), set(WAYS)), (set(Kind), set(Kind)))
        for kind in Kind:
            self.assertEqual(set(WAYS[kind]), set(Lane))
            self.assertIsInstance(flow_of(kind, makings(), ()).gates[0], LockGate)
        self.assertIsInstance(early_flow(makings()).gates[0], LockGate)

    def test_commands_are_judged_and_forwards_listened_to(self) -> None:
        """Whatever may carry a command line has the audited gate; a forward hears its far side's first bytes."""
        for kind in Kind:
            gates = {type(gate) for gate in flow_of(kind, makings(RM), ()).gates}
            judged = gates & {AuditedGate, LineGate, LineWatch, PipedGate}
            self.assertEqual(bool(judged), kind not in (Kind.FORWARD, Kind.AGENT, Kind.X11), kind)
            self.assertEqual(PipedGate in gates, kind in (Kind.PTY, Kind.SHELL, Kind.EXEC), kind)
            self.assertEqual(GreetingGate in gates, kind is Kind.FORWARD, kind)

    def test_a_terminal_has_the_gate_of_its_lines(self) -> None:
        """It holds where a rule can act, and watches elsewhere."""
        for made, gate in ((makings(), LineWatch), (makings(RM), LineGate), (makings(allow_only=True), LineGate)):
            made = attrs.evolve(made, terminal=True, screen=Screen())
            for kind in (Kind.PTY, Kind.SHELL, Kind.EXEC):
                self.assertIn(gate, {type(each) for each in flow_of(kind, made, ()).gates})

    def test_a_terminal_is_always_read(self) -> None:
        """Every byte of it runs through the flow."""
        self.assertEqual(set(WAYS[Kind.PTY].values()), {Way.MEDIATE})

    def test_nothing_passes_unread_while_somebody_reads(self) -> None:
        """A lock, a rule over input that may hold commands, a greeting not yet heard, an ended or unknown flow."""
        for kind in Kind:
            for lane in Lane:
                flow = flow_of(kind, makings(locked=True), ())
                self.assertIs(way_now(kind, lane, flow), Way.MEDIATE)
                flow = flow_of(kind, makings(), ())
                flow.feed(LOCK, 0)
                self.assertIs(way_now(kind, lane, flow), Way.MEDIATE)
                flow.feed(UNLOCK, 0)
                if kind is not Kind.FORWARD:
                    self.assertIs(way_now(kind, lane, flow), WAYS[kind][lane])
                flow.ended = True
                self.assertIs(way_now(kind, lane, flow), Way.MEDIATE)
                self.assertIs(way_now(None, lane, early_flow(makings())), Way.MEDIATE)
        for line, way in (("sh", Way.MEDIATE), ("bash -s x", Way.MEDIATE), ("cat > x", Way.SPLICE)):
            flow = flow_of(Kind.EXEC, makings(), ())
            flow.feed(Request(Lane.TO_TARGET, "exec", string(line.encode())), 0)
            self.assertIs(way_now(Kind.EXEC, Lane.TO_TARGET, flow), way, line)
        flow = flow_of(Kind.FORWARD, makings(), ())
        self.assertIs(way_now(Kind.FORWARD, Lane.TO_OPERATOR, flow), Way.MEDIATE)
        flow.feed(Bytes(Lane.TO_OPERATOR, b"S"), 0)
        self.assertIs(way_now(Kind.FORWARD, Lane.TO_OPERATOR, flow), Way.MEDIATE)
        flow.feed(Bytes(Lane.TO_OPERATOR, b"QL"), 0)
        self.assertIs(way_now(Kind.FORWARD, Lane.TO_OPERATOR, flow), Way.SPLICE)
