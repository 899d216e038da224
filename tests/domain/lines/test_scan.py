"""Whether a shell would ask for more, and whether it would put history into a line."""

from __future__ import annotations

import subprocess

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from gateway.domain.lines.scan import MOST_STEPS, prints_only, recalls, uncommented, unfinished

OPEN = (
    "ls 'a", "ls \\", "if true", "if a; then b; else c", "for i in 1 2", "for i in 1 2; do echo $i",
    "while true; do ls", "case x in", "case x in a) ls", "case x in a) if y; then", "cat <<E", "cat <<E\nfoo",
    "cat <<-E\n\tx", "cat<<E", "ls |", "ls &&", "ls ||", "(ls", "(ls); (ls", "f() {", "echo $(ls", "echo `ls",
    "echo ${a", "{ ls", "a=(1", "cat <<<'x", "ls ||\n", "diff <(ls) <(ls", '"', "echo $'a\\'", 'echo $"a',
    "echo \\\\\\", "cat <<A <<B\nA\n", "cat <<", "for ((i=0;i<3;i++)); do", "echo $((1+", "! {", "time {", "ls | # x",
)  # fmt: skip
WHOLE = (
    "", "ls", "ls 'a'", "ls \\\\", "if true; then ls; fi", "for i in 1 2; do echo $i; done", "case x in a) ls;; esac",
    "cat <<E\nfoo\nE", "cat <<'E' | sh\nrm\nE", "cat <<-E\n\tx\n\tE", "ls &", "(ls)", "f() { ls; }", "echo $(ls)",
    "[[ a == b ]]", "echo # 'x", "{ ls; }", "echo }", "echo if", "a=(1 2)", 'echo "a$(ls)"', "echo a\\\nb",
    "cat <<<x", "ls ||\nls", "\\'", "do", "done", "a | b)", "x=`ls`; y", "select x in a; do ls; done", "echo hi;",
    "cat <<A <<B\nA\nB", "until x; do y; done | sort", "a;; b", "ls > x", "[[ a ==", "cat <\\\n<< x",
)  # fmt: skip


class ScanTests(SynchronousTestCase):
    """Lines as they are typed."""

    def test_what_a_shell_asks_more_for_is_unfinished(self) -> None:
        """Quotes, compounds, here-documents, operators at the end."""
        self.assertEqual([line for line in OPEN if not unfinished(line)], [])
        self.assertEqual([line for line in WHOLE if unfinished(line)], [])

    def test_bash_says_the_same(self) -> None:
        """An unfinished line is one of which bash reaches the end too early."""
        for line, wanted in (*((line, True) for line in OPEN), *((line, False) for line in WHOLE)):
            if "<<" in line or line.endswith(("\\", "|| ")):
                continue
            ran = subprocess.run(["bash", "-n", "-c", line], capture_output=True, check=False, env={"LC_ALL": "C"})
            early = b"unexpected end of file" in ran.stderr or b"looking for matching" in ran.stderr
            self.assertEqual(early, wanted, (line, ran.stderr))

    def test_words_open_nothing_where_the_shell_has_others(self) -> None:
        """In fish quotes and brackets do."""
        self.assertFalse(unfinished("for i in 1 2", words=False))
        self.assertTrue(unfinished("echo 'a", words=False))

    def test_a_tangle_is_taken_for_finished(self) -> None:
        """After so many steps."""
        self.assertFalse(unfinished("a " * MOST_STEPS))

    @given(st.text(st.sampled_from("ab'\"\\`$(){}[]<>|&;\n #"), max_size=60))
    def test_any_text_is_scanned(self, text: str) -> None:
        """It never raises and always ends."""
        self.assertIn(unfinished(text), (True, False))

    def test_history_is_recalled_by_marks_that_are_not_quoted(self) -> None:
        """As bash and zsh have it by default."""
        for line in ("!!", "!x", "echo a!b", "^a^b", "!$", '"!x"', "echo !-1"):
            self.assertTrue(recalls(line), line)
        for line in ("! x", "echo 'a!b'", 'echo "a!"', "a != b", "[ ! -f x ]", "echo \\!x", "echo hi!", "!(x)", "^a"):
            self.assertFalse(recalls(line), line)

    def test_a_recalled_command_may_be_printed_only(self) -> None:
        """Where the line is nothing else."""
        self.assertTrue(all(prints_only(line) for line in ("!x:p", "!!:p", "!rm:0:p ")))
        self.assertFalse(any(prints_only(line) for line in ("!x", "ls; !x:p", "!x:pq")))

    def test_comments_are_words_where_a_shell_knows_none(self) -> None:
        """What is quoted is none."""
        for line, meant in (("a #b; c", "a \\#b; c"), ("#a", "\\#a"), ("a#b '#' \"# \" \\#", None), ("(#)", "(\\#)")):
            self.assertEqual(uncommented(line), meant or line)
