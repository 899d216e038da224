"""W2 and W3: one large stream down, or up; what arrives is counted, and connecting is not.

The target says when its command began; the end is the client's (down) or the target's last byte (up). All processes
are on one machine and read one clock. What comes down is counted by ``splice`` to /dev/null, which copies nothing.
"""

from __future__ import annotations

import fcntl
import os
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from benchmarks.connecting import spent
from benchmarks.contenders import GCM, Contender, Unmeasured
from benchmarks.scale import MIB, Scale, Values
from benchmarks.usage import reactor_seconds
from tests.real.harness import clean

GIB = 1 << 30


def down(contender: Contender, scale: Scale) -> Values:
    """Download with the ciphers that the two sides agree on by themselves."""
    return _priced(contender, scale, "down", lambda: fetch(contender, scale))


def down_gcm(contender: Contender, scale: Scale) -> Values:
    """Download with AES-128-GCM forced on the client."""
    return {"W2.gcm": [scale.size / fetch(contender, scale, GCM)]}


def up(contender: Contender, scale: Scale) -> Values:
    """Upload with the ciphers that the two sides agree on by themselves."""
    return _priced(contender, scale, "up", lambda: store(contender, scale))


def _priced(contender: Contender, scale: Scale, way: str, work: Callable[[], float]) -> Values:
    """Measure MiB/s, and the way's CPU seconds per GiB, in all and on the thread of its reactor."""
    before = spent(contender)
    alone = contender.pid if contender.name != "jump" else None
    reactor = reactor_seconds(alone) if alone else 0.0
    found = {"W2.default" if way == "down" else "W3.default": [scale.size / work()]}
    per_gib = GIB / (scale.size * MIB)
    if alone:
        found[f"W7.{way}_reactor"] = [per_gib * (reactor_seconds(alone) - reactor)]
    if before is not None:
        found[f"W7.{way}"] = [per_gib * ((spent(contender) or 0.0) - before)]
    return found


def fetch(contender: Contender, scale: Scale, cipher: str = "") -> float:
    """Return the seconds from the command's start to the client's end; raises Unmeasured when a byte is missing."""
    size = scale.size * MIB
    command = f"date +%s%N >&2; exec head -c {size} /dev/zero"
    with running(contender.ssh(command, cipher=cipher), scale.patience, stdin=subprocess.DEVNULL) as client:
        assert client.stdout is not None and client.stderr is not None
        got = swallow(client.stdout.fileno())
        said, code, end = client.stderr.read(), client.wait(), time.time_ns()
    if code or got != size:
        raise Unmeasured(f"{got} of {size} bytes, exit {code}: {said.decode(errors='replace')[-200:]}")
    return (end - stamps(said)[0]) / 1e9


def swallow(pipe: int, stop_at: int = 1 << 62) -> int:
    """Move all that comes out of a pipe to /dev/null; return how much it was."""
    fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, MIB)
    got, nowhere = 0, os.open("/dev/null", os.O_WRONLY)
    try:
        while got < stop_at and (moved := os.splice(pipe, nowhere, MIB)):
            got += moved
    finally:
        os.close(nowhere)
    return got


def store(contender: Contender, scale: Scale) -> float:
    """Return the seconds from the command's start to the target's last byte; raises Unmeasured when one is missing."""
    size = scale.size * MIB
    with in_memory() as folder, zeros(folder / "zeros", size).open("rb") as file:
        argv = contender.ssh("date +%s%N; wc -c; date +%s%N")
        with running(argv, scale.patience, stdin=file.fileno()) as client:
            assert client.stdout is not None and client.stderr is not None
            said, words, code = client.stdout.read(), client.stderr.read(), client.wait()
    lines = stamps(said)
    if code or len(lines) != 3 or lines[1] != size:
        raise Unmeasured(f"{lines[1:2]} of {size} bytes, exit {code}: {words.decode(errors='replace')[-200:]}")
    return (lines[2] - lines[0]) / 1e9


@contextmanager
def in_memory() -> Iterator[Path]:
    """Lend a folder that is no disk's where the machine has one, so that no disk is measured."""
    place = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    with tempfile.TemporaryDirectory(prefix="ostiary-bench-", dir=place) as folder:
        yield Path(folder)


def zeros(path: Path, size: int) -> Path:
    """Make a file of so many zeros that takes no room."""
    with path.open("wb") as file:
        file.truncate(size)
    return path


def stamps(said: bytes) -> list[int]:
    """Return the lines that are numbers."""
    return [int(line) for line in said.split(b"\n") if line.strip().isdigit()]


@contextmanager
def running(argv: list[str], patience: float, stdin: int = subprocess.PIPE) -> Iterator[subprocess.Popen[bytes]]:
    """Run a client with pipes for its outputs; kill it when patience ends, so that no read waits for ever."""
    pipe = subprocess.PIPE
    client = subprocess.Popen(argv, stdin=stdin, stdout=pipe, stderr=pipe, env=clean())
    watch = threading.Timer(patience, client.kill)
    watch.start()
    try:
        yield client
    finally:
        watch.cancel()
        if client.poll() is None:
            client.kill()
        client.wait()
        for stream in (client.stdin, client.stdout, client.stderr):
            if stream is not None:
                with suppress(BrokenPipeError):
                    stream.close()
