"""Which paths a transfer by scp is about."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from gateway.domain.scp.paths import Paths


class PathsTests(SynchronousTestCase):
    """A command line, and the names that come."""

    def test_an_upload_goes_to_a_path_or_into_it(self) -> None:
        """Where the command line does not settle it, both are judged."""
        for command, found in (
            ("scp -t /x", (b"/x", b"/x/a")), ("scp -d -t /x", (b"/x/a",)), ("scp -t /x/", (b"/x/a",)),
            ("scp -t .", (b"./a",)), ("scp -rpt -- -x", (b"-x", b"-x/a")), ("scp -t", (b"./a",)),
            ("scp -t 'a b'", (b"a b", b"a b/a")),
        ):  # fmt: skip
            self.assertEqual(Paths.of(command).candidates(b"a"), found, command)

    def test_a_download_is_of_what_was_asked(self) -> None:
        """A pattern's folder and the name that came; of several paths the one with that name."""
        for command, found in (("scp -f /x/a", b"/x/a"), ("scp -f /x/*.log", b"/x/a"), ("scp -f /x/a /y/b", b"/x/a"),
                               ("scp -f /y/b /x/a/", b"/x/a/"), ("scp -f x", b"a")):  # fmt: skip
            self.assertEqual(Paths.of(command).candidates(b"a"), (found,), command)

    def test_folders_are_followed(self) -> None:
        """In and out; out of none there is no way."""
        paths = Paths.of("scp -rt /x")
        for name in (b"d", b"e"):
            paths.enter(name)
        self.assertEqual(paths.candidates(b"a"), (b"/x/e/a",))
        for _ in range(3):
            paths.leave()
        self.assertEqual(paths.candidates(b"a"), (b"/x", b"/x/a"))
