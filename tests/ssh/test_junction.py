"""The ledger between two ends: nobody is granted what the other side does not take."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from gateway.domain.budget import Budget
from gateway.domain.lane import Lane
from gateway.ssh.junction import MOST_QUEUED
from gateway.wire.channels import ChannelEnd
from tests.ssh.sessions import World

UP, DOWN = Lane.TO_TARGET, Lane.TO_OPERATOR
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("out"), st.integers(1, 4000), st.booleans()),
        st.tuples(st.just("in"), st.integers(1, 4000)),
        st.tuples(st.just("operator takes"), st.integers(1, 5000)),
        st.tuples(st.just("target takes"), st.integers(1, 5000)),
        st.tuples(st.just("lock")),
        st.tuples(st.just("unlock")),
        st.tuples(st.just("say")),
        st.tuples(st.just("move")),
    ),
    max_size=25,
)


class JunctionTests(SynchronousTestCase):
    """One exec channel between an operator and a target."""

    def step(
        self,
        world: World,
        step: tuple[Any, ...],
        letter: bytes,
        ends: tuple[ChannelEnd, ChannelEnd],
        sent: dict[str, Any],
    ) -> int:
        """Do one step; return how many lines the operator is told."""
        match step:
            case ("out", count, stderr):
                ends[1].write(letter * count, stderr)
                sent["out"][stderr] += letter * count
            case ("in", count):
                ends[0].write(letter * count)
                sent["in"] += letter * count
            case ("operator takes" | "target takes" as who, count):
                ends[who == "target takes"].grant(count)
            case ("lock" | "unlock" as order,):
                told = world.run.locked is (order == "unlock")
                self.successResultOf(world.lock() if order == "lock" else world.unlock())
                return int(told)
            case ("say",):
                world.run.say("soon")
                return 1
            case _:
                world.settle()
        return 0

    @settings(max_examples=60)
    @given(st.integers(1, 3000), st.integers(1, 3000), STEPS)
    def test_what_may_come_can_always_go_on(self, outward: int, inward: int, steps: list[tuple[Any, ...]]) -> None:
        """Granted and resting never exceed what the receiver takes and what we injected; all arrives in the end."""
        world = World()
        world.target_owner.window = inward
        end, heard = world.exec("cat", window=outward)
        far, far_heard = world.far()
        junction = world.run.legs[1].junction  # type: ignore[attr-defined]
        sent: dict[str, Any] = {"in": b"", "out": [b"", b""]}
        said = 0
        for number, step in enumerate(steps):
            said += self.step(world, step, bytes([128 + number]), (end, far), sent)
            held = junction.flow.held
            into, out = junction.operator.granted, junction.target.granted
            self.assertLessEqual(into + held(UP) + junction.target.queued, junction.target.room)
            self.assertLessEqual(out + held(DOWN) + junction.operator.queued, junction.operator.room + said * 200)
        said += world.run.locked
        self.successResultOf(world.unlock())
        for each in (end, far):
            each.grant(1 << 24)
        world.settle()
        self.assertEqual(far_heard.taken[0], sent["in"])
        self.assertEqual(heard.taken[0], sent["out"][0])
        self.assertEqual(bytes(byte for byte in heard.taken[1] if byte >= 128), sent["out"][1])
        self.assertEqual(heard.taken[1].count(b"ostiary: "), said)

    def test_a_stalled_operator_stops_the_target(self) -> None:
        """What the target may still send goes to nothing; what waits in the gateway is bounded by the window."""
        world = World()
        end, heard = world.exec("yes", window=5000)
        far, _ = world.far()
        far.write(b"y" * 1_000_000)
        world.settle()
        leg = world.run.legs[1].junction  # type: ignore[attr-defined]
        self.assertEqual((leg.target.granted, leg.operator.queued, far.room), (0, 0, 0))
        self.assertEqual(len(heard.taken[0]), 5000)
        end.grant(100)
        world.settle()
        self.assertEqual(len(heard.taken[0]), 5100)

    def test_who_reads_nothing_the_gateway_says_is_not_heard_on(self) -> None:
        """What he sends is refunded only while little waits for him; so nobody fills the gateway's memory."""
        world = World()
        end, heard = world.exec("cat", window=0)
        far, far_heard = world.far()
        world.run.legs[1].junction.operator.write(b"x" * (MOST_QUEUED + 1))  # type: ignore[attr-defined]
        end.write(b"y" * 3_000_000)
        world.settle()
        self.assertEqual(end.room, 0)
        far.grant(3_000_000)
        world.settle()
        self.assertEqual(end.room, 0)
        end.grant(1 << 20)
        world.settle()
        self.assertEqual((len(far_heard.taken[0]), len(heard.taken[0])), (3_000_000, MOST_QUEUED + 1))

    def test_a_stalled_target_stops_the_operator(self) -> None:
        """The same the other way."""
        world = World()
        world.target_owner.window = 5000
        end, _ = world.exec("sleep 9")
        end.write(b"x" * 1_000_000)
        world.settle()
        self.assertEqual((end.room, len(world.far()[1].taken[0])), (0, 5000))

    def test_a_lock_stops_both_and_a_release_sets_both_going(self) -> None:
        """Under a lock nothing is refunded; afterwards everything arrives."""
        world = World()
        end, heard = world.exec("cat", window=5000)
        far, _ = world.far()
        self.successResultOf(world.lock())
        far.write(b"y" * 20_000)
        world.settle()
        self.assertEqual((far.room, heard.taken[0]), (0, b""))
        self.successResultOf(world.unlock())
        end.grant(20_000)
        world.settle()
        self.assertEqual(len(heard.taken[0]), 20_000)

    def test_recording_keeps_pace_by_late_refunds(self) -> None:
        """A flood is slowed to its budget; time sets it going again."""
        world = World()
        world.run._budget = Budget(burst=10_000, rate=10_000)
        end, heard = world.exec("yes", window=50_000)
        far, _ = world.far()
        far.write(b"y" * 100_000)
        world.settle()
        end.grant(50_000)
        world.settle()
        self.assertEqual(len(heard.taken[0]), 50_000)
        for _ in range(5):
            world.clock.advance(1)
            world.settle()
        self.assertEqual(len(heard.taken[0]), 100_000)
