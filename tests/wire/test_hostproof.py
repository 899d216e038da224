"""What clients are told of our host keys, and how we prove that we have them."""

from __future__ import annotations

from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from gateway.wire.fields import Fields, string
from gateway.wire.hostkeys import check_signature, from_private_key
from gateway.wire.hostproof import announcement, prove, understands
from gateway.wire.violation import Violation

KEYS = (
    from_private_key(ed25519.Ed25519PrivateKey.generate()),
    from_private_key(ec.generate_private_key(ec.SECP256R1())),
    from_private_key(rsa.generate_private_key(65537, 2048)),
)
STRANGER = from_private_key(ed25519.Ed25519PrivateKey.generate())


PARTS = (*(string(key.blob) for key in KEYS), b"\0\0\0\1x", b"", b"\xff" * 4)


class ProofTests(SynchronousTestCase):
    """Three keys, and one of somebody else."""

    def test_all_keys_are_announced(self) -> None:
        """One string each."""
        fields = Fields(announcement(KEYS))
        self.assertEqual([fields.string("key", 4096) for _ in KEYS], [key.blob for key in KEYS])
        self.assertEqual(fields.left, 0)

    def test_each_key_that_is_asked_for_signs_this_connection(self) -> None:
        """PROTOCOL 2.5: the request's name, the session's id, the key; in the order of the request."""
        asked = KEYS[::-1]
        answer = prove(KEYS, b"session", announcement(asked))
        assert answer is not None
        fields = Fields(answer)
        for key in asked:
            signature = fields.string("signature", 4096)
            signed = string(b"hostkeys-prove-00@openssh.com") + string(b"session") + string(key.blob)
            check_signature(key.algorithms[0], key.blob, signature, signed)
            self.assertRaises(Violation, check_signature, key.algorithms[0], key.blob, signature, signed + b"x")
        self.assertEqual(fields.left, 0)

    def test_only_our_own_keys_are_signed_for_and_once(self) -> None:
        """Nothing is signed that a client chooses, and not as often as he likes."""
        for asked in ((), (STRANGER,), (KEYS[0], STRANGER), (KEYS[0], KEYS[0])):
            self.assertIsNone(prove(KEYS, b"session", announcement(asked)))
        self.assertIsNone(prove(KEYS, b"session", announcement(KEYS) + b"\0"))
        self.assertIsNone(prove((), b"session", announcement(KEYS)))

    def test_only_clients_that_understand_are_told(self) -> None:
        """Old terminals broke on it."""
        self.assertTrue(understands(b"SSH-2.0-OpenSSH_9.2p1 Debian-2"))
        for other in (b"SSH-2.0-PuTTY_Release_0.78", b"SSH-2.0-TTSSH/2.72", b""):
            self.assertFalse(understands(other))

    @settings(max_examples=100, deadline=None)
    @given(st.lists(st.sampled_from(PARTS) | st.binary(max_size=20)))
    def test_any_request_is_answered_or_refused(self, parts: list[bytes]) -> None:
        """Nothing is raised."""
        answer = prove(KEYS, b"session", b"".join(parts))
        self.assertTrue(answer is None or answer)
