"""Command lines of the demo target."""

from __future__ import annotations

import shlex

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from gateway.ssh.demo_words import MOST_STEPS, MOST_WORDS, BadLine, Step, When, read_steps

LINES = st.text(st.sampled_from("ab \t'\"\\;&|><#$()`é\n"), max_size=30)


class WordTests(SynchronousTestCase):
    """What is read is exactly what was meant."""

    def test_words_are_split_as_a_shell_does(self) -> None:
        """Quotes of both kinds, backslashes, comments."""
        (step,) = read_steps("echo a\\ b 'c  \"d' \"e\\\"f\" g'h'\"i\" # not this")
        self.assertEqual(step.words, ("echo", "a b", 'c  "d', 'e"f', "ghi"))
        self.assertEqual(read_steps("  # nothing"), ())

    def test_operators_join_steps(self) -> None:
        """Each step says when it runs."""
        steps = read_steps("a; b&&c || d;")
        self.assertEqual([(step.words, step.when) for step in steps], [
            (("a",), When.ALWAYS), (("b",), When.ALWAYS), (("c",), When.ON_SUCCESS), (("d",), When.ON_FAILURE),
        ])  # fmt: skip
        self.assertEqual(read_steps("echo '&&' \\; \"||\"")[0].words, ("echo", "&&", ";", "||"))

    def test_output_may_go_to_a_file(self) -> None:
        """The last one named counts."""
        self.assertEqual(read_steps("echo a > x b"), (Step(("echo", "a", "b"), When.ALWAYS, "x"),))
        self.assertEqual(read_steps("a>x>>y"), (Step(("a",), When.ALWAYS, "y", True),))

    def test_what_is_not_known_is_an_error(self) -> None:
        """Nothing is run as something else."""
        for line in ("a | b", "a &", "a < b", "(a)", "a $(b)", 'a "$(b)"', "a `b`", "a 'b", 'a "b', "&& a", "a &&",
                     "a && ; b", "a >", "a > > b", "a > ; b"):  # fmt: skip
            self.assertRaises(BadLine, read_steps, line)

    def test_a_line_has_bounds(self) -> None:
        """So many commands and words and no more."""
        self.assertRaises(BadLine, read_steps, "a;" * (MOST_STEPS + 1))
        self.assertRaises(BadLine, read_steps, "a " * (MOST_WORDS + 1))

    @settings(max_examples=200)
    @given(st.lists(st.text(st.characters(exclude_categories=["Cs"]), max_size=8), min_size=1, max_size=5))
    def test_quoted_words_come_back(self, words: list[str]) -> None:
        """What shlex quotes is read as it was."""
        self.assertEqual(read_steps(shlex.join(words)), (Step(tuple(words), When.ALWAYS),))

    @settings(max_examples=200)
    @given(LINES)
    def test_every_line_is_read_or_refused(self, line: str) -> None:
        """No line breaks the reader, and no step is empty."""
        try:
            steps = read_steps(line)
        except BadLine:
            return
        self.assertTrue(all(step.words or step.output is not None for step in steps))
