"""The faster ways past a flow, and back: a junction with real connections on both sides."""

from __future__ import annotations

from typing import Any

import attrs
from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from gateway.domain.barrier import LockGate
from gateway.domain.echo import EchoMask
from gateway.domain.flow import Flow, Gate, Tap
from gateway.domain.greeting import GreetingGate
from gateway.domain.lane import Bytes, Close, End, Lane, Order, OrderKind, Request
from gateway.domain.rights import Kind
from gateway.runtime import digest
from gateway.runtime.digest import MOST_WAITING
from gateway.runtime.record import EXEC_CAP, Recorder
from gateway.ssh.junction import LAGGING, Junction
from gateway.wire.channels import ChannelEnd
from gateway.wire.connection import Connection
from tests.wire.joined import Heard, Open, Side

UP, DOWN = Lane.TO_TARGET, Lane.TO_OPERATOR
PADDING = bytes(4)


@attrs.define(eq=False)
class PlaneSide(Side):
    """A side that offers every packet to the plane first, as a link does."""

    forwarded: int = 0
    holds: set[str] = attrs.field(factory=set)

    def forward(self, frame: memoryview) -> None:
        self.forwarded += 1
        self.sendPacket(frame[1], bytes(frame[2 : len(frame) - frame[0]]))

    def pause_reading(self, why: str) -> None:
        self.holds.add(why)

    def resume_reading(self, why: str) -> None:
        self.holds.discard(why)

    def deliver(self) -> bool:
        assert isinstance(self.peer, PlaneSide)
        if self.peer.holds:
            return False
        if self.sent and not self.closed and not self.peer.closing:
            number, payload = self.sent[0]
            frame = memoryview(bytearray(bytes((len(PADDING), number)) + payload + PADDING))
            if self.peer.connection.plane(number, frame):
                self.sent.popleft()
                return True
        return super().deliver()


@attrs.define(eq=False)
class Memory:
    """A track that keeps what is written."""

    written: list[tuple[float, str, bytes]] = attrs.field(factory=list)

    def write(self, at: float, code: str, chunk: bytes) -> None:
        self.written.append((at, code, chunk))

    def end(self, at: float) -> None:
        self.written.append((at, "end", b""))


@attrs.define(eq=False)
class Workings:
    clock: Clock = attrs.field(factory=Clock)


@attrs.define(eq=False)
class Running:
    """What a junction asks of its session."""

    workings: Workings = attrs.field(factory=Workings)
    at: float = 0.0

    def pause(self) -> float:
        return 0.0


@attrs.define(eq=False)
class Passing:
    """Hear one end and weigh what it hears."""

    between: Between
    lane: Lane

    def opened(self) -> None:
        self.between.opened()

    def received(self, chunk: bytes, stderr: bool) -> None:
        self.between.mediated += len(chunk)
        self.between.junction.feed(Bytes(self.lane, chunk, stderr))

    def widened(self) -> None:
        self.between.junction.settle()

    def ended(self) -> None:
        self.between.junction.feed(End(self.lane))

    def requested(self, name: str, payload: bytes, slot: int | None) -> None:
        self.between.junction.feed(Request(self.lane, name, payload, slot))

    def replied(self, ok: bool) -> None: ...

    def closed(self) -> None:
        self.between.junction.feed(Close(self.lane))


class Between:
    """An operator's client and a target with the gateway's two connections and a junction between them."""

    speaks = False

    def __init__(
        self, kind: Kind, windows: tuple[int, int] = (1 << 20, 1 << 20), gates: tuple[Gate, ...] = (),
        taps: tuple[Tap, ...] = (), packet: int = 32 * 1024, terminal: bool = False,
    ) -> None:  # fmt: skip
        self.kind, self.terminal, self.mediated = kind, terminal, 0
        self.carried_bytes = {UP: 0, DOWN: 0}
        self.requests: list[Request] = []
        self.flow = Flow((LockGate(terminal=False), *gates), taps)
        self.run = Running()
        far = Open(window=windows[1], packet=packet)
        door = Open(accept=False)
        self.client, self.front = self._join(Connection(Open()), Connection(door))
        self.back, self.server = self._join(Connection(Open()), Connection(far))
        self.sides = (self.client, self.front, self.back, self.server)
        self.heard = {DOWN: Heard()}
        self.near = self.client.connection.open("session", self.heard[DOWN], windows[0], packet)
        self.settle()
        self.operator: ChannelEnd = door.ends[0]
        self.operator.listener = Passing(self, UP)
        listening = Passing(self, DOWN)
        self.target = self.back.connection.open("session", listening, self.operator.room, self.operator.packet)
        self.settle()
        self.far, self.heard[UP] = far.ends[0], far.heard[0]

    def _join(self, one: Connection, other: Connection) -> tuple[PlaneSide, PlaneSide]:
        sides = PlaneSide(one), PlaneSide(other)
        sides[0].peer, sides[1].peer = sides[1], sides[0]
        for side in sides:
            side.connection.transport = side  # type: ignore[assignment]
        for side in sides:
            side.connection.serviceStarted()
        return sides

    def opened(self) -> None:
        run: Any = self.run
        self.junction = Junction(run, self, self.operator, self.flow, self.target, kind=self.kind)
        self.operator.confirm(min(self.target.room, 2**31), self.target.packet)

    def settle(self) -> None:
        for _ in range(100_000):
            if not any([side.deliver() for side in self.sides]):
                return
        raise AssertionError("they never stop talking")

    def order(self, kind: OrderKind) -> None:
        self.junction.feed(Order(kind, by="carol"))

    # What the junction asks of its channel.

    def passed_request(self, request: Request) -> None:
        self.requests.append(request)
        self.junction.ask_target(request.name, request.payload, request.slot)

    def refused(self, code: int, text: str | None) -> None:
        self.junction.stop()

    def carried(self, lane: Lane, count: int) -> None:
        self.carried_bytes[lane] += count


def recorder(kind: Kind, hashed: bool = False, level: str = "off") -> Recorder:
    """Return a recorder into memory."""
    return Recorder(
        kind=kind, terminal=False, track=Memory(), mask=EchoMask(level), budgets=(), epoch=0.0, output=True,
        hashed=hashed, essential=True,
    )  # fmt: skip


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("write"), st.sampled_from([UP, DOWN]), st.booleans(), st.integers(1, 3000)),
        st.tuples(st.just("take"), st.sampled_from([UP, DOWN]), st.integers(1, 4000)),
        st.tuples(st.just("deliver"), st.integers(0, 3), st.integers(1, 4)),
        st.tuples(st.just("lock")),
        st.tuples(st.just("unlock")),
        st.tuples(st.just("eof"), st.sampled_from([UP, DOWN])),
        st.tuples(st.just("request")),
    ),
    max_size=60,
)


def stream(heard: Heard) -> list[tuple[str, int]]:
    """Return what was heard byte by byte, marked with its stream."""
    return [(event[0], byte) for event in heard.events if event[0] in ("data", "stderr") for byte in event[1]]


class LedgerTests(SynchronousTestCase):
    """Splicing and mediating in any alternation."""

    @settings(max_examples=200, deadline=None)
    @given(
        st.tuples(st.integers(0, 5000), st.integers(0, 5000)), st.sampled_from([Kind.SFTP, Kind.AGENT]),
        st.sampled_from([1024, 32 * 1024]), STEPS,
    )  # fmt: skip
    def test_every_byte_arrives_once_in_order_within_the_windows(
        self, windows: tuple[int, int], kind: Kind, packet: int, steps: list[tuple[Any, ...]]
    ) -> None:
        """Locks, ends, stderr and requests at any moment: nothing is lost, nothing overtakes, no window is exceeded."""
        recording = recorder(kind)
        between = Between(kind, windows, taps=(recording,), packet=packet)
        writers = {UP: between.near, DOWN: between.far}
        readers = {UP: between.far, DOWN: between.near}
        wanted: dict[Lane, list[tuple[str, int]]] = {UP: [], DOWN: []}
        ended: set[Lane] = set()
        for count, step in enumerate(steps):
            match step:
                case ("write", lane, stderr, size) if lane not in ended:
                    chunk = bytes((count + place) % 256 for place in range(size))
                    writers[lane].write(chunk, stderr)
                    wanted[lane] += [("stderr" if stderr else "data", byte) for byte in chunk]
                case ("take", lane, size):
                    readers[lane].grant(size)
                case ("deliver", which, times):
                    any([between.sides[which].deliver() for _ in range(times)])
                case ("lock",):
                    between.order(OrderKind.LOCK)
                case ("unlock",):
                    between.order(OrderKind.UNLOCK)
                case ("eof", lane):
                    writers[lane].end()
                    ended.add(lane)
                case ("request",):
                    between.near.request("signal", b"p", False)
            self.check(between)
        between.order(OrderKind.UNLOCK)
        for lane in Lane:
            readers[lane].grant(1 << 20)
        between.settle()
        for lane in Lane:
            self.assertEqual(stream(between.heard[lane]), wanted[lane])
            events = [event for event in between.heard[lane].events if event[0] in ("data", "stderr") or event == "eof"]
            self.assertEqual("eof" in events, lane in ended)
            self.assertTrue(lane not in ended or events[-1] == "eof")
        self.assertEqual((recording.bytes_in, recording.bytes_out), (len(wanted[UP]), len(wanted[DOWN])))

    def check(self, between: Between) -> None:
        operator, target, held = between.operator, between.target, between.flow.held
        self.assertLessEqual(operator.granted + target.queued + held(UP), target.room)
        self.assertLessEqual(target.granted + operator.queued + held(DOWN), operator.room)
        self.assertEqual([side.disconnected for side in between.sides], [""] * 4)


class SwapTests(SynchronousTestCase):
    """When a lane takes its faster way, and when it comes back."""

    def test_what_nobody_reads_does_not_enter_the_flow(self) -> None:
        """Both lanes of a transfer pass in place; windows come back the same way."""
        between = Between(Kind.SFTP, taps=(recorder(Kind.SFTP),))
        between.near.write(bytes(500_000))
        between.far.write(bytes(50_000), stderr=True)
        between.settle()
        self.assertEqual((len(between.heard[UP].taken[0]), len(between.heard[DOWN].taken[1])), (500_000, 50_000))
        self.assertEqual(between.mediated, 0)
        before, forwarded = between.operator.granted, between.front.forwarded
        between.far.grant(500_000)
        between.settle()
        self.assertEqual((between.operator.granted, between.front.forwarded), (before + 500_000, forwarded + 1))
        self.assertEqual(between.carried_bytes, {UP: 500_000, DOWN: 50_000})

    def test_a_lock_has_the_lanes_back_in_its_turn_and_gives_them_away_after_release(self) -> None:
        """While locked nothing moves or is refunded; afterwards all arrives, and new bytes are spliced again."""
        between = Between(Kind.SFTP, (8192, 8192), taps=(recorder(Kind.SFTP),))
        between.near.write(b"a" * 4000)
        between.settle()
        between.order(OrderKind.LOCK)
        self.assertEqual((between.operator.onward, between.target.inward), (None, None))
        between.near.write(b"b" * 9000)
        between.far.grant(4000)
        between.settle()
        self.assertEqual(between.heard[UP].taken[0], b"a" * 4000)
        # What the target took before is his; what is held is not refunded.
        self.assertEqual(between.flow.held(UP) + between.operator.granted, 8192)
        between.order(OrderKind.UNLOCK)
        between.far.grant(1 << 16)
        between.settle()
        self.assertEqual(between.heard[UP].taken[0], b"a" * 4000 + b"b" * 9000)
        before = between.mediated
        between.near.write(b"c" * 5000)
        between.settle()
        self.assertEqual((between.mediated, len(between.heard[UP].taken[0])), (before, 18_000))

    def test_a_window_violation_is_refused_on_the_faster_way_too(self) -> None:
        """One byte more than was granted ends the connection, and nothing of it arrives."""
        between = Between(Kind.SFTP, (4096, 4096), taps=(recorder(Kind.SFTP),))
        between.near.room = 10_000
        between.near.write(bytes(4097))
        between.settle()
        self.assertIn("window", between.front.disconnected)
        self.assertEqual(between.heard[UP].taken[0], b"")

    def test_a_terminals_bytes_are_always_read(self) -> None:
        """Also where its command would have a faster way."""
        between = Between(Kind.EXEC, terminal=True)
        between.near.write(b"keys")
        between.far.write(b"echo")
        between.settle()
        self.assertEqual(between.mediated, 8)

    def test_a_stopped_junction_passes_nothing(self) -> None:
        """A killed session's bytes do not slip through the faster way."""
        between = Between(Kind.AGENT)
        between.near.write(b"x" * 100)
        between.client.deliver()
        between.junction.stop()
        between.settle()
        between.near.write(b"y" * 100)
        between.settle()
        self.assertLessEqual(len(between.heard[UP].taken[0]), 100)
        self.assertNotIn(b"y", between.heard[UP].taken[0])

    def test_a_forward_is_read_until_its_greeting_is_known(self) -> None:
        """The first bytes go through the gate, the rest past it."""
        between = Between(Kind.FORWARD, gates=(GreetingGate("db1:5432"),))
        between.near.write(b"hello")
        between.far.write(b"SS")
        between.settle()
        self.assertEqual(between.mediated, 7)
        between.far.write(b"L and more")
        between.settle()
        between.far.write(bytes(1000))
        between.near.write(bytes(1000))
        between.settle()
        self.assertEqual(between.mediated, 17)
        self.assertEqual(between.heard[DOWN].taken[0], b"SSL and more" + bytes(1000))

    def test_output_is_mediated_up_to_the_recordings_cap_then_tapped(self) -> None:
        """The whole is counted and hashed; what is stored ends at the cap."""
        recording = recorder(Kind.EXEC, hashed=True)
        between = Between(Kind.EXEC, (1 << 26, 1 << 26), taps=(recording,))
        between.far.write(bytes(EXEC_CAP + 1_000_000))
        between.settle()
        while between.run.workings.clock.getDelayedCalls():
            between.run.workings.clock.advance(LAGGING)
            between.settle()
        self.assertEqual(len(between.heard[DOWN].taken[0]), EXEC_CAP + 1_000_000)
        self.assertLessEqual(between.mediated, EXEC_CAP + 32 * 1024)
        self.assertEqual(recording.bytes_out, EXEC_CAP + 1_000_000)
        recording.end(1.0)
        track = recording.track
        assert isinstance(track, Memory)
        stored = sum(len(chunk) for _, code, chunk in track.written if code == "o")
        self.assertLessEqual(stored, EXEC_CAP)
        self.assertIn(b"sha256 ", track.written[-2][2])

    def test_a_hash_that_lags_stops_the_target(self) -> None:
        """Memory is bounded by what may wait, however slow the thread is."""
        self.patch(digest, "_THREAD", Stuck())
        recording = recorder(Kind.GIT, hashed=True)
        between = Between(Kind.GIT, (1 << 26, 1 << 26), taps=(recording,))
        assert recording._digest is not None
        between.far.write(bytes(8 * 1024 * 1024))
        between.settle()
        self.assertTrue(between.back.holds)
        self.assertLess(len(between.heard[DOWN].taken[0]), 2 * MOST_WAITING)
        recording._digest._handed.clear()
        between.run.workings.clock.advance(LAGGING)
        self.assertFalse(between.back.holds)
        between.junction.over()
        self.assertEqual(between.run.workings.clock.getDelayedCalls(), [])


class Stuck:
    """A thread that does nothing."""

    def submit(self, *_: Any) -> Never:
        return Never()


class Never:
    """A future that is never done."""

    def done(self) -> bool:
        return False

    def result(self) -> None:
        raise AssertionError("nobody waits for this")
