"""What is typed into real shells over real ssh is judged before it runs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.real.harness import ACCOUNT, GRANT, PlaceCase, until
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
DENIED = "(rule destructive-rm). The attempt was reported."


class LineCase(PlaceCase):
    """A place with rules, and shells in it."""

    access = RULES

    def shell(self, command: str = SHELLS["bash"], term: str = "xterm-256color") -> Terminal:
        """Open a shell on a terminal; a dumb one has no bracketed paste."""
        terminal = Terminal.open(self.place, self.place.to_web(), f"env TERM={term} PS1='$ ' HISTFILE= {command}")
        self.addCleanup(terminal.leave)
        self.answers(terminal, "first")
        return terminal

    def answers(self, terminal: Terminal, word: str) -> None:
        """Type a harmless line and wait for what it writes."""
        terminal.type(f"echo the''{word}\r")
        terminal.expect(f"the{word}")

    def victim(self) -> Path:
        """Make a folder that must stay."""
        made = self.place.folder / "victim"
        made.mkdir(exist_ok=True)
        return made

    def refuses(self, terminal: Terminal, keys: str) -> None:
        """Type something prohibited; the operator reads why, and the folder stays."""
        victim = self.victim()
        terminal.type(keys.replace("VICTIM", str(victim)))
        terminal.expect("is not allowed on web1 " + DENIED[: len("(rule destructive-rm)")])
        self.assertTrue(victim.exists(), keys)

    def rows(self) -> list[dict[str, Any]]:
        """Return the commands of the newest session, as ``session show`` has them."""
        session = self.place.pamctl("sessions")[0]["id"]
        return list(self.place.pamctl("session", "show", session)["commands"])

    def known(self, text: str) -> Any:
        """Wait until the newest session has a command with a text; return its row."""
        return until(lambda: next((row for row in self.rows() if text in row["text"]), None), f"{text} is told")


class LineTests(LineCase):
    """One rule, every way to submit a line."""

    def test_a_prohibited_line_never_runs_and_the_operator_sees_why(self) -> None:
        """In every shell; the next line runs, and both are told."""
        for name, command in (*SHELLS.items(), ("dumb", SHELLS["bash"])):
            terminal = self.shell(command, "dumb" if name == "dumb" else "xterm-256color")
            self.refuses(terminal, "rm -rf VICTIM\r")
            self.answers(terminal, name)
            row = self.known("rm -rf")
            self.assertEqual((row["rule"], row["outcome"], row["known_by"]), ("destructive-rm", "deny", "held"), name)
            row = self.known(f"the{name}")
            self.assertEqual((row["argv"], row["known_by"]), (["echo", f"the{name}"], "held"))
            terminal.leave()

    def test_every_commit_key_is_held(self) -> None:
        """LF, Ctrl-O, Esc-a, Ctrl-D, in one packet with the line or behind it; a paste with brackets."""
        keys = (("bash", "\n"), ("bash", "\x0f"), ("zsh", "\x1ba"), ("zsh", "\x0f"), ("dash", "\x04\x04"))
        for command, key in keys:
            terminal = self.shell(SHELLS[command])
            self.refuses(terminal, f"rm -rf VICTIM{key}")
            self.answers(terminal, "next")
            terminal.type("rm -rf ")
            terminal.expect("rm -rf ")
            self.refuses(terminal, f"VICTIM{key}")
            terminal.leave()
        terminal = self.shell()
        self.refuses(terminal, "\x1b[200~rm -rf VICTIM\rid\x1b[201~\r")

    def test_editing_history_and_continuation_hide_nothing(self) -> None:
        """The line as it is really submitted."""
        terminal = self.shell()
        for keys in ("rm -rx VICTIM\x01\x06\x06\x06\x06\x06\x06\x7ff\r",
                     "r\\\rm -r -f VICTIM\r",
                     "x=rm; $x -rf VICTIM\r", "rm -rf VICTIM\x03\x0brm -rf VICTI\t\r",
                     "#rm -rf VICTIM\r\x1b[A\x01\x1b[3~\r",
                     "true rm -rf VICTIM\r\x12true\x01\x1bd\r", "true -rf VICTIM\r^true^rm\r"):  # fmt: skip
            self.refuses(terminal, keys)
            self.answers(terminal, "next")

    def test_a_paste_is_judged_line_by_line(self) -> None:
        """What stands before the prohibited line runs, what stands behind it does not."""
        terminal, victim = self.shell(), self.victim()
        terminal.type(f"echo fir''st\recho sec''ond\rrm -r -f {victim}\recho thi''rd\r")
        terminal.expect("second")
        terminal.expect("(rule destructive-rm)")
        self.answers(terminal, "fourth")
        self.assertNotIn(b"third", bytes(terminal.seen))
        self.assertTrue(victim.exists())

    def test_a_rule_that_warns_lets_run(self) -> None:
        """The operator is told, the score rises."""
        terminal = self.shell()
        terminal.type("date +%Y-ok\r")
        terminal.expect('"date +%Y-ok" is an audited command (rule watched-date)')
        terminal.expect("-ok")
        until(lambda: self.known("date +%Y-ok")["outcome"] == "executed", "it is told as executed")

    def test_a_rule_that_interrupts_ends_the_session(self) -> None:
        """The line never runs."""
        terminal = self.shell()
        terminal.type("shutdown -h now\r")
        terminal.expect("(rule no-shutdown)")
        self.assertEqual(terminal.ended(), 79)


class InsideTests(LineCase):
    """The same inside programs that lead to a shell."""

    def test_shells_inside_of_shells(self) -> None:
        """By sudo -s, su, another shell, ssh once more."""
        key = self.place.folder / "credential"
        far = (
            f"ssh -tt -F none -i {key} -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o LogLevel=ERROR "
            f"-p {self.place.sshd.port} {ACCOUNT}@127.0.0.1"
        )
        for command in ("sudo -s", "su", "dash", "zsh -f", far):
            terminal = self.shell()
            terminal.type(command + "\r")
            terminal.quiet(1.5)
            self.answers(terminal, "inner")
            self.refuses(terminal, "rm -rf VICTIM\r")
            self.answers(terminal, "again")
            terminal.leave()

    def test_shells_in_multiplexers(self) -> None:
        """In tmux and screen, also in another of their terminals."""
        for command, another in (("tmux -L ostiary -f /dev/null new bash --norc", "\x02c"),
                                 ("screen -c /dev/null bash --norc", "\x01c")):  # fmt: skip
            terminal = self.shell()
            terminal.type(command + "\r")
            terminal.quiet(1.5)
            self.answers(terminal, "inner")
            self.refuses(terminal, "rm -rf VICTIM\r")
            terminal.type(another)
            terminal.quiet(1.0)
            self.answers(terminal, "another")
            self.refuses(terminal, "rm -rf VICTIM\r")
            terminal.type("exit\r")
            terminal.quiet(0.5)
            terminal.type("exit\r")
            terminal.quiet(0.5)
            terminal.leave()

    def test_programs_that_start_shells(self) -> None:
        """vi, less and Python pass their own keys, and not what would have a shell run it; the time is told."""
        for command, keys, away in (
            ("vim.tiny -u NONE x", ":!rm -rf VICTIM\r", ":q!\r"), ("less /etc/services", "!rm -rf VICTIM\r", "q"),
            ("python3 -q", "import os; os.system('rm -rf VICTIM')\r", "\x04"),
        ):  # fmt: skip
            terminal = self.shell()
            terminal.type(command + "\r")
            terminal.quiet(1.0)
            self.refuses(terminal, keys)
            terminal.quiet(0.5)
            terminal.type(away)
            terminal.quiet(0.5)
            self.answers(terminal, "after")
            session = self.place.pamctl("sessions")[0]["id"]
            until(lambda session=session: self.place.pamctl("session", "show", session)["blind_s"] > 1, command)
            terminal.leave()

    def test_scripts_on_the_input_of_a_shell(self) -> None:
        """Line by line; the prohibited one and what stands behind it never run."""
        victim = self.victim()
        script = f"echo one\nif true\nthen echo two\nfi\nrm -rf {victim}\necho three\n".encode()
        for words in (("-T",), ("sh",), ("sudo", "bash", "-s", "x")):
            done = self.place.ssh(self.place.to_web(), *(words if words[0] == "-T" else ("--", *words)), stdin=script)
            self.assertEqual((done.code, victim.exists()), (77, True), done)
            self.assertNotIn(b"three", done.out)
            self.assertIn("(rule destructive-rm)", done.err)
        done = self.place.ssh(self.place.to_web(), "--", "cat", stdin=script)
        self.assertEqual((done.code, done.out), (0, script))


class FreeTests(LineCase):
    """A grant without rules."""

    access = GRANT

    def test_commands_are_told(self) -> None:
        """By what the screen shows; several of one packet too."""
        for name, command in SHELLS.items():
            terminal = self.shell(command)
            terminal.type(f"echo {name}-one\r")
            terminal.expect(f"{name}-one\r\n")
            self.answers(terminal, "next")
            self.assertEqual(self.known(f"echo {name}-one")["known_by"], "screen", name)
            terminal.leave()
