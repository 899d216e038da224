"""What is typed into real shells over real ssh is judged before it runs."""

from __future__ import annotations

from pathlib import Path

from tests.real.harness import GRANT, PlaceCase, until
from tests.real.terminals import Terminal

RULES = (
    GRANT
    + """
[[audited]]
name = "destructive-rm"
match = {{ command = "rm", options = ["r|R|recursive", "f|force"] }}
score = 40
action = "deny"
[[audited]]
name = "watched-date"
match = {{ command = "date" }}
score = 5
action = "warn"
[[audited]]
name = "no-shutdown"
match = {{ command = "shutdown" }}
score = 60
action = "interrupt"
"""
)
SHELLS = {"bash": "bash --norc -i", "zsh": "zsh -f -i", "dash": "dash -i", "fish": "fish -N"}


class LineTests(PlaceCase):
    """One rule, every way to submit a line."""

    access = RULES

    def shell(self, command: str = SHELLS["bash"]) -> Terminal:
        """Open a shell on a terminal."""
        terminal = Terminal.open(self.place, self.place.to_web(), f"env PS1='$ ' HISTFILE= {command}")
        self.addCleanup(terminal.leave)
        terminal.type("echo re''a42dy\r")
        terminal.expect("rea42dy")
        return terminal

    def victim(self) -> Path:
        """Make a folder that must stay."""
        made = self.place.folder / "victim"
        made.mkdir(exist_ok=True)
        return made

    def facts(self, kind: str) -> list[str]:
        """Return the commands of the facts of a kind, in the newest session."""
        session = self.place.pamctl("sessions")[0]["id"]
        return [str(row.get("command")) for row in self.place.events("--session", session, "--kind", kind)]

    def test_a_prohibited_line_never_runs_and_the_operator_sees_why(self) -> None:
        """In every shell; the next line runs, and both are told."""
        for name, command in SHELLS.items():
            terminal, victim = self.shell(command), self.victim()
            terminal.type(f"rm -rf {victim}\r")
            terminal.expect("is not allowed on web1 (rule destructive-rm). The attempt was reported.")
            terminal.type("echo still $SHLVL he''re\r")
            terminal.expect("here")
            self.assertTrue(victim.exists(), name)
            until(lambda: f"rm -rf {victim}" in self.facts("command.denied"), f"{name}: the fact")
            until(lambda: any("echo still" in each for each in self.facts("command.executed")), f"{name}: the next")
            terminal.leave()

    def test_every_commit_key_is_held(self) -> None:
        """CR, LF, Ctrl-J, Ctrl-O, Esc-a, Ctrl-D, in one packet with the line or behind it."""
        for command, keys in (("bash", "\n"), ("bash", "\x0f"), ("zsh", "\x1ba"), ("zsh", "\x0f"), ("dash", "\x04\x04")):
            for cut in (False, True):
                terminal, victim = self.shell(SHELLS[command]), self.victim()
                terminal.type(f"rm -rf {victim}" if cut else f"rm -rf {victim}{keys}")
                if cut:
                    terminal.expect(str(victim))
                    terminal.type(keys)
                terminal.expect("(rule destructive-rm)")
                self.assertTrue(victim.exists(), (command, keys, cut))
                terminal.leave()

    def test_a_paste_is_judged_line_by_line(self) -> None:
        """What stands before the prohibited line runs, what stands behind it does not."""
        terminal, victim = self.shell(), self.victim()
        terminal.type(f"echo fir''st\recho sec''ond\rrm -r -f {victim}\recho thi''rd\r")
        terminal.expect("second")
        terminal.expect("(rule destructive-rm)")
        terminal.type("echo fou''rth\r")
        terminal.expect("fourth")
        self.assertNotIn(b"third\r", bytes(terminal.seen))
        self.assertTrue(victim.exists())

    def test_a_rule_that_warns_lets_run(self) -> None:
        """The operator is told, the score rises."""
        terminal = self.shell()
        terminal.type("date +%Y-ok\r")
        terminal.expect('"date +%Y-ok" is an audited command (rule watched-date)')
        terminal.expect("-ok")
        until(lambda: "date +%Y-ok" in self.facts("command.audited"), "the fact")

    def test_a_rule_that_interrupts_ends_the_session(self) -> None:
        """The line never runs."""
        terminal = self.shell()
        terminal.type("shutdown -h now\r")
        terminal.expect("(rule no-shutdown)")
        self.assertEqual(terminal.ended(), 79)
