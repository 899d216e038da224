"""The one way through which every door calls a verb."""

from __future__ import annotations

import json

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from gateway.admin.verbs import VERBS
from tests.admin.node import LOCAL, ONE, MemoryNode, session

WORD = st.sampled_from(sorted({word for name in VERBS for word in name.split()})) | st.sampled_from(
    ["--json", "--ndjson", "--csv", "--help", "--reason", "--user", "alice", "web1", "-", "--all", ONE]
)


class PerformTests(SynchronousTestCase):
    """Find, permit, parse, run, show."""

    def test_what_is_no_verb_is_told_with_the_nearest(self) -> None:
        """Also half a verb, and nothing at all."""
        node = MemoryNode()
        self.assertEqual(node.say("sesions").err, "ostiary: there is no verb 'sesions'; did you mean 'sessions'?\n")
        self.assertEqual(node.say("xyzzy").err, "ostiary: there is no verb 'xyzzy'; try `help`\n")
        self.assertIn("user takes one of: activate, add", node.say("user").err)
        self.assertIn("say what to do: access, apply", node.say([]).err)
        self.assertEqual(node.say("user").code, 64)

    def test_an_operator_is_told_of_his_own_verbs_only(self) -> None:
        """What he may not call is not offered either."""
        self.assertNotIn("lock", MemoryNode().say([], "alice").err)

    def test_an_error_is_json_where_json_was_asked_for(self) -> None:
        """On stdout, with the same exit code, and nothing on stderr."""
        said = MemoryNode().say("user show nobody --json")
        self.assertEqual((said.code, said.err), (1, ""))
        self.assertEqual(said.error["kind"], "not_found")

    def test_forms_exclude_each_other(self) -> None:
        """Which one is meant is not guessed."""
        self.assertEqual(MemoryNode().say("user list --json --csv").code, 64)

    def test_help_is_given_whatever_else_is_missing(self) -> None:
        """But not to whom the verb is refused."""
        node = MemoryNode()
        self.assertIn("lock [USER]", node.say("lock -h").out)
        self.assertEqual(node.say("lock -h", "alice").code, 77)

    def test_a_directory_that_refuses_is_a_matter_of_configuration(self) -> None:
        """Its problems are said a line each."""
        said = MemoryNode().say("target add web2 --address a:b:c")
        self.assertEqual(said.code, 78)
        self.assertTrue(said.err.startswith("ostiary: "))

    def test_a_journal_that_can_not_be_written_is_told_and_nothing_is_changed(self) -> None:
        """Try later: 75."""
        node = MemoryNode()
        node.journal.failure = OSError(28, "No space left on device")
        said = node.say("user rm alice")
        self.assertEqual(said.code, 75)
        self.assertIn("No space left on device", said.err)
        self.assertIn("alice", node.directory.snapshot().user)

    def test_a_hostile_name_never_reaches_a_terminal_raw(self) -> None:
        """Neither in an answer nor in a refusal."""
        node = MemoryNode()
        node.roster.rows = [session(ONE, "\x1b]0;x\x07\u202e", reason="\x9b2J")]
        for line in (["sessions"], ["session", "show", ONE], ["user", "show", "\x1b[2J"]):
            said = node.say(line)
            self.assertTrue((said.out + said.err).replace("\n", "").isprintable(), line)

    @settings(max_examples=150, deadline=None)
    @given(st.lists(WORD, max_size=5), st.booleans())
    def test_any_words_end_with_an_exit_code_and_json_stays_json(self, words: list[str], local: bool) -> None:
        """By an admin and locally."""
        if "--follow" in words:
            return
        node = MemoryNode()
        said = node.say(words, LOCAL if local else "root")
        self.assertIn(said.code, {0, 1, 2, 3, 64, 75, 77, 78})
        if said.code and "--json" in words:
            self.assertIn("error", json.loads(said.out))
