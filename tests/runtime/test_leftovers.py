"""What the gateway made on a target is known until it is gone there, whatever happens to the gateway."""

from __future__ import annotations

import tempfile
from pathlib import Path
from unittest import mock

from twisted.trial.unittest import SynchronousTestCase

from gateway.runtime import leftovers
from gateway.runtime.leftovers import Leftovers

WEB, DB = ("web1", "root"), ("db1", "root")


class LeftoversTests(SynchronousTestCase):
    """One list on disk."""

    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.path = Path(folder.name) / "leftovers"
        self.left = Leftovers.open(self.path)

    def test_what_a_dead_process_left_is_stale(self) -> None:
        """By target and account; what was crossed out is not."""
        self.left.remember(WEB, "S-1/1", b"/a\xff")
        self.left.remember(WEB, "S-1/1", b"/b")
        self.left.forget(WEB, b"/b")
        again = Leftovers.open(self.path)
        self.assertEqual((again.stale(WEB), again.stale(DB)), ((b"/a\xff",), ()))
        again.forget(WEB, b"/a\xff")
        again.forget(WEB, b"/never")
        self.assertEqual(Leftovers.open(self.path).stale(WEB), ())

    def test_what_is_being_made_is_not_stale_until_its_channel_is_over(self) -> None:
        """Another channel to the same target leaves it alone."""
        self.left.remember(WEB, "S-1/1", b"/a")
        self.left.remember(WEB, "S-1/2", b"/b")
        self.assertEqual(self.left.stale(WEB), ())
        self.left.over("S-1/1")
        self.assertEqual(self.left.stale(WEB), (b"/a",))

    def test_a_line_that_was_cut_off_is_passed_over(self) -> None:
        """And one that says something else."""
        self.left.remember(WEB, "S-1/1", b"/a")
        with self.path.open("ab") as file:
            file.write(b'["web1", "root", "Lw==", tr\n7\n[1]\n')
        self.assertEqual(Leftovers.open(self.path).stale(WEB), (b"/a",))

    def test_the_list_does_not_grow_for_ever(self) -> None:
        """Once nothing is left it begins anew; it is nobody else's to read."""
        with mock.patch.object(leftovers, "LONGEST", 200):
            for at in range(20):
                self.left.remember(WEB, "S-1/1", b"/%d" % at)
                self.left.forget(WEB, b"/%d" % at)
        self.assertLess(self.path.stat().st_size, 400)
        self.assertEqual(self.path.stat().st_mode & 0o777, 0o600)
