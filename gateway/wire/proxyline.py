"""The PROXY protocol's header: whose connection a front end passes on (HAProxy's ``proxy-protocol.txt``, v1 and v2).

The rule: the parser is total and holds no state: it is asked again with more bytes until it has an answer, and never
about more than :data:`LONGEST`. A header says a source address or that there is none; anything else is
:exc:`NotProxied`, and so is a header longer than the cap.
"""

from __future__ import annotations

import ipaddress
from typing import Final

import attrs

SIGNATURE: Final = b"\r\n\r\n\x00\r\nQUIT\n"
"""What every header of version 2 begins with."""
WORD: Final = b"PROXY "
"""What every header of version 1 begins with."""

LONGEST_LINE: Final = 107
"""Bytes of a header of version 1, its end included."""
LONGEST: Final = 1024
"""Bytes of any header that is taken: addresses and some TLVs."""
_FIXED: Final = 16
_LOCAL, _PROXY = 0x20, 0x21
_ADDRESSES: Final[dict[int, int]] = {0x11: 4, 0x21: 16}
"""Octets of an address over TCP, by family and protocol."""


class NotProxied(ValueError):
    """The bytes are no PROXY header."""


@attrs.frozen
class Proxied:
    """What a header says; *source* is empty where the front end speaks for itself or does not know."""

    source: str
    taken: int
    """Bytes of the header."""


def read_header(received: bytes) -> Proxied | None:
    """Return what the header at the start says, None while it is not complete; raise :exc:`NotProxied`."""
    for begin, read in ((SIGNATURE, _read_binary), (WORD, _read_line)):
        if received.startswith(begin):
            return read(received)
        if begin.startswith(received):
            return None
    raise NotProxied("no PROXY header")


def _read_line(received: bytes) -> Proxied | None:
    line, end, _ = received[:LONGEST_LINE].partition(b"\r\n")
    if not end:
        if len(received) >= LONGEST_LINE:
            raise NotProxied("the PROXY line is too long")
        return None
    words = line.split(b" ")
    taken = len(line) + 2
    if words[1] == b"UNKNOWN":
        return Proxied("", taken)
    if len(words) != 6 or words[1] not in (b"TCP4", b"TCP6"):
        raise NotProxied("a malformed PROXY line")
    version = 4 if words[1] == b"TCP4" else 6
    source = _address(words[2], version)
    _address(words[3], version)
    for port in words[4:]:
        if not port.isdigit() or len(port) > 5 or int(port) > 65535:
            raise NotProxied("a malformed port in the PROXY line")
    return Proxied(source, taken)


def _address(word: bytes, version: int) -> str:
    try:
        found = ipaddress.ip_address(word.decode("ascii"))
    except ValueError:
        raise NotProxied("a malformed address in the PROXY line") from None
    if found.version != version or "%" in str(found):
        raise NotProxied("an address of another family in the PROXY line")
    return _written(found)


def _read_binary(received: bytes) -> Proxied | None:
    if len(received) < _FIXED:
        return None
    command, family = received[12], received[13]
    size = int.from_bytes(received[14:16], "big")
    if command not in (_LOCAL, _PROXY) or _FIXED + size > LONGEST:
        raise NotProxied("a PROXY header of a kind that is not taken")
    if len(received) < _FIXED + size:
        return None
    width = _ADDRESSES.get(family, 0)
    if command == _LOCAL or family == 0:
        return Proxied("", _FIXED + size)
    if not width or size < 2 * width + 4:
        raise NotProxied("a PROXY header without addresses over TCP")
    return Proxied(_written(ipaddress.ip_address(received[_FIXED : _FIXED + width])), _FIXED + size)


def _written(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> str:
    """Return an address as the rest of the gateway knows it: an IPv4 one in IPv6's clothes is an IPv4 one."""
    mapped = getattr(address, "ipv4_mapped", None)
    return str(mapped or address)
