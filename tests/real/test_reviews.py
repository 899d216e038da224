"""What waits for approvers, with real clients on both sides: a held exec, a session that may not start alone."""

from __future__ import annotations

import os
import signal
import subprocess
from typing import Any

from tests.real.harness import GRANT, PATIENCE, Outcome, PlaceCase, until
from tests.real.terminals import Terminal

RULES = """
[[audited]]
name = "touching"
match = {{ command = "touch" }}
action = "review"
score = 30
[[audited]]
name = "listing"
match = {{ command = "ls" }}
action = "warn"
score = 30
"""


class ReviewCase(PlaceCase):
    """Alice asks; Carol answers over ssh."""

    access = GRANT + RULES

    def setUp(self) -> None:
        super().setUp()
        self.proof = self.place.folder / "proof"
        self.proof.unlink(missing_ok=True)

    def answer(self, *words: str, key: str = "carol") -> Outcome:
        """Answer over ssh."""
        return self.place.ssh(key, *words, key=key)

    def waiting(self) -> dict[str, Any]:
        """Return the one request that waits."""
        return dict(until(lambda: self.place.pamctl("requests"), "a request waits")[0])

    def start(self, command: str) -> subprocess.Popen[bytes]:
        return self.place.start(self.place.to_web(), command)

    def ended(self, child: subprocess.Popen[bytes]) -> tuple[int, bytes, str]:
        out, err = child.communicate(timeout=PATIENCE)
        return child.returncode, out, err.decode()


class HeldExecTests(ReviewCase):
    """An exec that a rule wants reviewed."""

    def test_it_runs_when_an_approver_says_so_over_ssh(self) -> None:
        """Not before; with its input, output and code; the events tell who."""
        child = self.start(f"touch {self.proof}; cat; exit 3")
        row = self.waiting()
        self.assertEqual((row["operator"], row["rule"], row["subject"]), ("alice", "touching", "command"))
        self.assertFalse(self.proof.exists())
        done = self.answer("approve", row["id"][:5], "--reason", "'I looked at it'")
        self.assertEqual(done.code, 0, done)
        code, out, err = self.ended(child) if child.stdin is None else self._fed(child, b"input")
        self.assertEqual((code, out), (3, b"input"))
        self.assertIn("waits for approval (rule touching): Carol Admin; request Q-", err)
        self.assertIn("was approved by Carol Admin: I looked at it", err)
        self.assertTrue(self.proof.exists())
        self.place.told("command.executed", session=row["session"])
        kinds = [row["kind"] for row in self.place.events("--session", row["session"])]
        self.assertLess(kinds.index("command.held"), kinds.index("approval.given"))
        self.assertLess(kinds.index("approval.given"), kinds.index("command.executed"))

    def _fed(self, child: subprocess.Popen[bytes], data: bytes) -> tuple[int, bytes, str]:
        out, err = child.communicate(data, timeout=PATIENCE)
        return child.returncode, out, err.decode()

    def test_it_does_not_run_when_it_is_denied(self) -> None:
        """Exit code 77 and one more line; nobody but an approver answers."""
        child = self.start(f"touch {self.proof}")
        request = self.waiting()["id"]
        self.assertEqual(self.answer("approve", request, key="bob").code, 77)
        self.assertEqual(self.place.gateway.pamctl("deny", request, "--reason", "no").code, 0)
        code, out, err = self.ended(child)
        self.assertEqual((code, out), (77, b""), err)
        self.assertRegex(err, r"was not approved: denied by \S+: no")
        self.assertFalse(self.proof.exists())
        self.assertEqual(self.answer("approve", request).code, 1)

    def test_ctrl_c_cancels_on_a_terminal_and_without_one(self) -> None:
        """The request is gone, and nothing ran."""
        terminal = Terminal.open(self.place, self.place.to_web(), f"touch {self.proof}")
        terminal.expect("Ctrl-C cancels")
        self.waiting()
        terminal.type("\x03")
        terminal.expect("was withdrawn; it did not run")
        self.assertEqual(terminal.process.wait(PATIENCE), 77)
        child = self.start(f"touch {self.proof}")
        self.waiting()
        os.kill(child.pid, signal.SIGINT)
        self.ended(child)
        until(lambda: not self.place.pamctl("requests"), "the request is withdrawn")
        self.assertFalse(self.proof.exists())

    def test_the_death_of_the_node_is_a_refusal(self) -> None:
        """No approval outlives it."""
        child = self.start(f"touch {self.proof}")
        request = self.waiting()["id"]
        self.place.gateway.restart(signal.SIGKILL)
        self.assertNotEqual(self.ended(child)[0], 0)
        self.assertEqual(self.place.pamctl("requests"), [])
        self.assertEqual(self.answer("approve", request).code, 1)
        self.assertFalse(self.proof.exists())


class WaitingSessionTests(ReviewCase):
    """A grant that asks for an approver."""

    access = GRANT + "approval = 1\n"

    def test_ssh_and_sftp_go_on_where_they_waited(self) -> None:
        """With terminal, without, and in a client that speaks no shell."""
        child = self.start("echo hello; cat")
        row = self.waiting()
        self.assertEqual((row["subject"], row["needed"]), ("session", 1))
        self.assertEqual(self.answer("approve", row["id"]).code, 0)
        out, err = child.communicate(b"bye", timeout=PATIENCE)
        self.assertEqual((child.returncode, out), (0, b"hello\nbye"))
        self.assertIn(b"this session was approved by Carol Admin", err)
        terminal = Terminal.open(self.place, self.place.to_web())
        terminal.expect("Ctrl-C cancels")
        self.assertEqual(self.answer("approve", self.waiting()["id"]).code, 0)
        terminal.expect(", recorded")
        terminal.type("echo a$((40+2))b; exit\r")
        terminal.expect("a42b")
        options = self.place.options(port="-P")
        sftp = self.place.spawn(["sftp", *options, "-o", f"User={self.place.to_web()}", "-b", "-", "127.0.0.1"])
        self.assertEqual(self.answer("approve", self.waiting()["id"]).code, 0)
        out, _ = sftp.communicate(b"pwd\n", timeout=PATIENCE)
        self.assertEqual((sftp.returncode, b"Remote working directory" in out), (0, True))

    def test_a_refusal_ends_it_before_it_began(self) -> None:
        """No session was started; the target was not spoken to."""
        child = self.start("true")
        self.assertEqual(self.answer("deny", self.waiting()["id"]).code, 0)
        code, _, err = self.ended(child)
        self.assertEqual(code, 77, err)
        self.assertIn("this session was not approved: denied by Carol Admin", err)


class ThresholdTests(ReviewCase):
    """Risk that acts."""

    access = GRANT + "risk = {{ warn = 30, lock = 60, interrupt = 90 }}\n" + RULES

    def test_each_threshold_acts_once_on_the_line_that_reaches_it(self) -> None:
        """The operator is warned, then locked; the line that locks does not run. Admins see the risk."""
        Terminal.open(self.place, self.place.to_web(), "cat")
        session = self.place.live()[0]["id"]
        done = self.place.ssh(self.place.to_web(), "ls /")
        self.assertEqual(done.code, 0, done)
        self.assertRegex(done.err, r"the risk of this session is medium now; administrators were told")
        told = [row for row in self.place.events("--kind", "risk.threshold")]
        self.assertEqual([(row["action"], row["threshold"], row["severity"]) for row in told], [("warn", 30, 7)])
        done = self.place.ssh(self.place.to_web(), "ls /; ls -l /")
        self.assertEqual(done.code, 77, done)
        self.assertIn("(rule risk)", done.err)
        until(lambda: self.place.pamctl("locks"), "the user is locked")
        (lock,) = self.place.pamctl("locks")
        self.assertEqual((lock["scope"], lock["user"], lock["by"]), ("user", "alice", "policy rule risk"))
        self.assertEqual(self.place.live()[0]["id"], session)
        newest = self.place.newest()
        self.assertEqual((newest["risk"], newest["level"]), (60, "high"))
        self.assertEqual(self.place.gateway.pamctl("unlock", "alice").code, 0)
