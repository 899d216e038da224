"""What a value of ``pam.toml`` may be.

The rule: a kind is a function from a TOML value to the value we keep; it raises ValueError in words that say
what was expected, and nothing else. No kind opens, resolves or connects to what it reads.
"""

from __future__ import annotations

import difflib
import ipaddress
import re
from collections.abc import Callable
from fnmatch import fnmatchcase
from typing import Any
from urllib.parse import urlsplit

from gateway.admin import times
from gateway.directory.values import size
from gateway.domain.facts import KINDS
from gateway.wire.ciphers import CIPHERS
from gateway.wire.keyblobs import parse_line

Kind = Callable[[Any], Any]

NAME = re.compile(r"[A-Za-z0-9._-]{1,64}")
LISTENING = ("tcp", "tcp6", "systemd")
SIEM = ("udp", "tcp", "tls")
LEAST_VOLUME = 1 << 20


def text(value: Any) -> str:
    """Take one line of text."""
    if not isinstance(value, str):
        raise ValueError(f"expected text in quotes, not {_type(value)}")
    if any(ord(character) < 32 or ord(character) == 127 for character in value):
        raise ValueError("text may not contain control characters or line ends")
    return value


def truth(value: Any) -> bool:
    """Take true or false."""
    if not isinstance(value, bool):
        raise ValueError(f"expected true or false, not {_type(value)}")
    return value


def name(value: Any) -> str:
    """Take a name: letters, digits, dot, dash, underscore; empty where the default is worked out."""
    if not NAME.fullmatch(text(value)):
        raise ValueError("expected a name of 1-64 letters, digits, '.', '_' or '-'")
    return text(value)


def severity(value: Any) -> int:
    """Take a severity, 0-10."""
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= 10:
        raise ValueError("expected a whole number from 0 to 10")
    return value


def count(value: Any) -> int:
    """Take a number of connections, 1-65535."""
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= 65535:
        raise ValueError("expected a whole number from 1 to 65535")
    return value


def volume(value: Any) -> int:
    """Take an amount of at least ``1MiB``, such as ``512MiB`` or ``1GiB``; return bytes."""
    found = size(text(value))
    if found < LEAST_VOLUME:
        raise ValueError("expected at least 1MiB")
    return found


def duration(value: Any) -> int:
    """Take a duration such as ``30m``, ``12h``, ``365d`` or ``1h30m``; return seconds."""
    return int(times.duration(text(value)))


def path(value: Any) -> str:
    """Take an absolute path or one that starts with ``~/``; empty: none."""
    if text(value) and not value.startswith(("/", "~/")):
        raise ValueError('expected an absolute path, or one that starts with "~/"')
    return text(value)


def file_reference(value: Any) -> str:
    """Take ``file:/absolute/path``; empty: none."""
    if text(value) and not value.startswith("file:/"):
        raise ValueError('expected a reference such as "file:/etc/ostiary/name"')
    return text(value)


def secret_reference(value: Any) -> str:
    """Take ``file:/absolute/path`` or ``env:NAME``; empty: none."""
    if text(value) and not re.fullmatch(r"file:/.+|env:[A-Za-z_][A-Za-z0-9_]*", value):
        raise ValueError('expected a reference such as "file:/etc/ostiary/passphrase" or "env:NAME"')
    return text(value)


def one_of(*words: str) -> Kind:
    """Return the kind of a value that is one of some words."""

    def kind(value: Any) -> str:
        if value not in words or not isinstance(value, str):
            raise ValueError(f"expected one of {', '.join(map(repr, words))}")
        return value

    return kind


def list_of(each: Kind) -> Kind:
    """Return the kind of a list; its values are of one kind."""

    def kind(value: Any) -> tuple[Any, ...]:
        if not isinstance(value, list):
            raise ValueError(f"expected a list in brackets, not {_type(value)}")
        return tuple(each(item) for item in value)

    return kind


def public_key(value: Any) -> str:
    """Take an OpenSSH public key line, and nothing that only looks like one."""
    parse_line(text(value))
    return text(value)


def cipher(value: Any) -> str:
    """Take the name of a cipher that we have."""
    known = [each.decode("ascii") for each in CIPHERS]
    if text(value) not in known:
        near = difflib.get_close_matches(value, known, 1)
        hint = f"; did you mean {near[0]!r}?" if near else ""
        raise ValueError(f"{value!r} is no cipher of this gateway: it has {', '.join(known)}{hint}")
    return text(value)


def endpoint(value: Any) -> str:
    """Take a Twisted server endpoint string; its form is judged, nothing is bound. Empty: none."""
    if not text(value):
        return ""
    scheme, *arguments = split_endpoint(value)
    if scheme not in LISTENING:
        raise ValueError(f"expected an endpoint that begins with {', '.join(f'{word}:' for word in LISTENING)}")
    keys = dict(argument.partition("=")[::2] for argument in arguments if "=" in argument)
    plain = [argument for argument in arguments if "=" not in argument]
    if scheme == "systemd":
        _check_systemd(plain, keys)
    else:
        _check_tcp(plain, keys)
    return text(value)


def split_endpoint(value: str) -> list[str]:
    r"""Cut an endpoint string at its colons; ``\:`` is a colon of the text."""
    return [part.replace("\\:", ":").replace("\\\\", "\\") for part in re.split(r"(?<!\\):", value)]


def _check_tcp(plain: list[str], keys: dict[str, str]) -> None:
    _only(keys, "port", "interface", "backlog")
    port = plain[0] if plain else keys.get("port", "")
    if len(plain) > 1 or not port.isascii() or not port.isdigit() or int(port) > 65535:
        raise ValueError('expected "tcp:PORT:interface=ADDRESS" with a port from 0 to 65535')
    if keys.get("interface"):
        try:
            ipaddress.ip_address(keys["interface"])
        except ValueError:
            raise ValueError(f"{keys['interface']!r} is not an IP address of this machine") from None


def _check_systemd(plain: list[str], keys: dict[str, str]) -> None:
    _only(keys, "domain", "index", "name")
    if plain or keys.get("domain") not in {"INET", "INET6", "UNIX"} or ("index" in keys) == ("name" in keys):
        raise ValueError('expected "systemd:domain=INET:index=0" or "systemd:domain=INET:name=NAME"')


def _only(keys: dict[str, str], *known: str) -> None:
    for key in keys:
        if key not in known:
            raise ValueError(f"an endpoint has no {key!r}; it knows {', '.join(known)}")


def is_loopback(value: str) -> bool:
    """Say whether an endpoint string is reachable from this machine alone."""
    scheme, *arguments = split_endpoint(value)
    keys = dict(argument.partition("=")[::2] for argument in arguments)
    if scheme not in {"tcp", "tcp6"} or not keys.get("interface"):
        return False
    return ipaddress.ip_address(keys["interface"]).is_loopback


def network(value: Any) -> str:
    """Take an IP address, or a network such as ``10.0.0.0/24``."""
    try:
        ipaddress.ip_network(text(value))
    except ValueError:
        raise ValueError(f"expected an IP address or a network such as 10.0.0.0/24, not {value!r}") from None
    return text(value)


def redis(value: Any) -> str:
    """Take a ``redis://`` or ``rediss://`` address without a password; empty: none."""
    if text(value) and (urlsplit(value).scheme not in {"redis", "rediss"} or not urlsplit(value).hostname):
        raise ValueError('expected an address such as "rediss://redis.example:6379"')
    if text(value) and urlsplit(value).password is not None:
        raise ValueError("a password does not belong into this file")
    return text(value)


def web_address(value: Any) -> str:
    """Take ``https://HOST`` or ``http://HOST``, with a port or without, and nothing behind; empty: none."""
    found = urlsplit(text(value))
    if text(value) and (found.scheme not in {"https", "http"} or not found.hostname or found.path not in ("", "/")):
        raise ValueError('expected an address such as "https://gw.example.com"')
    return text(value).rstrip("/")


def siem_transport(value: Any) -> str:
    """Take ``udp:``, ``tcp:`` or ``tls:`` with ``HOST:PORT``, ``file:/path``, or ``plugin:NAME``."""
    scheme, _, rest = text(value).partition(":")
    if scheme == "plugin" and NAME.fullmatch(rest):
        return text(value)
    host, _, port = rest.rpartition(":")
    fits = scheme in SIEM and host and port.isascii() and port.isdigit() and 0 < int(port) <= 65535
    if not fits and not (scheme == "file" and rest.startswith("/")):
        raise ValueError('expected "tls:HOST:PORT", "tcp:HOST:PORT", "udp:HOST:PORT", "file:/path" or "plugin:NAME"')
    return text(value)


def notify_transport(value: Any) -> str:
    """Take ``smtp://``, ``smtps://`` or ``https://`` with a host."""
    if urlsplit(text(value)).scheme not in {"smtp", "smtps", "https"} or not urlsplit(value).hostname:
        raise ValueError('expected "smtp://HOST", "smtps://HOST" or "https://HOST/…"')
    return text(value)


def settings(value: Any) -> tuple[tuple[str, Any], ...]:
    """Take a table whose keys are somebody else's; they are judged by him."""
    if not isinstance(value, dict):
        raise ValueError(f"expected a table in braces, not {_type(value)}")
    return tuple(sorted(value.items()))


def fact_kind(value: Any) -> str:
    """Take a kind of fact, or a glob that matches at least one."""
    if not any(fnmatchcase(kind, text(value)) for kind in KINDS):
        raise ValueError(f"{value!r} is no kind of event, nor a pattern that matches one")
    return text(value)


def _type(value: Any) -> str:
    match value:
        case bool():
            return "true or false"
        case int() | float():
            return "a number"
        case str():
            return "text"
        case list():
            return "a list"
        case dict():
            return "a table"
        case _:
            return "a date or time"
