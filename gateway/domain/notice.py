"""How the gateway's own words look to an operator.

The rule: one line, the prefix ``ostiary: ``, printable characters only; on a terminal it stands on a line of its own,
elsewhere it goes to stderr. Nothing is ever written to the stdout of an exec, sftp or scp channel.
"""

from __future__ import annotations

PREFIX = "ostiary: "
LONGEST = 1024


def line(text: str, terminal: bool) -> bytes:
    """Return a notice as the bytes an operator gets."""
    clean = "".join(character if character.isprintable() else " " for character in text)[:LONGEST]
    encoded = (PREFIX + clean).encode("utf-8", "replace")
    return b"\r\n" + encoded + b"\r\n" if terminal else encoded + b"\n"
