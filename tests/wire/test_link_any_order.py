"""Any order of sending, changing keys and cutting the stream, between our two ends."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase

from gateway.wire.ciphers import CIPHERS
from gateway.wire.fields import uint32
from tests.wire.pair import Pair

ACTIONS = st.lists(
    st.tuples(st.sampled_from(["send", "rekey", "turn", "move"]), st.booleans(), st.integers(1, 3000)),
    max_size=40,
)


class AnyOrderTests(SynchronousTestCase):
    """Whatever happens when, nothing is lost, doubled or swapped."""

    @settings(max_examples=60, deadline=None)
    @given(st.sampled_from(list(CIPHERS)), ACTIONS)
    def test_every_message_arrives_once_and_in_order(
        self, cipher: bytes, actions: list[tuple[str, bool, int]]
    ) -> None:
        """Keys may change from both sides at any moment, and TCP may cut anywhere."""
        pair = Pair(target={"ciphers": (cipher,)}, operator={"ciphers": (cipher,)}).login()
        asking = pair.target.service
        sent: dict[bool, list[tuple[int, bytes]]] = {True: [], False: []}
        for what, by_operator, size in actions:
            sender, receiver = (pair.operator, pair.target) if by_operator else (pair.target, pair.operator)
            match what:
                case "send":
                    message = (97, uint32(len(sent[by_operator])) + bytes(size))
                    sent[by_operator].append(message)
                    sender.sendPacket(*message)
                case "rekey":
                    sender.rekey()
                case "turn":
                    pair.turn()
                case "move":
                    pair.clock.advance(0)
                    waiting = pair.wires[sender].value()
                    pair.wires[sender].clear()
                    pair.wires[sender].io.write(waiting[size:])
                    receiver.dataReceived(waiting[:size])
        pair.settle()
        self.assertEqual(asking.received, sent[True])
        self.assertEqual(pair.service.received, sent[False])
        self.assertEqual(pair.reasons, {})
        self.assertFalse(pair.operator.blocked or pair.target.blocked)


class DamagedHandshakeTests(SynchronousTestCase):
    """A handshake with anything changed in it."""

    def said(self, *, by_target: bool) -> bytes:
        """Return what one side says until the host key is asked about: version, offer, value."""
        pair = Pair(target={"verify_host_key": lambda *_: Deferred()}).begin().settle()
        return pair.wires[pair.target if by_target else pair.operator].history

    @settings(max_examples=100, deadline=None)
    @given(st.booleans(), st.data())
    def test_changes_end_in_a_violation_or_nothing_but_never_in_a_service(
        self, to_operator: bool, choice: st.DataObject
    ) -> None:
        """Bytes replaced, cut out or put in anywhere before encryption."""
        stream = bytearray(self.said(by_target=to_operator))
        self.assertGreater(len(stream), 1500)
        for _ in range(choice.draw(st.integers(1, 3))):
            start = choice.draw(st.integers(0, len(stream)))
            removed = choice.draw(st.integers(0, 4))
            stream[start : start + removed] = choice.draw(st.binary(max_size=4))
        pair = Pair().begin()
        victim = pair.operator if to_operator else pair.target
        victim.dataReceived(bytes(stream))
        pair.clock.advance(0)
        self.assertIsNone(victim.carrier.service)
        if to_operator:
            self.assertFalse(victim.carrier.link.session_id and victim.carrier.link.exchange is None)
        else:
            self.assertNoResult(victim.secured)
        self.assertEqual(self.flushLoggedErrors(), [])
