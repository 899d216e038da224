"""A person at a terminal: size, keys, signals, environment."""

from __future__ import annotations

import os

from tests.real.harness import ACCOUNT, GRANT, PlaceCase, run, until
from tests.real.terminals import Terminal

MORE = (
    GRANT
    + """
[[grant]]
name = "env"
users = ["bob"]
targets = ["web1"]
accounts = ["{account}"]
env = ["FOO_*"]
"""
)


class TerminalTests(PlaceCase):
    """A shell on the target feels like a shell on the target."""

    def shell(self, columns: int = 80, rows: int = 24) -> Terminal:
        terminal = Terminal.shell(self.place, self.place.to_web(), columns=columns, rows=rows)
        self.addCleanup(terminal.leave)
        return terminal

    def test_the_window_has_its_size_and_follows_it(self) -> None:
        """``stty size`` says what the client's terminal is, before and after a resize."""
        terminal = self.shell(100, 40)
        terminal.type("stty size\r")
        terminal.expect("40 100")
        terminal.resize(132, 50)
        terminal.type("until [ \"$(stty size)\" = '50 132' ]; do :; done; echo fol$((1+1))owed\r")
        terminal.expect("fol2owed")

    def test_the_exit_code_of_a_shell(self) -> None:
        """``exit 7`` is 7."""
        terminal = self.shell()
        terminal.type("exit 7\r")
        self.assertEqual(terminal.ended(), 7)

    def test_control_c_interrupts(self) -> None:
        """A running program dies of it, the shell goes on."""
        terminal = self.shell()
        terminal.type("sleep 60; echo code$?\r")
        terminal.expect("sleep 60")
        until(lambda: run(["pgrep", "-x", "-f", "sleep 60"]).code == 0, "sleep runs")
        terminal.type("\x03")
        terminal.type("echo on$((1+1))ward\r")
        terminal.expect("on2ward")

    def test_control_d_ends_the_input(self) -> None:
        """A program that reads the terminal to its end gets there."""
        terminal = Terminal.open(self.place, self.place.to_web(), "echo rea$((40+2))dy; cat; exit 5")
        self.addCleanup(terminal.leave)
        terminal.expect("rea42dy")
        terminal.type("abc\r")
        terminal.expect("abc")
        terminal.expect("abc")
        terminal.type("\x04")
        self.assertEqual(terminal.ended(), 5)

    def test_unicode_and_escape_sequences_pass(self) -> None:
        """What a program paints arrives byte for byte."""
        terminal = self.shell()
        terminal.type("printf '\\033[1;31mr\\303\\266t\\033[0m\\n'\r")
        terminal.expect("\x1b[1;31mröt\x1b[0m")

    def test_closing_the_window_ends_what_runs_there(self) -> None:
        """The target's shell is hung up when the client is gone."""
        terminal = self.shell()
        mark = str(100_000 + os.getpid())
        terminal.type(f"sleep {mark}\r")
        until(lambda: run(["pgrep", "-x", "-f", f"sleep {mark}"]).code == 0, "sleep runs")
        terminal.process.kill()
        until(lambda: run(["pgrep", "-x", "-f", f"sleep {mark}"]).code == 1, "sleep is gone")

    def test_an_exec_with_a_terminal_has_its_size(self) -> None:
        """``ssh -tt host command`` too."""
        terminal = Terminal.open(self.place, self.place.to_web(), "stty size; exit 3", columns=91, rows=33)
        terminal.expect("33 91")
        self.assertEqual(terminal.ended(), 3)

    def test_a_refusal_is_shown_on_the_terminal(self) -> None:
        """With a terminal the line is on it, and the code is the same."""
        terminal = Terminal.open(self.place, f"alice={ACCOUNT}=nowhere")
        terminal.expect("ostiary: ")
        terminal.expect("not allowed")
        self.assertEqual(terminal.ended(), 77)


class EnvironmentTests(PlaceCase):
    """Only what may travel travels, though the target would take anything."""

    access = MORE
    SENT = (
        "-o", "SetEnv=LANG=pt_PT.UTF-8 LC_TIME=C TZ=UTC COLORTERM=truecolor GIT_PROTOCOL=version=2 "
        "LD_PRELOAD=/none.so BASH_ENV=/none PROMPT_COMMAND=none PYTHONPATH=/none OSTIARY_REASON=mine "
        "OSTIARY_TICKET=mine SSH_ASKPASS=/none FOO_BAR=foo PATH=/none", "--",
    )  # fmt: skip

    def seen(self, user: str) -> set[str]:
        done = self.place.ssh(self.place.to_web(user), *self.SENT, "env", key=user)
        self.assertEqual((done.code, done.err), (0, ""))
        return set(done.out.decode().splitlines())

    def test_locale_and_terminal_variables_travel_loader_variables_never(self) -> None:
        """LANG and its like arrive; loaders, start-up files, askpass and the gateway's own do not."""
        seen = self.seen("alice")
        for sent in ("LANG=pt_PT.UTF-8", "LC_TIME=C", "TZ=UTC", "COLORTERM=truecolor", "GIT_PROTOCOL=version=2"):
            self.assertIn(sent, seen)
        names = {line.partition("=")[0] for line in seen if "none" in line or "mine" in line or "foo" in line}
        self.assertEqual(names, set())

    def test_a_grant_may_name_more(self) -> None:
        """``env = ["FOO_*"]`` lets FOO_BAR through, for that operator only, and still no loader variable."""
        seen = self.seen("bob")
        self.assertIn("FOO_BAR=foo", seen)
        self.assertNotIn("LD_PRELOAD=/none.so", seen)
