"""The clients of the matrix: how each moves one file up and down, written down once.

A client is two functions that make a :class:`Transfer`: *there* is a path on the target, *here* one of the client's.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Final

import attrs

from tests.real.harness import ROOT, Place, clean, run

REKEY = 1 << 20


@attrs.frozen
class Transfer:
    """A program that moves one file: what it reads, where its output goes, and what is to be done after it."""

    argv: tuple[str, ...]
    stdin: Path | None = None
    stdout: Path | None = None
    after: Callable[[], object] = lambda: None


@attrs.define(eq=False)
class Desk:
    """Where the clients of one place sit: their keys in each form, and whether they change keys all the time."""

    place: Place
    rekeys: bool = False
    home: Path = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        """Lay out keys and settings."""
        self.home = self.place.folder / "desk"
        if self.home.exists():
            return
        sessions = self.home / ".putty" / "sessions"
        sessions.mkdir(parents=True)
        (sessions / "matrix").write_text(f"RekeyBytes={REKEY}\n" if self.rekeys else "")
        alice = str(self.place.folder / "alice")
        run(["puttygen", alice, "-O", "private", "-o", str(self.home / "key.ppk")])
        run(["dropbearconvert", "openssh", "dropbear", alice, str(self.home / "key.db")])
        port = str(self.place.gateway.port)
        scanned = run(["ssh-keyscan", "-p", port, "-t", "ed25519", "127.0.0.1"]).out.decode()
        line = next(" ".join(line.split()[1:3]) for line in scanned.splitlines() if not line.startswith("#"))
        (self.home / "gateway.pub").write_text(line + "\n")

    @property
    def login(self) -> str:
        """Return the login name of the session that all transfers are."""
        return self.place.to_web()

    @property
    def environment(self) -> Mapping[str, str]:
        """Return what every client finds around it."""
        shell = " ".join(["ssh", *self.openssh()])
        author = {"GIT_AUTHOR_NAME": "a", "GIT_AUTHOR_EMAIL": "a@example.org"}
        author |= {key.replace("AUTHOR", "COMMITTER"): value for key, value in author.items()}
        return {**clean(), "HOME": str(self.home), "PYTHONPATH": str(ROOT), "GIT_SSH_COMMAND": shell, **author}

    def openssh(self, port: str = "-p") -> list[str]:
        """Return the options of OpenSSH's clients."""
        return [*self.place.options(port=port), *(("-o", "RekeyLimit=1M") if self.rekeys else ())]

    def putty(self) -> list[str]:
        """Return the options of PuTTY's clients."""
        shown = run(["ssh-keygen", "-lf", str(self.home / "gateway.pub")]).out.decode().split()[1]
        port = str(self.place.gateway.port)
        return ["-load", "matrix", "-batch", "-i", str(self.home / "key.ppk"), "-P", port, "-hostkey", shown]

    def at(self, path: Path) -> str:
        """Return a path on the target, as scp names it."""
        return f"{self.login}@127.0.0.1:{path}"

    def batch(self, *lines: str) -> Path:
        """Return a file with a client's commands."""
        path = self.home / "batch"
        path.write_text("\n".join(lines) + "\n")
        return path

    def start(self, transfer: Transfer) -> subprocess.Popen[bytes]:
        """Start a transfer, in a group of its own; what it says besides goes to a file."""
        with (
            open(transfer.stdin or os.devnull, "rb") as stdin,
            open(transfer.stdout or self.home / "said", "wb") as stdout,
            open(self.home / "errors", "wb") as stderr,
        ):
            return subprocess.Popen(
                transfer.argv, stdin=stdin, stdout=stdout, stderr=stderr, env=dict(self.environment),
                start_new_session=True,
            )  # fmt: skip


Way = Callable[[Desk, Path, Path], Transfer]


@attrs.frozen
class Client:
    """One client: the way down and the way up, each from *there* and *here*, and the programs it needs."""

    down: Way
    up: Way
    needs: tuple[str, ...]

    @property
    def missing(self) -> list[str]:
        """Return what is not installed."""
        return [program for program in self.needs if shutil.which(program, path=clean()["PATH"]) is None]


# Clients that run a command with their own stdin and stdout.


def _streamed(argv: Callable[[Desk], list[str]], up: bool, desk: Desk, there: Path, here: Path) -> Transfer:
    if up:
        return Transfer((*argv(desk), f"cat > {there}"), stdin=here)
    return Transfer((*argv(desk), f"cat {there}"), stdout=here)


def _stream(argv: Callable[[Desk], list[str]], *needs: str) -> Client:
    return Client(partial(_streamed, argv, False), partial(_streamed, argv, True), needs)


def _ssh(desk: Desk) -> list[str]:
    return ["ssh", *desk.openssh(), "-l", desk.login, "127.0.0.1"]


def _plink(desk: Desk) -> list[str]:
    return ["plink", "-ssh", *desk.putty(), f"{desk.login}@127.0.0.1"]


def _dbclient(desk: Desk) -> list[str]:
    port = str(desk.place.gateway.port)
    return ["dbclient", "-y", "-y", "-i", str(desk.home / "key.db"), "-p", port, "-l", desk.login, "127.0.0.1"]


# Clients that name two files.


def _copied(argv: Callable[[Desk], list[str]], up: bool, desk: Desk, there: Path, here: Path) -> Transfer:
    names = (str(here), desk.at(there)) if up else (desk.at(there), str(here))
    return Transfer((*argv(desk), *names))


def _copy(argv: Callable[[Desk], list[str]], *needs: str) -> Client:
    return Client(partial(_copied, argv, False), partial(_copied, argv, True), needs)


def _rsync(desk: Desk) -> list[str]:
    return ["rsync", "--inplace", "-e", desk.environment["GIT_SSH_COMMAND"]]


# Clients that take commands.


def _sftp(up: bool, desk: Desk, there: Path, here: Path) -> Transfer:
    batch = desk.batch(f"put {here} {there}" if up else f"get {there} {here}")
    return Transfer(("sftp", "-q", "-b", str(batch), *desk.openssh("-P"), f"{desk.login}@127.0.0.1"))


def _psftp(up: bool, desk: Desk, there: Path, here: Path) -> Transfer:
    batch = desk.batch(f"put {here} {there}" if up else f"get {there} {here}", "quit")
    return Transfer(("psftp", *desk.putty(), "-b", str(batch), f"{desk.login}@127.0.0.1"))


def _lftp(up: bool, desk: Desk, there: Path, here: Path) -> Transfer:
    program = " ".join(["ssh", "-a", "-x", *desk.openssh()])
    url = f"sftp://{desk.login.replace('=', '%3D')}:@127.0.0.1:{desk.place.gateway.port}"
    move = f"put {here} -o {there}" if up else f"get {there} -o {here}"
    return Transfer(("lftp", "-c", f"set sftp:connect-program '{program}'; set net:max-retries 1; open {url}; {move}"))


def _curl(up: bool, desk: Desk, there: Path, here: Path) -> Transfer:
    key = desk.place.folder / "alice"
    login = ("-s", "-S", "-k", "-u", f"{desk.login}:", "--key", str(key), "--pubkey", f"{key}.pub")
    url = f"sftp://127.0.0.1:{desk.place.gateway.port}{there}"
    return Transfer(("curl", *login, *(("-T", str(here)) if up else ("-o", str(here))), url))


def _python(who: str, up: bool, desk: Desk, there: Path, here: Path) -> Transfer:
    place, octets = desk.place, str(REKEY if desk.rekeys else 0)
    words = (who, "up" if up else "down", str(place.gateway.port), desk.login, str(place.folder / "alice"))
    return Transfer((sys.executable, "-m", "tests.real.pythons", *words, str(there), str(here), octets))


def _git_down(desk: Desk, there: Path, here: Path) -> Transfer:
    _committed(desk, there)
    clone = here.with_suffix(".clone")
    return Transfer(
        ("git", "clone", "-q", desk.at(there.with_suffix(".work")), str(clone)),
        after=lambda: shutil.move(clone / "file", here),
    )


def _git_up(desk: Desk, there: Path, here: Path) -> Transfer:
    work, bare = _committed(desk, here), there.with_suffix(".git")
    run(["git", "init", "-q", "--bare", str(bare)], **desk.environment)

    def after() -> None:
        there.write_bytes(run(["git", "-C", str(bare), "cat-file", "blob", "x:file"], **desk.environment).out)

    return Transfer(("git", "-C", str(work), "push", "-q", desk.at(bare), "HEAD:refs/heads/x"), after=after)


def _committed(desk: Desk, path: Path) -> Path:
    """Make a repository with one file beside it."""
    work = path.with_suffix(".work")
    git = ["git", "-C", str(work), "-c", "core.compression=0"]
    run(["git", "init", "-q", str(work)], **desk.environment)
    shutil.copy(path, work / "file")
    run([*git, "add", "file"], **desk.environment)
    run([*git, "commit", "-q", "-m", "x"], **desk.environment)
    return work


def _commands(way: Callable[[bool, Desk, Path, Path], Transfer], *needs: str) -> Client:
    return Client(partial(way, False), partial(way, True), needs)


CLIENTS: Final[Mapping[str, Client]] = {
    "ssh": _stream(_ssh, "ssh"),
    "scp": _copy(lambda desk: ["scp", "-q", *desk.openssh("-P")], "scp"),
    "scp -O": _copy(lambda desk: ["scp", "-q", "-O", *desk.openssh("-P")], "scp"),
    "sftp": _commands(_sftp, "sftp"),
    "rsync": _copy(_rsync, "rsync"),
    "git": Client(_git_down, _git_up, ("git",)),
    "plink": _stream(_plink, "plink", "puttygen"),
    "pscp": _copy(lambda desk: ["pscp", "-q", *desk.putty()], "pscp", "puttygen"),
    "psftp": _commands(_psftp, "psftp", "puttygen"),
    "dbclient": _stream(_dbclient, "dbclient", "dropbearconvert"),
    "lftp": _commands(_lftp, "lftp"),
    "curl": _commands(_curl, "curl"),
    "paramiko exec": _commands(partial(_python, "paramiko-exec")),
    "paramiko sftp": _commands(partial(_python, "paramiko-sftp")),
    "asyncssh exec": _commands(partial(_python, "asyncssh-exec")),
    "asyncssh sftp": _commands(partial(_python, "asyncssh-sftp")),
}
