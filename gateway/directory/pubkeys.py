"""Public keys as OpenSSH writes them on one line, checked strictly.

The rule: the type word, the base64 and the key's own fields must all say the same; nothing may follow a key's last
field. RSA under 2048 bits and DSA are refused.
"""

from __future__ import annotations

import base64
import binascii
import hashlib

LONGEST_LINE = 16_384
SMALLEST_RSA_BITS = 2048

SHAPES: dict[str, tuple[str, ...]] = {
    "ssh-ed25519": ("point32",),
    "ecdsa-sha2-nistp256": ("curve", "point"),
    "ecdsa-sha2-nistp384": ("curve", "point"),
    "ecdsa-sha2-nistp521": ("curve", "point"),
    "ssh-rsa": ("mpint", "modulus"),
    "sk-ssh-ed25519@openssh.com": ("point32", "application"),
    "sk-ecdsa-sha2-nistp256@openssh.com": ("curve", "point", "application"),
}
"""The fields that follow the type name in a key of each type (RFC 4253 §6.6, RFC 5656, RFC 8709, PROTOCOL.u2f)."""

POINT_SIZES = {"nistp256": 65, "nistp384": 97, "nistp521": 133}


def read_public_key(line: str) -> str:
    """Return a key line in its one form, ``type base64[ comment]``; raise ValueError in words."""
    if len(line) > LONGEST_LINE:
        raise ValueError(f"a key line has at most {LONGEST_LINE} characters")
    word, _, rest = line.strip().partition(" ")
    encoded, _, comment = rest.strip().partition(" ")
    if word not in SHAPES:
        raise ValueError(f"{word[:40]!r} is not a key type that is taken here; use one of {', '.join(SHAPES)}")
    _check_fields(word, key_blob(encoded))
    comment = comment.strip()
    if not comment.isprintable():
        raise ValueError("the comment of a key has characters that can not be shown")
    return f"{word} {encoded} {comment}" if comment else f"{word} {encoded}"


def read_host_key(line: str) -> str:
    """Return a host key's line in its one form; raise ValueError in words."""
    if line.lstrip().startswith("sk-"):
        raise ValueError("a security key can not be a host key")
    return read_public_key(line)


def key_blob(encoded: str) -> bytes:
    """Return the bytes of a key's base64; raise ValueError unless it is exact."""
    try:
        return base64.b64decode(encoded.encode("ascii"), validate=True)
    except (binascii.Error, UnicodeEncodeError) as problem:
        raise ValueError("the key's base64 can not be read") from problem


def fingerprint(line: str) -> str:
    """Return ``SHA256:…`` of a key line, as ssh-keygen shows it."""
    digest = hashlib.sha256(key_blob(line.split(" ")[1])).digest()
    return "SHA256:" + base64.b64encode(digest).decode().rstrip("=")


def same_key(one: str, other: str) -> bool:
    """Say whether two key lines hold the same key, whatever their comments."""
    return one.split(" ")[:2] == other.split(" ")[:2]


def _check_fields(word: str, blob: bytes) -> None:
    own, rest = _field(blob)
    if own != word.encode():
        raise ValueError(f"the key says it is {own[:40]!r}, the line says {word!r}")
    curve = ""
    for shape in SHAPES[word]:
        field, rest = _field(rest)
        if shape == "curve":
            curve = word.split("-")[-1].split("@")[0]
            _require(field == curve.encode(), "the key names another curve than its type")
        _require(_fits(shape, field, curve), "the key's fields are damaged")
    _require(not rest, "something follows the key")


def _fits(shape: str, field: bytes, curve: str) -> bool:
    match shape:
        case "point32":
            return len(field) == 32
        case "point":
            return len(field) == POINT_SIZES[curve] and field[:1] == b"\x04"
        case "mpint":
            return 0 < len(field) <= 9 and field[0] < 0x80
        case "modulus":
            bits = int.from_bytes(field, "big").bit_length()
            _require(bits >= SMALLEST_RSA_BITS, f"an RSA key needs at least {SMALLEST_RSA_BITS} bits")
            return bits <= 16_384 and field[0] < 0x80
        case _:
            return True


def _field(blob: bytes) -> tuple[bytes, bytes]:
    size = int.from_bytes(blob[:4], "big")
    if len(blob) < 4 or size > len(blob) - 4:
        raise ValueError("the key is cut short")
    return blob[4 : 4 + size], blob[4 + size :]


def _require(true: bool, words: str) -> None:
    if not true:
        raise ValueError(words)
