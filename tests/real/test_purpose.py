"""Sessions that want a reason and a ticket, with a real ssh."""

from __future__ import annotations

from tests.real.harness import GRANT, PlaceCase, run
from tests.real.terminals import Terminal

ASKING = GRANT + """
[[grant]]
name = "why"
groups = ["ops"]
targets = ["web1"]
accounts = ["{account}"]
rights = ["shell", "exec"]
reason = "required"
ticket = '^CHG[0-9]+$'
"""


class PurposeTests(PlaceCase):
    """By the environment, or at the terminal."""

    access = ASKING

    def test_an_exec_says_it_in_its_environment(self) -> None:
        """It is in the audit log and with the session, and not on the target; without it the refusal says how."""
        self.assert_said(self.place.ssh(self.place.to_web(), "true"), 77, "needs a ticket", "SetEnv=OSTIARY_TICKET")
        argv = self.place.argv(self.place.to_web(), "env")
        argv[1:1] = ["-o", 'SetEnv=OSTIARY_TICKET=CHG17 OSTIARY_REASON="disk full"']
        done = run(argv)
        self.assertEqual(done.code, 0, done)
        self.assertNotIn(b"OSTIARY", done.out)
        (begun,) = self.place.told("session.started", ticket="CHG17")
        self.assertEqual(begun["reason"], "disk full")
        shown = self.place.pamctl("session", "show", begun["session"])
        self.assertEqual(shown["purpose"], {"reason": "disk full", "ticket": "CHG17"})

    def test_a_terminal_is_asked(self) -> None:
        """And works as any other afterwards."""
        terminal = Terminal.of(self.place.spawn, ["ssh", "-tt", *self.place.argv(self.place.to_web())[1:]])
        self.addCleanup(terminal.leave)
        terminal.expect("ticket for this session")
        terminal.type("CHG18\r")
        terminal.expect("reason for this session")
        terminal.type("a look\r")
        terminal.expect(", recorded")
        terminal.type("echo rea$((40+2))dy; exit 3\r")
        terminal.expect("rea42dy")
        self.assertEqual(terminal.ended(), 3)
        self.place.told("session.started", ticket="CHG18", reason="a look")
