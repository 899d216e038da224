"""Sealing: nothing opens under another name, version or key."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from gateway.domain.secret import Secret
from gateway.interfaces import VaultError
from gateway.vault.seal import NodeKey, SealingKey

KEY, NODE = SealingKey.fresh(), NodeKey.fresh()


class SealTests(SynchronousTestCase):
    """Objects and wrapped keys."""

    @given(st.text(max_size=20), st.integers(0, 2**63), st.binary(max_size=100))
    def test_what_is_sealed_opens_under_its_name_and_version(self, name: str, version: int, plain: bytes) -> None:
        """And the box does not contain it."""
        sealed = KEY.seal(name, version, Secret(plain))
        self.assertEqual(KEY.open(name, version, sealed).reveal(), plain)
        if len(plain) > 8:
            self.assertNotIn(plain, sealed)

    def test_another_name_version_epoch_or_key_opens_nothing(self) -> None:
        """A box can not be moved to where another secret is expected."""
        sealed = KEY.seal("credential/a", 1, Secret(b"hunter2"))
        other_epoch = SealingKey("x", KEY.raw())
        for key, name, version in (
            (KEY, "credential/b", 1), (KEY, "credential/a", 2),
            (SealingKey.fresh(), "credential/a", 1), (other_epoch, "credential/a", 1),
        ):  # fmt: skip
            self.assertRaises(VaultError, key.open, name, version, sealed)

    @given(st.integers(0, 400), st.integers(1, 255))
    def test_one_changed_byte_opens_nothing(self, place: int, change: int) -> None:
        """Neither of an object nor of a wrapped key."""
        sealed = bytearray(KEY.seal("a", 1, Secret(b"hunter2")))
        sealed[place % len(sealed)] ^= change
        self.assertRaises(VaultError, KEY.open, "a", 1, bytes(sealed))
        wrapped = bytearray(KEY.wrap(NODE.public()))
        wrapped[place % len(wrapped)] ^= change
        self.assertRaises(VaultError, NODE.unwrap, KEY.epoch, bytes(wrapped))

    @given(st.binary(max_size=120))
    def test_junk_is_refused(self, junk: bytes) -> None:
        """In words, with nothing else raised."""
        self.assertRaises(VaultError, KEY.open, "a", 1, junk)
        self.assertRaises(VaultError, NODE.unwrap, "e", junk)
        self.assertRaises(VaultError, NODE.unwrap, "e", b"\x01" + bytes(32) + junk)

    def test_a_key_is_unwrapped_by_its_recipient_alone(self) -> None:
        """Under its own epoch."""
        wrapped = KEY.wrap(NODE.public())
        opened = NODE.unwrap(KEY.epoch, wrapped)
        self.assertEqual(opened.open("a", 1, KEY.seal("a", 1, Secret(b"x"))).reveal(), b"x")
        self.assertRaises(VaultError, NodeKey.fresh().unwrap, KEY.epoch, wrapped)
        self.assertRaises(VaultError, NODE.unwrap, "another", wrapped)
        self.assertRaises(ValueError, NodeKey.of, Secret(b"short"))
        self.assertEqual(NodeKey.of(NODE.raw()).public(), NODE.public())
