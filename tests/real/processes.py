"""Programs as tests run them: to their end, within a time, with an environment that says nothing of who runs them."""

from __future__ import annotations

import os
import random
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import attrs

PATIENCE = 30.0
"""Seconds until anything here that should have happened is given up."""


def free_port() -> int:
    """Return a loopback port that nobody uses, from below those that the system lends to outgoing connections.

    One of the lent ones could be a client's when a server that was stopped wants it again.
    """
    lowest = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    while True:
        port = random.randrange(10_000, max(10_001, lowest))
        with socket.socket() as found:
            if found.connect_ex(("127.0.0.1", port)) != 0:
                return port


def until(holds: Callable[[], Any], what: str, seconds: float = PATIENCE) -> Any:
    """Look again and again until something is true, and return it."""
    deadline = time.monotonic() + seconds
    while True:
        found = holds()
        if found:
            return found
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {seconds:.0f} s: {what}")
        time.sleep(0.02)


def listens(port: int) -> bool:
    """Say whether somebody accepts connections on a loopback port."""
    with socket.socket() as found:
        return found.connect_ex(("127.0.0.1", port)) == 0


def stop(process: subprocess.Popen[bytes], how: int = signal.SIGTERM) -> int:
    """End a process of ours and wait until it is gone."""
    if process.poll() is None:
        process.send_signal(how)
    try:
        return process.wait(PATIENCE)
    except subprocess.TimeoutExpired:
        process.kill()
        return process.wait(PATIENCE)
    finally:
        for stream in (process.stdin, process.stdout, process.stderr):
            if stream is not None:
                try:
                    stream.close()
                except BrokenPipeError:
                    pass


@attrs.frozen
class Outcome:
    """What a program left: its exit code (negative: the signal) and its two outputs."""

    code: int
    out: bytes
    err: str

    @property
    def said(self) -> list[str]:
        """The gateway's own lines on stderr."""
        return [line for line in self.err.splitlines() if line.startswith("ostiary: ")]


def run(argv: Sequence[str], stdin: bytes = b"", seconds: float = PATIENCE, **environment: str) -> Outcome:
    """Run a program to its end."""
    try:
        done = subprocess.run(
            argv, input=stdin, capture_output=True, timeout=seconds, env={**clean(), **environment}, check=False
        )
    except subprocess.TimeoutExpired as late:
        raise AssertionError(f"{' '.join(argv)}: no end within {seconds:.0f} s; stderr {late.stderr!r}") from None
    return Outcome(done.returncode, done.stdout, done.stderr.decode("utf-8", "replace"))


def clean() -> dict[str, str]:
    """Return an environment that does not depend on who runs the tests."""
    return {"PATH": os.environ.get("PATH", "") + ":/usr/sbin:/sbin", "LC_ALL": "C", "HOME": os.environ.get("HOME", "/")}


def make_key(path: Path) -> str:
    """Make an Ed25519 key without a passphrase; return its public line."""
    run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", path.name, "-f", str(path)])
    return path.with_suffix(".pub").read_text().strip()
