"""What a gate of transfers asks is answered by whoever was handed in, in a turn of its own."""

from __future__ import annotations

from typing import Any

import attrs
from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase

from gateway.domain.entries import TransferRule
from gateway.domain.evaluation import Consider
from gateway.domain.session import State
from gateway.domain.sftp import codec
from gateway.domain.sftp.codec import Attributes, number, packet, string
from gateway.ssh.junction import MOST_QUEUED
from gateway.wire.fields import string as wire_string
from tests.domain.sftp.server import Server
from tests.ssh.sessions import World

RULE = TransferRule("no-malware", "download", ("clamd",))
INIT = packet(codec.INIT, number(3))
OPEN = packet(codec.OPEN, number(1) + string(b"/a") + number(codec.FOR_READING) + Attributes().sent())


class TransferQuestionTests(SynchronousTestCase):
    """An SFTP channel whose OPEN has to be decided about."""

    def setUp(self) -> None:
        self.world = World(rights=("sftp", "shell"), transfers=())
        self.asked: list[tuple[Any, Deferred[Any]]] = []
        self.world.run.grant = self.granted()
        self.cancelled = 0

    def granted(self) -> Any:
        grant = self.world.run.grant
        return attrs.evolve(grant, policy=attrs.evolve(grant.policy, transfers=(RULE,)))

    def answering(self, run: Any, question: Any) -> Deferred[Any]:
        def cancel(_: Any) -> None:
            self.cancelled += 1

        answer: Deferred[Any] = Deferred(cancel)
        self.asked.append((question, answer))
        return answer

    def begin(self, answered: bool = True) -> None:
        """Open the file, as far as somebody has to be asked."""
        if answered:
            self.world.run.workings = attrs.evolve(self.world.run.workings, answering={Consider: self.answering})
        self.end, self.heard = self.world.open()
        self.end.request("subsystem", wire_string(b"sftp"), wants_reply=True)
        self.world.settle()
        self.world.accept()
        self.server = Server(silent=False)
        self.end.write(INIT)
        self.pump()
        self.end.write(OPEN)
        self.pump()

    def pump(self) -> None:
        """Let the target answer what it has heard."""
        far, heard = self.world.far()
        for _ in range(9):
            self.world.settle()
            chunk, heard.taken[0] = heard.taken[0], b""
            far.write(self.server.feed(bytes(chunk)))
        self.world.settle()

    def test_an_answer_goes_on_in_a_turn_of_its_own(self) -> None:
        """Not in that of whoever gives it, and not while a lock covers the session."""
        self.begin()
        ((question, answer),) = self.asked
        self.assertEqual(question.transfer.path, "/a")
        opened = [each for each in self.server.heard if isinstance(each, codec.Asked) and each.kind == codec.OPEN]
        self.assertEqual(opened, [])
        answer.callback(())
        self.successResultOf(self.world.lock())
        self.world.clock.advance(0)
        self.pump()
        self.assertFalse([each for each in self.server.heard if getattr(each, "kind", 0) == codec.OPEN])
        self.successResultOf(self.world.unlock())
        self.pump()
        self.assertTrue([each for each in self.server.heard if getattr(each, "kind", 0) == codec.OPEN])

    def test_an_answer_waits_for_a_side_that_takes_nothing(self) -> None:
        """Nothing piles up because somebody outside is fast."""
        self.begin()
        junction = self.world.run.legs[1].junction  # type: ignore[attr-defined]
        self.end.sender = self.end.sender
        junction.operator.queued += MOST_QUEUED + 1
        self.asked[0][1].callback(())
        self.world.clock.advance(0)
        self.pump()
        self.assertFalse([each for each in self.server.heard if getattr(each, "kind", 0) == codec.OPEN])
        junction.operator.queued -= MOST_QUEUED + 1
        junction.settle()
        self.pump()
        self.assertTrue([each for each in self.server.heard if getattr(each, "kind", 0) == codec.OPEN])

    def test_a_failure_ends_the_session(self) -> None:
        """Fail closed; so does a question that nobody answers."""
        self.begin()
        self.asked[0][1].errback(ValueError("broken"))
        self.assertIs(self.world.run.state, State.ENDED)
        self.assertEqual(self.world.run.ended_because, "unanswered")
        self.assertEqual(len(self.flushLoggedErrors(ValueError)), 1)

    def test_a_question_that_nobody_answers_ends_the_session(self) -> None:
        """The node was put together wrongly."""
        self.begin(answered=False)
        self.assertEqual(self.world.run.ended_because, "unanswerable")

    def test_a_channel_that_ends_takes_its_question_back(self) -> None:
        """Whoever answers need not go on."""
        self.begin()
        self.world.run.cut("test")
        self.assertEqual(self.cancelled, 1)
