"""The header of the PROXY protocol: whole, cut, damaged, and none."""

from __future__ import annotations

import ipaddress

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from gateway.wire.proxyline import LONGEST, LONGEST_LINE, SIGNATURE, NotProxied, Proxied, read_header


def binary(command: int, family: int, body: bytes, size: int | None = None) -> bytes:
    """Return a header of version 2."""
    length = len(body) if size is None else size
    return SIGNATURE + bytes((command, family)) + length.to_bytes(2, "big") + body


def over_tcp(source: str, tlvs: bytes = b"") -> bytes:
    """Return the header of a connection from an address."""
    address = ipaddress.ip_address(source)
    family = 0x11 if address.version == 4 else 0x21
    return binary(0x21, family, address.packed + address.packed + b"\x9c\x40\x00\x16" + tlvs)


LINES = (
    (b"PROXY TCP4 192.0.2.7 10.0.0.1 40000 22\r\n", "192.0.2.7"),
    (b"PROXY TCP6 2001:db8::7 2001:db8::1 40000 22\r\n", "2001:db8::7"),
    (b"PROXY TCP6 ::ffff:192.0.2.7 2001:db8::1 40000 22\r\n", "192.0.2.7"),
    (b"PROXY UNKNOWN\r\n", ""),
    (b"PROXY UNKNOWN ffff:f...f:ffff whatever 65535 65535\r\n", ""),
)
HEADERS = (
    *LINES,
    (over_tcp("192.0.2.7"), "192.0.2.7"),
    (over_tcp("2001:db8::7", b"\x03\x00\x04abcd"), "2001:db8::7"),
    (over_tcp("::ffff:192.0.2.7"), "192.0.2.7"),
    (binary(0x20, 0x00, b""), ""),
    (binary(0x20, 0x11, bytes(12)), ""),
    (binary(0x21, 0x00, b"anything"), ""),
)


BEGINNINGS = (
    b"", b"PROXY ", b"PROXY TCP4 ", b"PROXY TCP6 ", SIGNATURE, SIGNATURE + b"\x21\x11", SIGNATURE + b"\x21\x21"
)  # fmt: skip


class HeaderTests(SynchronousTestCase):
    """What a front end may say."""

    def test_both_versions_say_whose_connection_it_is(self) -> None:
        """What follows the header belongs to the connection; LOCAL and UNKNOWN say nobody's."""
        for header, source in HEADERS:
            for rest in (b"", b"SSH-2.0-x\r\n", b"\r\n" * 200):
                self.assertEqual(read_header(header + rest), Proxied(source, len(header)))

    def test_a_header_that_is_not_whole_is_waited_for(self) -> None:
        """Wherever it is cut."""
        for header, _ in HEADERS:
            for end in range(len(header)):
                self.assertIsNone(read_header(header[:end]), header[:end])

    def test_anything_else_is_refused(self) -> None:
        """A client's own words, a malformed line, addresses of another kind, other protocols."""
        for wrong in (
            b"SSH-2.0-OpenSSH_9.9\r\n", b"PROXIED", b"\r\n\r\n\x00\r\nQUIX",
            b"PROXY \r\n", b"PROXY TCP4\r\n", b"PROXY TCP4 192.0.2.7 10.0.0.1 40000\r\n",
            b"PROXY UDP4 1.1.1.1 1.1.1.1 1 1\r\n",
            b"PROXY TCP4 2001:db8::7 2001:db8::1 1 1\r\n", b"PROXY TCP6 192.0.2.7 10.0.0.1 1 1\r\n",
            b"PROXY TCP6 fe80::1%eth0 fe80::1 1 1\r\n", b"PROXY TCP4 192.0.2.7 10.0.0.1 1 99999\r\n",
            b"PROXY TCP4 192.0.2.7 10.0.0.1 -1 1\r\n", b"PROXY TCP4 192.0.2.7  10.0.0.1 1 1\r\n",
            b"PROXY TCP4 \xff 10.0.0.1 1 1\r\n", b"PROXY TCP4 192.0.2.7 10.0.0.1 " + "²".encode() + b" 1\r\n",
            binary(0x11, 0x11, bytes(12)), binary(0x22, 0x11, bytes(12)), binary(0x21, 0x12, bytes(12)),
            binary(0x21, 0x31, bytes(216)), binary(0x21, 0x11, bytes(11)), binary(0x21, 0x21, bytes(12)),
        ):  # fmt: skip
            self.assertRaises(NotProxied, read_header, wrong)

    def test_nothing_is_waited_for_without_end(self) -> None:
        """Neither a line's end nor what a length promises."""
        line = b"PROXY UNKNOWN " + b"x" * 200
        self.assertIsNone(read_header(line[: LONGEST_LINE - 1]))
        self.assertRaises(NotProxied, read_header, line[:LONGEST_LINE])
        self.assertIsNone(read_header(binary(0x21, 0x11, b"", LONGEST - 16)))
        self.assertRaises(NotProxied, read_header, binary(0x21, 0x11, b"", LONGEST - 15))

    @settings(max_examples=200, deadline=None)
    @given(
        st.sampled_from(BEGINNINGS),
        st.binary(max_size=400),
    )  # fmt: skip
    def test_arbitrary_bytes_are_a_header_or_refused_or_waited_for(self, begin: bytes, rest: bytes) -> None:
        """Nothing else is raised; what is taken was there, and more bytes behind it change nothing."""
        try:
            found = read_header(begin + rest)
        except NotProxied:
            self.assertRaises(NotProxied, read_header, begin + rest + b"more")
            return
        if found is None:
            self.assertLess(len(begin + rest), LONGEST)
        else:
            self.assertLessEqual(found.taken, len(begin + rest))
            self.assertEqual(read_header(begin + rest + b"more"), found)
            if found.source:
                ipaddress.ip_address(found.source)
