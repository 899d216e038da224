"""Verbs over a byte channel."""

from __future__ import annotations

import re
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from gateway.admin.cleaning import clean
from gateway.admin.refusal import denied
from gateway.admin.room import Room
from gateway.admin.shell import MOST_UNSENT, VerbProgram
from gateway.domain.facts import Fact
from tests.admin.channel import Channel, Start
from tests.admin.node import ONE, MemoryNode, session

TERMINAL = (100, 30)
ESCAPES = re.compile(r"\r\n|\r|\x1b\[K|\x1b\[\d+C")


class LineTests(SynchronousTestCase):
    """One command line, with or without a terminal."""

    def test_a_line_is_called_and_its_code_is_the_channels(self) -> None:
        """Data on stdout, words on stderr, then the end."""
        channel = Channel().run("whoami")
        self.assertEqual((channel.codes, bytes(channel.err)), ([0], b""))
        self.assertIn(b"Ruth Admin", channel.out)
        self.assertEqual(Channel().run("user show nobody").codes, [1])

    def test_without_a_line_and_a_terminal_it_says_how(self) -> None:
        """Usage, not a shell that nobody sees."""
        channel = Channel().run()
        self.assertEqual(channel.codes, [64])
        self.assertIn(b"say what to do", channel.err)

    def test_stdin_is_the_verbs(self) -> None:
        """Until its end."""
        channel = Channel().run("apply -")
        channel.program.received(b'[[user]]\nname = "bob"\n')
        self.assertEqual(channel.codes, [])
        channel.program.ended()
        self.assertEqual(channel.codes, [0])
        self.assertIn("bob", channel.node.directory.snapshot().user)

    def test_a_terminal_gets_carriage_returns_and_asks_for_secrets_unseen(self) -> None:
        """The prompt is shown, the password is not."""
        channel = Channel().run("user passwd alice", TERMINAL)
        self.assertIn("new password for alice: ", channel.shown())
        channel.program.received(b"hunter2-hunter2\r")
        shown = channel.shown()
        self.assertNotIn("hunter2", shown)
        self.assertIn("password of alice set\r\n", shown)
        self.assertEqual(channel.codes, [0])

    def test_who_leaves_the_prompt_changes_nothing(self) -> None:
        """By Ctrl-C, by Ctrl-D, or by an empty line."""
        for keys in (b"\x03", b"\x04", b"\r"):
            channel = Channel().run("user passwd alice", TERMINAL)
            channel.program.received(keys)
            self.assertEqual(channel.codes, [64], keys)
            self.assertIn("nothing was typed", channel.shown())
        channel = Channel().run("user passwd alice", TERMINAL)
        channel.program.ended()
        self.assertEqual(channel.codes, [64])

    def test_input_at_a_terminal_ends_with_its_end_key(self) -> None:
        """As with any program that reads to the end."""
        channel = Channel().run("apply -", TERMINAL)
        channel.program.received(b'[[user]]\rname = "bob"\r\x04')
        self.assertEqual(channel.codes, [0])

    def test_a_line_that_can_not_be_read_is_refused(self) -> None:
        """In words, by the usage code."""
        channel = Channel().run('lock "alice')
        self.assertEqual((channel.codes, channel.err[:9]), ([64], b"ostiary: "))

    def test_who_is_no_caller_any_more_is_refused(self) -> None:
        """The room says so."""

        def nobody() -> Room:
            raise denied("your account was switched off")

        channel = Channel()
        VerbProgram(nobody, channel.program.verbs).start(Start("whoami"), channel)
        self.assertEqual((channel.codes, bytes(channel.err)), ([77], b"ostiary: your account was switched off\n"))


class RunningTests(SynchronousTestCase):
    """A verb that goes on until it is stopped."""

    def follow(self, terminal: tuple[int, int] | None = None) -> Channel:
        """Return a channel that follows the audit log."""
        channel = Channel().run("events --follow --kind session.*", terminal)
        channel.node.journal.tell(Fact("session.failed", {"session": ONE}))
        self.assertIn(b"session.failed", channel.out)
        self.assertEqual(channel.codes, [])
        return channel

    def test_what_happens_is_written_as_it_happens(self) -> None:
        """Until the channel is gone; then nothing is written, and nobody listens any more."""
        channel = self.follow()
        channel.program.stopped()
        channel.out.clear()
        channel.node.journal.tell(Fact("session.failed", {"session": ONE}))
        self.assertEqual((bytes(channel.out), channel.codes), (b"", []))

    def test_the_interrupt_key_stops_it(self) -> None:
        """At a terminal."""
        channel = self.follow(TERMINAL)
        channel.program.received(b"\x03")
        self.assertEqual(channel.codes, [1])
        self.assertIn("ostiary: interrupted", channel.shown())

    def test_a_lost_right_ends_it_at_once(self) -> None:
        """With words and the code of denial, once."""
        channel = self.follow()
        channel.program.revoke("your account was locked by root")
        channel.program.revoke("again")
        self.assertEqual((channel.codes, bytes(channel.err)), ([77], b"ostiary: your account was locked by root\n"))

    def test_a_full_door_is_waited_for(self) -> None:
        """And written to again when it has drained."""
        channel = self.follow()
        channel.held = MOST_UNSENT + 1
        channel.out.clear()
        for _ in range(3):
            channel.node.journal.tell(Fact("session.failed", {"session": ONE}))
        self.assertEqual(bytes(channel.out), b"")
        channel.program.drained()
        self.assertEqual(bytes(channel.out), b"")
        channel.held = 0
        channel.program.drained()
        self.assertEqual(channel.out.count(b"\n"), 3)

    def test_a_verb_that_breaks_is_logged_and_said_without_a_trace(self) -> None:
        """The caller gets words and a code, the log the rest."""
        channel = Channel()
        channel.node.hash_failure = ZeroDivisionError("secret detail")
        channel.run("user passwd alice")
        channel.program.received(b"hunter2-hunter2\n")
        channel.program.ended()
        self.assertEqual(channel.codes, [70])
        self.assertNotIn(b"secret detail", channel.err)
        self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 1)


class InteractiveTests(SynchronousTestCase):
    """A shell at a terminal."""

    def shell(self, **node: Any) -> Channel:
        """Return a channel with a fresh prompt."""
        channel = Channel(MemoryNode(**node)).run(None, TERMINAL)
        self.assertIn("ostiary> ", channel.shown())
        return channel

    def test_lines_are_called_one_after_the_other(self) -> None:
        """Also those that were typed ahead; the last code is the shell's."""
        channel = self.shell()
        channel.program.received(b"whoami\rlocks\r\r")
        shown = channel.shown()
        self.assertIn("Ruth Admin\r\n", shown)
        self.assertIn("no lock is in force\r\n", shown)
        channel.program.received(b"user show nobody\rexit\rwhoami\r")
        self.assertEqual(channel.codes, [1])

    def test_it_is_left_by_the_end_key_and_by_the_end_of_input(self) -> None:
        """A cleared line is not the end."""
        channel = self.shell()
        channel.program.received(b"half a line\x03")
        self.assertEqual(channel.codes, [])
        channel.program.received(b"\x04")
        self.assertEqual(channel.codes, [0])
        channel = self.shell()
        channel.program.ended()
        self.assertEqual(channel.codes, [0])

    def test_tab_completes_verbs_and_names(self) -> None:
        """The only one with a blank behind; several are listed."""
        channel = self.shell()
        channel.program.received(b"who\t")
        self.assertIn("ostiary> whoami ", channel.shown())
        channel.program.received(b"\x15lock al\t")
        self.assertIn("lock alice ", channel.shown())
        channel.program.received(b"\x15user \t")
        self.assertIn("activate  add  deactivate", channel.shown())

    def test_a_role_that_was_lost_is_lost_at_the_next_line(self) -> None:
        """The room is asked for at every line."""
        channel = self.shell()
        channel.caller = channel.node.caller("alice")
        channel.program.received(b"locks\r")
        self.assertIn("needs the role admin", channel.shown())

    def test_keys_are_the_shells_not_the_verbs(self) -> None:
        """What reads its input finds none."""
        channel = self.shell()
        channel.program.received(b"apply -\r")
        self.assertIn("nothing to change", channel.shown())

    def test_typing_goes_on_while_a_verb_waits(self) -> None:
        """It is taken when the verb is done; Ctrl-C ends the verb, not the shell."""
        channel = self.shell()
        channel.program.received(b"events --follow --kind siem.gap\r")
        channel.program.received(b"whoami\r")
        self.assertNotIn("Ruth", channel.shown())
        channel.program.received(b"\x03")
        channel.program.received(b"whoami\r")
        self.assertIn("Ruth", channel.shown())
        self.assertEqual(channel.codes, [])

    def test_many_lines_at_once_do_not_nest(self) -> None:
        """A thousand lines are a loop, not a tower."""
        channel = self.shell()
        channel.program.received(b"whoami\r" * 1000)
        self.assertEqual(channel.shown().count("Ruth Admin"), 1000)

    def test_a_new_size_is_taken(self) -> None:
        """Nonsense is eighty columns."""
        channel = self.shell()
        for columns, most in ((0, 80), (1, 80), (40, 40), (9999, 1000)):
            channel.program.resized(columns, 0)
            channel.program.received(b"x" * 1200)
            shown = len(ESCAPES.sub("", channel.shown()))
            self.assertTrue(most - 2 <= shown <= most, shown)

    @settings(max_examples=100, deadline=None)
    @given(st.lists(st.binary(max_size=30) | st.sampled_from([b"sessions\r", b"\t", b"\x03", b"help\r"]), max_size=8))
    def test_any_keys_leave_only_clean_text_on_the_terminal(self, chunks: list[bytes]) -> None:
        """Hostile sessions in the lists included."""
        channel = Channel()
        channel.node.roster.rows = [session(ONE, "\x1b]52;c;x\x07\u202e")]
        channel.run(None, TERMINAL)
        for chunk in chunks:
            channel.program.received(chunk)
        shown = ESCAPES.sub("", channel.out.decode())
        self.assertEqual(clean(shown), shown)
