"""Traps for the password: each is a thing an operator could prepare; none obtains it."""

from __future__ import annotations

from tests.real.harness import PATIENCE, until
from tests.real.terminals import Terminal
from tests.real.test_elevation import ElevationCase

PROMPT = "[sudo] password for $USER: "
LOOT = "loot"


class TrapTests(ElevationCase):
    """The account belongs to the thief: its files, its shell, its other logins."""

    def sprung(self, line: str, reason: str = "") -> None:
        """Run a trap on a terminal; check that it is refused, for that reason, and that nothing is obtained."""
        terminal = self.shell()
        terminal.type(f"{line}\r")
        known = {"reason": reason} if reason else {}
        self.place.told("elevation.refused", account=self.account.name, **known)
        terminal.quiet(0.3)
        self.assert_nothing(terminal)

    def assert_nothing(self, terminal: Terminal) -> None:
        """Check that no answer was given, and that the password is nowhere."""
        name = self.account.name
        self.assertEqual([row for row in self.place.events("--kind", "elevation.answered")
                          if row.get("account") == name], [])  # fmt: skip
        self.assert_unseen(terminal, self.account.password)
        for _ in range(2):
            terminal.type("\x03")
        terminal.type("exit\r")

    def test_a_shown_prompt_is_no_prompt(self) -> None:
        """A line printed by the shell, read without echo."""
        self.sprung(f'printf "{PROMPT}"; read -s x; echo "$x" > {LOOT}', reason="not_it")

    def test_a_program_called_sudo_is_not_sudo(self) -> None:
        """The name is right, the rights are not."""
        self.account.write("sudo", f'#!/bin/bash\nprintf "{PROMPT}"\nread -s x\necho "$x" > ~/{LOOT}\n')
        self.sprung("PATH=~:$PATH sudo id")

    def test_a_binary_called_sudo_is_not_root(self) -> None:
        """A copy of a program under the name."""
        self.sprung(f'cp /bin/cat ~/sudo; printf "{PROMPT}"; ~/sudo > {LOOT}', reason="not_root")

    def test_a_function_called_by_its_full_path_is_not_sudo(self) -> None:
        """Bash lets functions be called /usr/bin/sudo."""
        self.sprung(f'function /usr/bin/sudo {{ printf "{PROMPT}"; read -s x; echo $x > {LOOT}; }}; /usr/bin/sudo id')

    def test_sudo_that_reads_a_pipe_is_not_answered(self) -> None:
        """What comes from the terminal goes to a thief first."""
        self.sprung(f'printf "{PROMPT}"; cat </dev/tty | tee {LOOT} | sudo -S -p "" id', reason="not_alone")

    def test_sudo_that_reads_its_input_is_not_answered(self) -> None:
        """Alone in the foreground, but told to read elsewhere."""
        self.sprung(f'mkfifo f; sudo -S id <>f; read -s x; echo "$x" > {LOOT}', reason="options")

    def test_sudo_with_an_abbreviated_option_is_not_answered(self) -> None:
        """--std is --stdin."""
        self.sprung(f'mkfifo f; sudo -u root --std id <>f; read -s x; echo "$x" > {LOOT}', reason="options")

    def test_sudo_with_an_option_behind_an_assignment_is_not_answered(self) -> None:
        """Options go on behind a variable."""
        self.sprung(f'mkfifo f; sudo A=b -S id <>f; read -s x; echo "$x" > {LOOT}', reason="options")

    def test_another_prompt_worded_alike_is_not_answered(self) -> None:
        """-p words the prompt of somebody else's question."""
        self.sprung(f"sudo -p '[sudo] password for {self.account.name}: ' id", reason="options")

    def test_a_background_reader_of_the_terminal_is_seen(self) -> None:
        """Cat in the background of the same session."""
        self.sprung(f"(trap '' TTIN; while :; do cat </dev/tty >>{LOOT}; done 2>/dev/null) & sudo id", reason="company")

    def test_a_detached_reader_of_the_terminal_is_seen(self) -> None:
        """Setsid leaves it without a terminal of its own, with ours open."""
        self.sprung(f"setsid cat <$(tty) >{LOOT} & sleep 0.2; sudo id", reason="level")

    def test_a_reader_that_hides_is_seen(self) -> None:
        """A process that may not be looked into is still one of this account."""
        hidden = "import ctypes,os\nctypes.CDLL(None).prctl(4,0)\nf=open(os.environ['T'])\n" \
                 f"open('{LOOT}','w').write(f.readline())\n"  # fmt: skip
        self.account.write("hidden.py", hidden)
        self.sprung("T=$(tty) setsid python3 hidden.py & sleep 0.3; sudo id", reason="level")

    def test_a_reader_in_another_login_is_seen(self) -> None:
        """A second login polls the terminal of the first."""
        terminal = self.shell()
        terminal.type("tty > which; echo o$((1+1))k\r")
        terminal.expect("o2k")
        poll = "import os,sys,time\nf=os.open(sys.argv[1],os.O_RDONLY|os.O_NONBLOCK)\ng=open('loot','ab')\n" \
               "while True:\n try: g.write(os.read(f,99)); g.flush()\n except OSError: pass\n"  # fmt: skip
        self.account.write("poll.py", poll)
        where = (self.account.home / "which").read_text().strip()
        thief = self.place.start(f"alice={self.account.name}=sudo1", f"exec python3 poll.py {where}")
        until(lambda: (self.account.home / LOOT).exists(), "the thief reads")

        def refused() -> bool:
            terminal.type("sudo id\r")  # again and again: the thief gets much of what is typed before the shell does
            rows = self.place.events("--kind", "elevation.refused")
            return any(row.get("account") == self.account.name for row in rows)

        until(refused, "sudo asks, and is not answered")
        self.assert_nothing(terminal)
        thief.kill()
        thief.wait(PATIENCE)

    def test_a_terminal_within_the_terminal_is_not_ours(self) -> None:
        """script(1) copies whatever is typed."""
        self.sprung(f"script -q -c 'sudo id' {LOOT}", reason="not_it")

    def test_sudo_with_company_in_the_foreground_is_not_answered(self) -> None:
        """A pipe's other end is in the foreground too."""
        self.sprung(f"sudo id | tee {LOOT}", reason="not_alone")

    def test_sudo_in_another_terminal_proves_nothing_for_this_one(self) -> None:
        """The real one waits there, the false prompt is here, on one connection."""
        terminal = self.shell()
        decoy = self.place.start(f"alice={self.account.name}=sudo1", "-tt", "--", "sudo", "-p", "x", "id")
        terminal.type(f'printf "{PROMPT}"; read -s x; echo "$x" > {LOOT}\r')
        self.place.told("elevation.refused", account=self.account.name)
        self.assert_nothing(terminal)
        decoy.kill()
        decoy.wait(PATIENCE)

    def test_another_program_with_roots_rights_gets_one_answer_at_most(self) -> None:
        """A link called sudo to su: what is typed goes into su, which keeps it to itself."""
        terminal = self.shell()
        terminal.type(f"ln -s /usr/bin/su sudo; (sleep 0.1; printf '\\r{PROMPT}') & ./sudo; echo e$((1+1))d\r")
        terminal.quiet(3)
        self.assert_unseen(terminal, self.account.password)

    def test_another_name_in_the_prompt_is_not_ours(self) -> None:
        """The prompt names the account whose password is asked for."""
        terminal = self.shell()
        terminal.type(f'printf "[sudo] password for root: "; read -s x; echo "$x" > {LOOT}\r')
        terminal.expect("for root: ")
        terminal.quiet(1)
        self.assertEqual([row for row in self.place.events("--kind", "elevation.refused")
                          if row.get("account") == self.account.name], [])  # fmt: skip
        self.assert_nothing(terminal)

    def test_a_shell_before_the_sftp_server_lowers_the_proof(self) -> None:
        """An account whose shell stays may say anything by its start-up files."""
        wrapped = "case $BASH_EXECUTION_STRING in *sftp*) /usr/lib/openssh/sftp-server; exit;; esac\n"
        rc = self.account.home / ".bashrc"
        rc.write_text(wrapped + rc.read_text())
        self.sprung("sudo id", reason="level")

    def test_a_target_without_sftp_is_not_answered(self) -> None:
        """Its start-up file breaks the subsystem."""
        rc = self.account.home / ".bashrc"
        rc.write_text("[ -t 0 ] || echo junk junk junk junk\n" + rc.read_text())
        self.sprung("sudo id", reason="unreadable")


