"""Space for the last facts."""

from __future__ import annotations

import errno
from unittest.mock import patch

from twisted.trial.unittest import SynchronousTestCase

from gateway.domain.facts import KINDS
from gateway.journal.reserve import BEGINNINGS, Reserve
from tests.journal.folders import folder_for

SIZE = 256 * 1024


class ReserveTests(SynchronousTestCase):
    """Set aside, set free, set aside again."""

    def setUp(self) -> None:
        self.path = folder_for(self) / "journal.reserve"
        self.reserve = Reserve(self.path, SIZE)

    def test_the_space_is_really_taken(self) -> None:
        """Blocks, not only a length; readable by its owner alone."""
        self.reserve.restore()
        found = self.path.stat()
        self.assertTrue(self.reserve.standing)
        self.assertEqual((found.st_size, found.st_mode & 0o777), (SIZE, 0o600))
        self.assertGreaterEqual(found.st_blocks * 512, SIZE)

    def test_it_is_given_up_once_and_taken_again(self) -> None:
        """Nothing to give is said so."""
        self.reserve.restore()
        self.assertEqual([self.reserve.release(), self.reserve.release()], [True, False])
        self.assertFalse(self.path.exists())
        self.reserve.restore()
        self.assertTrue(self.reserve.standing)

    def test_what_stood_before_stands(self) -> None:
        """A restart finds it; a file with holes is made anew."""
        self.reserve.restore()
        again = Reserve(self.path, SIZE)
        again.restore()
        self.assertTrue(again.standing)
        with self.path.open("wb") as opened:
            opened.truncate(SIZE)
        Reserve(self.path, SIZE).restore()
        self.assertGreaterEqual(self.path.stat().st_blocks * 512, SIZE)

    def test_without_room_it_does_not_stand(self) -> None:
        """Neither a disk without room nor one that lacks it after all is an error."""
        beyond = Reserve(self.path, 2**60)
        beyond.restore()
        self.assertFalse(beyond.standing)
        with patch("os.posix_fallocate", side_effect=OSError(errno.ENOSPC, "full")):
            self.reserve.restore()
        self.assertFalse(self.reserve.standing or self.path.exists())
        with (
            patch("os.posix_fallocate", side_effect=OSError(errno.EIO, "broken")),
            self.assertRaises(OSError),
        ):
            self.reserve.restore()

    def test_without_it_nothing_begins_and_everything_ends(self) -> None:
        """Locks, ends and what running sessions do are written to the last."""
        self.assertFalse(self.reserve.permits("session.started"))
        for kind in ("session.ended", "user.locked", "command.audited", "recording.sealed"):
            self.assertTrue(self.reserve.permits(kind))
        self.reserve.restore()
        self.assertTrue(self.reserve.permits("session.started"))

    def test_every_beginning_is_a_kind(self) -> None:
        """The table follows the catalogue."""
        self.assertEqual(BEGINNINGS - set(KINDS), set())

    def test_no_reserve_refuses_nothing(self) -> None:
        """A size of 0 is for tests and for who keeps space otherwise."""
        none = Reserve(self.path, 0)
        none.restore()
        self.assertTrue(none.permits("session.started"))
        self.assertFalse(none.release())
        self.assertFalse(self.path.exists())
