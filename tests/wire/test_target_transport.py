"""The transport to targets."""

from __future__ import annotations

import inspect

from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase

from gateway.wire.fields import string
from gateway.wire.hostkeys import HostKey
from gateway.wire.target_transport import TargetTransport
from gateway.wire.transport import OperatorTransport
from gateway.wire.violation import ConnectionEnded
from tests.wire.pair import HOST_KEY, Pair


class HostKeyTests(SynchronousTestCase):
    """Is it the right host?"""

    def setUp(self) -> None:
        self.asked: list[tuple[bytes, bytes]] = []
        self.answer: Deferred[None] = Deferred()

    def verify(self, algorithm: bytes, blob: bytes) -> Deferred[None]:
        self.asked.append((algorithm, blob))
        return self.answer

    def test_nothing_goes_on_before_the_host_is_recognised(self) -> None:
        """And what the host sends meanwhile is kept, not opened with a wrong key."""
        pair = Pair(target={"verify_host_key": self.verify}).begin().settle()
        self.assertEqual(self.asked, [(b"ssh-ed25519", HOST_KEY.blob)])
        self.assertNoResult(pair.target.secured)
        self.assertGreater(pair.target.carrier.link.reader.unread, 0)
        self.assertEqual(pair.wires[pair.target].producerState, "paused")
        self.answer.callback(None)
        pair.settle()
        self.assertIsNone(self.successResultOf(pair.target.secured))
        self.assertEqual(pair.wires[pair.target].producerState, "producing")
        self.assertIn(b"rsa-sha2-512", pair.target.peer_sig_algs)
        self.assertEqual(pair.target.host_key, HOST_KEY.blob)

    def test_a_refusal_ends_the_connection_with_its_own_failure(self) -> None:
        """Who asked learns why; the host learns only that it was refused."""
        pair = Pair(target={"verify_host_key": self.verify}).begin().settle()
        self.answer.errback(KeyError("pinned otherwise"))
        self.failureResultOf(pair.target.secured, KeyError)
        pair.settle()
        self.assertEqual(pair.reasons[pair.target], "the host key was refused")
        self.assertEqual(pair.reasons[pair.operator], "the peer disconnected (reason 9)")
        self.assertEqual(pair.target.tally.counted, {"host-key": 1})

    def test_a_connection_that_ends_meanwhile_withdraws_the_question(self) -> None:
        """The answer comes too late for anybody."""
        withdrawn: list[object] = []
        self.answer = Deferred(withdrawn.append)
        pair = Pair(target={"verify_host_key": self.verify}).begin().settle()
        pair.operator.abort()
        pair.settle()
        self.assertEqual(len(withdrawn), 1)
        self.assertIn(pair.target, pair.reasons)
        self.assertTrue(pair.target.secured.called)
        self.failureResultOf(pair.target.secured)

    def test_the_question_comes_once(self) -> None:
        """A change of keys with the same host key asks nobody."""
        self.answer.callback(None)
        pair = Pair(target={"verify_host_key": self.verify}).login()
        pair.target.rekey()
        pair.settle()
        self.assertEqual(len(self.asked), 1)
        self.assertFalse(pair.target.blocked)

    def test_another_host_key_in_a_change_of_keys_ends_the_connection(self) -> None:
        """Nobody recognised that one."""
        pair = Pair().login()
        pair.target.host_key = b"another"
        pair.target.rekey()
        pair.settle()
        self.assertEqual(pair.target.tally.counted, {"host-key": 1})

    def test_a_host_that_only_copied_a_key_is_never_asked_about(self) -> None:
        """CVE-2025-26465's neighbourhood: the proof comes before the question."""
        pair = Pair(target={"verify_host_key": self.verify})
        forged = HostKey(HOST_KEY.algorithms, HOST_KEY.blob, lambda name, _: HOST_KEY.sign(name, b"other"))
        pair.operator._host_keys = (forged,)
        pair.begin().settle()
        self.assertEqual(self.asked, [])
        self.failureResultOf(pair.target.secured, ConnectionEnded)
        self.assertEqual(pair.target.tally.counted, {"host-key": 1})

    def test_what_is_pinned_decides_what_is_offered(self) -> None:
        """A host known by its ECDSA key is asked for that one."""
        pair = Pair(target={"host_key_algorithms": (b"ecdsa-sha2-nistp256",)}).begin().settle()
        self.failureResultOf(pair.target.secured, ConnectionEnded)
        self.assertLessEqual(
            {"no-agreement"}, set(pair.target.tally.counted) | set(pair.operator.tally.counted)
        )


class ServiceTests(SynchronousTestCase):
    """Asking for a service."""

    def test_an_accepted_service_is_told_to_who_asked(self) -> None:
        """And only then can the next be asked for."""
        pair = Pair().begin().settle()
        accepted = pair.target.request_service(b"ssh-userauth")
        self.assertRaises(RuntimeError, pair.target.request_service, b"ssh-userauth")
        self.assertNoResult(accepted)
        pair.settle()
        self.assertIsNone(self.successResultOf(accepted))

    def test_an_end_fails_who_waits(self) -> None:
        """With the reason."""
        pair = Pair().begin().settle()
        accepted = pair.target.request_service(b"ssh-userauth")
        pair.target.abort()
        pair.settle()
        failure = self.failureResultOf(accepted, ConnectionEnded)
        self.assertEqual(str(failure.value), "cut off by the gateway")

    def test_an_end_before_encryption_fails_who_waits(self) -> None:
        """With the reason."""
        pair = Pair().begin()
        pair.target.sendDisconnect(11, "never mind")
        pair.settle()
        self.assertEqual(str(self.failureResultOf(pair.target.secured, ConnectionEnded).value), "never mind")

    def test_acceptance_of_something_else_ends_the_connection(self) -> None:
        """A service that nobody asked for, or another one."""
        for asked, payload in ((False, string(b"ssh-userauth")), (True, string(b"ssh-connection"))):
            pair = Pair().begin().settle()
            accepted = pair.target.request_service(b"ssh-userauth") if asked else None
            pair.wires[pair.target].clear()
            pair.operator.sendPacket(6, payload)
            pair.settle()
            self.assertEqual(pair.target.tally.counted, {"service": 1})
            if accepted is not None:
                self.failureResultOf(accepted, ConnectionEnded)


class SurfaceTests(SynchronousTestCase):
    """What services may use on either transport."""

    def test_both_transports_offer_the_same_to_services(self) -> None:
        """A channel does not ask which of the two it runs on."""
        shared = {name for name in vars(OperatorTransport) if not name.startswith("_")}
        self.assertGreater(len(shared), 15)
        for name in shared:
            one, other = getattr(OperatorTransport, name), getattr(TargetTransport, name)
            if callable(one):
                self.assertEqual(inspect.signature(one), inspect.signature(other), name)

    def test_a_service_on_the_targets_side_can_do_the_same(self) -> None:
        """Wait, go on, count, forward, end."""
        pair = Pair().login()
        target, wire = pair.target, pair.wires[pair.target]
        self.assertEqual((target.buffered, target.blocked), (0, False))
        self.assertEqual(target.peer_version, b"SSH-2.0-OpenSSH_9.9 Ostiary")
        target.pause_reading("test")
        self.assertEqual(wire.producerState, "paused")
        target.resume_reading("test")
        self.assertEqual(wire.producerState, "producing")
        target.forward(memoryview(bytearray(b"\x04\x61" + b"1234" + bytes(4))))
        target.sendUnimplemented()
        pair.settle()
        self.assertEqual(pair.service.received, [(97, b"1234")])
        ended = target.closed
        target.lose()
        pair.settle()
        self.successResultOf(ended)
        target.pause_reading("late")
        target.resume_reading("late")
        self.assertEqual(wire.producerState, "producing")

    def test_a_queue_overflow_by_forwarding_ends_the_connection(self) -> None:
        """Frames count like messages."""
        pair = Pair().login()
        pair.target.rekey()
        frame = memoryview(b"\x04\x61" + bytes(200_000) + bytes(4))
        for _ in range(90):
            pair.target.forward(frame)
        self.assertEqual(pair.target.tally.counted, {"queue": 1})
