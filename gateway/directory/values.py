"""How single values of the ``apply`` TOML are read; each reader returns what an entry holds or says what is wrong.

The rule: a reader takes any TOML value whatever and raises :exc:`BadValue` alone. Nothing is coerced: a number in
quotes is not a number.
"""

from __future__ import annotations

import datetime
import ipaddress
import re
from collections.abc import Callable, Mapping
from difflib import get_close_matches
from typing import Any

import re2

from gateway.directory.hours import read_hours
from gateway.directory.passwords import read_hash
from gateway.domain import units
from gateway.domain.entries import LEGACY
from gateway.domain.units import LARGEST

Reader = Callable[[Any], Any]

LONGEST_TEXT = 4096
MOST_ENTRIES = 10_000

OPERATOR = re.compile(r"[A-Za-z0-9._@\\+$-]{1,64}")
TARGET = re.compile(r"[A-Za-z0-9._-]{1,253}")
ENTRY = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@+-]{0,63}")
OPERATOR_GLOB = re.compile(r"[A-Za-z0-9._@\\+$*?\[\]!-]{1,64}")
TARGET_GLOB = re.compile(r"[A-Za-z0-9._*?\[\]!-]{1,253}")
ENTRY_GLOB = re.compile(r"[A-Za-z0-9._@+*?\[\]!-]{1,64}")
LABEL = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/-]{0,62}")
HOST = re.compile(r"(?=.{1,253}\Z)[A-Za-z0-9_]([A-Za-z0-9_.-]*[A-Za-z0-9_])?\.?")
VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,127}\*?")

PLAIN_RIGHTS = ("shell", "exec", "sftp", "scp", "rsync", "agent", "x11", "forward:loopback")
NEVER_RELAYED = re.compile(
    r"LD_.*|DYLD_.*|BASH_ENV|ENV|PROMPT_COMMAND|PS4|IFS|SHELLOPTS|BASHOPTS|BASH_FUNC.*|.*_ASKPASS|PYTHON.*|PERL5.*"
    r"|RUBYOPT|RUBYLIB|NODE_OPTIONS|JAVA_TOOL_OPTIONS|GCONV_PATH|PATH|HOME|SHELL|USER|LOGNAME|OSTIARY_.*"
)


class BadValue(ValueError):
    """A value that can not be taken; ``inner`` is the key inside an inline table that it belongs to."""

    def __init__(self, words: str, inner: str = "") -> None:
        self.inner = inner
        super().__init__(words)


def nearest(key: str, known: tuple[str, ...]) -> str:
    """Return ``; did you mean 'x'?`` for the nearest known key, or nothing."""
    close = get_close_matches(key[:64], known, n=1, cutoff=0.5)
    return f"; did you mean {close[0]!r}?" if close else f"; known are {', '.join(known)}"


def text(value: Any) -> str:
    """Take a text that can be shown on one line."""
    if not isinstance(value, str):
        raise BadValue(f"must be a text in quotes, not {value!r:.60}")
    if len(value) > LONGEST_TEXT:
        raise BadValue(f"has more than {LONGEST_TEXT} characters")
    if not value.isprintable():
        raise BadValue("has characters that can not be shown")
    return value


def flag(value: Any) -> bool:
    """Take true or false."""
    if not isinstance(value, bool):
        raise BadValue(f"must be true or false, not {value!r:.60}")
    return value


def number(least: int = 0, most: int = LARGEST) -> Reader:
    """Return a reader of whole numbers in a range."""

    def read(value: Any) -> int:
        if isinstance(value, bool) or not isinstance(value, int):
            raise BadValue(f"must be a whole number, not {value!r:.60}")
        if not least <= value <= most:
            raise BadValue(f"must be from {least} to {most}, not {value:.60g}")
        return value

    return read


def one_of(*words: str) -> Reader:
    """Return a reader of one word of several."""

    def read(value: Any) -> str:
        if value not in words:
            raise BadValue(f"must be one of {', '.join(words)}, not {value!r:.60}")
        return str(value)

    return read


def legacy(value: Any) -> str:
    """Read an old algorithm that a target may be allowed."""
    if value not in LEGACY:
        words = f"{value!r:.60} is not one of the old algorithms that are supported: {', '.join(LEGACY)}"
        raise BadValue(words + (nearest(value, LEGACY) if isinstance(value, str) else ""))
    return str(value)


def shaped(pattern: re.Pattern[str], what: str) -> Reader:
    """Return a reader of texts of one shape."""

    def read(value: Any) -> str:
        if not isinstance(value, str) or pattern.fullmatch(value) is None:
            raise BadValue(f"{value!r:.80} is not {what}")
        return value

    return read


def many(reader: Reader) -> Reader:
    """Return a reader of lists without doubles; order is kept."""

    def read(value: Any) -> tuple[Any, ...]:
        if not isinstance(value, list):
            raise BadValue(f"must be a list, not {value!r:.60}")
        if len(value) > MOST_ENTRIES:
            raise BadValue(f"has more than {MOST_ENTRIES} entries")
        return tuple(dict.fromkeys(reader(each) for each in value))

    return read


def table(**keys: Reader) -> Callable[[Any], dict[str, Any]]:
    """Return a reader of inline tables with the given keys, none of them required."""

    def read(value: Any) -> dict[str, Any]:
        if not isinstance(value, dict):
            raise BadValue(f"must be a table in braces, not {value!r:.60}")
        return {key: _inner(keys, key, each) for key, each in value.items()}

    return read


def _inner(keys: Mapping[str, Reader], key: str, value: Any) -> Any:
    reader = keys.get(key)
    if reader is None:
        raise BadValue(f"unknown key {key!r}{nearest(key, tuple(keys))}", key)
    try:
        return reader(value)
    except ValueError as problem:
        raise BadValue(f"{key}: {problem}", key) from problem


def labels(value: Any) -> tuple[tuple[str, str], ...]:
    """Take ``{ key = "value" }`` as pairs sorted by key."""
    if not isinstance(value, dict):
        raise BadValue(f"must be a table in braces, not {value!r:.60}")
    named = shaped(LABEL, "a label's name")
    return tuple(sorted((named(key), text(each)) for key, each in value.items()))


def duration(value: Any) -> int:
    """Take ``"30m"``: a whole number and s, m, h, d or w, in seconds."""
    return _measured(units.seconds, value)


def size(value: Any) -> int:
    """Take ``"100MiB"``: a whole number and a unit, in bytes."""
    return _measured(units.size, value)


def _measured(read: Callable[[object], int], value: Any) -> int:
    try:
        return read(value)
    except ValueError as problem:
        raise BadValue(str(problem)) from None


def hours(value: Any) -> str:
    """Take the hours of a grant, as they are written."""
    words = text(value)
    read_hours(words)
    return words


def moment(value: Any) -> float | None:
    """Take a TOML date-time or an RFC 3339 text, to the second; an empty text is none."""
    if value == "":
        return None
    if isinstance(value, str):
        try:
            value = datetime.datetime.fromisoformat(value)
        except ValueError as problem:
            raise BadValue(f"{value!r:.60} is not like 2027-01-01T00:00:00Z") from problem
    if not isinstance(value, datetime.datetime) or value.tzinfo is None:
        raise BadValue("must be a date and time with a zone, like 2027-01-01T00:00:00Z")
    return float((value - datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)) // datetime.timedelta(seconds=1))


def regex(value: Any) -> str:
    """Take a regular expression that RE2 knows: linear time, no backreferences."""
    words = text(value)
    options = re2.Options()
    options.log_errors = False
    try:
        re2.compile(words, options)
    except re2.error as problem:
        reason = problem.args[0] if problem.args else "it can not be read"
        reason = reason.decode("utf-8", "replace") if isinstance(reason, bytes) else reason
        raise BadValue(f"{words!r:.80} is not a regular expression of RE2: {reason}") from problem
    return words


def address(value: Any) -> str:
    """Take ``host``, ``host:port``, ``v6``, ``[v6]`` or ``[v6]:port``; port 22 unless said."""
    words = text(value)
    host, port = _parted(words)
    if not re.fullmatch(r"[0-9]{1,5}", port) or not 0 < int(port) < 65_536:
        raise BadValue(f"{words!r:.80} has no port from 1 to 65535")
    if ":" in host:
        return f"[{_v6(host)}]:{int(port)}"
    if HOST.fullmatch(host) is None:
        raise BadValue(f"{words!r:.80} is neither an address nor a host name")
    return f"{host.lower()}:{int(port)}"


def _parted(words: str) -> tuple[str, str]:
    if words.startswith("["):
        host, bracket, rest = words[1:].partition("]")
        if not bracket or ":" not in host or (rest and not rest.startswith(":")):
            raise BadValue(f"{words!r:.80} is not like [2001:db8::7]:22")
        return host, rest[1:] if rest else "22"
    if words.count(":") > 1:
        return words, "22"
    host, colon, port = words.partition(":")
    return host, port if colon else "22"


def _v6(host: str) -> str:
    bare, percent, zone = host.partition("%")
    try:
        return f"{ipaddress.IPv6Address(bare).compressed}{percent}{shaped(TARGET, 'a zone')(zone) if percent else ''}"
    except ipaddress.AddressValueError as problem:
        raise BadValue(f"{host!r:.80} is not an IPv6 address") from problem


def network(value: Any) -> str:
    """Take a network such as ``10.0.0.0/8`` or a single address."""
    try:
        found = ipaddress.ip_network(text(value), strict=False)
    except ValueError as problem:
        raise BadValue(f"{value!r:.60} is not a network like 10.0.0.0/8") from problem
    if isinstance(found, ipaddress.IPv6Network) and found.network_address.ipv4_mapped is not None:
        raise BadValue(f"{value!r:.60}: write an IPv4-mapped network as IPv4")
    return str(found)


def right(value: Any) -> str:
    """Take one right; a forward's host is written in small letters."""
    words = text(value)
    if words in PLAIN_RIGHTS:
        return words
    if not words.startswith("forward:"):
        raise BadValue(f"{words!r:.60} is no right{nearest(words, (*PLAIN_RIGHTS, 'forward:HOST:PORT'))}")
    return "forward:" + _with_port(words.removeprefix("forward:"))


def _with_port(words: str) -> str:
    if not re.fullmatch(r"(\[[^\]]*\]|[^:]*):[0-9]{1,5}", words):
        raise BadValue("a forward is written forward:HOST:PORT, an IPv6 host in brackets")
    return address(words)


def variable(value: Any) -> str:
    """Take the name of an environment variable that may be relayed; ``*`` may end it."""
    words = str(shaped(VARIABLE, "a variable's name")(value))
    if NEVER_RELAYED.fullmatch(words.removesuffix("*")) or words.removesuffix("*") in ("LD", "PYTHON", "PERL"):
        raise BadValue(f"{words} is never relayed: it could change what the target runs")
    return words


def reference(value: Any) -> str:
    """Take where a secret is: ``file:/path``, ``env:NAME`` or ``store``."""
    words = text(value)
    if words == "store" or re.fullmatch(r"file:/.+", words) or re.fullmatch(r"env:[A-Za-z_][A-Za-z0-9_]*", words):
        return words
    raise BadValue("must be file:/ABSOLUTE/PATH, env:NAME or store; the secret itself never stands here")


def password_hash(value: Any) -> str:
    """Take a password's scrypt hash."""
    words = text(value)
    read_hash(words)
    return words
