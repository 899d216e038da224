"""One key for several recipients."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from gateway.vault.seal import NodeKey
from gateway.vault.wrapping import unwrap_with, wrap_for

ONE, OTHER = NodeKey.fresh(), NodeKey.fresh()


class WrappingTests(SynchronousTestCase):
    """What a recording's header carries."""

    def test_each_recipient_unwraps_and_nobody_else(self) -> None:
        """The same key for all."""
        wrapped = wrap_for(b"k" * 32, (ONE.public(), OTHER.public()))
        self.assertEqual(unwrap_with(ONE, wrapped), b"k" * 32)
        self.assertEqual(unwrap_with(OTHER, wrapped), b"k" * 32)
        self.assertIsNone(unwrap_with(NodeKey.fresh(), wrapped))

    @given(st.lists(st.none() | st.integers() | st.fixed_dictionaries(
        {"for": st.just(ONE.public().hex()), "key": st.text(max_size=9) | st.binary(max_size=99).map(bytes.hex)})))
    def test_junk_in_a_header_unwraps_nothing(self, wrapped: list[object]) -> None:
        """A damaged header is no crash."""
        self.assertIsNone(unwrap_with(ONE, wrapped))
