"""How long a search takes over many recordings, hits rendered; made recordings, a real index.

Run it as ``python -m benchmarks.searching [RECORDINGS]``.
"""

from __future__ import annotations

import random
import sys
import tempfile
import time

from gateway.archive.archive import Archive
from gateway.archive.search import Search
from tests.archive.conformance import DIGEST
from tests.archive.fixtures import POLICY, at_once, node_keys

QUERIES = ("needle", "word17 word18", '"word5 word6"', "absent", "common")


def main(recordings: int = 10_000) -> None:
    """Make the recordings, index them, ask, print."""
    with tempfile.TemporaryDirectory(prefix="ostiary-search-") as folder:
        archive = Archive(f"{folder}/recordings", node_keys(), at_once)
        archive.recordings()
        search = Search(f"{folder}/search", archive.directory, archive.about, node_keys(), at_once)
        began, shown = time.process_time(), 0
        for number in range(recordings):
            shown += _record(archive, search, number)
        spent = time.process_time() - began
        print(f"{recordings} recordings, {shown / 1e6:.1f} MB shown: recorded and indexed in {spent:.1f} s of CPU")
        for query in QUERIES:
            took, hits = _ask(search, query)
            print(f"{query:20} {hits:3} hits: median {took[2] * 1e3:6.1f} ms, worst {took[-1] * 1e3:6.1f} ms")
        search.close()


def _record(archive: Archive, search: Search, number: int) -> int:
    chance = random.Random(number)
    session = f"S-{number:013d}"
    started = f"2026-{number * 12 // 10_000 % 12 + 1:02d}-05T12:00:00Z"
    facts = {"operator": "alice", "account": "root", "target": "web1", "source": "10.0.0.1", "started": started}
    recording = archive.begin(session, facts, POLICY, DIGEST)
    track = recording.track(1, "pty", 0.0, {"cols": 80, "rows": 24})
    size = 0
    for line in range(60):
        words = " ".join(f"word{chance.randrange(5000)}" for _ in range(8))
        text = f"common {words}{' needle' if number % 997 == 0 and line == 30 else ''}\r\n".encode()
        track.write(line / 2, "o", text)
        size += len(text)
    recording.seal(31.0, "done")
    search.add(session, started)
    return size


def _ask(search: Search, query: str) -> tuple[list[float], int]:
    took: list[float] = []
    found: list[object] = []
    for _ in range(5):
        found.clear()
        began = time.perf_counter()
        search.find(query, 20, lambda row: True).addCallback(found.extend)
        took.append(time.perf_counter() - began)
    return sorted(took), len(found)


if __name__ == "__main__":
    main(*(int(word) for word in sys.argv[1:]))
