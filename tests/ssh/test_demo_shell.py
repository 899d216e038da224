"""The shell and its commands, as transcripts."""

from __future__ import annotations

from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from gateway.domain.secret import Secret
from gateway.ssh.demo_commands import COMMANDS, HELP, box
from gateway.ssh.demo_files import Scratch
from gateway.ssh.demo_shell import Machine, Shell
from gateway.ssh.program import Start
from tests.ssh.outputs import KeptOutput

SUDO = b"for sudo only"


class ShellCase(SynchronousTestCase):
    """A shell on a fresh scratch directory, and a clock that stands."""

    def setUp(self) -> None:
        self.clock = Clock()
        scratch = Scratch(Path(self.mktemp()).absolute())
        scratch.prepare()
        self.machine = Machine(self.clock, lambda: 1_700_000_000.0, scratch, Secret(SUDO))

    def begin(self, command: str | None, terminal: bool = False) -> tuple[Shell, KeptOutput]:
        shell, output = Shell(self.machine, COMMANDS), KeptOutput()
        shell.start(Start(command, (80, 24) if terminal else None), output)
        return shell, output

    def run_line(self, line: str, fed: bytes = b"") -> tuple[int | None, bytes, bytes]:
        shell, output = self.begin(line)
        if output.code is None:
            shell.received(fed)
        if output.code is None:
            shell.ended()
        while output.code is None and self.clock.getDelayedCalls():
            self.clock.advance(0.001)
        return output.code, bytes(output.out), bytes(output.err)


class CommandTests(ShellCase):
    """What each command says."""

    def test_files_are_made_listed_read_and_removed(self) -> None:
        """The ordinary hour."""
        line = "mkdir -p /tmp/a/b; cd /tmp/a; pwd; echo one > b/f; echo two >> b/f; cat b/f; ls; ls b; rm -rf b; ls"
        self.assertEqual(self.run_line(line), (0, b"/tmp/a\none\ntwo\nb\nf\n", b""))

    def test_listing_shows_what_is_asked_for(self) -> None:
        """Long lines, hidden names, single files."""
        self.run_line("echo x > .hidden; echo y > seen; rm welcome.txt")
        self.assertEqual(self.run_line("ls")[1], b"seen\n")
        self.assertEqual(self.run_line("ls -a")[1], b".hidden\nseen\n")
        code, out, _ = self.run_line("ls -l seen")
        self.assertEqual((code, out[:10], out[-6:]), (0, b"-rw-------", b" seen\n"))

    def test_faults_are_told_in_words(self) -> None:
        """Status 1 and a line that names the path."""
        for line, words in (
            ("cat /none", b"cat: /none: No such file or directory\n"),
            ("ls -Z", b"ls: invalid option -Z\n"),
            ("cd /none", b"cd: /none: No such file or directory\n"),
            ("mkdir", b"mkdir: missing operand\n"),
            ("mkdir /etc", b"mkdir: /etc: File exists\n"),
            ("rm", b"rm: missing operand\n"),
            ("rm -x a", b"rm: invalid option -x\n"),
            ("rm /etc", b"rm: cannot remove /etc: Is a directory\n"),
            ("rm none", b"rm: cannot remove none: No such file or directory\n"),
            ("sleep long", b"sleep: a number of seconds up to 3600 is needed\n"),
            ("echo x > /none/x", b"sh: /none/x: No such file or directory\n"),
            ("demo", b"demo: this needs a terminal\n"),
            ("sudo -Q x", b"sudo: invalid option -- 'Q'\n"),
            ("sudo -n id", b"sudo: a password is required\n"),
        ):
            self.assertEqual(self.run_line(line), (1, b"", words), line)
        words = b"rm: cannot remove -f: No such file or directory\n"
        self.assertEqual(self.run_line("rm -f none; rm -- -f"), (1, b"", words))

    def test_small_commands(self) -> None:
        """Who, where, when."""
        line = "whoami; id; hostname; date; echo -n a; echo b; true; false"
        out = b"root\nuid=0(root) gid=0(root) groups=0(root)\ndemo\nTue Nov 14 22:13:20 UTC 2023\nab\n"
        self.assertEqual(self.run_line(line), (1, out, b""))
        self.assertEqual(self.run_line("/bin/help")[1], HELP.encode() + b"\n")
        self.assertEqual(set(HELP.replace("[", " ").split()) & set(COMMANDS), set(COMMANDS))

    def test_statuses_are_those_of_a_shell(self) -> None:
        """Not found 127, bad line 2, exit as said."""
        for line, code in (("nonsense", 127), ("a | b", 2), ("exit 300", 44), ("exit x", 2), ("false; exit", 1),
                           ("", 0),
                           ("false && whoami || exit 9", 9), ("true || whoami", 0), ("> /tmp/x", 0)):  # fmt: skip
            self.assertEqual(self.run_line(line)[0], code, line)

    def test_cat_passes_its_input_on(self) -> None:
        """Byte by byte, also into a file."""
        every = bytes(range(256))
        self.assertEqual(self.run_line("cat", every), (0, every, b""))
        self.assertEqual(self.run_line("cat > /tmp/x; cat /tmp/x", every), (0, every, b""))

    def test_yes_is_bounded_and_lets_others_in(self) -> None:
        """A hundred thousand lines, not all in one turn."""
        _, output = self.begin("yes on")
        self.assertLess(len(output.out), 100)
        while output.code is None:
            self.clock.advance(0.001)
        self.assertEqual(bytes(output.out), b"on\n" * 100_000)

    def test_sudo_reads_from_a_pipe_only_when_told(self) -> None:
        """As the real one without a terminal."""
        code, _, err = self.run_line("sudo id", SUDO + b"\n")
        self.assertEqual(code, 1)
        self.assertIn(b"a terminal is required", err)
        code, out, err = self.run_line("sudo -S whoami; sudo whoami", SUDO + b"\n")
        self.assertEqual((code, out, err), (0, b"root\nroot\n", b"[sudo] password for root: "))
        code, _, err = self.run_line("sudo -S whoami", b"guess\n" * 3)
        self.assertEqual((code, err.count(b"Sorry, try again.")), (1, 3))
        self.assertEqual(self.run_line("sudo -S whoami")[0], 1)

    def test_a_box_fits_every_screen(self) -> None:
        """Its lines are as wide as the screen and as many as it is high."""
        for size in ((80, 24), (2, 2), (1, 1), (3, 7), (1000, 3)):
            drawn = box(size).decode()
            self.assertEqual(drawn.count("│") + drawn.count("┌") + drawn.count("└"), 2 * max(2, size[1]) - 2, size)


class TerminalTests(ShellCase):
    """What a person sees."""

    def setUp(self) -> None:
        super().setUp()
        self.shell, self.output = self.begin(None, terminal=True)

    def types(self, keys: bytes, shows: bytes) -> None:
        """Type keys and compare what appears."""
        self.output.out.clear()
        self.output.err.clear()
        self.shell.received(keys)
        self.assertEqual(bytes(self.output.out + self.output.err), shows)

    def test_a_session_from_prompt_to_exit(self) -> None:
        """Echo, output, the next prompt, the last word."""
        self.assertEqual(bytes(self.output.out), b"root@demo:~# ")
        self.types(b"cd /var\r", b"cd /var\r\nroot@demo:/var# ")
        self.types(b"cd /none || cd /root\r\x03", b"cd /none || cd /root\r\nroot@demo:~# ^C\r\nroot@demo:~# "
                   b"cd: /none: No such file or directory\r\n")  # fmt: skip
        self.types(b"false\r", b"false\r\nroot@demo:~# ")
        self.types(b"\x04", b"exit\r\n")
        self.assertEqual(self.output.code, 1)

    def test_ctrl_c_ends_what_sleeps_and_the_rest_of_its_line(self) -> None:
        """And nothing of it stays behind."""
        self.types(b"sleep 100; whoami\r", b"sleep 100; whoami\r\n")
        self.types(b"typed ahead\r\x03", b"^C\r\nroot@demo:~# ")
        self.assertEqual(self.clock.getDelayedCalls(), [])
        self.types(b"exit\r", b"exit\r\n")
        self.assertEqual(self.output.code, 130)

    def test_what_is_typed_ahead_runs_afterwards(self) -> None:
        """In its order."""
        self.types(b"sleep 1\r", b"sleep 1\r\n")
        self.types(b"whoami\r", b"")
        self.output.out.clear()
        self.clock.advance(1)
        self.assertEqual(bytes(self.output.out), b"root@demo:~# whoami\r\nroot\r\nroot@demo:~# ")

    def test_sudo_opens_a_shell_inside_and_remembers(self) -> None:
        """The password is not echoed; leaving the inner shell leads back."""
        self.types(b"sudo -i\r", b"sudo -i\r\n[sudo] password for root: ")
        self.types(SUDO + b"\r", b"\r\nroot@demo:~# ")
        self.types(b"exit 3\r", b"exit 3\r\nroot@demo:~# ")
        self.types(b"sudo whoami\r", b"sudo whoami\r\nroot\r\nroot@demo:~# ")
        self.assertIsNone(self.output.code)

    def test_ctrl_c_at_the_password_gives_up(self) -> None:
        """The prompt comes back with its echo."""
        self.types(b"sudo id\r", b"sudo id\r\n[sudo] password for root: ")
        self.types(b"sec\x03", b"^C\r\nroot@demo:~# ")
        self.types(b"x", b"x")

    def test_the_box_follows_the_size(self) -> None:
        """Until q; then it is gone and forgotten."""
        self.shell.received(b"demo\r")
        self.output.out.clear()
        self.shell.resized(40, 10)
        self.assertEqual(bytes(self.output.out), box((40, 10)))
        self.types(b"xq", b"\x1b[?25h\x1b[?1049lroot@demo:~# ")
        self.shell.resized(20, 5)
        self.types(b"", b"")

    def test_shells_inside_each_other_have_an_end(self) -> None:
        """The ninth is refused."""
        self.shell.elevated = True
        for _ in range(8):
            self.shell.received(b"sudo -i\r")
        self.assertIn(b"too many shells", bytes(self.output.err))
        self.shell.received(b"\x04" * 8)
        self.assertIsNotNone(self.output.code)

    def test_a_lost_channel_stops_everything(self) -> None:
        """No timer stays, nothing more is written."""
        for keys in (b"", b"sleep 100\r", b"cat\r", b"sudo id\r", b"demo\r"):
            shell, output = self.begin(None, terminal=True)
            shell.received(keys)
            shell.stopped()
            self.assertEqual((self.clock.getDelayedCalls(), output.code), ([], None))

    @settings(max_examples=100)
    @given(st.binary(max_size=60))
    def test_no_keys_break_the_shell(self, keys: bytes) -> None:
        """It still runs a command afterwards, or has ended properly."""
        shell, output = self.begin(None, terminal=True)
        shell.received(keys)
        if output.code is None:
            shell.received(b"\x03\x03q\x03\r")
        if output.code is None:
            output.out.clear()
            shell.received(b"whoami\r")
            self.assertIn(b"root\r\n", bytes(output.out))
        shell.stopped()
