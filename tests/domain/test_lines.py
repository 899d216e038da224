"""Reading a command line: total, bounded, and never surer than it may be."""

from __future__ import annotations

import shlex
import subprocess
import time

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from gateway.domain.lines import LONGEST_LINE, MOST_COMMANDS, Simple, simple_commands

JUNK = st.text(st.sampled_from("ab -;&|<>()'\"\\\n\t$`{}*?[~#=!\0\u20ac/2"), max_size=40)
WORD = st.text(st.sampled_from("abc'\"\\ ;&|<>()$`*#~-\n"), min_size=1, max_size=8)


def argvs(line: str) -> list[tuple[str, ...]]:
    """Read a line that must be clear."""
    commands, opaque = simple_commands(line)
    assert not opaque, line
    return [command.argv for command in commands]


class LineTests(SynchronousTestCase):
    """What is read is what a shell would run."""

    def test_separators_cut_commands(self) -> None:
        """Every separator of a shell ends a command, also at the ends and doubled."""
        for line in ("ls;rm x", "ls ; rm x", "ls&&rm x", "ls||rm x", "ls|rm x", "ls|&rm x", "ls&rm x", "ls\nrm x",
                     "\n;ls;\n;rm x;", "ls;;rm x"):  # fmt: skip
            self.assertEqual(argvs(line), [("ls",), ("rm", "x")], line)

    def test_quotes_hide_separators_and_never_words(self) -> None:
        """Whatever is quoted is part of its word, and no end of the command."""
        for line in ("rm ';' -rf", 'rm ";" -rf', r"rm \; -rf", "r''m ';' '-r'f", 'r"m" ";" -rf', r"\rm \; -rf",
            "r\\\nm \\; -rf",
                     'r"\\\nm" \\; -rf'):  # fmt: skip
            self.assertEqual(argvs(line), [("rm", ";", "-rf")], line)
        self.assertEqual(argvs('echo "a\\"b\\\\\\c" \'\' ""'), [("echo", 'a"b\\\\c', "", "")])
        self.assertEqual(argvs("echo a#b"), [("echo", "a#b")])

    def test_a_program_is_known_by_its_base_name(self) -> None:
        """The path stays known."""
        self.assertEqual(simple_commands("/bin/rm x")[0], (Simple(("rm", "x"), "/bin/rm"),))
        self.assertEqual(argvs("dir/ x"), [("dir/", "x")])

    def test_redirections_are_no_words(self) -> None:
        """Wherever they stand; files that are written are named, what goes nowhere is not."""
        for line in ("rm >o -rf x", "rm -rf>>o x", ">o rm -rf x", "rm 2>/dev/null -rf x >o", "rm &>o -rf x",
                     "rm -rf x 2>&1 >|o", "rm <i -rf x >o", "rm -rf <&3 x >o"):  # fmt: skip
            commands, opaque = simple_commands(line)
            self.assertFalse(opaque, line)
            self.assertEqual([(each.argv, each.writes) for each in commands], [(("rm", "-rf", "x"), ("o",))], line)
        self.assertEqual(simple_commands("cat a > b")[0][0].text, "cat a > b")

    def test_what_can_not_be_read_for_certain_is_opaque(self) -> None:
        """Each way to another command or another word."""
        for line in ("$(rm)", "`rm`", "echo $X", 'echo "$X"', 'echo "`rm`"', "rm {-r,-f} x", "(rm)", "ls;(rm)", "ls;>x",
                     "f() { rm; }", "cat <<E", "cat <(rm)", "ls >(rm)", "r? x", "r*", "~/x", "A=1 rm",
                     "echo 'x", 'echo "x', "x\\",
                     "ls #'\nrm -rf /\n#'", "a\0b", "ls >", "ls > ; rm", "ls > > x", "x" * (LONGEST_LINE + 1),
                     "a;" * (MOST_COMMANDS + 1)):  # fmt: skip
            self.assertTrue(simple_commands(line)[1], line)

    def test_patterns_in_arguments_are_unsure(self) -> None:
        """They stay as they were written."""
        for word, unsure in (("*.log", True), ("a?", True), ("[ab]", True), ("~/x", True), ("a~", False),
            ("'*'", False),
                             (r"\*", False), ('"?"', False)):  # fmt: skip
            self.assertEqual(simple_commands(f"ls {word}")[0][0].unsure, unsure, word)

    @given(JUNK)
    def test_it_is_total(self, line: str) -> None:
        """Any text is read; no command is empty."""
        commands, _ = simple_commands(line)
        self.assertTrue(all(command.argv for command in commands))

    @given(st.text(max_size=60))
    def test_it_is_total_on_any_text(self, line: str) -> None:
        """Also on text that is no valid Unicode."""
        simple_commands(line)

    def test_it_takes_linear_time(self) -> None:
        """The longest line of the worst characters is read at once."""
        for character in ("'", '"', "\\", "a;", "a ", ";", ">", "x>", "#", "*", "&>", "a\n"):
            line = (character * LONGEST_LINE)[:LONGEST_LINE]
            started = time.perf_counter()
            simple_commands(line)
            self.assertLess(time.perf_counter() - started, 0.5, character)

    @given(st.lists(WORD, min_size=1, max_size=5))
    def test_quoted_words_read_back(self, words: list[str]) -> None:
        """What is quoted for a shell is read as the words it was."""
        commands, _ = simple_commands(shlex.join(["p", *words]))
        self.assertEqual([each.argv for each in commands], [("p", *words)])

    @settings(max_examples=60)
    @given(st.text(st.sampled_from("ab -;&|'\"\\\n$>2#"), min_size=1, max_size=16))
    def test_what_is_clear_is_what_a_shell_runs(self, line: str) -> None:
        """A real shell, asked for the words, gives the same ones for every line that is said to be clear."""
        commands, opaque = simple_commands("p " + line)
        if opaque or len(commands) != 1 or commands[0].writes or "&" in line:
            return
        script = "p() { printf '%s\\0' \"$@\"; }; p " + line
        ran = subprocess.run(["dash", "-c", script], capture_output=True, stdin=subprocess.DEVNULL, check=False)
        if ran.returncode == 0:
            words = ran.stdout.decode().split("\0")[:-1] or [""]
            self.assertEqual(words, list(commands[0].argv[1:]) or [""], line)
