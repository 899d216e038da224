"""Two connections that wait for each other."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from gateway.wire.coupling import couple
from tests.wire.joined import Calm
from tests.wire.pair import Pair


class CouplingTests(SynchronousTestCase):
    """Who is read when."""

    @given(st.lists(st.tuples(st.booleans(), st.sampled_from(["writable", "exchanging", "ended"]), st.booleans())))
    def test_a_source_is_read_as_long_as_its_sink_takes_or_its_keys_change(
        self, changes: list[tuple[bool, str, bool]]
    ) -> None:
        """After every change, for both directions."""
        one, other = Calm(), Calm()
        couple(one, other)
        for first, name, value in changes:
            changed = one if first else other
            setattr(changed, name, value)
            assert changed.on_change is not None
            changed.on_change()
            for source, sink in ((one, other), (other, one)):
                self.assertEqual(not source.holds, sink.writable or source.exchanging or sink.ended)

    def test_a_full_network_stops_the_other_sides_reading(self) -> None:
        """And the end of it lets it go on."""
        near, far = Pair().login(), Pair().login()
        couple(near.operator.carrier, far.target.carrier)
        near.operator.carrier.pauseProducing()
        self.assertEqual(far.wires[far.target].producerState, "paused")
        self.assertEqual(near.wires[near.operator].producerState, "producing")
        near.operator.carrier.resumeProducing()
        self.assertEqual(far.wires[far.target].producerState, "producing")

    def test_changes_of_keys_on_both_sides_at_once_do_not_wait_for_each_other(self) -> None:
        """Each has to be read for its exchange to end, although the other takes nothing."""
        near, far = Pair().login(), Pair().login()
        couple(near.operator.carrier, far.target.carrier)
        near.operator.rekey()
        self.assertEqual(far.wires[far.target].producerState, "paused")
        far.target.rekey()
        self.assertEqual(far.wires[far.target].producerState, "producing")
        self.assertEqual(near.wires[near.operator].producerState, "producing")
        near.settle()
        far.settle()
        self.assertFalse(near.operator.blocked or far.target.blocked)
        for pair, side in ((near, near.operator), (far, far.target)):
            self.assertEqual(pair.wires[side].producerState, "producing")
