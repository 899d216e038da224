"""The flow: order, tickets, holding, and above all that it fails closed."""

from __future__ import annotations

from collections.abc import Iterable

import attrs
from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from gateway.domain.facts import Fact
from gateway.domain.flow import Flow
from gateway.domain.lane import (
    Answered,
    Ask,
    Bytes,
    Close,
    Credit,
    Effect,
    End,
    EndSession,
    Event,
    Hold,
    Lane,
    Mark,
    Notice,
    Order,
    OrderKind,
    Refuse,
    Request,
    Resize,
    Seen,
    Tell,
    Tick,
    Withdraw,
)

UP, DOWN = Lane.TO_TARGET, Lane.TO_OPERATOR


@attrs.define(eq=False)
class Script:
    """A gate that answers from a script, by the repr of nothing: event type and chunk."""

    name: str
    answers: dict[object, list[Event | Effect]] = attrs.field(factory=dict)
    weighed: list[Event] = attrs.field(factory=list)

    def weigh(self, event: Event, at: float) -> Iterable[Event | Effect]:
        self.weighed.append(event)
        key = event.chunk if isinstance(event, Bytes) else type(event)
        default: list[Event | Effect] = [] if isinstance(event, Tick | Order | Answered) else [event]
        return self.answers.get(key, default)


@attrs.define(eq=False)
class Waiting:
    """A gate that waits for a time."""

    due: float | None

    def weigh(self, event: Event, at: float) -> Iterable[Event | Effect]:
        yield event


@attrs.define(eq=False)
class Tagging:
    """A gate that appends its name to bytes."""

    name: bytes

    def weigh(self, event: Event, at: float) -> Iterable[Event | Effect]:
        if isinstance(event, Bytes):
            yield attrs.evolve(event, chunk=event.chunk + self.name)


@attrs.define(eq=False)
class Raising:
    """A gate that raises on a given chunk."""

    on: bytes

    def weigh(self, event: Event, at: float) -> Iterable[Event | Effect]:
        if isinstance(event, Bytes) and event.chunk == self.on:
            raise RuntimeError("secret words that must not be told")
        yield event


@attrs.define(eq=False)
class Watching:
    """A tap that keeps what it saw, or raises."""

    essential: bool = True
    raising: bool = False
    seen: list[Seen] = attrs.field(factory=list)

    def see(self, seen: Seen, at: float) -> None:
        if self.raising:
            raise OSError("disk full")
        self.seen.append(seen)


class FlowTests(SynchronousTestCase):
    """Events in, effects out."""

    def test_to_target_runs_left_to_right_and_back_right_to_left(self) -> None:
        """The tuple is the order."""
        flow = Flow((Tagging(b"1"), Tagging(b"2")))
        self.assertEqual(flow.feed(Bytes(UP, b"x"), 0), [Bytes(UP, b"x12")])
        self.assertEqual(flow.feed(Bytes(DOWN, b"x"), 0), [Bytes(DOWN, b"x21")])

    def test_every_lane_event_passes_an_empty_flow(self) -> None:
        """No gate is no hindrance, and taps see what passed."""
        tap = Watching()
        flow = Flow((), (tap,))
        events = [Bytes(UP, b"a"), End(UP), Close(DOWN), Resize(80, 24), Request(UP, "env", b"")]
        out = [effect for event in events for effect in flow.feed(event, 0)]
        self.assertEqual(out, events)
        self.assertEqual(tap.seen, events)

    def test_effects_skip_the_remaining_gates(self) -> None:
        """A notice of the first gate is not weighed by the second."""
        second = Script("2")
        told = Tell(Fact("command.executed"))
        flow = Flow((Script("1", {b"x": [Notice("n"), told, Mark("m"), Refuse(77, "no")]}), second))
        self.assertEqual(flow.feed(Bytes(UP, b"x"), 0), [Notice("n"), told, Mark("m"), Refuse(77, "no")])
        self.assertEqual(second.weighed, [])

    def test_ticks_and_orders_come_to_every_gate(self) -> None:
        """Orders overtake everything and reach all gates, left to right."""
        gates = Script("1"), Script("2", {Tick: [Bytes(DOWN, b"late")]})
        flow = Flow(gates)
        order = Order(OrderKind.LOCK, "bob")
        self.assertEqual(flow.feed(order, 0), [])
        self.assertEqual(flow.feed(Tick(), 0), [Bytes(DOWN, b"late")])
        self.assertEqual(gates[0].weighed, [order, Tick(), Bytes(DOWN, b"late")])
        self.assertEqual(gates[1].weighed, [order, Tick()])

    def test_the_next_tick_is_due_when_the_first_gate_wants_it(self) -> None:
        """Gates that never wait say nothing; an ended flow waits for nothing."""
        first, second = Waiting(None), Waiting(None)
        flow = Flow((first, Script("b"), second))
        self.assertIsNone(flow.due)
        second.due = 3.0
        self.assertEqual(flow.due, 3.0)
        first.due = 2.0
        self.assertEqual(flow.due, 2.0)
        flow.ended = True
        self.assertIsNone(flow.due)
        self.assertIsNone(Flow((Script("a"),)).due)

    def test_an_open_ticket_stops_what_is_behind_it_and_nothing_else(self) -> None:
        """What the asker passes on waits in order; the other lane goes on; the answer releases it."""
        asking = Script("1", {b"?": [Ask(7, UP, "may it?")], Answered: [Bytes(UP, b"?")]})
        flow = Flow((asking, Script("2")))
        self.assertEqual(flow.feed(Bytes(UP, b"?"), 0), [Ask(7, UP, "may it?")])
        self.assertEqual(flow.feed(Bytes(UP, b"next"), 0), [])
        self.assertEqual(flow.feed(End(UP), 0), [])
        self.assertEqual(flow.held(UP), 4)
        self.assertEqual(flow.feed(Bytes(DOWN, b"out"), 0), [Bytes(DOWN, b"out")])
        self.assertEqual(flow.feed(Answered(7, True), 0), [Bytes(UP, b"?"), Bytes(UP, b"next"), End(UP)])
        self.assertEqual(flow.held(UP), 0)

    def test_a_lane_rests_while_something_is_held_or_asked_on_it(self) -> None:
        """Then nothing may go past the flow on that lane; the other lane is free."""
        asking = Script("a", {b"?": [Ask(1, UP, None)], b"hold": [Hold(DOWN, 4)], b"go": [Credit(DOWN, 4)]})
        flow = Flow((asking,))
        self.assertFalse(flow.rests(UP) or flow.rests(DOWN))
        flow.feed(Bytes(UP, b"?"), 0)
        self.assertEqual((flow.rests(UP), flow.rests(DOWN)), (True, False))
        flow.feed(Answered(1, None), 0)
        flow.feed(Bytes(DOWN, b"hold"), 0)
        self.assertEqual((flow.rests(UP), flow.rests(DOWN)), (False, True))
        flow.feed(Bytes(DOWN, b"go"), 0)
        self.assertFalse(flow.rests(DOWN))

    def test_a_question_taken_back_releases_what_waited(self) -> None:
        """Behind the word for it; no answer is heard any more, and one can ask again."""
        asking = Script("1", {b"?": [Ask(7, UP, "")], b"no": [Withdraw(7), Bytes(UP, b"!")], Answered: [End(UP)]})
        flow = Flow((asking, Script("2")))
        flow.feed(Bytes(UP, b"?"), 0)
        flow.feed(Bytes(UP, b"next"), 0)
        self.assertEqual(flow.feed(Bytes(UP, b"no"), 0), [Withdraw(7), Bytes(UP, b"next"), Bytes(UP, b"!")])
        self.assertEqual((flow.held(UP), flow.rests(UP), flow.feed(Answered(7, True), 0)), (0, False, []))
        self.assertEqual(flow.feed(Bytes(UP, b"?"), 0), [Ask(7, UP, "")])

    def test_nobody_takes_back_what_he_did_not_ask(self) -> None:
        """Neither another gate's question nor one that is answered."""
        flow = Flow((Script("1", {b"?": [Ask(7, UP, "")]}), Script("2", {b"no": [Withdraw(7)]})))
        flow.feed(Bytes(UP, b"?"), 0)
        self.assertIsInstance(flow.feed(Bytes(DOWN, b"no"), 0)[-1], EndSession)
        flow = Flow((Script("1", {b"no": [Withdraw(7)]}),))
        self.assertIsInstance(flow.feed(Bytes(UP, b"no"), 0)[-1], EndSession)

    def test_an_answer_nobody_asked_for_is_ignored(self) -> None:
        """A late answer changes nothing."""
        self.assertEqual(Flow((Script("1"),)).feed(Answered(9, True), 0), [])

    def test_two_open_tickets_on_one_lane_fail_closed(self) -> None:
        """One ticket per gate and lane."""
        flow = Flow((Script("1", {b"a": [Ask(1, UP, "")], b"b": [Ask(2, UP, "")]}),))
        flow.feed(Bytes(UP, b"a"), 0)
        self.assertIsInstance(flow.feed(Bytes(UP, b"b"), 0)[-1], EndSession)

    def test_holding_is_accounted(self) -> None:
        """Hold and credit add up per lane and are not effects for outside."""
        flow = Flow((Script("1", {b"xx": [Hold(DOWN, 2)], b"go": [Credit(DOWN, 2), Bytes(DOWN, b"xx")]}),))
        self.assertEqual(flow.feed(Bytes(DOWN, b"xx"), 0), [])
        self.assertEqual(flow.held(DOWN), 2)
        self.assertEqual(flow.feed(Bytes(DOWN, b"go"), 0), [Bytes(DOWN, b"xx")])
        self.assertEqual(flow.held(DOWN), 0)

    def test_crediting_more_than_held_fails_closed(self) -> None:
        """A gate whose sums are wrong can not be trusted."""
        flow = Flow((Script("1", {b"x": [Credit(UP, 1)]}),))
        self.assertIsInstance(flow.feed(Bytes(UP, b"x"), 0)[-1], EndSession)

    def test_a_gate_that_emits_what_only_comes_from_outside_fails_closed(self) -> None:
        """Gates give no orders."""
        flow = Flow((Script("1", {b"x": [Tick()]}),))
        self.assertIsInstance(flow.feed(Bytes(UP, b"x"), 0)[-1], EndSession)

    def test_a_gate_that_raises_ends_the_session_and_forwards_nothing_of_the_turn(self) -> None:
        """Fail closed: also what had passed in the same turn stays here."""
        first = Script("1", {b"x": [Bytes(UP, b"fine"), Bytes(UP, b"boom")]})
        flow = Flow((first, Raising(b"boom")))
        out = flow.feed(Bytes(UP, b"x"), 0)
        self.assertEqual([type(effect) for effect in out], [Tell, EndSession])
        self.assertNotIn("secret words", repr(out))
        self.assertTrue(flow.ended)
        self.assertEqual(flow.feed(Bytes(UP, b"more"), 0), [])

    def test_an_essential_tap_that_raises_ends_the_session(self) -> None:
        """No record, no session."""
        flow = Flow((), (Watching(essential=True, raising=True),))
        out = flow.feed(Bytes(DOWN, b"x"), 0)
        self.assertEqual([type(effect) for effect in out], [Tell, EndSession])

    def test_another_tap_that_raises_is_dropped(self) -> None:
        """A viewer's fault costs the operator nothing."""
        viewer, recorder = Watching(essential=False, raising=True), Watching()
        flow = Flow((Script("1", {b"x": [Bytes(DOWN, b"a"), Bytes(DOWN, b"b")]}),), (viewer, recorder))
        out = flow.feed(Bytes(DOWN, b"x"), 0)
        self.assertEqual([each for each in out if isinstance(each, Bytes)], [Bytes(DOWN, b"a"), Bytes(DOWN, b"b")])
        self.assertEqual(flow.taps, (recorder,))
        self.assertEqual(recorder.seen, [Bytes(DOWN, b"a"), Bytes(DOWN, b"b")])

    def test_what_nobody_weighed_is_said_and_seen(self) -> None:
        """A line of the session itself skips the gates, not the taps; an ended flow says nothing."""
        tap, gate = Watching(), Script("1")
        flow = Flow((gate,), (tap,))
        self.assertEqual(flow.say("five minutes left", 1.0), [Notice("five minutes left")])
        self.assertEqual((tap.seen, gate.weighed), ([Notice("five minutes left")], []))
        flow.ended = True
        self.assertEqual(flow.say("more", 2.0), [])

    def test_after_end_session_nothing_more_leaves(self) -> None:
        """An ended flow is silent, also within the turn."""
        flow = Flow((Script("1", {b"x": [EndSession(79, "rule"), Bytes(UP, b"after")]}),))
        self.assertEqual(flow.feed(Bytes(UP, b"x"), 0), [EndSession(79, "rule")])

    def test_a_dropped_tap_is_shown_nothing_more_in_the_same_turn(self) -> None:
        """It failed at the first of two chunks, and is told of the failure once."""
        tap = Watching(essential=False, raising=True)
        flow = Flow((Script("1", {b"x": [Bytes(UP, b"a"), Mark("m"), Bytes(UP, b"b")]}),), (tap,))
        out = flow.feed(Bytes(UP, b"x"), 0)
        self.assertEqual([type(each) for each in out], [Bytes, Tell, Mark, Bytes])

    def test_one_tap_may_fail_twice_before_it_is_gone(self) -> None:
        """Two of the same kind stand side by side; the one that works goes on."""
        bad, good = Watching(essential=False, raising=True), Watching()
        flow = Flow((), (bad, bad, good))
        flow.feed(Bytes(UP, b"x"), 0)
        self.assertEqual((flow.taps, good.seen), ((good,), [Bytes(UP, b"x")]))

    def test_what_the_gateway_says_is_recorded_before_it_is_said(self) -> None:
        """Taps see the line; a recorder that fails ends the session; an ended flow says nothing."""
        tap = Watching()
        flow = Flow((Script("1"),), (tap,))
        self.assertEqual(flow.say("soon", 0), [Notice("soon")])
        self.assertEqual(tap.seen, [Notice("soon")])
        failing = Flow((Script("1"),), (Watching(raising=True),))
        self.assertIsInstance(failing.say("soon", 0)[-1], EndSession)
        self.assertEqual(failing.say("more", 0), [])

    @given(st.lists(st.tuples(st.sampled_from(Lane), st.binary(min_size=1, max_size=8)), max_size=30))
    def test_bytes_keep_their_order_on_each_lane(self, events: list[tuple[Lane, bytes]]) -> None:
        """Whatever arrives in whatever order leaves in that order, lane by lane."""
        flow = Flow((Script("1"), Script("2")))
        out = [effect for lane, chunk in events for effect in flow.feed(Bytes(lane, chunk), 0)]
        for lane in Lane:
            came = [chunk for each, chunk in events if each is lane]
            self.assertEqual([each.chunk for each in out if isinstance(each, Bytes) and each.lane is lane], came)
