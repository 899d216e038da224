"""What reads the terminal, by the last command."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from gateway.domain.lines.programs import Program, Reads, application_code, program_of, statement_code
from gateway.domain.shell import Shell, read


def after(line: str) -> Program:
    """Return what reads while a line runs."""
    return program_of(tuple(read(line, Shell(typed=True)).commands))


class ProgramTests(SynchronousTestCase):
    """Unknown counts as a shell."""

    def test_the_last_command_says_who_reads(self) -> None:
        """Applications, prompts, readers to the end, those that ask for secrets; the rest are shells."""
        for line, reads in (
            ("vim x", Reads.APPLICATION), ("ls | less", Reads.APPLICATION), ("python3", Reads.PROMPT),
            ("python3.11 -i x.py", Reads.PROMPT), ("mysql -u root db", Reads.PROMPT), ("psql db", Reads.PROMPT),
            ("cat", Reads.DATA), ("cat > x", Reads.DATA), ("tee x", Reads.DATA), ("cat -", Reads.DATA),
            ("sudo -s", Reads.SECRET), ("sudo ls", Reads.SECRET), ("ssh web2", Reads.SECRET),
            ("python3 x.py", Reads.SHELL), ("python3 -c 1", Reads.SHELL), ("cat x", Reads.SHELL),
            ("tr a b", Reads.DATA), ("ls", Reads.SHELL), ("bash", Reads.SHELL), ("", Reads.SHELL),
            ("./own", Reads.SHELL), ("mysql -e x", Reads.SHELL),
        ):  # fmt: skip
            self.assertIs(after(line).reads, reads, line)
        self.assertTrue(after("tmux new bash").mux)
        self.assertFalse(after("bash").mux)

    def test_a_prompt_is_known_by_its_program(self) -> None:
        """Others are a shell's again."""
        self.assertTrue(Program(Reads.PROMPT, "python").expects(">>> "))
        self.assertFalse(Program(Reads.PROMPT, "python").expects("$ "))
        self.assertFalse(Program(Reads.PROMPT, "bc").expects(""))
        self.assertFalse(Program().expects(">>> "))

    def test_command_rows_of_applications_hold_shell_code(self) -> None:
        """Of vi, less and nano; what merely looks so is none."""
        for row, code in (
            (":!rm x", "rm x"), (":r !rm x", "rm x"), ("!rm x", "rm x"), (":term rm x", "rm x"), (":term", "sh"),
            (":call system('rm x')", "rm x"), ("|a rm x", "rm x"), ("Command to execute: rm x", "rm x"), (":wq!", ""),
            (":q", ""), ("rm x", ""), ("/rm!x", ""), ("", ""),
        ):  # fmt: skip
            self.assertEqual(application_code(row), code, row)

    def test_statements_hold_shell_code(self) -> None:
        """By an escape, or by what the language calls."""
        for name, text, code in (
            ("mysql", r"\! rm x", "rm x"), ("sqlite", ".shell rm x", "rm x"), ("ftp", "!rm x", "rm x"),
            ("gdb", "shell rm x", "rm x"), ("python", "f('x')", "python3 -c 'f('\\''x'\\'')'"), ("python", " ", ""),
            ("mysql", "select 1;", ""), ("php", "system('x')", "php -r 'system('\\''x'\\'')'"),
        ):  # fmt: skip
            self.assertEqual(statement_code(name, text), code, text)
