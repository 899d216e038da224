"""The command line of a verb, strictly."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from gateway.admin.arguments import MOST_CHARACTERS, QUOTES, REASON, Argument, Option, Values, parse, split, synopsis
from gateway.admin.refusal import Refusal
from gateway.admin.verbs import VERBS

ARGUMENTS = (Argument("NAME", "the name"), Argument("REST", "the rest", required=False, many=True))
OPTIONS = (
    Option("--dry-run", "a flag"),
    Option("--ttl", "a number", word="N", kind=int),
    Option("--group", "many", word="G", many=True),
)
SIGNS = ["--dry-run", "--ttl", "--ttl=3", "--group", "--", "-", "a", "-x"]
WORDS = st.lists(st.sampled_from(SIGNS) | st.text(max_size=9))


class ParseTests(SynchronousTestCase):
    """What is declared is taken, the rest is refused."""

    def parsed(self, *words: str) -> Values:
        """Parse words."""
        return parse(ARGUMENTS, OPTIONS, words)

    def refused(self, *words: str) -> str:
        """Return the words of the refusal."""
        refusal = self.assertRaises(Refusal, self.parsed, *words)
        self.assertEqual((refusal.code, refusal.kind), (64, "usage"))
        return refusal.message

    def test_everything_has_a_value_also_what_was_not_given(self) -> None:
        """A verb need not ask whether a key is there."""
        self.assertEqual(self.parsed("x"), {"name": "x", "rest": (), "dry_run": False, "ttl": None, "group": ()})

    def test_options_stand_anywhere_with_or_without_an_equals_sign(self) -> None:
        """In front, between, behind; the same one may be given several times where it is many."""
        found = self.parsed("--group", "a", "x", "--ttl=5", "y", "--dry-run", "--group=b=c", "z")
        expected = {"name": "x", "rest": ("y", "z"), "dry_run": True, "ttl": 5, "group": ("a", "b=c")}
        self.assertEqual(found, expected)

    def test_behind_two_dashes_nothing_is_an_option(self) -> None:
        """A lone dash is a word."""
        self.assertEqual(self.parsed("-", "--", "--ttl", "--")["rest"], ("--ttl", "--"))

    def test_mistakes_are_told_in_words(self) -> None:
        """Each with what is wrong and what was meant."""
        self.assertEqual(self.refused("x", "--dry-rum"), "unknown option '--dry-rum'; did you mean --dry-run?")
        self.assertEqual(self.refused(), "NAME is missing: the name")
        self.assertEqual(self.refused("x", "--ttl"), "--ttl needs a value: --ttl N")
        self.assertEqual(self.refused("x", "--dry-run=1"), "--dry-run takes no value")
        self.assertEqual(self.refused("x", "--ttl=1", "--ttl", "2"), "--ttl is given twice")
        self.assertIn("--ttl: invalid literal", self.refused("x", "--ttl", "soon"))

    def test_a_word_too_many_is_refused(self) -> None:
        """Where no argument takes the rest."""
        refusal = self.assertRaises(Refusal, parse, ARGUMENTS[:1], (), ("a", "b"))
        self.assertEqual(refusal.message, f"unexpected 'b'; {QUOTES}")

    def test_a_reason_that_lost_its_quotes_is_whole(self) -> None:
        """As ssh hands it over; where words could be something else they are not taken."""
        found = parse(ARGUMENTS[:1], (REASON,), split("bob --reason end of the demo"))
        self.assertEqual((found["name"], found["reason"]), ("bob", "end of the demo"))
        for line in ("--reason end bob now", "bob --reason end of --reason x", "--reason end bob"):
            self.assertRaises(Refusal, parse, (*ARGUMENTS[:1], Argument("B", "b")), (REASON,), split(line + " c d"))

    def test_a_monstrous_command_line_is_refused(self) -> None:
        """By its length alone."""
        self.assertEqual(self.refused("x" * (MOST_CHARACTERS + 1)), "the command line is too long")
        self.assertEqual(self.assertRaises(Refusal, split, "x" * (MOST_CHARACTERS + 1)).code, 64)

    @settings(max_examples=200, deadline=None)
    @given(WORDS)
    def test_any_words_are_parsed_or_refused(self, words: list[str]) -> None:
        """For every verb there is."""
        for verb in list(VERBS.values())[::7]:
            try:
                found = parse(verb.arguments, verb.all_options, words)
            except Refusal as refusal:
                self.assertEqual(refusal.code, 64)
            else:
                self.assertTrue({option.key for option in verb.all_options} <= set(found))

    @settings(max_examples=200, deadline=None)
    @given(st.text(max_size=60) | st.binary(max_size=60))
    def test_any_line_is_cut_or_refused(self, line: str | bytes) -> None:
        """Open quotes and junk bytes are refused in words."""
        try:
            self.assertIsInstance(split(line), list)
        except Refusal as refusal:
            self.assertEqual(refusal.code, 64)

    def test_a_line_is_cut_as_a_shell_does(self) -> None:
        """Quotes hold together, nothing is expanded."""
        self.assertEqual(split(b'lock alice --reason "call me" $HOME *'), [
            "lock", "alice", "--reason", "call me", "$HOME", "*",
        ])  # fmt: skip

    def test_the_synopsis_says_what_may_be_left_out(self) -> None:
        """In brackets, with dots for many."""
        self.assertEqual(synopsis("v", ARGUMENTS, OPTIONS), "v NAME [REST…] [--dry-run] [--ttl N] [--group G]…")
