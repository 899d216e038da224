"""The scratch directory: nothing leads out, nothing grows without bound."""

from __future__ import annotations

import errno
import os
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from gateway.ssh.demo_files import DEEPEST, MOST_ENTRIES, Scratch, resolve, written

NEW = os.O_RDWR | os.O_CREAT


class FileTests(SynchronousTestCase):
    """A directory on a real disk."""

    def setUp(self) -> None:
        self.root = Path(self.mktemp()).absolute() / "files"
        self.scratch = Scratch(self.root, quota=1000)
        self.scratch.prepare()
        self.remove_all(())

    def fails(self, number: int, act: object, *arguments: object) -> None:
        assert callable(act)
        fault = self.assertRaises(OSError, act, *arguments)
        self.assertEqual(fault.errno, number, fault)

    def remove_all(self, place: tuple[bytes, ...]) -> None:
        for _ in self.scratch.removing(place):
            pass

    def put(self, path: bytes, size: int) -> None:
        with self.scratch.open(resolve(path), NEW) as file:
            file.write(0, bytes(size))

    def counted(self) -> tuple[int, int]:
        """Return what a fresh count finds, which must be what is kept."""
        fresh = Scratch(self.root)
        keep = self.root / ".keep"
        keep.touch()
        fresh.prepare()
        keep.unlink()
        self.assertEqual((self.scratch.entries, self.scratch.used), (fresh.entries - 1, fresh.used))
        return self.scratch.entries, self.scratch.used

    @settings(max_examples=200)
    @given(st.lists(st.sampled_from([b"..", b".", b"a", b"/", b"b\xff", b"//", b"..."]), max_size=20))
    def test_no_path_has_a_way_up(self, parts: list[bytes]) -> None:
        """Dots are gone before anything is opened, and a path made flat stays as it is."""
        place = resolve(b"/".join(parts))
        self.assertFalse({b"..", b".", b""} & set(place))
        self.assertEqual(resolve(written(place)), place)

    def test_strange_paths_are_refused(self) -> None:
        """Too deep, too long, with a zero byte."""
        self.fails(errno.ENAMETOOLONG, resolve, b"/a" * (DEEPEST + 1))
        self.fails(errno.ENAMETOOLONG, resolve, b"a" * 256)
        self.fails(errno.EINVAL, resolve, b"a\0b")

    def test_links_lead_nowhere(self) -> None:
        """Neither as a file nor on the way nor as a goal of a rename."""
        outside = self.root.parent / "outside"
        outside.mkdir()
        (outside / "file").write_bytes(b"untouched")
        (self.root / "way").symlink_to(outside)
        (self.root / "link").symlink_to(outside / "file")
        self.put(b"/mine", 1)
        for path, flags in ((b"/way/file", os.O_RDONLY), (b"/link", os.O_RDONLY), (b"/link", NEW | os.O_TRUNC),
                            (b"/way/new", NEW)):  # fmt: skip
            fault = self.assertRaises(OSError, self.scratch.open, resolve(path), flags)
            self.assertIn(fault.errno, (errno.ELOOP, errno.ENOTDIR))
        self.assertRaises(OSError, self.scratch.remove, resolve(b"/way/file"))
        self.assertRaises(OSError, self.scratch.names, resolve(b"/way"))
        self.assertRaises(OSError, self.scratch.rename, resolve(b"/mine"), resolve(b"/way/mine"), True)
        self.remove_all(resolve(b"/way"))
        self.assertEqual((outside / "file").read_bytes(), b"untouched")
        self.assertEqual(os.listdir(outside), ["file"])

    def test_only_plain_files_are_opened(self) -> None:
        """A pipe would block the reactor."""
        os.mkfifo(self.root / "pipe")
        self.fails(errno.EACCES, self.scratch.open, resolve(b"/pipe"), os.O_RDONLY)
        self.scratch.make_folder(resolve(b"/folder"))
        self.fails(errno.EISDIR, self.scratch.open, resolve(b"/folder"), os.O_RDONLY)
        self.fails(errno.EISDIR, self.scratch.open, (), os.O_RDONLY)

    def test_the_quota_counts_all_files(self) -> None:
        """Writing, growing and holes count; cutting and removing give back."""
        self.put(b"/one", 600)
        with self.scratch.open(resolve(b"/two"), NEW) as file:
            self.fails(errno.EDQUOT, file.write, 0, bytes(401))
            self.fails(errno.EDQUOT, file.write, 2**62, b"x")
            self.fails(errno.EDQUOT, file.truncate, 401)
            file.write(0, bytes(400))
            file.write(0, bytes(400))
            file.truncate(100)
        self.assertEqual(self.counted(), (2, 700))
        self.scratch.remove(resolve(b"/one"))
        with self.scratch.open(resolve(b"/two"), os.O_WRONLY | os.O_TRUNC):
            self.assertEqual(self.scratch.used, 0)
        self.assertEqual(self.counted(), (1, 0))

    def test_an_open_file_counts_until_it_is_closed(self) -> None:
        """Removing a file one keeps open frees nothing."""
        self.put(b"/one", 600)
        first, second = (self.scratch.open(resolve(b"/one"), os.O_RDWR) for _ in range(2))
        self.scratch.remove(resolve(b"/one"))
        self.assertEqual(self.scratch.used, 600)
        first.write(600, bytes(100))
        first.close()
        self.assertEqual(self.scratch.used, 700)
        second.close()
        self.assertEqual((self.scratch.used, dict(self.scratch.opened)), (0, {}))

    def test_a_rename_replaces_only_where_asked(self) -> None:
        """And what it replaced is given back."""
        self.put(b"/one", 10)
        self.put(b"/two", 20)
        self.fails(errno.EEXIST, self.scratch.rename, resolve(b"/one"), resolve(b"/two"), False)
        self.scratch.rename(resolve(b"/one"), resolve(b"/two"), True)
        self.assertEqual(self.counted(), (1, 10))
        self.scratch.rename(resolve(b"/two"), resolve(b"/two"), True)
        self.assertEqual(self.counted(), (1, 10))
        for source, goal in (((), resolve(b"/x")), (resolve(b"/two"), ())):
            self.fails(errno.EBUSY, self.scratch.rename, source, goal, True)

    def test_a_tree_never_grows_too_deep(self) -> None:
        """Neither step by step nor by moving trees below each other."""
        deep = [b"d"] * DEEPEST
        for depth in range(1, DEEPEST + 1):
            self.scratch.make_folder(tuple(deep[:depth]))
        self.scratch.make_folder((b"x",))
        self.fails(errno.ENAMETOOLONG, self.scratch.rename, (b"d",), (b"x", b"d"), False)
        self.scratch.remove_folder(tuple(deep))
        self.put(b"/d" * (DEEPEST - 1) + b"/file", 1)
        self.fails(errno.ENAMETOOLONG, self.scratch.rename, (b"d",), (b"x", b"d"), False)
        self.scratch.remove((*deep[:-1], b"file"))
        self.scratch.rename((b"d",), (b"x", b"d"), False)
        self.scratch.rename((b"x", b"d"), (b"d",), False)
        self.remove_all((b"d",))
        self.assertEqual(self.counted(), (1, 0))

    def test_there_are_only_so_many_entries(self) -> None:
        """Files and directories together, for good when they are removed."""
        self.scratch.entries = MOST_ENTRIES
        self.fails(errno.EDQUOT, self.scratch.make_folder, (b"a",))
        self.fails(errno.EDQUOT, self.scratch.open, (b"a",), NEW)
        self.assertEqual(os.listdir(self.root), [])
        self.scratch.entries = 0
        self.scratch.make_folder((b"a",))
        self.fails(errno.EEXIST, self.scratch.make_folder, (b"a",))
        self.fails(errno.EEXIST, self.scratch.make_folder, ())
        self.fails(errno.EISDIR, self.scratch.remove, (b"a",))
        self.fails(errno.EISDIR, self.scratch.remove, ())
        self.fails(errno.EBUSY, self.scratch.remove_folder, ())
        self.scratch.remove_folder((b"a",))
        self.assertEqual(self.counted(), (0, 0))

    def test_a_fresh_directory_is_private_and_has_something_to_see(self) -> None:
        """A second preparation adds nothing and counts the same."""
        root = self.root.parent / "fresh"
        first = Scratch(root)
        first.prepare()
        self.assertEqual(root.stat().st_mode & 0o777, 0o700)
        again = Scratch(root)
        again.prepare()
        self.assertEqual((first.entries, first.used), (again.entries, again.used))
        self.assertEqual(again.names(()), [b"etc", b"root", b"tmp", b"var"])
