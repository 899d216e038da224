"""The zygote: a process with everything imported and nothing permitted, which forks one child for each file.

The rule: it reads what the gateway says and never what a file says. A child gets three descriptors (where to answer,
the file, the question), answers once and exits; one that takes too long is killed.

It is run by path, not by name: ``python -I zygote.py MODULE-PATH…``.
"""

from __future__ import annotations

import json
import os
import select
import signal
import socket
import sys
import time
from collections.abc import Mapping
from typing import Any, NoReturn

SMALLEST_MEMORY = 512 * 1024**2
LARGEST_ANSWER = 64 * 1024
LARGEST_QUESTION = 16 * 1024**2


def main(paths: list[str]) -> None:
    """Import, put up the walls, say hello, and fork until nobody asks any more."""
    sys.path[:] = paths
    from gateway.inspectors.room import kinds, walls

    control = socket.socket(fileno=0)
    for name in kinds.KINDS:
        kinds.KINDS[name].warm()
    found = ["nobody"] if walls.become_nobody() else []
    found += ["calls"] if walls.refuse_calls(walls.REFUSED) else []
    control.send(json.dumps({"walls": found}).encode())
    serve(control, kinds.KINDS, walls)


def serve(control: socket.socket, known: Mapping[str, Any], walls: Any) -> None:
    """Fork a child for each question; return when the gateway has closed its end."""
    children: dict[int, float] = {}
    while True:
        ready, _, _ = select.select([control], [], [], 0.5 if children else None)
        _reap(children)
        if not ready:
            continue
        message, descriptors, _, _ = socket.recv_fds(control, 64, 3)
        if not message:
            return
        if len(descriptors) == 3:
            children.update(_asked(control, descriptors, known, walls))
        for descriptor in descriptors:
            os.close(descriptor)


def _reap(children: dict[int, float]) -> None:
    for child, deadline in tuple(children.items()):
        if time.monotonic() > deadline:
            os.kill(child, signal.SIGKILL)
        if os.waitpid(child, os.WNOHANG)[0] == child:
            del children[child]


def _asked(
    control: socket.socket, descriptors: list[int], known: Mapping[str, Any], walls: Any
) -> dict[int, float]:
    """Fork a child; return it with the time when it must be gone, nothing where settings can not be read."""
    reply, file, question = descriptors
    asked = json.loads(os.pread(question, LARGEST_QUESTION, 0))
    kind = known[asked["kind"]]
    try:
        kind.prepare(asked["settings"])
    except (ImportError, ValueError) as problem:
        os.write(reply, json.dumps({"error": str(problem)[:500]}).encode())
        return {}
    seconds = float(asked["seconds"])
    child = os.fork()
    if child:
        return {child: time.monotonic() + seconds + 1}
    _judge(control, reply, file, kind, asked, walls)


def _judge(control: socket.socket, reply: int, file: int, kind: Any, asked: dict[str, Any], walls: Any) -> NoReturn:
    """Be the child: judge one file, answer, and be gone."""
    seconds = float(asked["seconds"])
    code = 1
    try:
        control.close()
        walls.limit(max(SMALLEST_MEMORY, kind.memory), int(seconds) + 1)
        walls.refuse_calls(walls.REFUSED_TO_CHILDREN)
        signal.setitimer(signal.ITIMER_REAL, seconds)
        said = kind.judge(asked["settings"], asked["transfer"], os.fdopen(file, "rb"))
        os.write(reply, json.dumps(said).encode()[:LARGEST_ANSWER])
        code = 0
    except MemoryError:
        os.write(reply, b'{"error": "it takes more memory than it may"}')
    finally:
        os._exit(code)


if __name__ == "__main__":
    main(sys.argv[1:])
