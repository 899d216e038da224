"""What a job may do."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from gateway.domain.sftp.codec import STAT, STATUS, Reply
from gateway.domain.sftp.steps import WAIT, Send, call


class CallTests(SynchronousTestCase):
    """One request, one answer."""

    def test_a_call_sends_and_waits(self) -> None:
        """Its value is the answer."""
        job = call(STAT, b"x")
        self.assertEqual((next(job), job.send(None)), (Send(STAT, b"x"), WAIT))
        with self.assertRaises(StopIteration) as stop:
            job.send((None, Reply(STATUS, 1)))
        self.assertEqual(stop.exception.value, Reply(STATUS, 1))
