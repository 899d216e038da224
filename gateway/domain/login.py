"""Read a login name: who, and where to.

The rule: ``operator=account=target=port`` with ``=`` means exactly one thing. A string that is an existing
operator's name is that operator. The aliases of other products (``@ : # % +`` or a space, and
``operator[account@target]``) are read only where no ``=`` occurs, and may have several readings; all must name one
operator, else nobody is meant. Which reading holds is decided after authentication, among what is allowed.

Known limits: an alias never carries a port; an operator whose name holds a separator is found only when he exists.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import attrs

LONGEST = 512
"""Login names longer than this many characters are nobody's."""

SEPARATORS = "@:#%+ "
OPERATOR = re.compile(r"[A-Za-z0-9._@\\+$-]{1,64}", re.ASCII)
TARGET = re.compile(r"[A-Za-z0-9._-]{1,253}", re.ASCII)
PORT = re.compile(r"[0-9]{1,5}", re.ASCII)
BRACKETED = re.compile(r"([^\[\]=]+)\[([^\[\]=]+)\]")


@attrs.frozen
class Reading:
    """One way to read a login name; empty text and port 0 stand for "not said"."""

    operator: str
    target: str = ""
    account: str = ""
    port: int = 0

    def written(self) -> str:
        """Write the reading in the one form that is advertised."""
        parts = [self.operator, *filter(None, (self.account, self.target, str(self.port or "")))]
        return "=".join(parts)


class BadLogin(ValueError):
    """A login name has no reading at all."""


def read_login(text: str, exists: Callable[[str], bool]) -> tuple[Reading, ...]:
    """Return every reading of a login name, all naming one operator; raise :exc:`BadLogin` where there is none.

    ``exists`` says whether an operator of that name exists. Where no reading's operator exists, the first reading
    is returned, so that an unknown name takes the same way as a known one.
    """
    if len(text) > LONGEST:
        raise BadLogin("the login name is too long")
    if "=" in text:
        return (_advertised(text.split("=")),)
    if OPERATOR.fullmatch(text) and exists(text):
        return (Reading(text),)
    readings = tuple(dict.fromkeys(_aliases(text)))
    if not readings:
        raise BadLogin("the login name can not be read; write operator=account=target")
    known = tuple(reading for reading in readings if exists(reading.operator))
    if len({reading.operator for reading in known}) > 1:
        raise BadLogin("the login name can be read as naming different operators")
    return known or readings[:1]


def _advertised(parts: list[str]) -> Reading:
    match parts:
        case [operator, target]:
            account, port = "", "0"
        case [operator, account, target]:
            port = "0"
        case [operator, account, target, port] if PORT.fullmatch(port) and 0 < int(port) < 65536:
            pass
        case _:
            raise BadLogin("the login name has too many parts or a bad port; write operator=account=target=port")
    named = OPERATOR.fullmatch(operator) and TARGET.fullmatch(target)
    if not named or (len(parts) > 2 and not OPERATOR.fullmatch(account)):
        raise BadLogin("the login name has characters that no name may have")
    return Reading(operator, target, account, int(port))


def _aliases(text: str) -> Iterator[Reading]:
    if OPERATOR.fullmatch(text):
        yield Reading(text)
    bracketed = BRACKETED.fullmatch(text)
    if bracketed:
        account, _, target = bracketed[2].rpartition("@")
        yield from _checked(bracketed[1], account, target)
        return
    for separator in SEPARATORS:
        cuts = [place for place, character in enumerate(text) if character == separator]
        for place in cuts[:8]:
            operator, rest = text[:place], text[place + 1 :]
            yield from _checked(operator, "", rest)
            account, _, target = rest.rpartition(separator)
            yield from _checked(operator, account, target)


def _checked(operator: str, account: str, target: str) -> Iterator[Reading]:
    if OPERATOR.fullmatch(operator) and TARGET.fullmatch(target):
        if not account or OPERATOR.fullmatch(account):
            yield Reading(operator, target, account)
