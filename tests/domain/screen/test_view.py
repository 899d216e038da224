"""What a viewer is painted: exact, and in a language that can do no harm."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from gateway.domain.screen import Screen
from gateway.domain.screen.cells import PLAIN, Style, width
from gateway.domain.screen.view import ENTER, GRAMMAR, LEAVE, Picture, Spans, Window, lines, paint, picture, safe
from tests.domain.screen.streams import STREAMS

HOSTILE = st.lists(
    st.one_of(
        st.binary(max_size=40),
        st.sampled_from((
            b"\x1b]0;title\x07", b"\x1b]52;c;aGk=\x1b\\", b"\x1bP+q544e\x1b\\", b"\x1b[6n", b"\x1b[c", b"\x1b[>q",
            "\u202eevil\u2066".encode(), "e\u0301\u200d\u0302".encode(), "\U0001f468\u200d\U0001f469".encode(),
            "\u3000\u00a0\u00ad\ue0b0\uffff".encode(), b"\x1b[8mhidden\x1b[m", b"\x1b(0lqk", b"\x1b[?25l", b"\x9b5n",
            b"\x1b[31;1;4mred", b"\xe6\x97\xa5",
        )),
    ),
    max_size=30,
).map(b"".join)  # fmt: skip


def shown(columns: int, rows: int, *chunks: bytes) -> Screen:
    """Return a screen that was fed."""
    screen = Screen(columns, rows)
    for chunk in chunks:
        screen.feed(chunk)
    return screen


def cells(seen: Picture) -> tuple[object, ...]:
    """Return what can be seen of a picture, cell by cell."""
    return tuple(tuple(each for cell in _apart(row) for each in _safely(*cell)) for row in seen.rows), seen.cursor


def _safely(x: int, text: str, style: Style) -> list[tuple[int, str, Style]]:
    shown = safe(text)
    cut = [shown] if shown.strip(" ") else shown
    return [(x + n, each, style) for n, each in enumerate(cut) if (each, style) != (" ", PLAIN)]


def _apart(row: Spans) -> list[tuple[int, str, Style]]:
    found: list[tuple[int, str, Style]] = []
    for x, text, style in row:
        for character in text:
            if width(character) or not found:
                found.append((x, character, style))
                x += width(character)
            else:
                at, before, look = found[-1]
                found[-1] = (at, before + character, look)
    return [each for each in found if each[1:] != (" ", PLAIN)]


class PaintTests(SynchronousTestCase):
    """A viewer's terminal, given what is painted, shows the screen."""

    @settings(max_examples=200, deadline=None)
    @given(st.lists(HOSTILE, min_size=1, max_size=5), st.integers(2, 40), st.integers(1, 12))
    def test_every_update_shows_the_screen_as_it_is(self, chunks: list[bytes], columns: int, rows: int) -> None:
        """Whatever a session sent, from the first picture through every difference, and nothing but the grammar."""
        session, viewer, before = Screen(columns, rows), shown(columns, rows, ENTER.encode()), None
        for chunk in chunks:
            session.feed(chunk)
            after = picture(session)
            painted = paint(before, after)
            self.assertIsNotNone(GRAMMAR.fullmatch(painted), repr(painted))
            viewer.feed(painted.encode())
            self.assertEqual(cells(picture(viewer)), cells(after))
            before = after

    @settings(max_examples=100, deadline=None)
    @given(STREAMS, st.integers(1, 50), st.integers(1, 20))
    def test_any_window_is_painted_within_its_cells(self, stream: bytes, columns: int, rows: int) -> None:
        """Larger, smaller or of another shape: every row is as wide as the window, the cursor is inside."""
        session = shown(20, 8, stream)
        framed = Window(columns, rows).through(picture(session))
        self.assertEqual((framed.columns, len(framed.rows)), (columns, rows))
        for row in framed.rows:
            self.assertEqual(sum(width(each) for _, text, _ in row for each in text), columns, row)
            self.assertEqual(row[0][0], 0)
        if framed.cursor is not None:
            self.assertTrue(framed.cursor[0] < columns and framed.cursor[1] < rows)
        viewer = shown(columns, rows, (ENTER + paint(None, framed)).encode())
        if columns > 1:
            self.assertEqual(cells(picture(viewer)), cells(framed))

    def test_a_key_costs_a_few_bytes_and_nothing_costs_nothing(self) -> None:
        """What is alike is not painted again; blanks at an end are blanked."""
        session = shown(80, 24, b"$ ls -l /var/log")
        before = picture(session)
        self.assertEqual(paint(before, picture(session)), "")
        session.feed(b"x")
        self.assertEqual(paint(before, picture(session)), "\x1b[1;17Hx\x1b[K\x1b[m\x1b[1;18H\x1b[?25h")
        before = picture(session)
        session.feed(b"\r\x1b[K")
        self.assertEqual(paint(before, picture(session)), "\x1b[1;1H\x1b[K\x1b[m\x1b[1;1H\x1b[?25h")
        session.feed(b"\x1b[31mred\x1b[32mgreen\x1b[34mblue")
        before = picture(session)
        session.feed(b"\x1b[1;4H\x1b[33mGREEN\x1b[m\x1b[1;1H")
        self.assertEqual(paint(before, picture(session)), "\x1b[1;4H\x1b[0;33mGREEN\x1b[m\x1b[1;1H\x1b[?25h")
        before = picture(session)
        session.feed(b"\x1b[?25l")
        self.assertEqual(paint(before, picture(session)), "\x1b[m\x1b[?25l")
        self.assertIn("\x1b[2J", paint(picture(shown(10, 2)), picture(session)))

    def test_only_the_pieces_of_a_row_that_differ_are_painted(self) -> None:
        """What stands before and behind them stays."""
        session = shown(20, 2, b"ab\x1b[31mcd\x1b[mef\x1b[2;1H")
        before = picture(session)
        session.feed(b"\x1b[1;3H\x1b[31mCD\x1b[m\x1b[2;1H")
        self.assertEqual(paint(before, picture(session)), "\x1b[1;3H\x1b[0;31mCD\x1b[m\x1b[2;1H\x1b[?25h")

    def test_a_window_follows_the_cursor_and_centres_what_is_small(self) -> None:
        """Letter-boxed: room on both sides, or the part where things happen; half a wide character is a blank."""
        small = Window(10, 5).through(picture(shown(4, 1, b"abcd")))
        self.assertEqual(lines(small, coloured=False), "\n\n   abcd\n\n\n")
        cut = Window(3, 2).through(picture(shown(9, 6, b"\x1b[6;9Hz")))
        self.assertEqual((lines(cut, coloured=False), cut.cursor), ("\n  z\n", (2, 1)))
        seen = picture(shown(9, 6))
        self.assertIs(Window(9, 6).through(seen), seen)
        halves = Window(3, 1).through(picture(shown(6, 1, "日本語\x1b[1;5H".encode())))
        self.assertEqual(sum(width(each) for _, text, _ in halves.rows[0] for each in text), 3)
        self.assertIsNone(Window(3, 1).through(picture(shown(9, 9, b"\x1b[?25l"))).cursor)

    def test_reverse_video_of_the_whole_screen_is_not_shown(self) -> None:
        """A known limit: a program that flashes the screen does not flash the viewer's."""
        session = shown(10, 2, b"hello")
        before = picture(session)
        session.feed(b"\x1b[?5h")
        self.assertEqual(paint(before, picture(session)), "")

    def test_the_words_that_enter_and_leave_are_of_the_grammar(self) -> None:
        """And what would do harm is not: titles, queries, controls."""
        for words in (ENTER, LEAVE):
            self.assertIsNotNone(GRAMMAR.fullmatch(words))
        for words in ("\x1b]0;x\x07", "\x1b[6n", "\x1b[c", "\x07", "\x1bP", "\x9b1m", "\x1b[?1000h", "\n"):
            self.assertIsNone(GRAMMAR.fullmatch(words), words)

    def test_no_character_turns_text_or_is_a_control(self) -> None:
        """A character that could is shown as one that can not, as wide as it was; marks and joiners stay."""
        self.assertEqual([safe(each) for each in ("a", "\u202e", "\u3000", "\u00a0", "\ue0b0")],
                         ["a", "\ufffd", "  ", " ", "\ue0b0"])  # fmt: skip
        self.assertEqual(safe("e\u0301\u202e\u200d"), "e\u0301\u200d")

    def test_lines_carry_their_looks_where_asked(self) -> None:
        """For a file or a message: no cursor, no placing, each line ends plain."""
        seen = picture(shown(12, 3, b"\x1b[31mred\x1b[m plain\r\n\x1b[44m  \x1b[m"))
        self.assertEqual(lines(seen, coloured=True), "\x1b[0;31mred\x1b[m plain\n\x1b[0;44m  \x1b[m\n\n")
        self.assertEqual(lines(seen, coloured=False), "red plain\n\n\n")
