"""Public keys are read exactly or refused by name."""

from __future__ import annotations

import base64

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from gateway.wire.fields import natural, string
from gateway.wire.keyblobs import LONGEST_BLOB, BadKey, PublicKey, parse_blob, parse_line
from tests.wire.keys import KINDS, key_of

MESSAGE = b"what is signed"


def _line(blob: bytes, kind: str) -> str:
    return f"{kind} {base64.b64encode(blob).decode()}"


class ReadingTest(SynchronousTestCase):
    """Blobs."""

    def test_every_known_kind_is_read(self) -> None:
        """Kind, blob and the algorithms come out of each kind."""
        for kind in KINDS:
            key = parse_blob(key_of(kind).blob)
            self.assertEqual((key.kind, key.blob), (kind, key_of(kind).blob))
            self.assertIn(key_of(kind).algorithm, key.algorithms)

    def test_no_kind_may_sign_with_sha1(self) -> None:
        """ssh-rsa as an algorithm is nowhere."""
        for kind in KINDS:
            self.assertNotIn(b"ssh-rsa", parse_blob(key_of(kind).blob).algorithms)

    def test_trailing_bytes_are_refused(self) -> None:
        """One byte behind any kind of key is one too many."""
        for kind in KINDS:
            with self.assertRaisesRegex(BadKey, "1 bytes too many"):
                parse_blob(key_of(kind).blob + b"\0")

    def test_every_truncation_is_refused(self) -> None:
        """No prefix of a key is a key."""
        for kind in KINDS:
            blob = key_of(kind).blob
            for size in range(len(blob)):
                self.assertRaises(BadKey, parse_blob, blob[:size])

    def test_private_keys_and_other_formats_are_never_guessed(self) -> None:
        """What stock Conch would have parsed for seconds is an unknown key type here."""
        pem = b"-----BEGIN RSA PRIVATE KEY-----\nMIIJKQIBAAKCAgEA\n-----END RSA PRIVATE KEY-----\n"
        for blob in (pem, b"(" * 16000, b"{" * 100, b"ssh-rsa AAAA", b"", b"\0" * 4, b"\0" * 15000):
            self.assertRaises(BadKey, parse_blob, blob)

    def test_dsa_and_certificates_are_unknown_types(self) -> None:
        """They are refused by name."""
        for kind in (b"ssh-dss", b"ssh-ed25519-cert-v01@openssh.com", b"ssh-rsa-cert-v01@openssh.com"):
            with self.assertRaisesRegex(BadKey, f"unknown key type {kind.decode()}"):
                parse_blob(string(kind) + string(b"x" * 32))

    def test_a_hostile_type_is_not_quoted(self) -> None:
        """Escape sequences in a key type do not reach the message."""
        with self.assertRaisesRegex(BadKey, r"unknown key type \(unprintable\)"):
            parse_blob(string(b"\x1b]0;owned\x07"))

    def test_a_blob_over_the_cap_is_not_looked_at(self) -> None:
        """Its size alone refuses it."""
        with self.assertRaisesRegex(BadKey, "longer than 16384 bytes"):
            parse_blob(string(b"ssh-ed25519") + b"\0" * LONGEST_BLOB)

    def test_rsa_sizes_are_bounded(self) -> None:
        """2047 and 8193 bits are refused with the bounds."""
        for bits in (512, 1024, 2047, 8193):
            blob = string(b"ssh-rsa") + natural(65537) + natural((1 << (bits - 1)) | 1)
            self.assertRaises(BadKey, parse_blob, blob)
        blob = string(b"ssh-rsa") + natural(65537) + natural((1 << 8191) | 1)
        self.assertEqual(parse_blob(blob).bits, 8192)

    def test_rsa_numbers_that_cannot_be_right_are_refused(self) -> None:
        """Even, tiny, huge, negative or badly written numbers."""
        modulus = (1 << 2047) | 1
        for exponent, number in ((1, modulus), (4, modulus), (65537, modulus + 1), (1 << 80, modulus)):
            self.assertRaises(BadKey, parse_blob, string(b"ssh-rsa") + natural(exponent) + natural(number))
        padded = string(b"\0\x01\x00\x01") + natural(modulus)
        negative = string(b"\x81\x00\x01") + natural(modulus)
        for numbers in (padded, negative):
            self.assertRaises(BadKey, parse_blob, string(b"ssh-rsa") + numbers)

    def test_ecdsa_points_must_be_on_the_curve_of_the_type(self) -> None:
        """A foreign curve name, a compressed point and a point off the curve are refused."""
        kind, curve = b"ecdsa-sha2-nistp256", b"nistp256"
        good = key_of(kind).blob[-65:]
        for name, point in (
            (b"nistp384", good),
            (curve, b"\x02" + good[1:33]),
            (curve, b"\x02" + good[1:]),
            (curve, b"\x04" + b"\x01" * 64),
            (curve, b"\0"),
        ):
            self.assertRaises(BadKey, parse_blob, string(kind) + string(name) + string(point))

    def test_compressed_points_are_refused_by_name(self) -> None:
        """OpenSSH writes none."""
        kind = b"ecdsa-sha2-nistp256"
        blob = string(kind) + string(b"nistp256") + string(b"\x03" + key_of(kind).blob[-64:])
        with self.assertRaisesRegex(BadKey, "uncompressed form"):
            parse_blob(blob)

    def test_ed25519_points_have_32_bytes(self) -> None:
        """31 bytes are refused."""
        with self.assertRaisesRegex(BadKey, "31 bytes instead of 32"):
            parse_blob(string(b"ssh-ed25519") + string(b"x" * 31))

    def test_security_keys_say_what_they_are_for(self) -> None:
        """An application that is not OpenSSH's is refused."""
        point = string(b"x" * 32)
        for application in (b"", b"webauthn.io", b"ssh:\n", b"ssh:" + b"a" * 251, b"ssh:\xff"):
            blob = string(b"sk-ssh-ed25519@openssh.com") + point + string(application)
            self.assertRaises(BadKey, parse_blob, blob)

    def test_fingerprint_is_the_one_openssh_prints(self) -> None:
        """A known key has the fingerprint ssh-keygen shows for it."""
        line = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl"
        expected = "SHA256:+DiY3wvvV6TuJJhbpZisF/zLDA0zPMSvHdkr4UvCOqU"
        self.assertEqual(parse_line(line).fingerprint, expected)

    @settings(max_examples=150, deadline=None)
    @given(st.binary(max_size=300))
    def test_any_bytes_give_a_key_or_a_refusal(self, blob: bytes) -> None:
        """The parser is total."""
        self._key_or_refusal(blob)

    @settings(max_examples=150, deadline=None)
    @given(st.sampled_from(KINDS), st.lists(st.binary(max_size=80), max_size=5))
    def test_any_fields_behind_a_known_type_give_a_key_or_a_refusal(self, kind: bytes, rest: list[bytes]) -> None:
        """So are the readers behind the type."""
        self._key_or_refusal(string(kind) + b"".join(string(field) for field in rest))

    @settings(max_examples=150, deadline=None)
    @given(st.sampled_from(KINDS), st.integers(0, 10_000), st.integers(1, 255))
    def test_a_changed_byte_never_reads_as_the_same_key(self, kind: bytes, at: int, flip: int) -> None:
        """Equality is of blobs, and nothing raises but the refusal."""
        blob = bytearray(key_of(kind).blob)
        blob[at % len(blob)] ^= flip
        key = self._key_or_refusal(bytes(blob))
        if key is not None:
            self.assertNotEqual(key, parse_blob(key_of(kind).blob))

    def _key_or_refusal(self, blob: bytes) -> PublicKey | None:
        try:
            key = parse_blob(blob)
        except BadKey:
            return None
        self.assertEqual(key.blob, blob)
        return key


class LineTest(SynchronousTestCase):
    """OpenSSH lines."""

    def test_a_line_is_read_and_written_alike(self) -> None:
        """Type, key and comment survive."""
        for kind in KINDS:
            line = _line(key_of(kind).blob, kind.decode()) + " alice at home"
            key = parse_line("  " + line + "\n")
            self.assertEqual((key.line, key.comment), (line, "alice at home"))

    def test_the_comment_is_no_part_of_the_key(self) -> None:
        """Two lines with other comments are the same key."""
        line = _line(key_of(b"ssh-ed25519").blob, "ssh-ed25519")
        self.assertEqual(parse_line(line + " a"), parse_line(line))

    def test_options_and_other_lines_are_refused(self) -> None:
        """Nothing is ignored silently."""
        good = _line(key_of(b"ssh-ed25519").blob, "ssh-ed25519")
        for line in ("", "#", "ssh-ed25519", 'command="sh" ' + good, "restrict," + good, good + "\n" + good):
            self.assertRaises(BadKey, parse_line, line)

    def test_control_characters_are_refused(self) -> None:
        """A comment cannot carry an escape sequence."""
        good = _line(key_of(b"ssh-ed25519").blob, "ssh-ed25519")
        with self.assertRaisesRegex(BadKey, "control characters"):
            parse_line(good + " \x1b[2J")

    def test_the_type_in_words_must_be_that_of_the_key(self) -> None:
        """A relabelled key is refused with both names."""
        with self.assertRaisesRegex(BadKey, "says ssh-rsa but the key in it is ssh-ed25519"):
            parse_line(_line(key_of(b"ssh-ed25519").blob, "ssh-rsa"))

    def test_damaged_base64_is_refused(self) -> None:
        """Foreign letters, bits left over and lost padding."""
        good = _line(key_of(b"ssh-ed25519").blob, "ssh-ed25519")
        for line in (good[:-1], good[:-4] + "ä===", good + "=", good.replace("AAAA", "AA*A", 1)):
            with self.assertRaisesRegex(BadKey, "base64|cut short"):
                parse_line(line)

    def test_an_endless_line_is_refused_by_its_length(self) -> None:
        """24 KiB are enough for any key."""
        with self.assertRaisesRegex(BadKey, "longer than"):
            parse_line("ssh-rsa " + "A" * 30_000)

    @settings(max_examples=150, deadline=None)
    @given(st.text(max_size=200))
    def test_any_text_gives_a_key_or_a_refusal(self, text: str) -> None:
        """The parser is total."""
        for line in (text, "ssh-ed25519 " + text):
            try:
                parse_line(line)
            except BadKey as refused:
                self.assertTrue(str(refused).isprintable())
