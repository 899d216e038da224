"""The one spelling of a document."""

from __future__ import annotations

import rfc8785
from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from gateway.domain.canonical import SAFE_INTEGER, canonical_json

NUMBERS = st.one_of(
    st.integers(-SAFE_INTEGER, SAFE_INTEGER),
    st.floats(allow_nan=False, allow_infinity=False),
    st.floats(-100, 100).map(lambda number: round(number, 6)),
    st.sampled_from((0.0, -0.0, 1.0, 1e-4, 1e-5, 1e-7, 1e15, 1e16, 1e20, 1e21, 123456789012345.6, -2.5e-4)),
)
SCALARS = st.one_of(st.none(), st.booleans(), NUMBERS, st.text(), st.sampled_from(("\x7f\x1f\"\\/\b", "\u2028", "😀")))
DOCUMENTS = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.lists(inner, max_size=3).map(tuple),
        st.dictionaries(st.one_of(st.text("abz_\"\\", max_size=4), st.text(max_size=3)), inner, max_size=4),
    ),
    max_leaves=12,
)


class CanonicalTests(SynchronousTestCase):
    """The quick way against the reference."""

    @settings(max_examples=200, deadline=None)
    @given(DOCUMENTS)
    def test_it_writes_what_the_reference_writes(self, document: object) -> None:
        """Whatever way is taken, the bytes are the same."""
        self.assertEqual(canonical_json(document), rfc8785.dumps(document))  # type: ignore[arg-type]

    def test_what_a_fact_is_made_of_takes_the_quick_way(self) -> None:
        """Names are sorted, nothing is put between."""
        fact = {"b": [1, True, None], "a": ("é\n", 0.5)}
        self.assertEqual(canonical_json(fact), '{"a":["é\\n",0.5],"b":[1,true,null]}'.encode())

    def test_what_has_no_spelling_is_refused(self) -> None:
        """Numbers that JSON can not carry, text that is not Unicode, keys and values that are not JSON's."""
        for wrong in (SAFE_INTEGER + 1, float("nan"), float("inf"), "\ud800", "é\udc80", {1: 2}, b"x", {"a": {1, 2}}):
            with self.subTest(wrong=wrong), self.assertRaises(ValueError):
                canonical_json(wrong)

    def test_a_document_that_is_too_deep_is_refused(self) -> None:
        """Neither way recurses without end."""
        deep: list[object] = []
        for _ in range(100_000):
            deep = [deep]
        with self.assertRaises(RecursionError):
            canonical_json(deep)
