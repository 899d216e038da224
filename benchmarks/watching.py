"""What viewers cost: many of one busy session, and how soon a late one sees the screen.

Run it as ``python -m benchmarks.watching [VIEWERS [SECONDS]]``. Measured is the CPU time of the gateway's process, the
operator's session included; the same is measured without viewers first.
"""

from __future__ import annotations

import subprocess
import sys
import time

from benchmarks.usage import cpu_seconds
from tests.real.harness import Place, until
from tests.real.terminals import Terminal

BUSY = (
    "i=0; while :; do i=$((i+1)); printf '\\033[%d;1Hline %d of much output that changes' $((i%20+1)) $i; "
    "sleep 0.05; done\r"
)
"""Twenty updates a second."""


def main(viewers: int = 200, seconds: float = 10.0) -> None:
    """Measure and print."""
    place = Place()
    place.open()
    try:
        _measure(place, viewers, seconds)
    finally:
        place.close()


def _measure(place: Place, viewers: int, seconds: float) -> None:
    operator = Terminal.shell(place, place.to_web())
    identity = place.live()[0]["id"]
    keys = _keys(operator)
    operator.type(BUSY)
    assert place.gateway.process is not None
    pid = place.gateway.process.pid
    alone = _share(operator, pid, seconds / 2)
    watchers = []
    for _ in range(viewers):
        watchers.append(_watch(place, identity))
        operator.quiet(0.02)
    until(lambda: operator.quiet(0.1) and place.live()[0]["watchers"] == viewers, "all watch")
    with_all = _share(operator, pid, seconds)
    print(f"{viewers} viewers: {with_all:.1%} of one core, without any {alone:.1%}")
    operator.type("\x03")
    operator.quiet(0.5)
    print(f"a key's echo: without viewers p50 {keys[0]:.1f}, p99 {keys[1]:.1f} ms", end="; ")
    keys = _keys(operator)
    print(f"with {viewers}: p50 {keys[0]:.1f}, p99 {keys[1]:.1f} ms")
    late = sorted(_join(place, identity) for _ in range(20))
    print(f"a snapshot by pamctl, its facts on disk: median {late[10] * 1e3:.1f} ms, worst {late[-1] * 1e3:.1f} ms")


def _share(operator: Terminal, pid: int, seconds: float) -> float:
    before, began = cpu_seconds(pid), time.monotonic()
    operator.quiet(seconds)
    return (cpu_seconds(pid) - before) / (time.monotonic() - began)


def _keys(operator: Terminal, count: int = 200) -> tuple[float, float]:
    """Return the median and the 99th percentile of a key's way to its echo, in milliseconds."""
    took = []
    for number in range(count):
        if number % 20 == 0:
            # A line that wraps would be drawn anew, and what is drawn anew is no echo.
            operator.type("\x15echo rea$((1+1))dy\r")
            operator.expect("rea2dy")
            operator.quiet(0.2)
        began = time.perf_counter()
        operator.type("QZXJK"[number % 5])
        operator.expect("QZXJK"[number % 5])
        took.append((time.perf_counter() - began) * 1e3)
        time.sleep(0.02)
    operator.type("\x15")
    took.sort()
    return took[count // 2], took[count * 99 // 100]


def _watch(place: Place, identity: str) -> subprocess.Popen[bytes]:
    argv = place.argv("carol", "-tt", "--", "watch", identity, key="carol")
    return place.spawn(argv, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def _join(place: Place, identity: str) -> float:
    began = time.monotonic()
    place.pamctl("snapshot", identity)
    return time.monotonic() - began


if __name__ == "__main__":
    main(*(int(word) for word in sys.argv[1:]))
