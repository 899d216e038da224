"""Bodies as canonical JSON, and back."""

from __future__ import annotations

import json
from types import MappingProxyType

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from gateway.journal.bodies import BODY_LIMIT, SAFE_INTEGER, body_from, canonical_body, session_of
from tests.journal.examples import MANY

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters()),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)
BODIES = st.dictionaries(st.text(st.characters(), max_size=8), VALUES, max_size=5)


class CanonicalTests(SynchronousTestCase):
    """Every body of JSON values has one form."""

    @MANY
    @given(BODIES)
    def test_every_body_of_json_values_is_written_down(self, body: dict[str, object]) -> None:
        """It reads back, and what was read is written down as the same bytes."""
        raw = canonical_body(body)
        self.assertEqual(canonical_body(body_from(raw)), raw)

    def test_the_form_is_that_of_rfc_8785(self) -> None:
        """Sorted keys, shortest numbers, no spaces, UTF-8."""
        body = {"b": [1.0, 1e-7, True, None], "a": "é\n", "€": {}}
        self.assertEqual(canonical_body(body), '{"a":"é\\n","b":[1,1e-7,true,null],"€":{}}'.encode())

    def test_what_json_can_not_carry_is_spelled(self) -> None:
        """Bytes that were no text, lone surrogates and numbers beyond JSON's."""
        body = {"\udc80": ("\udcff\ud800", SAFE_INTEGER, SAFE_INTEGER + 1, -(2**60), float("nan"), float("-inf"))}
        read = body_from(canonical_body(MappingProxyType(body)))
        expected = ["\\xff�", SAFE_INTEGER, str(SAFE_INTEGER + 1), str(-(2**60)), "nan", "-inf"]
        self.assertEqual(read, {"\\x80": expected})

    def test_what_is_no_json_is_refused(self) -> None:
        """Bytes, sets, keys that are no text, depth and size without bounds."""
        deep: list[object] = []
        for _ in range(100_000):
            deep = [deep]
        for body in ({"a": b""}, {"a": {1}}, {"a": {1: 2}}, {"a": deep}, {"a": "x" * BODY_LIMIT}):
            with self.assertRaises(ValueError):
                canonical_body(body)


class ReadingTests(SynchronousTestCase):
    """Whatever is in the file, reading it ends in a body or in ValueError."""

    @MANY
    @given(st.binary(max_size=60) | VALUES.map(lambda value: json.dumps(value).encode("utf-8", "replace")))
    def test_hostile_bytes_are_a_body_or_refused(self, raw: bytes) -> None:
        """Nothing else comes out."""
        try:
            self.assertIsInstance(body_from(raw), dict)
        except ValueError:
            return

    def test_depth_is_no_way_out(self) -> None:
        """A body nested too deeply is refused as any other."""
        with self.assertRaises(ValueError):
            body_from(b'{"a":' + b"[" * 200_000)

    def test_a_session_is_text(self) -> None:
        """Anything else under the key is no session."""
        found = [session_of(body) for body in ({"session": "s1"}, {"session": 1}, {})]
        self.assertEqual(found, ["s1", None, None])
