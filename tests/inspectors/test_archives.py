"""Tests of gateway/inspectors/room/archives.py and types.py: what archives would become, and what files are."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import os
import tarfile
import zipfile
import zlib
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from gateway.inspectors.room import archives, types
from gateway.inspectors.room.sevenzip import Encrypted, read_directory
from gateway.inspectors.room.unpack import Damaged, Unpacked
from tests.inspectors.files import zipped
from tests.inspectors.sevenzips import ENCRYPTED, HEADER_ENCRYPTED, PLAIN, STORED

LIMITS = {**archives.DEFAULTS, "max_entries": 20, "max_total": 40_000_000, "max_depth": 3}
ZEROS = b"\0" * 5_000_000


def tarred(*entries: tuple[str, bytes]) -> bytes:
    """Return a tar."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as packed:
        for name, content in entries:
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            packed.addfile(entry, io.BytesIO(content))
    return out.getvalue()


def judged(content: bytes, **limits: Any) -> dict[str, Any]:
    """Judge a file."""
    return archives.judge({**LIMITS, **limits}, {}, io.BytesIO(content))


class ArchiveCase(SynchronousTestCase):
    """Archives and what is said of them."""

    def code(self, content: bytes, **limits: Any) -> str:
        """Return the code of a denial, or the decision."""
        found = judged(content, **limits)
        return str(found.get("code", found["decision"]))


class LimitTests(ArchiveCase):
    """Each limit, with each kind of archive."""

    def test_what_keeps_to_the_limits_passes(self) -> None:
        """Of every kind that is unpacked."""
        inner = b"hello\n" * 100
        for content in (
            zipped(("a", inner)), tarred(("a", inner)), gzip.compress(inner), bz2.compress(inner), lzma.compress(inner),
            lzma.compress(inner, format=lzma.FORMAT_ALONE), gzip.compress(tarred(("a", inner))),
            zipped(("a", inner), method=zipfile.ZIP_LZMA), PLAIN, STORED,
        ):  # fmt: skip
            self.assertEqual((content[:6], self.code(content)), (content[:6], "allow"))

    def test_what_is_no_archive_is_not_judged(self) -> None:
        """An empty file, text, bytes."""
        for content in (b"", b"hello", bytes(range(256))):
            self.assertEqual(self.code(content), "abstain")

    def test_a_bomb_is_denied_by_its_ratio(self) -> None:
        """Whatever packed it, and wherever it lies."""
        for content in (
            zipped(("a", ZEROS)), gzip.compress(ZEROS), bz2.compress(ZEROS), lzma.compress(ZEROS),
            gzip.compress(tarred(("a", ZEROS))), zipped(("a.zip", zipped(("b", ZEROS)))),
            zipped(*((f"{n}", b"\0" * 900_000) for n in range(9))),
        ):  # fmt: skip
            self.assertEqual((content[:6], self.code(content)), (content[:6], "ratio"))

    def test_a_small_file_of_zeros_is_no_bomb(self) -> None:
        """A thousand times its size is still small."""
        self.assertEqual(self.code(zipped(("a", b"\0" * 900_000))), "allow")

    def test_the_bytes_of_all_entries_count(self) -> None:
        """Unpacked, not as they say of themselves."""
        self.assertEqual(self.code(zipped(("a", bytes(600)), ("b", bytes(600))), max_total=1000), "total")
        self.assertEqual(self.code(tarred(("a", bytes(600)), ("b", bytes(600))), max_total=1000), "total")

    def test_too_many_entries(self) -> None:
        """Of a zip, a tar, and all in each other together."""
        many = [(str(number), b"") for number in range(21)]
        for content in (zipped(*many), tarred(*many), zipped(*((f"{n}.zip", zipped(*many[:6])) for n in range(4)))):
            self.assertEqual(self.code(content), "entries")

    def test_archives_that_lie_too_deep(self) -> None:
        """Whatever packs them; as deep as is allowed, they pass."""
        content = b"x"
        for depth in range(5):
            self.assertEqual(self.code(content), "abstain" if not depth else "allow" if depth <= 3 else "depth")
            content = gzip.compress(content) if depth % 2 else zipped(("a", content))

    def test_encrypted_ones(self) -> None:
        """Denied unless they are allowed."""
        secret = bytearray(zipped(("a", b"secret")))
        secret[6] |= 1
        secret[secret.index(b"PK\x01\x02") + 8] |= 1
        for content in (bytes(secret), ENCRYPTED, HEADER_ENCRYPTED):
            self.assertEqual(self.code(content), "encrypted")
            self.assertEqual(self.code(content, encrypted="allow"), "allow")

    def test_a_zip_on_another_files_tail_is_found(self) -> None:
        """A self-extracting one."""
        self.assertEqual(self.code(b"MZ" + b"x" * 9000 + zipped(("a", ZEROS)), max_total=10**6), "total")

    def test_archives_inside_are_kept_in_bounded_memory(self) -> None:
        """A zip that is larger is denied; a tar passes through, and needs none."""
        self.patch(archives, "MOST_KEPT", 50_000)
        noise = os.urandom(60_000)
        self.assertEqual(self.code(zipped(("a.zip", zipped(("b", noise))))), "nested")
        self.assertEqual(self.code(tarred(*((f"{n}.zip", zipped(("b", noise[:40_000]))) for n in range(5)))), "allow")
        self.assertEqual(self.code(gzip.compress(tarred(("a", noise * 9)))), "allow")

    def test_a_sparse_tar_counts_as_large_as_it_would_become(self) -> None:
        """Holes too."""
        entry = tarfile.TarInfo("a")
        entry.pax_headers = {"GNU.sparse.major": "0", "GNU.sparse.minor": "1", "GNU.sparse.map": "0,0",
                             "GNU.sparse.size": "99999999", "GNU.sparse.name": "a"}  # fmt: skip
        out = io.BytesIO()
        with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as packed:
            packed.addfile(entry)
        self.assertEqual(self.code(out.getvalue()), "total")


class DamageTests(ArchiveCase):
    """Archives that can not be read."""

    def test_what_is_cut_is_denied(self) -> None:
        """Half of each kind."""
        text = bytes(str(list(range(9999))), "ascii")
        for content in (
            zipped(("a", text)), gzip.compress(text), bz2.compress(text), lzma.compress(text), PLAIN,
            tarred(("a", text)),
        ):  # fmt: skip
            self.assertEqual((content[:6], self.code(content[: len(content) // 2])), (content[:6], "damaged"))

    @given(st.sampled_from([
        zipped(("a", b"abc" * 50), ("b", b"")), tarred(("a", b"x")), gzip.compress(b"abc"), lzma.compress(b"abc"),
        bz2.compress(b"abc"), PLAIN, STORED, ENCRYPTED, HEADER_ENCRYPTED,
    ]), st.lists(st.tuples(st.integers(0, 4000), st.integers(0, 255)), max_size=4), st.integers(0, 4000))  # fmt: skip
    def test_any_damage_is_judged(self, content: bytes, changes: list[tuple[int, int]], end: int) -> None:
        """Nothing is raised, whatever bytes are changed or cut off."""
        changed = bytearray(content)
        for place, value in changes:
            changed[place % len(changed)] = value
        self.assertIn(judged(bytes(changed[: max(1, len(changed) - end)]))["decision"], ("allow", "deny", "abstain"))

    @given(st.binary(max_size=300))
    def test_any_bytes_are_a_directory_or_refused(self, rest: bytes) -> None:
        """A 7z's directory, wherever it says that it is."""
        start = b"7z\xbc\xaf\x27\x1c\0\4" + bytes(4) + bytes(8) + len(rest).to_bytes(8, "little") + bytes(4)
        try:
            found = read_directory(io.BytesIO(start + rest))
        except (Damaged, Encrypted, lzma.LZMAError):
            return
        self.assertTrue(found.files >= 0 and found.total >= 0)


class UnpackTests(SynchronousTestCase):
    """Compressed streams in pieces."""

    @given(st.binary(max_size=2000), st.integers(1, 3), st.integers(0, 9))
    def test_all_members_come_out(self, content: bytes, members: int, padding: int) -> None:
        """With padding behind them."""
        for pack, make in (
            (gzip.compress, lambda: zlib.decompressobj(31)), (bz2.compress, bz2.BZ2Decompressor),
            (lzma.compress, lzma.LZMADecompressor),
        ):  # fmt: skip
            file = io.BytesIO(pack(content) * members + b"\0" * padding)
            self.assertEqual(b"".join(Unpacked(file, make)), content * members)

    def test_pieces_are_small_whatever_goes_in(self) -> None:
        """A bomb comes out in pieces of a chunk."""
        file = io.BytesIO(lzma.compress(ZEROS))
        sizes = {len(piece) for piece in Unpacked(file, lzma.LZMADecompressor)}
        self.assertEqual(sizes - {262_144}, {5_000_000 % 262_144})


class SevenZipTests(SynchronousTestCase):
    """Directories of real 7z files."""

    def test_what_7z_wrote_is_read(self) -> None:
        """How many files and bytes, and whether they are encrypted."""
        plain, stored = read_directory(io.BytesIO(PLAIN)), read_directory(io.BytesIO(STORED))
        self.assertEqual((plain.files, plain.total, plain.encrypted), (2, 603, False))
        self.assertEqual((stored.files, stored.total), (1, 3))
        self.assertTrue(read_directory(io.BytesIO(ENCRYPTED)).encrypted)
        self.assertRaises(Encrypted, read_directory, io.BytesIO(HEADER_ENCRYPTED))


class TypeTests(SynchronousTestCase):
    """What files are."""

    def kinds(self, content: bytes) -> set[str]:
        """Return a file's types."""
        return set(types.kinds_in(io.BytesIO(content)))

    def test_a_document_is_known_by_the_names_in_it(self) -> None:
        """And is a zip too."""
        self.assertEqual(self.kinds(zipped(("word/document.xml", b""))), {"zip", "docx"})
        self.assertEqual(self.kinds(zipped(("META-INF/MANIFEST.MF", b""), ("a.class", b""))), {"zip", "jar"})

    def test_a_file_that_is_two_is_both(self) -> None:
        """A PDF with a zip on its tail."""
        self.assertEqual(self.kinds(b"%PDF-1.4\n" + zipped(("a", b"x"))), {"pdf", "zip"})

    def test_a_denied_type_denies_and_only_allowed_ones_pass(self) -> None:
        """Each type that a file has counts."""
        both = io.BytesIO(b"%PDF-1.4\n" + zipped(("a", b"x")))
        for allow, kinds, decision in (
            (False, ["zip"], "deny"), (False, ["elf"], "allow"), (True, ["pdf"], "deny"),
            (True, ["pdf", "zip"], "allow"),
        ):  # fmt: skip
            both.seek(0)
            self.assertEqual(types.judge({"allow": allow, "kinds": kinds}, {}, both)["decision"], decision)

    @given(st.binary(max_size=200).map(lambda tail: b"PK\x05\x06" + tail) | st.binary(max_size=200))
    def test_any_bytes_have_types(self, content: bytes) -> None:
        """Nothing is raised."""
        self.assertTrue(self.kinds(content))
