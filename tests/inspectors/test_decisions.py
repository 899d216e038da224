"""Tests of the inspectors that decide by what is known: size, path and hash."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from gateway.domain.evaluation import Decision, Verdict
from gateway.inspectors.hash import HashFactory
from gateway.inspectors.path import PathFactory
from gateway.inspectors.size import SizeFactory
from gateway.interfaces import InspectorError, Referenced
from tests.inspectors.files import Kept, configured, kept, transfer


def verdict_of(inspector: Any, size: int = 3, **known: Any) -> Verdict:
    """Return what an inspector decides of a file."""
    moved = transfer(**known)
    begun = inspector.begin(moved)
    found = begun if isinstance(begun, Verdict) else begun.finish(Kept("", size, "ab" * 32))
    assert isinstance(found, Verdict)
    return found


class SizeTests(SynchronousTestCase):
    """Limits on sizes."""

    def setUp(self) -> None:
        """Set a clock."""
        self.now = 0.0
        self.factory = SizeFactory(lambda: self.now)

    def codes(self, inspector: Any, *sizes: int, **known: Any) -> list[str]:
        """Transfer files of some sizes; return the codes."""
        return [verdict_of(inspector, size, **known).code for size in sizes]

    def test_a_file_that_is_too_large_is_denied(self) -> None:
        """By its hint before the first byte, and by what it is when it is there."""
        inspector = configured(self.factory, {"max": "10B"})
        self.assertEqual(self.codes(inspector, 10, 11), ["", "too_large"])
        self.assertIsInstance(inspector.begin(transfer(size=11)), Verdict)

    def test_only_so_many_files_of_a_session(self) -> None:
        """Denied ones do not count, and other sessions have their own."""
        inspector = configured(self.factory, {"count": 2, "max": "9B"})
        self.assertEqual(self.codes(inspector, 1, 10, 1, 1), ["", "too_large", "", "too_many"])
        self.assertEqual(self.codes(inspector, 1, session="S-2"), [""])

    def test_files_at_once_can_not_pass_the_count(self) -> None:
        """All are begun before the first is there."""
        inspector = configured(self.factory, {"count": 1})
        begun = [inspector.begin(transfer()) for _ in range(3)]
        found = [each.finish(Kept("", 1, "")).code for each in begun if not isinstance(each, Verdict)]
        self.assertEqual(found, ["", "too_many", "too_many"])

    def test_so_many_bytes_a_minute(self) -> None:
        """A minute later there is room again."""
        inspector = configured(self.factory, {"rate": "100B"})
        self.assertEqual(self.codes(inspector, 60, 60), ["", "too_fast"])
        self.now += 61
        self.assertEqual(self.codes(inspector, 60), [""])

    def test_bad_settings_are_said(self) -> None:
        """None, and wrong ones."""
        for section in ({}, {"max": "many"}, {"count": -1}, {"count": True}):
            self.assertRaises(InspectorError, configured, self.factory, section)


class PathTests(SynchronousTestCase):
    """Globs over names."""

    def decision(self, section: dict[str, Any], path: str, real: str = "") -> Decision:
        """Return what becomes of a name."""
        return verdict_of(configured(PathFactory(), section), path=path, real=real or path).decision

    def test_a_pattern_without_a_slash_is_about_the_last_part(self) -> None:
        """Anywhere."""
        self.assertEqual(self.decision({"deny": ["*.key"]}, "/a/b/c.key"), Decision.DENY)
        self.assertEqual(self.decision({"deny": ["*.key"]}, "/a.key/b"), Decision.ALLOW)

    def test_a_pattern_with_one_is_about_the_whole_path(self) -> None:
        """However it is written."""
        for path in ("/etc/shadow", "/etc/a/b", "/tmp/../etc/shadow", "//etc/shadow", "/etc/./x"):
            self.assertEqual((path, self.decision({"deny": ["/etc/*"]}, path)), (path, Decision.DENY))

    def test_the_real_path_counts_too(self) -> None:
        """A link into a denied folder is denied, and a name that only the asked path has."""
        self.assertEqual(self.decision({"deny": ["/etc/*"]}, "/tmp/link/x", "/etc/x"), Decision.DENY)
        self.assertEqual(self.decision({"deny": ["*.key"]}, "x.key", "/home/a/x"), Decision.DENY)

    def test_only_what_is_allowed_passes(self) -> None:
        """Each name must be."""
        allow = {"allow": ["/home/a/*", "/srv/*.txt"]}
        self.assertEqual(self.decision(allow, "notes.txt", "/home/a/notes.txt"), Decision.ALLOW)
        self.assertEqual(self.decision(allow, "/home/a/../b/x"), Decision.DENY)
        self.assertEqual(self.decision(allow, "/home/a/link/x", "/etc/x"), Decision.DENY)

    @given(st.text(max_size=60), st.text(max_size=60))
    def test_any_name_is_judged(self, path: str, real: str) -> None:
        """With blanks, newlines and what is not UTF-8."""
        self.assertEqual(self.decision({"deny": ["*"]}, path or "x", real), Decision.DENY)

    def test_bad_settings_are_said(self) -> None:
        """Both lists, none, an empty one."""
        for section in ({}, {"deny": []}, {"deny": ["a"], "allow": ["b"]}, {"deny": "a"}, {"deny": [7]}):
            self.assertRaises(InspectorError, configured, PathFactory(), section)


class HashTests(SynchronousTestCase):
    """Files by their digests."""

    def decision(self, content: bytes, **section: Any) -> Decision:
        """Return what becomes of a content."""
        begun = configured(HashFactory(), section).begin(transfer())
        verdict = begun.finish(kept(content))
        return verdict.decision  # type: ignore[no-any-return]

    def test_listed_files_are_denied_or_alone_allowed(self) -> None:
        """By the digest as it is written anywhere."""
        digest = kept(b"x").sha256
        for line in (digest, f"sha256:{digest}", digest.upper(), f"{digest}  name of it"):
            self.assertEqual(self.decision(b"x", deny=[line]), Decision.DENY)
            self.assertEqual(self.decision(b"x", allow=[line]), Decision.ALLOW)
        self.assertEqual(self.decision(b"y", deny=[digest]), Decision.ALLOW)
        self.assertEqual(self.decision(b"y", allow=[digest]), Decision.DENY)

    def test_a_file_of_digests_is_read(self) -> None:
        """With comments and empty lines."""
        lines = f"# bad ones\n\n{kept(b'x').sha256}  a\n{kept(b'y').sha256} *b\n"
        listed = Referenced("/etc/bad", "", lines.encode())
        self.assertEqual([self.decision(each, deny=[listed]) for each in (b"x", b"y", b"z")],
                         [Decision.DENY, Decision.DENY, Decision.ALLOW])  # fmt: skip

    def test_a_line_that_is_no_digest_is_said(self) -> None:
        """When the inspector is made."""
        for line in ("abc", "md5:" + "a" * 32, "g" * 64):
            self.assertRaises(InspectorError, configured, HashFactory(), {"deny": [line]})
