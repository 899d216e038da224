"""Tests of gateway/domain/signatures.py."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from gateway.domain.signatures import HEAD, KINDS, SIGNATURES, kind_of, kinds_of


class SignatureTests(SynchronousTestCase):
    """Types by their first bytes."""

    def test_each_signature_is_found(self) -> None:
        """Alone, at its place, with nothing before it that means anything."""
        for kind, offset, mark in SIGNATURES:
            self.assertIn(kind, kinds_of(b"\x80" * offset + mark + b"\x80"))

    def test_a_file_may_be_several_types(self) -> None:
        """A PDF whose first bytes are a script's is both; the first of the table names it."""
        both = b"#!/bin/sh\n%PDF-1.4\n"
        self.assertEqual((kinds_of(both), kind_of(both)), (frozenset({"script", "pdf"}), "script"))

    def test_a_debian_package_is_an_archive_too(self) -> None:
        """By the first name in it."""
        self.assertEqual(kinds_of(b"!<arch>\ndebian-binary   "), frozenset({"ar", "deb"}))

    def test_without_a_signature_it_is_text_data_or_empty(self) -> None:
        """By its characters."""
        for head, kind in (
            (b"", "empty"), (b"hello\n", "text"),
            ("grüß".encode(), "text"), (b"\0\1\2", "data"), (b"gr\xfc\xdf", "data"),
        ):  # fmt: skip
            self.assertEqual(kind_of(head), kind)

    def test_a_character_that_the_end_cuts_is_still_text(self) -> None:
        """Where more of the file follows, and only there."""
        cut = b"a" * (HEAD - 1) + "ü".encode()[:1]
        self.assertEqual((kind_of(cut), kind_of(cut[1:])), ("text", "data"))

    @given(st.binary(max_size=400))
    def test_any_bytes_have_a_type(self, head: bytes) -> None:
        """One of those that are listed."""
        self.assertTrue(kinds_of(head) <= KINDS)
        self.assertIn(kind_of(head), kinds_of(head))
