"""The menu's screen: keys in, a picture out."""

from __future__ import annotations

import re

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from gateway.ssh.cells import clean, width
from gateway.ssh.menu_screen import HELP, Left, MenuScreen, Row, in_order

PLACED = re.compile(r"\x1b\[([0-9]+);1H(?:\x1b\[7m)?([^\x1b]*)(?:\x1b\[0m)?")
UP, DOWN, PAGE_DOWN, PAGE_UP, HOME, END = b"\x1b[A", b"\x1b[B", b"\x1b[6~", b"\x1b[5~", b"\x1b[H", b"\x1b[F"
KEYS = st.lists(
    st.one_of(
        st.sampled_from([UP, DOWN, PAGE_DOWN, PAGE_UP, HOME, END, b"\x7f", b"\x15", b"?", b"\x0c"]),
        st.sampled_from("web10 漢").map(str.encode),
    ),
    max_size=20,
)
NAMES = st.lists(st.tuples(st.text(max_size=12), st.sampled_from(["root", "deploy", "漢字"])), max_size=30)


def lines(picture: bytes) -> list[str]:
    """Read a picture; fail unless it is nothing but cleared, placed text."""
    text = picture.decode()
    assert text.startswith("\x1b[0m\x1b[2J")
    rest = text.removeprefix("\x1b[0m\x1b[2J")
    found = PLACED.findall(rest)
    assert PLACED.sub("", rest) == "", rest
    assert [int(number) for number, _ in found] == list(range(1, len(found) + 1))
    return [line for _, line in found]


class ScreenTests(SynchronousTestCase):
    """Three web servers and a database."""

    def setUp(self) -> None:
        pairs = [("web10", "root"), ("web2", "root"), ("web2", "deploy"), ("db", "postgres"), ("db", "postgres")]
        self.screen = MenuScreen(in_order(pairs), 60, 10)

    def listed(self) -> list[str]:
        return [line.strip() for line in lines(self.screen.draw())[2:]]

    def chosen(self) -> str:
        inverse = re.search(rb"\x1b\[7m ?([^\x1b]*)", self.screen.draw())
        return inverse[1].decode() if inverse else ""

    def test_rows_stand_in_their_natural_order(self) -> None:
        """web2 before web10, each pair once."""
        self.assertEqual(self.listed(), ["postgres@db", "deploy@web2", "root@web2", "root@web10"])
        self.assertEqual(lines(self.screen.draw())[0][:28], "Choose where to go (4 of 4) ")

    def test_typing_filters_by_all_words(self) -> None:
        """In any order and case; the choice stays where it can."""
        self.screen.feed(DOWN + DOWN)
        self.screen.feed(b"2 ROOT")
        self.assertEqual((self.listed(), self.chosen()), (["root@web2"], "root@web2"))
        self.screen.feed(b"x")
        self.assertEqual(self.listed(), ["nothing fits; Backspace or Ctrl-U"])
        self.assertIsNone(self.screen.feed(b"\r"))
        self.screen.feed(b"\x15")
        self.assertEqual(len(self.listed()), 4)

    def test_enter_leaves_with_the_chosen_row(self) -> None:
        """What was typed behind it is dropped."""
        self.assertEqual(self.screen.feed(DOWN + b"\rq"), Left(Row("web2", "deploy")))

    def test_q_leaves_only_without_a_filter(self) -> None:
        """Ctrl-C and Ctrl-D always."""
        self.assertIsNone(self.screen.feed(b"wq"))
        self.assertEqual(self.screen.filter, "wq")
        self.assertEqual(self.screen.feed(b"\x7f\x7fq"), Left(None))
        for key in (b"\x03", b"\x04"):
            self.assertEqual(self.screen.feed(b"w" + key), Left(None))

    def test_help_comes_and_goes(self) -> None:
        """With the same key, or any other."""
        self.screen.feed(b"?")
        self.assertEqual(lines(self.screen.draw()), list(HELP))
        self.screen.feed(b"?")
        self.assertEqual(len(self.listed()), 4)
        self.screen.feed(b"?" + DOWN)
        self.assertEqual(self.chosen(), "deploy@web2")

    def test_a_long_list_scrolls_with_the_choice(self) -> None:
        """Pages overlap by a row, the ends are ends."""
        self.screen = MenuScreen(in_order([(f"web{number}", "root") for number in range(100)]), 60, 10)
        for keys, chosen in ((PAGE_DOWN, "root@web7"), (DOWN * 3, "root@web10"), (END, "root@web99"),
                             (DOWN, "root@web99"), (PAGE_UP, "root@web92"), (HOME + UP, "root@web0")):  # fmt: skip
            self.screen.feed(keys)
            self.assertEqual(self.chosen(), chosen)
            self.assertIn(chosen, self.listed())
            self.assertEqual(len(self.listed()), 8)

    def test_names_are_cleaned_before_they_are_shown(self) -> None:
        """An escape in a name is a question mark."""
        self.screen = MenuScreen(in_order([("evil\x1b]0;x\x07\u202e", "root")]), 60, 10)
        self.assertEqual(self.listed(), ["root@evil?]0;x??"])

    @settings(max_examples=80)
    @given(NAMES, st.integers(1, 40), st.integers(1, 12), KEYS, st.integers(1, 40), st.integers(1, 12))
    def test_no_picture_exceeds_the_screen(
        self, names: list[tuple[str, str]], columns: int, rows: int, keys: list[bytes], wider: int, higher: int
    ) -> None:
        """Whatever names there are, whatever is typed, before and after a resize; the chosen row is always in sight."""
        screen = MenuScreen(in_order(names), columns, rows)
        for size in ((columns, rows), (wider, higher)):
            screen.resize(*size)
            for key in keys:
                screen.feed(key)
                drawn = lines(screen.draw())
                self.assertLessEqual(len(drawn), size[1])
                self.assertTrue(all(width(line) <= size[0] and clean(line) == line for line in drawn))
                self.assertEqual(b"\x1b[7m" in screen.draw(), bool(screen.shown) and not screen.help)
