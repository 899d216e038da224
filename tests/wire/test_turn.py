"""What a read gives rise to leaves together, at its end."""

from __future__ import annotations

import attrs
from twisted.trial.unittest import SynchronousTestCase

from gateway.wire.turn import Turn
from tests.wire.pair import Pair


@attrs.define(eq=False)
class Sending:
    """Note when it is asked to send; have somebody else do so afterwards."""

    turn: Turn
    order: list[str]
    name: str
    after: Sending | None = None

    def flush(self) -> None:
        self.order.append(self.name)
        if self.after is not None:
            self.turn.due.append(self.after)


class TurnTests(SynchronousTestCase):
    """One turn at a time."""

    def test_everybody_sends_once_at_the_end_also_who_comes_late(self) -> None:
        """A connection within another one gives the outer one something to send."""
        turn, order = Turn(), list[str]()
        outer = Sending(turn, order, "outer")
        self.assertTrue(turn.begin())
        self.assertFalse(turn.begin())
        turn.due += [Sending(turn, order, "inner", outer), Sending(turn, order, "other")]
        turn.end()
        self.assertEqual((order, turn.reading), (["inner", "other", "outer"], False))

    def test_a_turn_whose_sender_breaks_is_over(self) -> None:
        """The next connection's turn is not lost."""

        class Breaking:
            def flush(self) -> None:
                raise ZeroDivisionError

        turn = Turn()
        turn.begin()
        turn.due.append(Breaking())
        self.assertRaises(ZeroDivisionError, turn.end)
        self.assertTrue(turn.begin())

    def test_an_answer_leaves_without_waiting_for_the_next_turn(self) -> None:
        """What is sent to anybody while one connection is read goes out with that read."""
        one, other = Pair().login(), Pair().login()
        wire = other.wires[other.operator]
        before = wire.writes

        def passing(number: int, frame: memoryview) -> bool:
            other.operator.forward(frame)
            other.operator.sendPacket(94, b"and more")
            return True

        one.operator.carrier.link.plane = passing
        one.target.sendPacket(94, b"1234data")
        one.clock.advance(0)
        sent = one.wires[one.target].value()
        one.wires[one.target].clear()
        one.operator.dataReceived(sent)
        self.assertEqual(wire.writes, before + 1)
        now = other.clock.seconds()
        self.assertEqual([call for call in other.clock.getDelayedCalls() if call.getTime() <= now], [])
