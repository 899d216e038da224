"""Which message may arrive when.

The rule is the table: a message number that does not stand under the present phase ends the connection.
IGNORE, UNIMPLEMENTED and DEBUG are dropped where they are permitted. UNIMPLEMENTED is answered to numbers
that nobody assigned, and only behind encryption (RFC 4253 §11.4). Strict key exchange permits nothing but
itself.
"""

from __future__ import annotations

import enum
from typing import Final

DISCONNECT: Final = 1
IGNORE: Final = 2
UNIMPLEMENTED: Final = 3
DEBUG: Final = 4
SERVICE_REQUEST: Final = 5
SERVICE_ACCEPT: Final = 6
EXTENSIONS: Final = 7
KEXINIT: Final = 20
NEWKEYS: Final = 21
KEX_ASK: Final = 30
KEX_ANSWER: Final = 31
PING: Final = 192
PONG: Final = 193


class Role(enum.Enum):
    """Whom this end of the connection faces."""

    OPERATOR = "we are the server of an operator"
    TARGET = "we are the client of a target"

    __hash__ = object.__hash__  # the one of Enum is written in Python


class Phase(enum.Enum):
    """How far a connection has come."""

    OPENING = enum.auto()
    EXCHANGE_STRICT = enum.auto()
    NEWKEYS_STRICT = enum.auto()
    EXCHANGE = enum.auto()
    NEWKEYS = enum.auto()
    SECURED = enum.auto()
    LOGIN = enum.auto()
    CONNECTED = enum.auto()
    REKEY_EXCHANGE = enum.auto()
    REKEY_NEWKEYS = enum.auto()

    __hash__ = object.__hash__  # the one of Enum is written in Python


class Verdict(enum.Enum):
    """What becomes of a message."""

    PASS = enum.auto()
    DROP = enum.auto()
    UNIMPLEMENTED = enum.auto()
    DISCONNECT = enum.auto()


_CONNECTION: Final = (80, 81, 82, *range(90, 101))

PERMITTED: Final[dict[Role, dict[Phase, tuple[int, ...]]]] = {
    Role.OPERATOR: {
        Phase.OPENING: (DISCONNECT, IGNORE, UNIMPLEMENTED, DEBUG, KEXINIT),
        Phase.EXCHANGE_STRICT: (DISCONNECT, KEX_ASK),
        Phase.NEWKEYS_STRICT: (DISCONNECT, NEWKEYS),
        Phase.EXCHANGE: (DISCONNECT, IGNORE, UNIMPLEMENTED, DEBUG, KEX_ASK),
        Phase.NEWKEYS: (DISCONNECT, IGNORE, UNIMPLEMENTED, DEBUG, NEWKEYS),
        Phase.SECURED: (DISCONNECT, IGNORE, UNIMPLEMENTED, DEBUG, SERVICE_REQUEST, EXTENSIONS, KEXINIT, PING),
        Phase.LOGIN: (DISCONNECT, IGNORE, UNIMPLEMENTED, DEBUG, KEXINIT, 50, 61, PING),
        # 50 is dropped: RFC 4252 §5.1 asks to ignore what was pipelined behind a login that succeeded.
        Phase.CONNECTED: (DISCONNECT, IGNORE, UNIMPLEMENTED, DEBUG, KEXINIT, 50, *_CONNECTION, PING),
        Phase.REKEY_EXCHANGE: (DISCONNECT, IGNORE, UNIMPLEMENTED, DEBUG, KEX_ASK),
        Phase.REKEY_NEWKEYS: (DISCONNECT, IGNORE, UNIMPLEMENTED, DEBUG, NEWKEYS),
    },
    Role.TARGET: {
        Phase.OPENING: (DISCONNECT, IGNORE, UNIMPLEMENTED, DEBUG, KEXINIT),
        Phase.EXCHANGE_STRICT: (DISCONNECT, KEX_ANSWER),
        Phase.NEWKEYS_STRICT: (DISCONNECT, NEWKEYS),
        Phase.EXCHANGE: (DISCONNECT, IGNORE, UNIMPLEMENTED, DEBUG, KEX_ANSWER),
        Phase.NEWKEYS: (DISCONNECT, IGNORE, UNIMPLEMENTED, DEBUG, NEWKEYS),
        Phase.SECURED: (DISCONNECT, IGNORE, UNIMPLEMENTED, DEBUG, SERVICE_ACCEPT, EXTENSIONS, KEXINIT, PING),
        # 6 may still come: a login request may follow its service request without waiting.
        Phase.LOGIN: (
            DISCONNECT, IGNORE, UNIMPLEMENTED, DEBUG, SERVICE_ACCEPT, EXTENSIONS, KEXINIT,
            51, 52, 53, 60, PING,
        ),
        Phase.CONNECTED: (DISCONNECT, IGNORE, UNIMPLEMENTED, DEBUG, KEXINIT, *_CONNECTION, PING),
        Phase.REKEY_EXCHANGE: (DISCONNECT, IGNORE, UNIMPLEMENTED, DEBUG, KEX_ANSWER),
        Phase.REKEY_NEWKEYS: (DISCONNECT, IGNORE, UNIMPLEMENTED, DEBUG, NEWKEYS),
    },
}  # fmt: skip

DROPPED: Final = (IGNORE, UNIMPLEMENTED, DEBUG)

UNASSIGNED: Final[dict[Phase, tuple[int, ...]]] = {
    Phase.SECURED: tuple(range(194, 256)),
    Phase.LOGIN: tuple(range(194, 256)),
    Phase.CONNECTED: (
        0, *range(9, 20), *range(22, 30), *range(83, 90), *range(101, 192), *range(194, 256),
    ),
}  # fmt: skip

SENDABLE_DURING_EXCHANGE: Final = frozenset(
    (DISCONNECT, IGNORE, UNIMPLEMENTED, DEBUG, KEXINIT, NEWKEYS, KEX_ASK, KEX_ANSWER)
)
"""What we may send between our KEXINIT and our NEWKEYS; all else waits."""

EXCHANGING: Final = frozenset(
    (
        Phase.EXCHANGE_STRICT,
        Phase.NEWKEYS_STRICT,
        Phase.EXCHANGE,
        Phase.NEWKEYS,
        Phase.REKEY_EXCHANGE,
        Phase.REKEY_NEWKEYS,
    )
)


def _verdict(role: Role, phase: Phase, number: int) -> Verdict:
    if number in UNASSIGNED.get(phase, ()):
        return Verdict.UNIMPLEMENTED
    if number not in PERMITTED[role][phase]:
        return Verdict.DISCONNECT
    if number in DROPPED or (phase is Phase.CONNECTED and number == 50):
        return Verdict.DROP
    return Verdict.PASS


VERDICTS: Final[dict[tuple[Role, Phase], tuple[Verdict, ...]]] = {
    (role, phase): tuple(_verdict(role, phase, number) for number in range(256))
    for role in Role
    for phase in Phase
}
"""The table unrolled: the verdict on each of the 256 numbers."""
