"""Prompts: exactly those, for exactly that account, however the stream is cut."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from gateway.domain.elevation.prompts import LONGEST_LINE, LastLine, Prompts
from gateway.domain.elevation.translations import PASSWORD, SUDO

SUDO_U = Prompts("sudo", "password", "u.x")


class PromptsTests(SynchronousTestCase):
    """One line against the table."""

    def test_sudo_asks_in_thirty_languages(self) -> None:
        """Each with the account's name in its place."""
        self.assertEqual(len(SUDO), 30)
        for form in SUDO:
            self.assertTrue(SUDO_U.match(form.replace("%p", "u.x")), form)
            self.assertFalse(SUDO_U.match(form.replace("%p", "ux")), form)

    def test_what_is_nearly_a_prompt_is_none(self) -> None:
        """Text before or behind it, another account, no blank."""
        right = "[sudo] password for u.x: "
        for wrong in ("", right[:-1], f"x{right}", f"{right}x", "[sudo] password for root: ", "Password: "):
            self.assertFalse(SUDO_U.match(wrong), wrong)

    def test_su_asks_as_pam_does(self) -> None:
        """Whatever the account."""
        self.assertTrue(all(Prompts("su", "password", "u").match(form) for form in PASSWORD))
        self.assertFalse(Prompts("su", "password", "u").match("Password: x"))

    def test_doas_names_account_and_host(self) -> None:
        """A host is one word; the account's dots are dots."""
        doas = Prompts("doas", "password", "u.x")
        self.assertTrue(doas.match("doas (u.x@web1) password: "))
        for wrong in ("doas (uyx@web1) password: ", "doas (u.x@a b) password: ", "doas (u.x@web1) password:"):
            self.assertFalse(doas.match(wrong), wrong)

    def test_one_time_codes_are_asked_for_by_name(self) -> None:
        """The prompt of libpam-oath."""
        otp = Prompts("sudo", "otp", "u")
        self.assertTrue(otp.match("One-time password (OATH) for `u': "))
        self.assertFalse(otp.match("[sudo] password for u: "))


class LastLineTests(SynchronousTestCase):
    """The line a cursor stands on."""

    def test_what_paints_nothing_does_not_count(self) -> None:
        """Colours, titles, what was painted over, earlier lines."""
        line = LastLine()
        line.feed(b"ls\r\n\x1b]0;title\x07\x1b[1mnot this\r\x1b[?2004l\x1b(B[sudo] password for u.x: ")
        self.assertTrue(SUDO_U.match(line.text()))
        line.clear()
        self.assertEqual(line.text(), "")

    def test_a_line_without_an_end_is_bounded(self) -> None:
        """Only its last bytes are kept."""
        line = LastLine()
        line.feed(b"x" * 10_000)
        self.assertEqual(len(line.text()), LONGEST_LINE)

    @given(st.binary(max_size=200), st.lists(st.integers(0, 200), max_size=5))
    def test_cut_anywhere_it_is_the_same_line(self, stream: bytes, cuts: list[int]) -> None:
        """Any bytes, any cuts."""
        whole, cut, begin = LastLine(), LastLine(), 0
        whole.feed(stream)
        for end in (*sorted(cuts), len(stream)):
            cut.feed(stream[begin:end])
            begin = max(begin, end)
        self.assertEqual(cut.text(), whole.text())
