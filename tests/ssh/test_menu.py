"""The menu as a program of a channel."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from gateway.ssh.menu import MOST_UNSENT, Choice, Chooser, Menu
from gateway.ssh.menu_screen import ENTER_SCREEN, LEAVE_SCREEN
from gateway.ssh.program import Start
from tests.ssh.outputs import KeptOutput, KeptProgram

TERMINAL = Start(None, (80, 24), "xterm", b"\0")
ROWS = [("web1", "root"), ("web2", "deploy")]


class MenuTests(SynchronousTestCase):
    """An operator without a target."""

    def begin(
        self, start: Start = TERMINAL, rows: list[tuple[str, str]] = ROWS
    ) -> tuple[Menu, KeptOutput]:
        self.choices: list[Choice] = []
        output = KeptOutput(end=object())
        menu = Menu("alice", lambda: rows, self.choices.append)
        menu.start(start, output)
        return menu, output

    def test_without_a_terminal_there_is_one_line_that_says_how(self) -> None:
        """On stderr, with the code of wrong usage; a command is not a choice either."""
        for start in (Start(None, None), Start("ls", None)):
            _, output = self.begin(start)
            self.assertEqual(bytes(output.err), b"ostiary: name a target: ssh alice=ACCOUNT=TARGET@gateway\n")
            self.assertEqual((bytes(output.out), output.code), (b"", 64))
        self.assertEqual(self.begin(Start("ls", (80, 24)))[1].code, 64)

    def test_an_operator_who_may_go_nowhere_is_told(self) -> None:
        """Nothing is drawn."""
        menu, output = self.begin(rows=[])
        self.assertEqual((bytes(output.out), output.code), (b"", 77))
        self.assertIn(b"there is no target that you may reach now", output.err)
        menu.received(b"q")
        menu.resized(10, 10)
        menu.ended()

    def test_the_screen_is_entered_drawn_and_left(self) -> None:
        """Left as it was found, with the status 0."""
        for leave in (b"q", b"\x03", b"web\x04"):
            menu, output = self.begin()
            self.assertTrue(output.out.startswith(ENTER_SCREEN))
            self.assertIn(b"root@web1", output.out)
            menu.received(leave)
            self.assertTrue(output.out.endswith(LEAVE_SCREEN))
            self.assertEqual((output.code, self.choices, output.handed), (0, [], False))
            menu.received(b"q")
            menu.resized(10, 10)
        menu, output = self.begin()
        menu.ended()
        self.assertEqual(output.code, 0)

    def test_a_choice_hands_the_channel_over(self) -> None:
        """With the size of now and what the terminal said at the start; the screen is restored before."""
        menu, output = self.begin()
        menu.resized(100, 30)
        menu.received(b"web2\r")
        (choice,) = self.choices
        self.assertEqual((choice.target, choice.account, choice.columns, choice.rows), ("web2", "deploy", 100, 30))
        self.assertEqual((choice.term, choice.modes), ("xterm", b"\0"))
        self.assertIs(choice.end, output.end)
        self.assertTrue(output.out.endswith(LEAVE_SCREEN))
        self.assertIsNone(output.code)

    def test_pictures_are_not_piled_up(self) -> None:
        """Who takes nothing gets the last picture when he does."""
        menu, output = self.begin()
        output.stuck = True
        for _ in range(10_000):
            menu.received(b"\x0c")
        self.assertLess(output.unsent(), MOST_UNSENT + 10_000)
        menu.received(b"web2")
        output.out.clear()
        output.take()
        menu.drained()
        self.assertIn(b"> web2", output.out)
        before = len(output.out)
        menu.drained()
        self.assertEqual(len(output.out), before)
        menu.stopped()
        menu.received(b"q")
        self.assertIsNone(output.code)


class ChooserTests(SynchronousTestCase):
    """A login without a target: the verbs or the menu."""

    def begin(self, start: Start, prefers_verbs: bool, may_choose: bool = True) -> str:
        verbs, menu = KeptProgram(), KeptProgram()
        chooser = Chooser(lambda: verbs, (lambda: menu) if may_choose else None, prefers_verbs)
        for early in (chooser.ended, chooser.drained, chooser.stopped):
            early()
        chooser.received(b"early")
        chooser.resized(1, 1)
        self.assertEqual((verbs.told, menu.told), ([], []))
        chooser.start(start, KeptOutput())
        chooser.received(b"x")
        chooser.resized(90, 30)
        chooser.drained()
        chooser.ended()
        chooser.stopped()
        chosen, other = (menu, verbs) if menu.told else (verbs, menu)
        self.assertEqual((chosen.told[1:], other.told), ([b"x", (90, 30), "drained", "ended", "stopped"], []))
        self.assertEqual(chosen.told[0].terminal, start.terminal)
        return "menu" if chosen is menu else "verbs"

    def test_an_operator_without_a_command_gets_the_menu(self) -> None:
        """One with a role for verbs gets those, and ``menu`` is one of them."""
        self.assertEqual(self.begin(TERMINAL, prefers_verbs=False), "menu")
        self.assertEqual(self.begin(TERMINAL, prefers_verbs=True), "verbs")
        self.assertEqual(self.begin(Start(" menu ", (80, 24)), prefers_verbs=True), "menu")
        self.assertEqual(self.begin(Start("targets", None), prefers_verbs=False), "verbs")
        self.assertEqual(self.begin(TERMINAL, prefers_verbs=False, may_choose=False), "verbs")
