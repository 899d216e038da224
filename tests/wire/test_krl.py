"""Lists of revoked keys: OpenSSH's own, and plain ones; half a list is none."""

from __future__ import annotations

import base64
import tempfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from gateway.wire.certificates import Certificate, parse_certificate
from gateway.wire.fields import string, uint32, uint64
from gateway.wire.keyblobs import PublicKey, parse_line
from gateway.wire.krl import LARGEST_LIST, MAGIC, BadList, RevokedList, Serials, read_list
from tests.wire.issuing import AUTHORITY, blob_in, certify, draft, key_file, keygen, public
from tests.wire.keys import key_of

KEY, OTHER = key_of(b"ssh-ed25519", 1), key_of(b"ssh-ed25519", 2)
RSA = key_of(b"ssh-rsa")


def krl(*sections: tuple[int, bytes], version: int = 1, tail: bytes = b"") -> bytes:
    """Write a list by hand."""
    head = MAGIC + uint32(version) + uint64(1) + uint64(2) + uint64(0) + string(b"") + string(b"made by hand")
    return head + b"".join(bytes([kind]) + string(body) for kind, body in sections) + tail


def of_authority(*parts: tuple[int, bytes], authority: bytes = AUTHORITY.blob) -> tuple[int, bytes]:
    """Write a section of certificates."""
    body = string(authority) + string(b"") + b"".join(bytes([kind]) + string(part) for kind, part in parts)
    return (1, body)


def certificate(**fields: object) -> Certificate:
    """Return a certificate of KEY, number 7."""
    return parse_certificate(draft(**{"key": KEY, **fields}))


class KeygenTests(SynchronousTestCase):
    """Lists that ``ssh-keygen -k`` wrote."""

    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory(prefix="revoked-")
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.authority = key_file(self.folder, "authority")
        self.made = 0

    def revoked(self, *lines: str, authority: Path | None = None) -> RevokedList:
        """Have ssh-keygen write a list from a specification, and read it."""
        spec, out = self.folder / "spec", self.folder / "revoked.krl"
        spec.write_text("".join(f"{line}\n" for line in lines))
        keygen("-q", "-k", "-f", out, "-s", f"{authority or self.authority}.pub", spec)
        return read_list(out.read_bytes())

    def theirs(self, certificate: Path) -> bool:
        """Say whether ssh-keygen finds a certificate in the list it wrote last."""
        return keygen("-Q", "-f", self.folder / "revoked.krl", certificate, check=False).returncode != 0

    def certified(self, serial: int, key_id: str = "somebody", authority: Path | None = None) -> Path:
        """Have a key certified."""
        self.made += 1
        key = key_file(self.folder, f"key{self.made}")
        keygen("-q", "-s", authority or self.authority, "-I", key_id, "-n", "alice", "-z", str(serial), f"{key}.pub")
        return key.with_name(f"{key.name}-cert.pub")

    def test_serial_numbers_singly_in_ranges_and_in_bitmaps(self) -> None:
        """ssh-keygen chooses the form by density; each number means what it means to ssh-keygen."""
        dense = [f"serial: {number}" for number in range(1000, 3000, 3)]
        sparse = [f"serial: {number}" for number in (1, 77, 2**40, 2**64 - 2)]
        found = self.revoked(*dense, *sparse, "serial: 5000-6000", "serial: 10000000-99999999999")
        numbers = (*range(998, 1010), 1, 2, 76, 77, 78, 2999, 4999, 5000, 5500, 6000, 6001, 2**40, 2**40 + 1, 2**64 - 2)
        serials = found.serials[public_of(self.authority).blob]
        expected = {*range(1000, 3000, 3), 1, 77, 2**40, 2**64 - 2, *range(5000, 6001)}
        for number in numbers:
            self.assertEqual(number in serials, number in expected or 10**7 <= number <= 99999999999, number)
        for number in (1000, 1001, 77, 5500, 6001):
            made = self.certified(number)
            self.assertEqual(found.names(parse_certificate(blob_in(made))), self.theirs(made), number)

    def test_key_ids_and_serial_numbers_are_those_of_one_authority(self) -> None:
        """Another authority's certificate with the same ones is good."""
        found = self.revoked("id: bad guy", "serial: 5")
        other = key_file(self.folder, "other")
        for made, bad in (
            (self.certified(9, "bad guy"), True), (self.certified(5), True), (self.certified(9), False),
            (self.certified(9, "bad guy", other), False), (self.certified(5, authority=other), False),
        ):  # fmt: skip
            self.assertEqual((found.names(parse_certificate(blob_in(made))), self.theirs(made)), (bad, bad), made)

    def test_explicit_keys_and_fingerprints_revoke_the_key_everywhere(self) -> None:
        """Plain, certified, and as an authority."""
        for how in ("key", "sha1", "sha256"):
            key = key_file(self.folder, f"{how}-key")
            made = certify(self.authority, key, "-n", "alice")
            plain = public_of(key)
            text = Path(f"{key}.pub").read_text()
            found = self.revoked(f"{how}: {text}")
            self.assertTrue(found.names(plain) and found.names(parse_certificate(blob_in(made))), how)
            self.assertTrue(self.theirs(made))
            self.assertFalse(found.names(public(KEY)))
            found = self.revoked(f"{how}: {Path(f'{self.authority}.pub').read_text()}")
            self.assertTrue(found.names(parse_certificate(blob_in(made))), how)
            self.assertFalse(found.names(plain))
            self.assertTrue(self.theirs(made))

    def test_a_list_that_grew_is_read(self) -> None:
        """``-u`` adds sections for a second authority and for every authority."""
        self.revoked("serial: 5")
        out, spec, other = self.folder / "revoked.krl", self.folder / "spec", key_file(self.folder, "other")
        spec.write_text("serial: 6\n")
        keygen("-q", "-k", "-u", "-f", out, "-s", f"{other}.pub", spec)
        spec.write_text("id: gone\n")
        keygen("-q", "-k", "-u", "-f", out, "-s", "none", spec)
        found = read_list(out.read_bytes())
        for made, bad in (
            (self.certified(5), True), (self.certified(6), False), (self.certified(6, authority=other), True),
            (self.certified(9, "gone"), True), (self.certified(9, "gone", other), True),
        ):  # fmt: skip
            self.assertEqual((found.names(parse_certificate(blob_in(made))), self.theirs(made)), (bad, bad))

    def test_an_empty_list_revokes_nothing(self) -> None:
        """It is a list all the same."""
        out = self.folder / "revoked.krl"
        keygen("-q", "-k", "-f", out)
        self.assertFalse(read_list(out.read_bytes()).names(public(KEY)))


def public_of(path: Path) -> PublicKey:
    """Return the public key beside a private one."""
    return parse_line(Path(f"{path}.pub").read_text())


class HandTests(SynchronousTestCase):
    """What ssh-keygen does not write, or only wrongly."""

    def assert_bad(self, content: bytes, words: str) -> None:
        """Check that a list is refused as a whole."""
        with self.assertRaisesRegex(BadList, words):
            read_list(content)

    def test_what_is_not_understood_makes_the_list_unusable(self) -> None:
        """Format, sections, critical extensions, lengths, ranges, fingerprints, and what follows a signature."""
        critical = string(b"x@y") + b"\1" + string(b"")
        for content, words in (
            (krl(version=2), "format 2"),
            (krl((9, b"")), "section 9"),
            (krl(of_authority((0x44, b""))), "section 68"),
            (krl((255, critical)), "critical"),
            (krl(of_authority((0x39, critical))), "critical"),
            (krl(of_authority((0x20, b"1234567"))), "cut short"),
            (krl(of_authority((0x21, uint64(9) + uint64(8)))), "ends before"),
            (krl(of_authority((0x21, uint64(9) + uint64(9) + b"x"))), "too many"),
            (krl((3, string(b"short"))), "5 bytes"),
            (krl((5, string(bytes(31)))), "31 bytes"),
            (krl((4, KEY.blob), tail=string(b"signature") + b"\2" + string(b"")), "behind its signature"),
            (krl((4, KEY.blob)), "signature is cut short"),
            (krl((2, b"\0\0\0\5abc")), "cut short"),
            (bytes(LARGEST_LIST + 1), "larger"),
        ):
            self.assert_bad(content, words)

    def test_signatures_and_harmless_extensions_are_passed_over(self) -> None:
        """Who may write the file may revoke."""
        extension = (255, string(b"x@y") + b"\0" + string(b"anything"))
        content = krl(extension, (2, string(KEY.blob)), (4, KEY.blob), tail=string(b"no signature at all"))
        self.assertTrue(read_list(content).names(public(KEY)))

    def test_a_certificate_without_a_number_is_not_number_zero(self) -> None:
        """Authorities that do not number write zero, and a range from zero would revoke all of theirs."""
        found = read_list(krl(of_authority((0x21, uint64(0) + uint64(10)))))
        self.assertFalse(found.names(certificate(serial=0)))
        self.assertTrue(found.names(certificate(serial=7)))

    @settings(max_examples=200, deadline=None)
    @given(st.binary(max_size=200), st.integers(0, 400))
    def test_any_bytes_are_a_list_or_a_bad_list(self, noise: bytes, place: int) -> None:
        """Nothing else is raised, wherever they stand."""
        good = krl(
            of_authority((0x20, uint64(3)), (0x21, uint64(4) + uint64(9)), (0x22, uint64(20) + string(b"\5"))),
            of_authority((0x23, string(b"bad guy")), authority=b""), (2, string(KEY.blob)), (3, string(bytes(20))),
        )  # fmt: skip
        for content in (noise, MAGIC + noise, good[:place] + noise + good[place:], good[:place] + noise):
            try:
                self.assertIsInstance(read_list(content), RevokedList)
            except BadList as refused:
                self.assertTrue(str(refused))

    @settings(max_examples=200, deadline=None)
    @given(
        st.sets(st.integers(0, 300)),
        st.lists(st.tuples(st.integers(0, 300), st.integers(0, 40))),
        st.lists(st.tuples(st.integers(0, 200), st.binary(max_size=9))),
    )
    def test_serial_numbers_are_a_set(
        self, single: set[int], ranges: list[tuple[int, int]], bitmaps: list[tuple[int, bytes]]
    ) -> None:
        """However they overlap and in whatever order they came."""
        serials, model = Serials(), set(single)
        serials.add(b"".join(map(uint64, single)))
        for first, size in ranges:
            serials.add_range(first, first + size)
            model.update(range(first, first + size + 1))
        for offset, bits in bitmaps:
            serials.add_bitmap(offset, bits)
            number = int.from_bytes(bits, "big")
            model.update(offset + bit for bit in range(number.bit_length()) if number >> bit & 1)
        serials.close()
        self.assertEqual({number for number in range(450) if number in serials}, model)


class PlainTests(SynchronousTestCase):
    """Lists of public keys, one a line."""

    def test_keys_are_revoked_plain_certified_and_as_authorities(self) -> None:
        """Comments and empty lines are skipped; a line may hold a whole certificate, or a kind that is unknown here."""
        other = parse_certificate(draft(key=OTHER)).blob
        lines = (
            "# left the firm", "", public(KEY).line, f"{public(RSA).line} with a comment",
            f"ssh-ed25519-cert-v01@openssh.com {base64.b64encode(other).decode()}",
            f"ssh-dss {base64.b64encode(string(b'ssh-dss') + b'x').decode()}",
        )  # fmt: skip
        found = read_list("\r\n".join(lines).encode())
        for revoked in (public(KEY), certificate(), public(RSA), certificate(key=OTHER)):
            self.assertTrue(found.names(revoked))
        self.assertTrue(found.names(certificate(key=OTHER, authority=RSA)))
        self.assertFalse(found.names(public(OTHER)))
        self.assertFalse(read_list(b"").names(public(KEY)))

    def test_a_line_that_is_no_key_makes_the_list_unusable(self) -> None:
        """It may be the key that somebody meant to revoke."""
        for line in ("ssh-ed25519", "ssh-ed25519 AAAA", public(KEY).line[:-3], f"from=x {public(KEY).line}", "\0"):
            with self.assertRaisesRegex(BadList, "line 2 is not"):
                read_list(f"{public(OTHER).line}\n{line}\n".encode())
