"""W5: one key typed into a remote terminal in raw mode until it comes back, idle and beside a bulk download.

The terminal is a shell's, as an operator has it, so the gateway mediates and records it.
"""

from __future__ import annotations

import os
import subprocess
import time

from benchmarks.bulk import running
from benchmarks.contenders import Contender, Unmeasured
from benchmarks.scale import Scale, Values

PAUSE = 0.002
"""Seconds between two keys, so that none rides on the other's wake-up."""


def idle(contender: Contender, scale: Scale) -> Values:
    """Type with nothing else going on."""
    middle, late = typed(contender, scale)
    return {"W5.p50": [middle], "W5.p99": [late]}


def busy(contender: Contender, scale: Scale) -> Values:
    """Type while another connection of the same way downloads as fast as it can."""
    command = "exec cat /dev/zero"
    with running(contender.ssh(f"echo began >&2; {command}"), scale.patience, stdin=subprocess.DEVNULL) as client:
        assert client.stdout is not None and client.stderr is not None
        pump = subprocess.Popen(["cat"], stdin=client.stdout, stdout=subprocess.DEVNULL)
        try:
            said = next((line for line in client.stderr if line == b"began\n"), b"")
            if not said:
                raise Unmeasured("the download did not begin")
            middle, late = typed(contender, scale)
            if client.poll() is not None:
                raise Unmeasured("the download ended before the typing")
        finally:
            client.kill()
            pump.kill()
            pump.wait()
    return {"W5.busy_p50": [middle], "W5.busy_p99": [late]}


def typed(contender: Contender, scale: Scale) -> tuple[float, float]:
    """Return the median and the 99th percentile of the echo in microseconds."""
    took = sorted(_echoes(contender, scale))
    return took[len(took) // 2], took[min(len(took) - 1, len(took) * 99 // 100)]


def _echoes(contender: Contender, scale: Scale) -> list[float]:
    with running(contender.ssh(terminal=True), scale.patience) as client:
        assert client.stdin is not None and client.stdout is not None
        keys, screen = client.stdin.fileno(), client.stdout.fileno()
        os.write(keys, b"stty raw -echo; printf 'RAW%s' NOW; exec cat\n")
        seen = b""
        while not seen.endswith(b"RAWNOW"):
            seen = seen[-5:] + _one(screen)
        took = []
        for number in range(scale.keys):
            time.sleep(PAUSE)
            key = b"abcdefghij"[number % 10 : number % 10 + 1]
            start = time.perf_counter()
            os.write(keys, key)
            came = _one(screen)
            took.append(1e6 * (time.perf_counter() - start))
            if came != key:
                raise Unmeasured(f"typed {key!r}, saw {came!r}")
    return took


def _one(screen: int) -> bytes:
    """Return the next byte."""
    came = os.read(screen, 1)
    if not came:
        raise Unmeasured("the terminal ended")
    return came
