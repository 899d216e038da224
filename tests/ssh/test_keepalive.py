"""Silent peers: asked, and given up."""

from __future__ import annotations

from collections.abc import Callable

import attrs
from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from gateway.domain.session import State
from gateway.ssh.keepalive import MOST_UNANSWERED, REQUEST, SECONDS, Keepalive
from gateway.ssh.program import ProgramDoor, Refusal, refusal_door
from gateway.wire.connection import Connection
from tests.ssh.sessions import World
from tests.wire.joined import Open, Side, join, settle

GIVEN_UP_AFTER = SECONDS * (MOST_UNANSWERED + 1)


@attrs.define
class Peer:
    """A peer that answers when told to."""

    heard: int = 0
    is_held: bool = False
    asked: list[Callable[[bool, bytes], None]] = attrs.field(factory=list)
    questions: int = 0

    def ask(self, name: str, answered: Callable[[bool, bytes], None]) -> None:
        assert name == REQUEST
        self.questions += 1
        self.asked.append(answered)

    def speak(self) -> None:
        self.heard += 1

    def answer(self, granted: bool = False) -> None:
        """Answer every question."""
        while self.asked:
            self.heard += 1
            self.asked.pop(0)(granted, b"")


class KeepaliveTests(SynchronousTestCase):
    """The machine alone."""

    def setUp(self) -> None:
        self.clock, self.peer, self.lost = Clock(), Peer(), 0
        self.keepalive = Keepalive(self.clock, self.peer, self.count_lost)
        self.keepalive.start()

    def count_lost(self) -> None:
        self.lost += 1

    def test_an_idle_peer_is_asked_at_every_interval(self) -> None:
        """An answer is no traffic, granted or not; nobody who answers is lost."""
        for number in range(1, 11):
            self.clock.advance(SECONDS)
            self.assertEqual(self.peer.questions, number)
            self.peer.answer(granted=number % 2 == 0)
        self.assertEqual(self.lost, 0)

    def test_a_peer_that_speaks_is_not_asked(self) -> None:
        """Once in each interval will do."""
        for _ in range(10):
            self.peer.speak()
            self.clock.advance(SECONDS)
        self.assertEqual((self.peer.questions, self.lost), (0, 0))

    def test_a_peer_that_is_silent_is_lost_once(self) -> None:
        """After three questions and as many intervals, not a moment before; then nothing runs any more."""
        self.clock.pump([1.0] * int(GIVEN_UP_AFTER - 1))
        self.assertEqual((self.peer.questions, self.lost), (MOST_UNANSWERED, 0))
        self.clock.pump([1.0] * 600)
        self.assertEqual((self.peer.questions, self.lost), (MOST_UNANSWERED, 1))
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_any_word_saves_a_peer(self) -> None:
        """It need not be the answer."""
        self.clock.pump([SECONDS] * MOST_UNANSWERED)
        self.peer.speak()
        self.clock.pump([SECONDS] * (MOST_UNANSWERED + 1))
        self.assertEqual(self.lost, 0)
        self.clock.advance(SECONDS)
        self.assertEqual(self.lost, 1)

    def test_a_peer_that_is_not_read_is_not_judged(self) -> None:
        """However long that lasts; afterwards it has all its time again."""
        self.peer.is_held = True
        self.clock.pump([SECONDS] * 10)
        self.assertEqual((self.peer.questions, self.lost), (0, 0))
        self.peer.is_held = False
        self.clock.pump([SECONDS] * MOST_UNANSWERED)
        self.assertEqual((self.peer.questions, self.lost), (MOST_UNANSWERED, 0))

    def test_nothing_is_watched_after_the_stop(self) -> None:
        """Also when it is said twice."""
        self.keepalive.stop()
        self.keepalive.stop()
        self.clock.advance(GIVEN_UP_AFTER)
        self.assertEqual((self.peer.questions, self.lost, self.clock.getDelayedCalls()), (0, 0, []))

    @given(st.lists(st.sampled_from(("speak", "answer", "hold", "wait", "wait", "wait")), max_size=60))
    @settings(max_examples=200)
    def test_only_whoever_was_silent_long_enough_is_lost(self, steps: list[str]) -> None:
        """Never with a sign of life within the last three intervals, always after five without."""
        self.setUp()
        quiet = 0
        for step in [*steps, *["wait"] * (MOST_UNANSWERED + 2)]:
            if self.lost:
                break
            if step == "wait":
                self.clock.advance(SECONDS)
                quiet += 1
                self.assertLessEqual(quiet, MOST_UNANSWERED + 2)
                self.assertTrue(not self.lost or quiet > MOST_UNANSWERED, quiet)
            elif step == "hold":
                self.peer.is_held = True
                self.clock.advance(SECONDS)
                self.peer.is_held, quiet = False, 0
            elif step == "speak" or self.peer.asked:
                getattr(self.peer, step)()
                quiet = 0
        self.assertEqual(self.lost, 1)


class ProgramTests(SynchronousTestCase):
    """Connections that reach no target: the menu's, the verbs', a ProxyJump's outer one, a refusal's."""

    def setUp(self) -> None:
        self.clock = Clock()

    def joined(self, door: ProgramDoor) -> tuple[Side, Side]:
        """Return an operator's side and the gateway's, joined."""
        return join(Connection(Open()), Connection(door))

    def test_an_operator_who_answers_stays(self) -> None:
        """Idle as long as he likes."""
        operator, gateway = self.joined(ProgramDoor(lambda: Refusal(64, "no"), clock=self.clock))
        for _ in range(10):
            self.clock.advance(SECONDS)
            settle(operator, gateway)
        self.assertEqual((gateway.said, gateway.closing), (["global"] * 10, False))

    def test_an_operator_who_does_not_answer_is_cut(self) -> None:
        """Behind a network that is gone, no connection stays for ever; nothing runs any more then."""
        operator, gateway = self.joined(refusal_door(Refusal(77, "no"), self.clock))
        self.clock.pump([SECONDS] * (MOST_UNANSWERED + 1))
        self.assertTrue(gateway.closing)
        settle(operator, gateway)
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_an_operator_who_left_is_not_asked(self) -> None:
        """No timer stays behind."""
        operator, gateway = self.joined(ProgramDoor(lambda: Refusal(64, "no"), clock=self.clock))
        operator.lose()
        settle(operator, gateway)
        self.assertEqual(self.clock.getDelayedCalls(), [])


class SessionTests(SynchronousTestCase):
    """Both connections of a session."""

    def setUp(self) -> None:
        self.world = World()
        self.world.settle()

    def asked(self) -> tuple[int, int]:
        """Return how many global requests operator and target were sent."""
        return self.world.gateway.said.count("global"), self.world.inner.said.count("global")

    def test_both_peers_are_asked_and_any_answer_will_do(self) -> None:
        """Both deny, as everybody does, and the session goes on."""
        for _ in range(10):
            self.world.clock.advance(SECONDS)
            self.world.settle()
        self.assertEqual((self.asked(), self.world.run.state), ((10, 10), State.LIVE))

    def test_a_dead_operator_ends_the_session(self) -> None:
        """The target's side answers all the time."""
        self.dead(self.world.gateway, self.world.target, self.world.inner)
        self.assertEqual(self.world.bodies("session.ended")[0]["reason"], "operator_lost")
        self.assertTrue(self.world.gateway.closing and self.world.inner.closing)

    def test_a_dead_target_ends_the_session(self) -> None:
        """The operator is told so with its exit code."""
        _, heard = self.world.exec("sleep 1d")
        self.world.accept()
        self.dead(self.world.inner, self.world.client, self.world.gateway)
        self.assertEqual(self.world.bodies("session.ended")[0]["reason"], "target_lost")
        self.assertIn("does not answer any more", heard.taken[1].decode())

    def dead(self, silenced: object, *others: object) -> None:
        """Let time pass while one connection of the gateway's is heard no more; what was heard before is traffic."""
        for _ in range(MOST_UNANSWERED + 2):
            self.world.clock.advance(SECONDS)
            for _ in range(10):
                for side in others:
                    side.deliver()  # type: ignore[attr-defined]
        for _ in range(10):
            self.world.clock.advance(1)
            for side in others:
                side.deliver()  # type: ignore[attr-defined]

    def test_nobody_is_asked_once_the_session_is_over(self) -> None:
        """No timer stays behind."""
        self.world.run.cut("test")
        self.world.settle()
        self.world.clock.advance(10 * SECONDS)
        self.assertEqual(self.asked(), (0, 0))

    def test_an_answer_nobody_waits_for_is_ignored(self) -> None:
        """Of either kind; answers come in the order of the questions."""
        told: list[tuple[int, bool, bytes]] = []
        connection = self.world.gateway.connection
        connection.packetReceived(81, b"")
        for number in range(3):
            connection.ask("x", lambda granted, payload, which=number: told.append((which, granted, payload)))
        connection.packetReceived(82, b"")
        connection.packetReceived(81, b"port")
        connection.packetReceived(82, b"")
        connection.packetReceived(82, b"")
        self.assertEqual(told, [(0, False, b""), (1, True, b"port"), (2, False, b"")])
        self.assertEqual(self.world.gateway.disconnected, "")
