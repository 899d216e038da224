"""A signature counts only in the one format its algorithm has."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from gateway.wire.fields import natural, string
from gateway.wire.keyblobs import parse_blob
from tests.wire.keys import KINDS, key_of

MESSAGE = b"what is signed"


class VerifyingTest(SynchronousTestCase):
    """Right signatures verify, everything else does not and never raises."""

    def test_a_right_signature_verifies(self) -> None:
        """For every kind and every algorithm it may use."""
        for kind in KINDS:
            key = parse_blob(key_of(kind).blob)
            for algorithm in key.algorithms:
                self.assertTrue(key.verify(algorithm, key_of(kind).sign(MESSAGE, algorithm), MESSAGE))

    def test_another_message_or_key_does_not_verify(self) -> None:
        """Neither a changed message nor somebody else's key."""
        for kind in KINDS:
            key, algorithm = parse_blob(key_of(kind).blob), key_of(kind).algorithm
            self.assertFalse(key.verify(algorithm, key_of(kind).sign(MESSAGE), MESSAGE + b"!"))
            self.assertFalse(key.verify(algorithm, key_of(kind, 1).sign(MESSAGE), MESSAGE))

    def test_sha1_does_not_verify(self) -> None:
        """A correct ssh-rsa signature is worth nothing, under its own name or another."""
        key, signature = parse_blob(key_of(b"ssh-rsa").blob), key_of(b"ssh-rsa").sign(MESSAGE, b"ssh-rsa")
        for algorithm in (b"ssh-rsa", b"rsa-sha2-256"):
            self.assertFalse(key.verify(algorithm, signature, MESSAGE))

    def test_the_name_inside_must_be_the_name_asked_for(self) -> None:
        """A right sha2-256 signature is none for sha2-512."""
        key, signature = (
            parse_blob(key_of(b"ssh-rsa").blob),
            key_of(b"ssh-rsa").sign(MESSAGE, b"rsa-sha2-256"),
        )
        self.assertFalse(key.verify(b"rsa-sha2-512", signature, MESSAGE))

    def test_an_untouched_security_key_does_not_verify(self) -> None:
        """Without the user-present flag a right signature is refused; the verified flag may be set too."""
        for kind in (b"sk-ssh-ed25519@openssh.com", b"sk-ecdsa-sha2-nistp256@openssh.com"):
            key = parse_blob(key_of(kind).blob)
            for flags, verdict in ((0, False), (4, False), (1, True), (5, True)):
                self.assertIs(key.verify(kind, key_of(kind).sign(MESSAGE, flags=flags), MESSAGE), verdict)

    def test_the_flags_of_a_security_key_are_signed(self) -> None:
        """Setting the bit afterwards does not help."""
        kind = b"sk-ssh-ed25519@openssh.com"
        signature = bytearray(key_of(kind).sign(MESSAGE, flags=0))
        signature[-5] = 1
        self.assertFalse(parse_blob(key_of(kind).blob).verify(kind, bytes(signature), MESSAGE))

    def test_trailing_bytes_do_not_verify(self) -> None:
        """Behind the signature or inside it."""
        for kind in KINDS:
            key = parse_blob(key_of(kind).blob)
            self.assertFalse(key.verify(key_of(kind).algorithm, key_of(kind).sign(MESSAGE) + b"\0", MESSAGE))

    def test_a_short_rsa_signature_is_filled_up(self) -> None:
        """Clients that drop leading zeros are understood, as OpenSSH understands them."""
        key = key_of(b"ssh-rsa")
        signatures = (key.sign(MESSAGE + bytes([n >> 8, n & 255])) for n in range(65536))
        at, signature = next((n, s) for n, s in enumerate(signatures) if s[-256] == 0)
        shortened = string(b"rsa-sha2-512") + string(signature[-255:])
        message = MESSAGE + bytes([at >> 8, at & 255])
        self.assertTrue(parse_blob(key.blob).verify(b"rsa-sha2-512", shortened, message))

    def test_numbers_of_ecdsa_have_one_form(self) -> None:
        """Zero, padded and negative numbers do not verify."""
        kind = b"ecdsa-sha2-nistp256"
        key = parse_blob(key_of(kind).blob)
        for r, s in (
            (natural(0), natural(0)),
            (string(b"\0\x01"), natural(1)),
            (string(b"\xff"), natural(1)),
        ):
            self.assertFalse(key.verify(kind, string(kind) + string(r + s), MESSAGE))

    @settings(max_examples=200, deadline=None)
    @given(st.sampled_from(KINDS), st.binary(max_size=300), st.booleans())
    def test_any_bytes_are_weighed_without_an_error(self, kind: bytes, junk: bytes, named: bool) -> None:
        """Hostile signatures do not verify and do not raise."""
        key, algorithm = parse_blob(key_of(kind).blob), key_of(kind).algorithm
        blob = string(algorithm) + string(junk) if named else junk
        self.assertFalse(key.verify(algorithm, blob, MESSAGE))

    @settings(max_examples=200, deadline=None)
    @given(st.sampled_from(KINDS), st.integers(0, 10_000), st.integers(0, 7))
    def test_one_flipped_bit_does_not_verify(self, kind: bytes, at: int, bit: int) -> None:
        """Nothing in a signature is without meaning."""
        key, algorithm = parse_blob(key_of(kind).blob), key_of(kind).algorithm
        signature = bytearray(key_of(kind).sign(MESSAGE))
        signature[at % len(signature)] ^= 1 << bit
        self.assertFalse(key.verify(algorithm, bytes(signature), MESSAGE))
