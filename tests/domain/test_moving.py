"""Commands that move files unread are refused where files must be evaluated."""

from __future__ import annotations

import attrs
from twisted.trial.unittest import SynchronousTestCase

from gateway.domain.entries import TransferRule
from gateway.domain.moving import denied_moving
from gateway.domain.policy import FrozenPolicy
from tests.domain.policies import policy


class MovingTests(SynchronousTestCase):
    """Command lines of an exec."""

    def under(self, *rules: TransferRule) -> FrozenPolicy:
        return attrs.evolve(policy(), transfers=rules)

    def test_programs_that_move_files_are_refused(self) -> None:
        """Wherever they stand in the line; the refusal names the program, the rule and the way."""
        decided = self.under(TransferRule("no-malware"))
        lines = ("tar xf -", "cd /x && tar c .", "sudo tar x", "cat > f", "gzip -d > f", "dd of=/x", "sh -c 'cat > f'")
        for line in lines:
            denied = denied_moving(decided, line)
            assert denied is not None, line
            self.assertEqual(denied.reason, "not_evaluated")
            self.assertRegex(denied.text, r"moves files .* \(rule no-malware\); use sftp or scp")

    def test_other_commands_run(self) -> None:
        """Reading a file is no transfer, nor is anything where nobody decides."""
        decided = self.under(TransferRule("no-malware"))
        for line in ("ls -l", "cat f", "dd if=/x", "echo tar"):
            self.assertIsNone(denied_moving(decided, line), line)
        for rules in ((), (TransferRule("watching", mode="observe"),)):
            self.assertIsNone(denied_moving(self.under(*rules), "tar x"))

    def test_a_paste_is_none_of_it(self) -> None:
        """The known limit: a shell moves files in ways that nobody can tell."""
        self.assertIsNone(denied_moving(self.under(TransferRule("no-malware")), "echo YQ== | base64 -d"))
