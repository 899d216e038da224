"""The words of a start."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from gateway.admin.welcome import FirstStart, empty_store_refused, first_start, first_start_elsewhere, started

FIRST = FirstStart(
    version="0.1", node="lap1", state="/s", host="127.0.0.1", port=2222, fingerprint="SHA256:k", admin="admin",
    admin_code="AAAA-BBBB", operator="demo", operator_code="CCCC-DDDD", account="root", target="demo", seconds=900,
)  # fmt: skip


class WelcomeTests(SynchronousTestCase):
    """Commands to paste; codes where they belong."""

    def test_a_start_says_where_it_listens_and_by_which_settings(self) -> None:
        """A second start says no more than that."""
        text = started(
            "lap1", "0.1", None, [("ssh", "127.0.0.1:2222"), ("console", "http://127.0.0.1:8022")], "SHA256:k"
        )
        self.assertEqual(text.splitlines()[1], "ostiary ssh      127.0.0.1:2222   host key SHA256:k")
        self.assertEqual(text.splitlines()[2], "ostiary console  http://127.0.0.1:8022")
        self.assertIn("no configuration: using defaults", text)
        self.assertIn("configuration /etc/x", started("lap1", "0.1", "/etc/x", [], ""))

    def test_the_first_one_gives_two_commands_with_their_codes(self) -> None:
        """Complete ones."""
        lines = first_start(FIRST).splitlines()
        self.assertTrue(lines[3].strip().startswith("ssh -p 2222 demo=root=demo@127.0.0.1 "))
        self.assertIn("code CCCC-DDDD", lines[3])
        self.assertTrue(lines[4].strip().startswith("ssh -p 2222 admin@127.0.0.1 "))
        self.assertIn("code AAAA-BBBB", lines[4])
        self.assertIn("for 15m", lines[2])
        self.assertIn("takes the admin's code", lines[6])

    def test_without_a_terminal_no_code_is_said(self) -> None:
        """Nor does one stand in the value's own words."""
        for text in (first_start_elsewhere(FIRST, "/s/codes"), repr(FIRST)):
            self.assertNotIn("AAAA-BBBB", text)
            self.assertNotIn("CCCC-DDDD", text)
        self.assertIn("/s/codes (0600)", first_start_elsewhere(FIRST, "/s/codes"))

    def test_an_empty_store_is_refused_with_what_to_do(self) -> None:
        """Beside a configuration, or when others could reach it."""
        self.assertIn("beside the configuration /etc/x", empty_store_refused("/s", "/etc/x"))
        self.assertIn("reaches beyond this machine", empty_store_refused("/s", None))
        self.assertIn("pamctl init", empty_store_refused("/s", None))
