"""What a job may do."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from gateway.domain.depot import Question, Settle
from gateway.domain.sftp.codec import STAT, STATUS, Reply
from gateway.domain.sftp.steps import WAIT, Send, call, settled
from tests.domain.depots import Kept


class CallTests(SynchronousTestCase):
    """One request, one answer."""

    def test_a_call_sends_and_waits(self) -> None:
        """Its value is the answer."""
        job = call(STAT, b"x")
        self.assertEqual((next(job), job.send(None)), (Send(STAT, b"x"), WAIT))
        with self.assertRaises(StopIteration) as stop:
            job.send((None, Reply(STATUS, 1)))
        self.assertEqual(stop.exception.value, Reply(STATUS, 1))

    def test_settling_is_a_question(self) -> None:
        """And nothing else."""
        kept = Kept()
        self.assertEqual(list(settled(kept)), [Question(Settle(kept))])
