"""Record without end into ``argv[1]``, saying how many writes were acknowledged: made to be killed."""

from __future__ import annotations

import hashlib
import sys

from gateway.archive.archive import Archive
from tests.archive.fixtures import FACTS, POLICY, SESSION, at_once, node_keys


def chunk(number: int) -> bytes:
    """Return the bytes of one write: characters are cut between writes, some writes are large."""
    line = f"{number:06d} größe 漢字 …\r\n".encode()
    cut = number % 5
    size = 40 if number % 50 == 0 else 1
    return line[cut:] * size + line[:cut]


def main(root: str) -> None:
    """Write until killed."""
    archive = Archive(root, node_keys(), at_once)
    recording = archive.begin(SESSION, FACTS, POLICY, hashlib.sha256(POLICY).hexdigest())
    track = recording.track(1, "pty", 0.0, {"command": "", "terminal": True})
    number = 0
    while True:
        track.write(number / 100, "o", chunk(number))
        number += 1
        sys.stdout.write(f"{number}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1])
