"""``pamctl verify FILE --key KEY``: verify a recording's files on any machine, with the public key alone.

The rule: no store, no configuration and no node are looked at: who has the files and the key needs nothing else.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path

from gateway.admin.cleaning import clean
from gateway.admin.refusal import Exit
from gateway.admin.verbs.recordings import CODES
from gateway.archive.verify import verify_path

KEY_LENGTH = 32
USE = "usage: pamctl verify FILE --key KEY [--json]; KEY is what `verify --public-key` prints, or a file with it"


def is_alone(words: Sequence[str]) -> bool:
    """Say whether a command line is of this kind."""
    return bool(words) and words[0] == "verify" and any(word.split("=")[0] == "--key" for word in words)


def verify_alone(words: Sequence[str]) -> int:
    """Verify, say what was found, and return the exit code."""
    rest, named = _key(list(words[1:]))
    files = [word for word in rest if not word.startswith("-")]
    if len(files) != 1 or named is None or any(word not in ("--json", files[0]) for word in rest):
        sys.stderr.write(f"ostiary: {USE}\n")
        return Exit.USAGE
    key = _read_key(named)
    if key is None:
        sys.stderr.write(f"ostiary: {clean(named)} is no public key ({KEY_LENGTH} bytes in hex), nor a file with one\n")
        return Exit.USAGE
    report = verify_path(files[0], (key,))
    if "--json" in rest:
        sys.stdout.write(json.dumps({"schema": "pam/1", "data": [report]}) + "\n")
    else:
        sys.stdout.write(clean(f"{report['id']}  {report['result']}  {report['detail']}") + "\n")
    return int(CODES.get(report["result"], Exit.FAILED))


def _key(words: list[str]) -> tuple[list[str], str | None]:
    """Take the key out of a command line."""
    named = None
    rest: list[str] = []
    while words:
        word = words.pop(0)
        if word == "--key":
            named = words.pop(0) if words else None
        elif word.startswith("--key="):
            named = word.partition("=")[2]
        else:
            rest.append(word)
    return rest, named


def _read_key(named: str) -> bytes | None:
    try:
        text = Path(named).read_text("ascii") if Path(named).is_file() else named
        key = bytes.fromhex(text.strip())
    except (OSError, ValueError):
        return None
    return key if len(key) == KEY_LENGTH else None
