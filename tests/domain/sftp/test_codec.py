"""Packets of SFTP: what is read is what was written, and any other bytes are refused."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from gateway.domain.sftp import codec
from gateway.domain.sftp.codec import (
    Asked,
    Attributes,
    Fields,
    Malformed,
    Reply,
    asked,
    long,
    number,
    packet,
    reply,
    status,
    string,
    version,
)

NUMBERS, LONGS = st.integers(0, 2**32 - 1), st.integers(0, 2**64 - 1)
PAIRS = st.tuples(NUMBERS, NUMBERS)
ATTRIBUTES = st.builds(
    Attributes, st.none() | LONGS, st.none() | PAIRS, st.none() | NUMBERS, st.none() | PAIRS
)
PATHS = st.binary(max_size=40)


class RequestTests(SynchronousTestCase):
    """What an operator may ask."""

    @given(NUMBERS, PATHS, NUMBERS, ATTRIBUTES)
    def test_an_open_is_read_as_it_was_written(
        self, request: int, path: bytes, flags: int, attributes: Attributes
    ) -> None:
        """Every attribute, or none."""
        body = number(request) + string(path) + number(flags) + attributes.sent()
        self.assertEqual(
            asked(codec.OPEN, body), Asked(codec.OPEN, request, path=path, flags=flags, attributes=attributes)
        )

    @given(st.integers(0, 255), st.binary(max_size=200))
    def test_any_bytes_are_a_request_or_refused(self, kind: int, body: bytes) -> None:
        """Nothing else is raised, of requests, answers and versions."""
        for read in (asked, reply, lambda _, body: version(body)):
            try:
                read(kind, body)
            except Malformed:
                continue

    def test_every_extension_has_its_fields(self) -> None:
        """Two handles of a copy, two lists of ids that are not looked at, and an extension without a field."""
        copy = string(codec.COPY) + string(b"h") + long(1) + long(2) + string(b"k") + long(3)
        found = asked(codec.EXTENDED, number(9) + copy)
        wanted = Asked(codec.EXTENDED, 9, codec.COPY, handle=b"h", offset=1, count=2, other=b"k", offset_to=3)
        self.assertEqual(found, wanted)
        ids = string(b"users-groups-by-id@openssh.com") + string(bytes(8)) + string(bytes(4))
        found = asked(codec.EXTENDED, number(9) + ids)
        assert found is not None
        self.assertFalse(found.nul)
        self.assertIsNotNone(asked(codec.EXTENDED, number(9) + string(codec.LIMITS)))

    def test_what_is_not_in_a_table_is_nothing(self) -> None:
        """An unknown kind or extension; its id can still be answered."""
        self.assertIsNone(asked(99, number(1) + b"whatever"))
        self.assertIsNone(asked(codec.EXTENDED, number(1) + string(b"posix-run@x") + b"ls"))

    def test_what_is_left_over_or_too_long_is_refused(self) -> None:
        """Also a string that says 4 GiB."""
        for body in (number(1) + string(b"x") + b"y", number(1) + b"\xff\xff\xff\xff" + bytes(64), number(1)[:3]):
            self.assertRaises(Malformed, asked, codec.REMOVE, body)

    def test_attributes_of_an_unknown_kind_are_refused_and_extended_ones_passed_over(self) -> None:
        """At most so many."""
        head = number(1) + string(b"x")
        self.assertRaises(Malformed, asked, codec.SETSTAT, head + number(0x10))
        many = number(0x80000000) + number(33) + (string(b"a") + string(b"b")) * 33
        self.assertRaises(Malformed, asked, codec.SETSTAT, head + many)
        few = number(0x80000000) + number(1) + string(b"a") + string(b"b")
        found = asked(codec.SETSTAT, head + few)
        assert found is not None
        self.assertEqual(found.attributes, codec.NOTHING)

    def test_a_nul_in_either_path_is_seen(self) -> None:
        """No file's name holds one."""
        for one, other, held in ((b"a\0", b"b", True), (b"a", b"\0", True), (b"a", b"b\n", False)):
            found = asked(codec.RENAME, number(1) + string(one) + string(other))
            assert found is not None
            self.assertIs(found.nul, held)

    def test_attributes_go_over_others(self) -> None:
        """What is said wins; a zero is said."""
        found = Attributes(size=0, mode=0o600).over(Attributes(5, (1, 2), 0o777))
        self.assertEqual(found, Attributes(0, (1, 2), 0o600))


class ReplyTests(SynchronousTestCase):
    """What a target may answer."""

    def test_each_kind_is_read(self) -> None:
        """A status with and without words, a handle, attributes, names, and what an extension says."""
        self.assertEqual(reply(codec.STATUS, number(1) + number(3)), Reply(codec.STATUS, 1, 3))
        self.assertTrue(reply(codec.STATUS, status(1, 4, "no")[5:]).failed)
        self.assertFalse(reply(codec.HANDLE, number(1) + string(b"h")).failed)
        found = reply(codec.ATTRS, number(1) + Attributes(7).sent())
        self.assertEqual(found.attributes, Attributes(7))
        one = string(b"a") + string(b"-rw a") + Attributes(1).sent()
        self.assertEqual(reply(codec.NAME, number(1) + number(1) + one).names, ((b"a", b"-rw a", Attributes(1)),))
        self.assertEqual(reply(codec.EXTENDED_REPLY, number(1) + b"x").kind, codec.EXTENDED_REPLY)

    def test_what_is_no_answer_is_refused(self) -> None:
        """A request, more names than fit, and something behind a handle."""
        for kind, body in (
            (codec.OPEN, number(1)), (codec.NAME, number(1) + number(1 << 31)),
            (codec.HANDLE, number(1) + string(b"h") + b"x"),
        ):  # fmt: skip
            self.assertRaises(Malformed, reply, kind, body)

    def test_a_version_keeps_none_but_known_extensions(self) -> None:
        """And is the one version that is spoken."""
        raw, names = version(number(3) + string(codec.FSYNC) + string(b"1") + string(b"shell@x") + string(b"1"))
        self.assertEqual((raw, names), (packet(2, number(3) + string(codec.FSYNC) + string(b"1")), {codec.FSYNC}))
        self.assertRaises(Malformed, version, number(6))

    def test_what_is_left_is_counted(self) -> None:
        """To the last byte."""
        fields = Fields(number(1) + b"x")
        fields.number()
        self.assertEqual(fields.left, 1)
