"""The ways to a target, each as real processes on loopback; whatever starts here is ended here, by its own id.

``direct`` is OpenSSH to OpenSSH; ``jump`` the same through a second sshd (what ProxyJump does); ``asyncssh`` and
``conch`` the least proxies written with those libraries; ``ours`` the gateway as a user starts it, recording on.
"""

from __future__ import annotations

import shlex
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import attrs

from tests.real.harness import ACCOUNT, GRANT, ROOT, Place, Sshd, clean, free_port, listens, stop, until

NAMES = ("direct", "jump", "asyncssh", "conch", "ours")

IDLE = """
[[target]]
name = "idle1"
address = "127.0.0.1:%d"
host_keys = ["{host}"]
[[credential]]
name = "idle"
target = "idle1"
account = "{account}"
kind = "key"
secret = "file:{folder}/credential"
[[grant]]
name = "ops-idle"
groups = ["ops"]
targets = ["idle1"]
accounts = ["{account}"]
rights = ["shell", "exec"]
"""

GCM = "aes128-gcm@openssh.com"


class Unmeasured(Exception):
    """A contender could not do a workload; says why in one line."""


@attrs.frozen
class Contender:
    """One way to a target: where to connect, as whom, and the process whose cost is the way's (none for direct)."""

    name: str
    port: int
    login: str
    key: Path
    pid: int | None = None
    jump: int | None = None
    outer: str = ""
    """Who one is on the jump host; the same as on the target where nothing is said."""
    known: str = "known_hosts"

    def options(self, cipher: str = "") -> list[str]:
        """Return the options for ssh and sftp; a cipher is forced on every hop that the client makes."""
        last = [*self._options(self.port, self.login, cipher)]
        if self.jump is not None:
            options = self._options(self.jump, self.outer or self.login, cipher)
            first = ["ssh", *options, "-W", f"127.0.0.1:{self.port}", "127.0.0.1"]
            last += ["-o", f"ProxyCommand={shlex.join(first)}"]
        return last

    def _options(self, port: int, login: str, cipher: str) -> list[str]:
        pairs: dict[str, object] = {
            "Port": port, "User": login, "IdentityFile": self.key, "IdentitiesOnly": "yes", "IdentityAgent": "none",
            "UserKnownHostsFile": self.key.parent / self.known, "StrictHostKeyChecking": "accept-new",
            "LogLevel": "INFO", "BatchMode": "yes",
        }  # fmt: skip
        if cipher:
            pairs["Ciphers"] = cipher
        return ["-F", "none", *(each for name, value in pairs.items() for each in ("-o", f"{name}={value}"))]

    def ssh(self, *command: str, cipher: str = "", terminal: bool = False) -> list[str]:
        """Return the command line of ssh."""
        flags = ["-tt"] if terminal else ["-T"]
        return ["ssh", *self.options(cipher), *flags, "127.0.0.1", *command]

    def sftp(self) -> list[str]:
        """Return the command line of an sftp that reads its batch from stdin."""
        return ["sftp", "-q", *self.options(), "-b", "-", "127.0.0.1"]


@attrs.define(eq=False)
class Stage:
    """Everything that the contenders need, started once for a run."""

    names: tuple[str, ...]
    idle_port: int = attrs.field(factory=free_port)
    place: Place = attrs.field(init=False)
    _jump: Sshd | None = attrs.field(init=False, default=None)
    _proxies: dict[str, tuple[int, subprocess.Popen[bytes]]] = attrs.field(init=False, factory=dict)

    def __attrs_post_init__(self) -> None:
        self.place = Place(GRANT + IDLE % self.idle_port, bare=True)

    def open(self) -> None:
        """Start all of it, and connect once each way, so that hosts are known and programs are in memory."""
        self.place.open()
        if "jump" in self.names:
            self._jump = Sshd(self.place.folder)
            self._jump.start()
        for name in ("asyncssh", "conch"):
            if name in self.names:
                self._proxies[name] = self._proxy(name, self.place.sshd.port)
        for name in self.names:
            warm(self.contender(name))  # a way that does not work at all is an error, not a figure

    def close(self) -> None:
        """End all of it."""
        for _, process in self._proxies.values():
            stop(process)
        if self._jump is not None:
            self._jump.stop()
        self.place.close()

    def contender(self, name: str) -> Contender:
        """Return one of the ways to the sshd."""
        sshd, folder, gateway = self.place.sshd, self.place.folder, self.place.gateway
        match name:
            case "direct":
                return Contender(name, sshd.port, ACCOUNT, folder / "credential")
            case "jump":
                jump = self._jump
                if jump is None or jump.process is None:
                    raise Unmeasured("no jump host was started")
                return Contender(name, sshd.port, ACCOUNT, folder / "credential", jump.process.pid, jump.port)
            case "ours":
                pid = gateway.process.pid if gateway.process is not None else None
                return Contender(name, gateway.port, self.place.to_web(), folder / "alice", pid)
            case _:
                port, proxy = self._proxies[name]
                return Contender(name, port, ACCOUNT, folder / "credential", proxy.pid)

    def nested(self) -> Contender:
        """Return the gateway as a jump host: it shows its own key in the target's place, so hosts are known apart."""
        plain = self.contender("ours")
        return Contender(
            "nested", self.place.sshd.port, ACCOUNT, plain.key, plain.pid, plain.port, "alice", "known_hosts_nested"
        )

    def fresh(self, name: str) -> Contender:
        """Start a contender's own process anew, for what a used one would hide, and return the contender."""
        if name in self._proxies:
            stop(self._proxies[name][1])
            self._proxies[name] = self._proxy(name, self.place.sshd.port)
        elif name == "ours":
            self.place.gateway.restart()
        contender = self.contender(name)
        warm(contender)
        return contender

    @contextmanager
    def idle(self, name: str) -> Iterator[Contender]:
        """Lend a way, through a fresh process, to a target of sessions that do nothing."""
        port, folder = self.idle_port, self.place.folder
        target = self.program("idle_target", str(port), str(folder))
        proxy = None
        try:
            until(lambda: listens(port), "the idle target listens")
            if name in self._proxies:
                entry, proxy = self._proxy(name, port)
                yield Contender(name, entry, ACCOUNT, folder / "credential", proxy.pid)
            elif name == "ours":
                self.place.gateway.restart()
                yield attrs.evolve(self.contender(name), login=self.place.to_web(target="idle1"))
            else:
                yield attrs.evolve(self.contender(name), port=port)
        finally:
            for process in (proxy, target):
                if process is not None:
                    stop(process)

    def _proxy(self, name: str, target: int) -> tuple[int, subprocess.Popen[bytes]]:
        port = free_port()
        process = self.program(f"{name}_proxy", str(port), str(target), ACCOUNT, str(self.place.folder))
        until(lambda: listens(port) or process.poll() is not None, f"{name} listens")
        if process.poll() is not None:
            raise Unmeasured(f"{name} ended with {process.returncode}")
        return port, process

    def program(self, module: str, *words: str, pipes: bool = False) -> subprocess.Popen[bytes]:
        """Start a module of this package; whoever asked ends it."""
        pipe = subprocess.PIPE if pipes else subprocess.DEVNULL
        with (self.place.folder / f"{module}.log").open("ab") as log:
            return subprocess.Popen(
                [sys.executable, "-m", f"benchmarks.{module}", *words],
                stdin=pipe, stdout=pipe, stderr=log, env={**clean(), "PYTHONPATH": str(ROOT)}, cwd=self.place.folder,
            )  # fmt: skip


def warm(contender: Contender) -> None:
    """Connect once."""
    try:
        done = subprocess.run(contender.ssh("true"), capture_output=True, timeout=60, env=clean(), check=False)
    except subprocess.TimeoutExpired:
        raise Unmeasured(f"{contender.name}: ssh true did not end within 60 s") from None
    if done.returncode:
        raise Unmeasured(f"{contender.name}: ssh true: {done.returncode} {done.stderr.decode(errors='replace')[-300:]}")
