"""W6: memory, of sessions that do nothing and of a reader that stops reading.

The first is a slope: what the sessions between a fifth and all of them added, each through a fresh process. The
second lets ``ssh`` stand at a full pipe in the midst of a large download, and then reads on to the last byte.
"""

from __future__ import annotations

import subprocess
import threading
import time
from collections.abc import Callable

import attrs

from benchmarks.bulk import running, swallow
from benchmarks.contenders import Contender, Stage, Unmeasured
from benchmarks.keystrokes import typed
from benchmarks.scale import MIB, Scale, Values
from benchmarks.usage import cpu_seconds, proportional, resident
from tests.real.harness import stop

KIB = 1024
LOOK = 0.05
PATIENCE = 30.0
"""Seconds for the keys that are typed beside a stalled reader."""
SETTLE = 1.0
"""Seconds for what connecting left behind to be let go."""


def idle_sessions(stage: Stage, name: str, scale: Scale) -> Values:
    """Return KiB per idle terminal: the process's own, or of a jump host the share of its whole family."""
    count = scale.few if name == "jump" else scale.idle
    with stage.idle(name) as contender:
        pid = _pid(contender)
        measure = proportional if name == "jump" else resident
        words = [str(contender.port), contender.login, str(contender.key)]
        if contender.jump is not None:
            words += [str(contender.jump), contender.login]
        operators = stage.program("idle_operators", *words, pipes=True)
        watch = threading.Timer(scale.patience, operators.kill)
        watch.start()
        try:
            few = _sit(operators, count // 5, measure, pid)
            many = _sit(operators, count, measure, pid)
        finally:
            watch.cancel()
            stop(operators)
    return {"W6.idle": [(many - few) / (count - count // 5) / KIB]}


def _sit(operators: subprocess.Popen[bytes], count: int, measure: Callable[[int], int], pid: int) -> int:
    assert operators.stdin is not None and operators.stdout is not None
    operators.stdin.write(b"%d\n" % count)
    operators.stdin.flush()
    if operators.stdout.readline() != b"%d\n" % count:
        raise Unmeasured(f"{count} sessions could not be opened")
    time.sleep(SETTLE)
    return measure(pid)


def _pid(contender: Contender) -> int:
    if contender.pid is None:
        raise Unmeasured("no process between client and target")
    return contender.pid


def stalled(stage: Stage, name: str, scale: Scale) -> Values:
    """Return the growth of a fresh process while a reader stands, and its CPU share meanwhile."""
    contender = stage.fresh(name)
    pid, size = _pid(contender), scale.stall * MIB
    measure = proportional if name == "jump" else resident
    before = most = measure(pid)
    argv = contender.ssh(f"exec head -c {size} /dev/zero")
    with running(argv, scale.patience, stdin=subprocess.DEVNULL) as client:
        assert client.stdout is not None and client.stderr is not None
        start = time.monotonic()
        time.sleep(scale.stalled_for / 5)  # in which windows and pipes fill
        since, cpu = time.monotonic(), cpu_seconds(pid)
        while time.monotonic() < start + scale.stalled_for:
            time.sleep(LOOK)
            most = max(most, measure(pid))
        share = 100 * (cpu_seconds(pid) - cpu) / (time.monotonic() - since)
        beside = _beside(contender, scale)
        got = swallow(client.stdout.fileno())
        most, code = max(most, measure(pid)), client.wait()
        if code or got != size:
            raise Unmeasured(f"after the stall {got} of {size} bytes came, exit {code}")
    return {"W6.stalled": [(most - before) / MIB], "W6.stalled_cpu": [share], **beside}


def _beside(contender: Contender, scale: Scale) -> Values:
    """Type over another connection meanwhile; a way that one stalled reader stops has no figure."""
    try:
        return {"W6.stalled_p99": [typed(contender, attrs.evolve(scale, patience=PATIENCE))[1]]}
    except Unmeasured:
        return {}


