"""A QR code that can be read off a terminal."""

from __future__ import annotations

import segno
from twisted.trial.unittest import SynchronousTestCase

from gateway.admin.cleaning import clean
from gateway.admin.qr import BLOCKS, QUIET, qr_lines


class QrTests(SynchronousTestCase):
    """Blocks stand for modules, exactly."""

    def test_each_module_is_where_it_belongs(self) -> None:
        """The lines, read back, are the code with its quiet zone."""
        text = "otpauth://totp/x?secret=ABC"
        lines = qr_lines(text)
        back = {block: two for two, block in BLOCKS.items()}
        rows = [[back[block][half] for block in line] for line in lines for half in (0, 1)]
        wanted = [[bool(module) for module in row] for row in segno.make_qr(text, error="l").matrix_iter(border=QUIET)]
        self.assertEqual(rows[: len(wanted)], wanted)
        self.assertTrue(all(not any(row) for row in rows[len(wanted) :]))

    def test_nothing_in_it_is_hidden_from_a_terminal(self) -> None:
        """It passes the cleaning of all text as it is."""
        self.assertEqual([clean(line) for line in qr_lines("x" * 200)], qr_lines("x" * 200))
