"""A child process that tells facts as fast as it can: ``python -m tests.journal.teller STORE``.

It prints ``origin seq`` for each fact that was acknowledged, and nothing that was not.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from twisted.internet import reactor

from gateway.domain.facts import Entry, Fact
from gateway.journal import open_journal

AT_ONCE = 50


def main() -> None:
    """Keep fifty facts under way until somebody ends it."""
    journal = open_journal(Path(sys.argv[1]), "gw1", 0, reactor, reserve_size=1024 * 1024)

    def tell() -> None:
        number = journal.head()[0]
        fact = Fact("command.executed", {"session": f"s{number % 7}", "command": "x" * (number % 700)})
        journal.tell(fact).addCallback(acknowledged)

    def acknowledged(entry: Entry) -> None:
        os.write(1, f"{entry.origin} {entry.seq}\n".encode("ascii"))
        tell()

    for _ in range(AT_ONCE):
        reactor.callWhenRunning(tell)
    reactor.run()


if __name__ == "__main__":
    main()
