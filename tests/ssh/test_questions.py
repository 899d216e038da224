"""A held command line in a whole session: released, refused, taken back."""

from __future__ import annotations

from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from gateway.domain.entries import AuditedRule
from gateway.domain.session import State
from gateway.wire.channels import ChannelEnd
from gateway.wire.fields import string
from tests.ssh.sessions import World, pty, status
from tests.wire.joined import Heard

BY: dict[str, Any] = {"by": "bob", "by_name": "Bob", "reason": "fine", "door": "test"}
RULE = AuditedRule("rm", command="rm", action="review", score=7)


class HeldTests(SynchronousTestCase):
    """Alice runs what somebody has to approve."""

    def setUp(self) -> None:
        self.world = World(rules=(RULE,))

    def exec(self, terminal: bool = False) -> tuple[ChannelEnd, Heard]:
        """Ask for the reviewed command; return the client's end."""
        end, heard = self.world.open()
        if terminal:
            end.request("pty-req", pty(), wants_reply=False)
        end.request("exec", string(b"rm x"), wants_reply=True)
        self.world.settle()
        return end, heard

    def asked(self) -> list[str]:
        """Return what the target was asked to run."""
        return [event[1] for event in self.world.far()[1].events if event[0] == "request" and event[1] == "exec"]

    def request(self) -> str:
        (row,) = self.world.approvals.requests()
        return str(row["id"])

    def test_an_approved_line_runs_with_all_that_came_meanwhile(self) -> None:
        """In order; it is told as executed when it runs, not before."""
        end, heard = self.exec()
        end.write(b"input")
        end.end()
        self.world.settle()
        self.assertIn(b'"rm x" waits for approval (rule rm): Bob; request Q-', heard.taken[1])
        self.assertEqual((self.asked(), self.world.kinds("command.executed")), ([], []))
        self.successResultOf(self.world.approvals.approve(self.request(), **BY))
        self.world.settle()
        self.assertEqual(self.asked(), ["exec"])
        self.assertEqual(self.world.far()[1].taken[0], b"input")
        self.assertEqual(self.world.kinds("command.", "approval."), [
            "command.audited", "approval.requested", "command.held", "approval.given", "command.executed",
        ])  # fmt: skip
        self.assertIn(b'"rm x" was approved by Bob: fine', heard.taken[1])

    def test_a_denied_line_never_reaches_the_target(self) -> None:
        """Nor does what was sent behind it; the operator reads who and why."""
        end, heard = self.exec()
        end.write(b"input")
        self.world.settle()
        self.successResultOf(self.world.approvals.deny(self.request(), **BY))
        self.world.settle()
        self.assertEqual((self.asked(), self.world.far()[1].taken[0]), ([], b""))
        self.assertIn(b'"rm x" was not approved: denied by Bob: fine', heard.taken[1])
        self.assertIn(status(77), heard.events)
        self.assertEqual(self.world.kinds("command.denied", "command.executed"), ["command.denied"])

    def test_a_time_that_is_over_denies(self) -> None:
        """Five minutes, unless configured otherwise."""
        _, heard = self.exec()
        self.world.clock.advance(299)
        self.assertNotIn(status(77), heard.events)
        self.world.clock.advance(2)
        self.world.settle()
        self.assertIn(b"nobody answered in time", heard.taken[1])
        self.assertEqual(self.asked(), [])

    def test_ctrl_c_takes_it_back(self) -> None:
        """On a terminal; without one the byte is input like any other, and the end of the channel does it."""
        end, heard = self.exec(terminal=True)
        end.write(b"abc\x03")
        self.world.settle()
        self.assertIn(b'"rm x" was withdrawn', heard.taken[0])
        self.assertEqual((self.asked(), self.world.approvals.requests()), ([], []))
        self.assertEqual(self.world.bodies("approval.denied")[0]["outcome"], "withdrawn")
        self.assertEqual(self.world.far()[1].taken[0], b"")
        end, _ = self.exec()
        end.write(b"\x03")
        self.world.settle()
        self.request()
        end.close()
        self.world.settle()
        self.assertEqual((self.world.approvals.requests(), self.asked()), ([], []))

    def test_the_end_of_the_session_takes_it_back(self) -> None:
        """By an interruption, or a lost connection."""
        self.exec()
        request = self.request()
        self.successResultOf(self.world.orders.interrupt("user", "alice", **BY))
        self.assertEqual((self.world.run.state, self.world.approvals.requests()), (State.ENDED, []))
        self.assertRaises(ValueError, self.world.approvals.approve, request, **BY)

    def test_an_answer_waits_for_the_end_of_a_lock(self) -> None:
        """A lock that falls while the approval is being written down holds the line."""
        self.exec()
        request, commit = self.request(), type(self.world.run).commit

        def locking(run: Any, fact: Any) -> Any:
            if fact.kind == "approval.given":
                self.world.lock()
            return commit(run, fact)

        type(self.world.run).commit = locking
        self.addCleanup(setattr, type(self.world.run), "commit", commit)
        self.successResultOf(self.world.approvals.approve(request, **BY))
        self.world.settle()
        self.assertEqual(self.asked(), [])
        self.successResultOf(self.world.unlock())
        self.world.settle()
        self.assertEqual(self.asked(), ["exec"])
