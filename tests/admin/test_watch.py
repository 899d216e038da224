"""Following a session in memory: what is painted, which keys do what, and how it ends."""

from __future__ import annotations

import attrs
from twisted.trial.unittest import SynchronousTestCase

from gateway.admin.display import Display
from gateway.admin.prompt import Prompt, bar
from gateway.admin.refusal import Refusal
from gateway.domain.screen import Screen
from gateway.domain.screen.view import ENTER, GRAMMAR, LEAVE
from gateway.interfaces.live import NotWatchable
from tests.admin.channel import Channel
from tests.admin.node import ONE, MemoryNode, session


def watching(node: MemoryNode, name: str = "root", size: tuple[int, int] = (20, 4)) -> Channel:
    """Return a channel in which somebody watches."""
    return Channel(node, node.caller(name)).run(f"watch {ONE}", size)


def on_screen(painted: bytes | bytearray, size: tuple[int, int] = (20, 4)) -> list[str]:
    """Return what a terminal shows of what was painted."""
    screen = Screen(*size)
    screen.feed(bytes(painted))
    return screen.text()


class WatchTests(SynchronousTestCase):
    """One viewer."""

    def setUp(self) -> None:
        self.node = MemoryNode()
        self.node.roster.rows = [session(ONE)]
        self.node.live.feed("hello")

    def test_a_viewer_sees_the_screen_and_what_becomes_of_it(self) -> None:
        """From his first moment; q leaves, the terminal is given back, the seat is left once."""
        channel = watching(self.node)
        self.assertEqual(on_screen(channel.out)[0], "hello")
        self.node.live.feed(" you")
        self.assertEqual(on_screen(channel.out)[0], "hello you")
        channel.program.received(b"\x1dq")
        self.assertEqual((channel.codes, bytes(channel.out).endswith(LEAVE.encode())), ([0], True))
        self.assertEqual([seat.left for seat in self.node.live.seats], [1])
        self.assertIsNotNone(GRAMMAR.fullmatch(channel.out.decode()))
        [asked] = self.node.live.asked
        self.assertEqual((asked["session"], asked["by"], asked["door"]), (ONE, "root", "ssh"))

    def test_the_end_of_a_session_ends_the_watch_with_its_words(self) -> None:
        """The words stand on the terminal as it was before."""
        channel = watching(self.node)
        self.node.live.stage.close("S-1 is over (exited)")
        self.assertEqual(channel.codes, [0])
        self.assertTrue(bytes(channel.out).endswith(b"S-1 is over (exited)\r\n"))

    def test_a_door_that_closes_ends_the_watch(self) -> None:
        """However it goes: closed, interrupted by Ctrl-C, ended by EOF, or the right is lost."""
        for leave in ("stopped", "ended", "received"):
            channel = watching(self.node)
            getattr(channel.program, leave)(*([b"\x03"] if leave == "received" else []))
            self.assertEqual(self.node.live.stage.watchers, 0, leave)
        channel = watching(self.node)
        channel.program.revoke("you are not admin any more")
        self.assertEqual((channel.codes, self.node.live.stage.watchers), ([77], 0))
        self.assertIn(LEAVE + "ostiary: you are not", channel.out.decode())

    def test_a_terminal_that_is_full_is_shown_the_present_when_it_drains(self) -> None:
        """Nothing is queued for it, however much happens."""
        channel = watching(self.node)
        channel.held = 1 << 20
        seen = len(channel.out)
        for n in range(100):
            self.node.live.feed(f"\r\x1b[Kline {n}")
        self.assertEqual(len(channel.out), seen)
        channel.held = 0
        channel.program.drained()
        self.assertEqual(on_screen(channel.out)[0], "line 99")

    def test_another_size_is_painted_for(self) -> None:
        """At once."""
        channel = watching(self.node)
        channel.program.resized(30, 6)
        self.assertEqual(on_screen(channel.out, (30, 6))[1], "     hello")

    def test_keys_act_behind_the_prefix_only(self) -> None:
        """What is typed without it does nothing; each deed asks, and says what came of it."""
        channel = watching(self.node)
        channel.program.received(b"lukm?q rm -rf /\r")
        self.assertEqual((self.node.orders.given, channel.codes), ([], []))
        channel.program.received(b"\x1d?")
        self.assertIn(ONE, on_screen(channel.out)[3])
        channel.program.received(b"x")
        self.assertEqual(on_screen(channel.out)[3], "")
        channel.program.received(b"\x1dmnote\r")
        self.assertIn("marked", on_screen(channel.out)[3])
        channel.program.received(b"\x1dlwhy\r")
        channel.program.received(b"\x1duyes\rdone\r")
        channel.program.received(b"\x1dkyes\renough\r")
        self.assertEqual([given[0] for given in self.node.orders.given], ["mark", "lock", "unlock", "interrupt"])
        self.assertEqual(self.node.orders.given[1][1:6], ("session", ONE, "root", "Ruth Admin", "why"))

    def test_nothing_is_done_without_a_yes_and_a_reason(self) -> None:
        """Escape, another word, or no reason: nothing was done, and it says so."""
        channel = watching(self.node)
        for keys in (b"\x1dkno\r", b"\x1dkyes\r\r", b"\x1dk\x1b", b"\x1dm\x03", b"\x1dky\x7f\x15\r", b"\x1dl\x1b"):
            channel.program.received(keys)
            self.assertIn("nothing was done", on_screen(channel.out)[3], keys)
        self.assertEqual(self.node.orders.given, [])

    def test_the_picture_stands_while_a_question_does(self) -> None:
        """And is the present one when it is answered."""
        channel = watching(self.node)
        channel.program.received(b"\x1dm")
        self.node.live.feed(" again")
        self.assertEqual(on_screen(channel.out)[0], "hello")
        channel.program.received(b"ok\rx")
        self.assertEqual(on_screen(channel.out)[0], "hello again")

    def test_an_auditor_may_mark_and_nothing_else(self) -> None:
        """The orders are the admins'; the refusal is shown and the watch goes on."""
        channel = watching(self.node, "ann", (80, 4))
        channel.program.received(b"\x1dlwhy\r")
        self.assertIn("needs the role admin", on_screen(channel.out, (80, 4))[3])
        channel.program.received(b"\x1dmnote\r")
        self.assertEqual([given[0] for given in self.node.orders.given], ["mark"])

    def test_what_can_not_be_watched_is_said(self) -> None:
        """Without a terminal, and when the session has no screen here: nothing was painted."""
        channel = Channel(self.node).run(f"watch {ONE}")
        self.assertEqual((channel.codes, b"needs a terminal" in channel.err), ([64], True))
        self.node.live.failure = NotWatchable("it is on gw2")
        channel = watching(self.node)
        self.assertEqual(channel.codes, [1])
        self.assertNotIn(ENTER, channel.out.decode())
        self.assertIn("it is on gw2", channel.out.decode())

    def test_the_shell_goes_on_after_a_watch(self) -> None:
        """In an interactive shell the prompt comes back."""
        channel = Channel(self.node).run(None, (80, 24))
        channel.program.received(f"watch {ONE}\r".encode())
        channel.program.received(b"\x1dq")
        self.assertEqual(channel.codes, [])
        self.assertIn("ostiary> ", channel.out.decode().rpartition(LEAVE)[2])


class SnapshotTests(SynchronousTestCase):
    """The present screen, once."""

    def test_a_snapshot_is_text_colours_or_json(self) -> None:
        """On a terminal colours pass; nothing else of the session does."""
        node = MemoryNode()
        node.roster.rows = [session(ONE)]
        node.live.feed("\x1b[31mred\x1b[m\x1b]0;evil\x07")
        self.assertEqual(node.say(f"snapshot {ONE}").out.split("\n")[0], "red")
        self.assertEqual(node.say(f"snapshot {ONE} --ansi").out.split("\n")[0], "\x1b[0;31mred\x1b[m")
        data = node.say(f"snapshot {ONE}/2 --json").data
        self.assertEqual((data["channel"], data["text"][0], data["columns"]), (2, "red", 20))
        self.assertEqual(node.say(f"snapshot {ONE} --ansi --text").code, 64)
        channel = Channel(node).run(f"snapshot {ONE} --ansi", (80, 24))
        self.assertIn("\x1b[0;31mred\x1b[m\r\n", channel.out.decode())


class DisplayTests(SynchronousTestCase):
    """A terminal that a verb has whole."""

    def test_one_verb_at_a_time_has_it(self) -> None:
        """And a size of nothing is the usual one."""
        out = bytearray()
        display = Display(0, 0, out.extend, lambda: False)

        @attrs.define
        class Holder:
            def typed(self, chunk: bytes) -> None: ...
            def resized(self) -> None: ...
            def drained(self) -> None: ...

        self.assertEqual(display.size, (80, 24))
        display.resize(5000, 1)
        self.assertEqual(display.size, (1000, 1))
        display.take(Holder())
        self.assertRaises(Refusal, display.take, Holder())
        display.resize(10, 10)
        display.drained()
        display.give_back()
        display.give_back()
        self.assertEqual(out.decode(), ENTER + LEAVE)


class PromptTests(SynchronousTestCase):
    """One line at the bottom."""

    def test_a_line_never_exceeds_the_terminal(self) -> None:
        """However long the answer, however wide its characters; controls are no text."""
        answers: list[str | None] = []
        prompt = Prompt("reason:", answers.append)
        self.assertFalse(prompt.press("日本語" * 300 + "\x00\x1f"))
        painted = bar(prompt.line(20), 20, 3, cursor=True)
        self.assertIsNotNone(GRAMMAR.fullmatch(painted))
        screen = Screen(20, 3)
        screen.feed(painted.encode())
        self.assertEqual(screen.text()[:2], ["", ""])
        self.assertTrue(prompt.press("\r"))
        self.assertEqual(len(answers[0] or ""), 500)
        self.assertNotIn("\x1b]", bar("\x1b]0;evil\x07", 10, 1))
