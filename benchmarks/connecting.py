"""W1: ``ssh target true`` over a fresh connection, one after another and many at once."""

from __future__ import annotations

import subprocess
import threading
import time

from benchmarks.contenders import Contender, Unmeasured
from benchmarks.scale import Scale, Values
from benchmarks.usage import cpu_seconds, family
from tests.real.harness import clean, until


def connect(contender: Contender, scale: Scale) -> Values:
    """Time fresh connections; the CPU is that of all of them, divided."""
    before = spent(contender)
    one_by_one = [1000 * together(contender, 1, scale.patience) for _ in range(scale.connections)]
    at_once = 1000 * together(contender, scale.at_once, scale.patience)
    found = {"W1.one": one_by_one, "W1.at_once": [at_once]}
    if before is not None:
        cpu = (spent(contender) or 0.0) - before
        found["W7.connection"] = [1000 * cpu / (scale.connections + scale.at_once)]
    return found


def together(contender: Contender, count: int, patience: float) -> float:
    """Return the seconds that so many ``ssh true`` take, begun at once."""
    start = time.perf_counter()
    clients = [
        subprocess.Popen(contender.ssh("true"), stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, env=clean())
        for _ in range(count)
    ]
    watch = threading.Timer(patience, _kill_all, (clients,))
    watch.start()
    try:
        # Without a timeout of its own: with one, wait() looks every 50 ms.
        codes = [client.wait() for client in clients]
        took = time.perf_counter() - start
        if took >= patience:
            raise Unmeasured(f"ssh true did not end within {patience:.0f} s")
        if any(codes):
            words = b" ".join(client.stderr.read() for client in clients if client.stderr)
            raise Unmeasured(f"ssh true ended with {max(codes)}: {words.decode(errors='replace')[-200:]}")
        return took
    finally:
        watch.cancel()
        for client in clients:
            if client.stderr:
                client.stderr.close()


def _kill_all(clients: list[subprocess.Popen[bytes]]) -> None:
    for client in clients:
        client.kill()


def spent(contender: Contender) -> float | None:
    """Return the CPU seconds a way has cost so far, once its per-connection processes are gone; none for direct."""
    pid = contender.pid
    if pid is None:
        return None
    if contender.name == "jump":
        until(lambda: len(family(pid)) == 1, "the jump host's connections are gone")
    return cpu_seconds(pid)
