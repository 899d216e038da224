"""Typed input is recorded in clear only where the target has shown it."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from gateway.domain import echo
from gateway.domain.echo import MASK, EchoMask, Painted, Typed

Step = tuple[str, float, bytes]


def play(*steps: Step, level: str = "masked") -> list[Typed]:
    """Feed a transcript: ``<`` is typed, ``>`` shown, ``.`` a tick, ``!`` the end."""
    mask = EchoMask(level)
    events: list[Typed] = []
    for way, at, chunk in steps:
        match way:
            case "<":
                events += mask.typed(at, chunk)
            case ">":
                events += mask.shown(at, chunk)
            case ".":
                events += mask.tick(at)
            case _:
                events += mask.end(at)
    return events


def text(events: list[Typed]) -> str:
    """Return what a reader of the recording sees."""
    return b"".join(event.chunk for event in events).decode("utf-8", "surrogateescape")


def keys(line: str, answer: str = "", start: float = 1.0) -> list[Step]:
    """Type a line key by key at an echoing target, Enter and its answer included."""
    steps: list[Step] = []
    for number, key in enumerate(line):
        at = start + number / 10
        steps += [("<", at, key.encode()), (">", at + 0.01, key.encode())]
    return [*steps, ("<", start + 9, b"\r"), (">", start + 9.1, b"\r\n" + answer.encode())]


def cut(chunk: bytes, places: list[int]) -> list[bytes]:
    """Cut bytes at some places."""
    edges = [0, *sorted({place % (len(chunk) + 1) for place in places}), len(chunk)]
    return [chunk[begin:end] for begin, end in pairwise(edges)]


class LevelTests(SynchronousTestCase):
    """The two levels that decide nothing."""

    def test_off_records_nothing(self) -> None:
        """Not even control keys."""
        self.assertEqual(play(("<", 1, b"ls\r"), (">", 2, b"ls\r\n"), ("!", 3, b""), level="off"), [])

    def test_full_records_everything_as_it_came(self) -> None:
        """Also what is not echoed."""
        self.assertEqual(play(("<", 1, b"s\xc3"), ("!", 3, b""), level="full"), [Typed(1, b"s\xc3")])


class EchoedTests(SynchronousTestCase):
    """What the target shows is recorded in clear."""

    def test_an_echoed_command_is_recorded_key_by_key_at_the_times_of_typing(self) -> None:
        """A bare terminal echoes each key."""
        events = play(*keys("ls é"))
        self.assertEqual(text(events), "ls é\r")
        self.assertEqual([event.at for event in events], [1.0, 1.1, 1.2, 1.3, 10.0])

    def test_an_echoed_line_is_decided_at_its_enter(self) -> None:
        """Nothing more needs to come."""
        events = play(("<", 1, b"ls"), (">", 1, b"ls"), ("<", 2, b"\r"))
        self.assertEqual(events, [Typed(1, b"ls"), Typed(2, b"\r")])

    def test_an_echo_after_enter_counts_until_the_new_line(self) -> None:
        """A slow target."""
        self.assertEqual(text(play(("<", 1, b"ls\r"), (">", 2, b"ls\r\nfile\r\n"))), "ls\r")

    def test_an_echo_that_comes_with_much_output_is_clear(self) -> None:
        """It stands before the output."""
        self.assertEqual(text(play(("<", 1, b"ls\r"), (">", 2, b"ls\r\n" + b"file\r\n" * 10000))), "ls\r")

    def test_pasted_lines_that_are_echoed_line_by_line_are_clear(self) -> None:
        """Each new line answers one Enter."""
        steps: list[Step] = [("<", 1, b"ls\rid\r"), (">", 2, b"ls\r\nid\r\nfile\r\n")]
        self.assertEqual(text(play(*steps)), "ls\rid\r")

    def test_control_and_arrow_keys_pass_at_once(self) -> None:
        """They are no secrets."""
        chunk = b"\x1b[A\x1bOB\t\x7f\x03\x1b[1;5C"
        self.assertEqual(text(play(("<", 1, chunk))), chunk.decode())

    def test_completion_and_corrections_are_clear(self) -> None:
        """A line editor completes, erases, inserts in the middle and repaints."""
        steps: list[Step] = [
            ("<", 1, b"ls /ho"), (">", 1, b"ls /ho"), ("<", 2, b"\t"), (">", 2, b"me/"),
            ("<", 3, b"x"), (">", 3, b"x"), ("<", 4, b"\x7f"), (">", 4, b"\b\x1b[K"),
            ("<", 5, b"\x1b[D"), (">", 5, b"\b"), ("<", 6, b"q"), (">", 6, b"\x1b[1@q"),
            ("<", 7, b"w"), (">", 7, b"w/\b"), ("<", 8, b"\r"), (">", 8, b"\r\n"),
        ]  # fmt: skip
        self.assertEqual(text(play(*steps)), "ls /ho\tx\x7f\x1b[Dqw\r")

    def test_a_shell_that_colours_and_suggests_is_clear(self) -> None:
        """The word is painted over with each key; a grey suggestion stands behind the cursor."""
        steps: list[Step] = [
            ("<", 1, b"l"), (">", 1, b"\x1b[1ml\x1b[0m\x1b[90ms -la\x1b[39m\x1b[5D"),
            ("<", 2, b"s"), (">", 2, b"\b\x1b[32ml\x1b[32ms\x1b[39m"),
            ("<", 3, b"\r"), (">", 3, b"\x1b[39m\r\r\n"),
        ]  # fmt: skip
        self.assertEqual(text(play(*steps)), "ls\r")

    def test_a_line_that_wraps_is_clear(self) -> None:
        """A line editor writes a blank and CR at the right edge."""
        steps: list[Step] = [("<", 1, b"echo 1"), (">", 1, b"echo 1"), ("<", 2, b"234"), (">", 2, b"2 \r34")]
        self.assertEqual(text(play(*steps, ("<", 3, b"\r"))), "echo 1234\r")

    def test_a_line_that_another_editor_wraps_is_clear(self) -> None:
        """It writes the first character of the new row twice, after a CR."""
        steps: list[Step] = [("<", 1, b"echo 1"), (">", 1, b"echo 1"), ("<", 2, b"234")]
        steps += [(">", 2, b"2 \r\x1b[K3\r34"), ("<", 3, b"\r")]
        self.assertEqual(text(play(*steps)), "echo 1234\r")

    def test_other_movements_begin_a_new_painting(self) -> None:
        """A full-screen editor paints typed text where its cursor is."""
        paint = b"\x1b[5;1Hhello\x1b[24;80H1,5\x07"
        self.assertEqual(text(play(("<", 1, b"hello"), (">", 1, paint), ("<", 2, b"\r"))), "hello\r")

    def test_an_escape_sequence_may_be_cut(self) -> None:
        """Its letters are never taken for text."""
        steps: list[Step] = [("<", 1, b"m"), (">", 1, b"\x1b]0;title"), (">", 1, b" m\x07"), ("<", 2, b"\r")]
        self.assertEqual(text(play(*steps, (">", 3, b"\r\n"))), "••••\r")

    def test_an_endless_escape_sequence_is_not_waited_for(self) -> None:
        """What follows it is looked at."""
        steps: list[Step] = [("<", 1, b"ls"), (">", 1, b"\x1b]" + b"0" * 600), (">", 1, b"\x1b\x01\r\nls")]
        self.assertEqual(text(play(*steps, ("<", 2, b"\r"))), "ls\r")

    def test_bytes_that_are_no_text_are_kept(self) -> None:
        """They are echoed like any others."""
        events = play(("<", 1, b"a\xff"), (">", 1, b"a\xff"), ("<", 2, b"\r"))
        self.assertEqual(events, [Typed(1, b"a\xff"), Typed(2, b"\r")])


class HiddenTests(SynchronousTestCase):
    """What the target does not show is masked."""

    def test_a_password_is_masked_whatever_its_length(self) -> None:
        """With the time of its first key, and Enter in clear."""
        for password in (b"x", b"correct horse battery staple"):
            events = play(("<", 1, password), ("<", 2, b"\r"), (">", 3, b"\r\nWelcome\r\n"))
            self.assertEqual(events, [Typed(1, MASK), Typed(2, b"\r")])

    def test_a_password_whose_enter_is_not_answered_by_a_new_line_does_not_hide_the_next_line(self) -> None:
        """A shell's own read prints the next prompt at once."""
        steps: list[Step] = [("<", 1, b"secret\r"), (">", 2, b"$ "), *keys("ls", start=3.0)]
        self.assertEqual(text(play(*steps)), "••••\rls\r")

    def test_stars_are_no_echo(self) -> None:
        """They show that a key was pressed, not which."""
        steps = [step for key in b"secret" for step in (("<", 1.0, bytes([key])), (">", 1.0, b"*"))]
        self.assertEqual(text(play(*steps, ("<", 2, b"\r"), (">", 2, b"\r\n"))), "••••\r")

    def test_a_prompt_that_names_the_password_is_no_echo(self) -> None:
        """It was painted before the typing began."""
        steps: list[Step] = [(">", 1, b"Password for alice: "), ("<", 2, b"alice\r"), (">", 3, b"\r\n# ")]
        self.assertEqual(text(play(*steps)), "••••\r")

    def test_the_answer_to_enter_is_no_echo(self) -> None:
        """The echo must stand on the line that Enter ended."""
        steps: list[Step] = [("<", 1, b"root\r"), (">", 2, b"\r\nuid=0(root)\r\n")]
        self.assertEqual(text(play(*steps)), "••••\r")

    def test_an_earlier_line_is_no_echo(self) -> None:
        """A word that was just typed in clear is no excuse to show it again."""
        steps = keys("swordfish", "Password: ")
        self.assertEqual(
            text(play(*steps, ("<", 20, b"swordfish\r"), (">", 21, b"\r\n"))), "swordfish\r••••\r"
        )

    def test_one_hidden_run_hides_its_whole_line(self) -> None:
        """A correction in a password does not open its parts."""
        steps: list[Step] = [("<", 1, b"ab\x7fcd\r"), (">", 2, b"ab noise\r\n")]
        self.assertEqual(text(play(*steps)), "••••\x7f••••\r")

    def test_noise_with_all_its_characters_does_not_show_a_password(self) -> None:
        """They would have to come unbroken."""
        noise = b"s-e-c-r-e-t sec ret terces\r\nthe secre\r\n"
        steps: list[Step] = [("<", 1, b"sec"), (">", 2, noise), ("<", 3, b"ret\r"), (">", 4, noise)]
        self.assertEqual(text(play(*steps)), "••••\r")

    def test_a_password_without_an_enter_is_masked_by_a_tick(self) -> None:
        """Nothing waits for ever; before the patience is over nothing is decided."""
        self.assertEqual(play(("<", 1, b"secret"), (".", 10.9, b"")), [])
        self.assertEqual(play(("<", 1, b"secret"), (".", 11, b"")), [Typed(1, MASK)])

    def test_the_end_decides(self) -> None:
        """Also of a key that was cut."""
        events = play(("<", 1, b"\x1b"), ("<", 2, b"[A\x1b["), ("!", 3, b""))
        self.assertEqual(text(events), "\x1b[A\x1b••••")
        self.assertEqual(play(("<", 1, b"a\xc3"), ("!", 3, b"")), [Typed(1, MASK)])

    def test_too_much_undecided_input_is_decided(self) -> None:
        """Memory is bounded."""
        self.assertEqual(text(play(("<", 1, b"s" * 5000))), "••••")

    def test_too_much_noise_decides(self) -> None:
        """Time is bounded."""
        self.assertEqual(text(play(("<", 1, b"secret"), (">", 1, b"noise\r" * 12000))), "••••")
        self.assertEqual(text(play(("<", 1, b"secret"), (">", 1, b"n" * 70000))), "••••")
        self.assertEqual(text(play(("<", 1, b"secret"), (">", 1, b"\bX" * 7000))), "••••")

    @settings(max_examples=200, deadline=None)
    @given(
        st.text(st.characters(codec="utf-8", exclude_categories=["C"]), min_size=4, max_size=12),
        st.lists(st.integers(0, 99)),
        st.lists(st.binary(max_size=30)),
        st.data(),
    )
    def test_a_hidden_password_is_never_recorded(
        self, password: str, places: list[int], noise: list[bytes], draw: st.DataObject
    ) -> None:
        """Whatever the cut, and whatever is painted meanwhile, unless it paints the password itself."""
        pieces = cut(password.encode() + b"\r", places)
        everything = b"".join(noise).decode("utf-8", "surrogateescape")
        if any(key in everything for key in password):
            noise = [bytes(b for b in line if chr(b) not in password and b < 128) for line in noise]
        steps: list[Step] = [("<", 1, piece) for piece in pieces]
        for chunk in noise:
            steps.insert(draw.draw(st.integers(0, len(steps))), (">", 1, chunk))
        seen = text(play(*steps, (">", 2, b"\r\n"), ("!", 3, b"")))
        self.assertEqual([key for key in seen if key in password and key != "•"], [])

    @settings(max_examples=200, deadline=None)
    @given(
        st.text("abcXYZ 019-/.é漢", min_size=1, max_size=30),
        st.lists(st.integers(0, 99)),
        st.lists(st.integers(0, 99)),
    )
    def test_an_echoed_line_is_clear_in_pieces(self, line: str, typed: list[int], shown: list[int]) -> None:
        """Keys and echoes come in any pieces."""
        steps: list[Step] = [("<", 1, piece) for piece in cut(line.encode() + b"\r", typed)]
        steps += [(">", 2, piece) for piece in cut(line.encode() + b"\r\n", shown)]
        self.assertEqual(text(play(*steps)), line + "\r")

    @settings(max_examples=150, deadline=None)
    @given(st.lists(st.tuples(st.sampled_from("<>."), st.integers(0, 40), st.binary(max_size=20))))
    def test_hostile_bytes_never_raise_and_never_grow(self, steps: list[tuple[str, int, bytes]]) -> None:
        """Control keys come out in order; nothing is held back at the end."""
        events = play(*[(way, float(at), chunk) for way, at, chunk in steps], ("!", 99, b""))
        control = [each for way, _, chunk in steps if way == "<" for each in chunk if each < 32]
        self.assertEqual([each for event in events for each in event.chunk if each < 32], control)


class LimitTests(SynchronousTestCase):
    """The known limits, as they are."""

    def test_a_password_that_noise_paints_whole_is_taken_for_echoed(self) -> None:
        """Echo and noise look the same from outside."""
        steps: list[Step] = [("<", 1, b"root"), (">", 2, b"[root@web1 backup]"), ("<", 3, b"\r")]
        self.assertEqual(text(play(*steps)), "root\r")

    def test_lines_typed_ahead_of_a_slow_target_are_masked(self) -> None:
        """The new lines of the first command's output are taken for answers."""
        steps: list[Step] = [("<", 1, b"ls\rid\r"), (">", 2, b"ls\r\nfile\r\nfile\r\n$ id\r\n")]
        self.assertEqual(text(play(*steps)), "ls\r••••\r")

    def test_keys_of_full_screen_programs_are_masked(self) -> None:
        """They paint no typed text."""
        self.assertEqual(text(play(("<", 1, b"dd"), (">", 1, b"\x1b[2;1H~"), (".", 12, b""))), "••••")

    def test_a_pause_longer_than_the_patience_cuts_a_line(self) -> None:
        """Each piece is decided by itself."""
        steps: list[Step] = [("<", 1, b"ls"), (">", 1, b"ls"), (".", 11, b"")]
        self.assertEqual(text(play(*steps, ("<", 20, b"x\r"), (">", 20, b"\r\n"))), "ls••••\r")


class PaintedTests(SynchronousTestCase):
    """The painted line."""

    def test_editing(self) -> None:
        """Movements stay on the line; erasing and making room work at the cursor."""
        painted = Painted()
        painted.write("abcdef")
        painted.edit("D", 4)
        painted.edit("P", 2)
        self.assertTrue(painted.holds("abef"))
        painted.edit("@", 1)
        painted.write("-")
        painted.edit("C", 99)
        painted.write("!")
        self.assertTrue(painted.holds("ab-ef!"))
        painted.edit("D", 99)
        painted.edit("K", 0)
        self.assertFalse(painted.holds("a"))

    def test_it_is_bounded(self) -> None:
        """The latest text stays."""
        painted = Painted()
        painted.write("a" * echo.MOST_PAINTED)
        painted.write("b")
        self.assertTrue(painted.holds("b"))
        self.assertFalse(painted.holds("a"))
