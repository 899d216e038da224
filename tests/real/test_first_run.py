"""The first five minutes: one command on a fresh machine, two to paste, and what the README says of them."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from twisted.trial.unittest import SkipTest, SynchronousTestCase

from tests.real.harness import ROOT, Outcome, clean, listens, make_key, run, stop, until
from tests.real.terminals import Terminal

TWISTD = "from twisted.scripts.twistd import run; run()"
LOOPBACK = """
import fcntl, os, socket, struct, sys
with socket.socket() as lo:
    fcntl.ioctl(lo, 0x8914, struct.pack("16sh14x", b"lo", 0x1 | 0x40))
os.execvp(sys.argv[1], sys.argv[1:])
"""
"""Bring the loopback of a network namespace up, then be another program."""


class FirstRunCase(SynchronousTestCase):
    """A home of one's own with nothing in it, and the default port, in a network of one's own where it is taken."""

    def setUp(self) -> None:
        self.home = Path(tempfile.mkdtemp(prefix="ostiary-home-"))
        self.addCleanup(shutil.rmtree, self.home, ignore_errors=True)
        self.state = self.home / ".local/state/ostiary"
        self.within: list[str] = []
        self.apart = any(map(listens, (2222, 8022, 9222)))
        if self.apart and os.geteuid() != 0:
            raise SkipTest("a port is taken, and only root can have a network of his own")
        if Path("/etc/ostiary/pam.toml").exists():
            raise SkipTest("this machine has a configured gateway")

    def environment(self, **more: str) -> dict[str, str]:
        return {**clean(), "HOME": str(self.home), "PYTHONPATH": str(ROOT), **more}

    def spawn(self, argv: Sequence[str], **streams: Any) -> subprocess.Popen[bytes]:
        child = subprocess.Popen([*self.within, *argv], env=self.environment(), cwd=self.home, **streams)
        self.addCleanup(stop, child, signal.SIGTERM)
        return child

    def start(self) -> Terminal:
        """Start the gateway on a terminal, as ``make run`` does; wait until it is there."""
        self.within = []
        argv = [sys.executable, "-c", TWISTD, "--pidfile=", "-n", "pam"]
        if self.apart:
            argv = ["unshare", "-n", sys.executable, "-c", LOOPBACK, *argv]
        gateway = Terminal.of(self.spawn, argv, columns=200)
        gateway.expect("· no configuration: using defaults")
        if self.apart:
            self.within = ["nsenter", "-n", "-t", str(gateway.process.pid)]
        gateway.quiet(0.5)
        self.addCleanup(gateway.leave)
        return gateway

    def words(self, gateway: Terminal) -> str:
        """Return what the gateway itself said, without the log."""
        lines = bytes(gateway.seen).decode().splitlines()
        return "\n".join(line for line in lines if not re.match(r"\d{4}-\d\d-\d\dT", line))

    def paste(self, command: str, *words: str, code: str = "", key: str = "", stdin: bytes = b"") -> Outcome:
        """Paste a printed ssh command, with its code or a key; only what keeps the test apart is added."""
        program, *rest = shlex.split(command)
        asked = self.home / "askpass"
        asked.write_text(f"#!/bin/sh\necho '{code}'\n")
        asked.chmod(0o700)
        known = ["-o", f"UserKnownHostsFile={self.home}/known", "-o", "StrictHostKeyChecking=accept-new"]
        proof = ["-i", key, "-o", "IdentitiesOnly=yes"] if key else ["-o", "PubkeyAuthentication=no"]
        more = ["-F", "none", "-o", "NumberOfPasswordPrompts=1", "-o", "LogLevel=ERROR", *known, *proof]
        argv = [*self.within, program, *more, *rest, *words]
        asking = {"SSH_ASKPASS": str(asked), "SSH_ASKPASS_REQUIRE": "force"}
        return run(argv, stdin, **self.environment(**asking))

    def pamctl(self, *words: str) -> Outcome:
        program = "from gateway.node import pamctl; pamctl()"
        return run([*self.within, sys.executable, "-c", program, *words], **self.environment())


class TranscriptTests(FirstRunCase):
    """What is printed works when it is pasted."""

    def test_the_first_five_minutes(self) -> None:
        """Codes work once, the session is recorded, one's own key is taken, a second start says none of it."""
        gateway = self.start()
        words = self.words(gateway)
        self.assertIn(f"ostiary created {self.state} (keys, store, recordings)", words)
        pasted = dict(re.findall(r"^ +(ssh -p 2222 \S+) +code (\S+) ", words, re.MULTILINE))
        self.assertEqual(len(pasted), 2, words)
        (demo, demo_code), (admin, admin_code) = pasted.items()
        self.assertEqual(self.paste(demo, "ls; echo here", code=demo_code).out.split()[-1], b"here")
        self.assertEqual(self.paste(demo, "true", code=demo_code).code, 255)
        public = make_key(self.home / "key")
        added = self.paste(admin, "keys", "add", "-", code=admin_code, stdin=public.encode() + b"\n")
        self.assertEqual(added.code, 0, added)
        key = str(self.home / "key")
        self.assertIn(b"demo", self.paste(admin, "sessions", key=key).out)
        until(lambda: self.paste(admin, "verify", "--all", key=key).code == 0, "the recording is sealed and OK")
        self.assertEqual(self.paste(admin, "true", code=admin_code).code, 255)
        self.assertEqual(self.state.stat().st_mode & 0o077, 0)
        self.again(gateway, admin, demo, key)

    def again(self, gateway: Terminal, admin: str, demo: str, key: str) -> None:
        """Start a second time, then switch the demo off."""
        stop(gateway.process)
        gateway = self.start()
        words = self.words(gateway)
        for told in ("code", "Try it", "created"):
            self.assertNotIn(told, words)
        whoami = self.paste(admin, "whoami", key=key)
        self.assertEqual(whoami.code, 0, whoami)
        self.assertEqual(self.pamctl("demo", "off").code, 0)
        self.assertEqual(self.paste(admin, "target", "list", "--json", key=key).out.count(b"demo"), 0)
        self.assertEqual(self.paste(demo, "true", key=key).code, 255)
        stop(gateway.process)
        self.assertNotIn("demo", self.words(self.start()))

    def test_without_a_terminal_codes_go_to_a_private_file(self) -> None:
        """Nothing of them is printed; the file is 0600 in the state directory and its codes work."""
        self.within = []
        argv = [sys.executable, "-c", TWISTD, "--pidfile=", "-n", "pam"]
        if self.apart:
            argv = ["unshare", "-n", sys.executable, "-c", LOOPBACK, *argv]
        log = self.home / "log"
        with log.open("wb") as out:
            gateway = self.spawn(argv, stdin=subprocess.DEVNULL, stdout=out, stderr=out)
        until(lambda: "one-time codes are in" in log.read_text(), "the gateway is there")
        if self.apart:
            self.within = ["nsenter", "-n", "-t", str(gateway.pid)]
        place = Path(re.findall(r"one-time codes are in (\S+)", log.read_text())[0])
        self.assertEqual((place.parent, place.stat().st_mode & 0o777), (self.state, 0o600))
        codes = dict(line.split() for line in place.read_text().splitlines())
        for code in codes.values():
            self.assertNotIn(code, log.read_text())
        found = self.paste("ssh -p 2222 demo=root=demo@127.0.0.1", "echo here", code=codes["demo"])
        self.assertEqual(found.out, b"here\n", found)
