"""A private sshd and a gateway as real processes, and the clients that are run against them.

One *place* is started for a test module and shared by its tests; the next module's place replaces it. Whatever is
started here is ended here, by its own process id.
"""

from __future__ import annotations

import atexit
import getpass
import io
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

import attrs
from twisted.trial.unittest import SynchronousTestCase

from gateway.admin.ctl import Terminal, Use, main
from gateway.admin.verbs import VERBS
from tests.real.processes import PATIENCE, Outcome, clean, free_port, listens, make_key, run, stop, until

__all__ = [
    "ACCOUNT", "GRANT", "PATIENCE", "ROOT", "SSHD", "USERS", "Gateway", "Outcome", "Place", "PlaceCase", "Sshd",
    "all_files", "cast_of", "clean", "close_all", "free_port", "listens", "make_key", "run", "stop", "until",
]  # fmt: skip

ACCOUNT = getpass.getuser()
ROOT = Path(__file__).parents[2]

SSHD = """
{extra}
Port {port}
ListenAddress 127.0.0.1
HostKey {folder}/host
PidFile none
AuthorizedKeysFile {folder}/credential.pub
PasswordAuthentication {password}
KbdInteractiveAuthentication no
PermitRootLogin yes
UsePAM no
StrictModes no
AcceptEnv *
MaxSessions 200
MaxStartups 200
PrintLastLog no
PrintMotd no
X11Forwarding yes
AllowAgentForwarding yes
Subsystem sftp {sftp_server}
"""

USERS = """
[[user]]
name = "alice"
full_name = "Alice Ray"
roles = ["operator"]
groups = ["ops"]
keys = ["{alice}"]
[[user]]
name = "bob"
full_name = "Bob Hill"
roles = ["operator"]
groups = ["ops"]
keys = ["{bob}"]
[[user]]
name = "carol"
full_name = "Carol Admin"
roles = ["admin"]
keys = ["{carol}"]
[[target]]
name = "web1"
address = "127.0.0.1:{port}"
host_keys = ["{host}"]
[[credential]]
name = "web"
target = "web*"
account = "{account}"
kind = "key"
secret = "file:{folder}/credential"
"""

GRANT = """
[[grant]]
name = "ops-web"
groups = ["ops"]
targets = ["web*"]
accounts = ["{account}"]
rights = ["shell", "exec", "sftp", "scp", "rsync"]
"""


@attrs.define(eq=False)
class Sshd:
    """A private sshd on loopback that takes the one key the gateway holds."""

    folder: Path
    port: int = attrs.field(factory=free_port)
    password: bool = False
    extra: str = ""
    """Settings of its own; sshd takes the first of each."""
    sftp_server: str = ""
    """Its SFTP server; the program of the system where nothing is said."""
    process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it, with a new host key where there is none."""
        if not (self.folder / "host").exists():
            make_key(self.folder / "host")
        if os.geteuid() == 0:
            Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)
        places = ("/usr/lib/openssh/sftp-server", "/usr/libexec/openssh/sftp-server")
        found = next((place for place in places if Path(place).exists()), "internal-sftp")
        password = "yes" if self.password else "no"
        settings = SSHD.format(
            extra=self.extra, port=self.port, folder=self.folder, password=password,
            sftp_server=self.sftp_server or found,
        )
        name = self.folder / f"sshd_{self.port}"
        name.write_text(settings)
        daemon = shutil.which("sshd", path=clean()["PATH"])
        with (self.folder / "sshd.log").open("ab") as log:
            self.process = subprocess.Popen(
                [str(daemon), "-D", "-e", "-f", str(name)], stdin=subprocess.DEVNULL, stderr=log, env=clean()
            )
        until(lambda: listens(self.port), "sshd listens")

    @property
    def host_key(self) -> str:
        """Its public host key line."""
        return (self.folder / "host.pub").read_text().strip()

    def stop(self) -> None:
        """End it."""
        if self.process is not None:
            stop(self.process)


@attrs.define(eq=False)
class Gateway:
    """The gateway as its own process, configured by a pam.toml in a folder."""

    folder: Path
    settings: str = ""
    """What follows the keys of ``[ssh]``."""
    admin: str = ""
    """What follows the keys of ``[admin]``."""
    state: Path = attrs.field(default=Path())
    port: int = attrs.field(factory=free_port)
    web: int = attrs.field(factory=free_port)
    metrics: int = attrs.field(factory=free_port)
    site: str = ""
    """A folder with packages that are installed beside the gateway."""
    process: subprocess.Popen[bytes] | None = None

    def __attrs_post_init__(self) -> None:
        if self.state == Path():
            self.state = self.folder / "state"
        self.config.write_text(
            f'[node]\nname = "gw1"\nstate = "{self.state}"\n'
            f'[metrics]\nlisten = ["tcp:{self.metrics}:interface=127.0.0.1"]\n'
            f'[admin]\nlisten = ["tcp:{self.web}:interface=127.0.0.1"]\n{self.admin}'
            f'[ssh]\nlisten = ["tcp:{self.port}:interface=127.0.0.1"]\n{self.settings}'
        )

    @property
    def config(self) -> Path:
        return self.folder / "pam.toml"

    @property
    def log(self) -> Path:
        return self.folder / "gateway.log"

    def spawn(self, *argv: str) -> subprocess.Popen[bytes]:
        """Start twistd; its words go to the log."""
        path = os.pathsep.join(filter(None, (str(ROOT), self.site)))
        known = {**clean(), "PYTHONPATH": path, "PYTHONUNBUFFERED": "1"}
        with self.log.open("ab") as log:
            return subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=known, cwd=self.folder)

    def start(self) -> None:
        """Start and wait until it says it is there."""
        seen = self.log.stat().st_size if self.log.exists() else 0
        twistd = "from twisted.scripts.twistd import run; run()"
        argv = (sys.executable, "-c", twistd, "-n", "--pidfile=", "pam", "--config", str(self.config))
        process = self.process = self.spawn(*argv)

        def ready() -> bool:
            if process.poll() is not None:
                raise AssertionError(f"the gateway ended with {process.returncode}: {self.words(seen)}")
            return "· node gw1" in self.words(seen) and listens(self.port)

        until(ready, "the gateway is ready")

    def words(self, since: int = 0) -> str:
        """Return what it wrote."""
        return self.log.read_bytes()[since:].decode("utf-8", "replace") if self.log.exists() else ""

    def stop(self, how: int = signal.SIGTERM) -> int:
        """End it; return its exit code."""
        return stop(self.process, how) if self.process is not None else 0

    def restart(self, how: int = signal.SIGTERM) -> None:
        """End it and start it again on the same store."""
        self.stop(how)
        self.start()

    def memory(self) -> int:
        """Return its resident set in bytes."""
        assert self.process is not None
        lines = Path(f"/proc/{self.process.pid}/status").read_text().splitlines()
        return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmRSS"))

    def pamctl(self, *words: str, stdin: bytes = b"") -> Outcome:
        """Run pamctl: in this process over the node's socket, where it runs; as a program on the store otherwise."""
        if self.process is not None and self.process.poll() is None:
            out, err = io.BytesIO(), io.BytesIO()
            terminal = Terminal(io.BytesIO(stdin), out, err)
            argv = ["--state", str(self.state), *words]
            code = main(argv, verbs=VERBS, state_of=lambda _: str(self.state), offline=_never, terminal=terminal)
            return Outcome(int(code), out.getvalue(), err.getvalue().decode())
        program = "from gateway.node import pamctl; pamctl()"
        argv = [sys.executable, "-c", program, "--config", str(self.config), *words]
        return run(argv, stdin, PYTHONPATH=str(ROOT))


def _never(path: str | None, state: str, use: Use) -> int:
    raise AssertionError(f"the gateway runs, and its socket under {state} does not answer")


@attrs.define(eq=False)
class Place:
    """One gateway, one target, the keys of its people, and a folder of its own."""

    access: str = GRANT
    settings: str = ""
    bare: bool = True
    """Whether commands on the target find no start-up files of whoever runs this, which would speak or take long."""
    folder: Path = attrs.field(factory=lambda: Path(tempfile.mkdtemp(prefix="ostiary-real-")))
    sshd: Sshd = attrs.field(init=False)
    gateway: Gateway = attrs.field(init=False)
    _children: list[subprocess.Popen[bytes]] = attrs.field(init=False, factory=list)

    def open(self) -> None:
        """Start everything."""
        self.folder.chmod(0o755)
        keys = {name: make_key(self.folder / name) for name in ("alice", "bob", "carol", "credential", "other")}
        (self.folder / "home").mkdir()
        self.sshd = Sshd(self.folder, extra=f"SetEnv HOME={self.folder}/home" if self.bare else "")
        self.sshd.start()
        self.gateway = Gateway(self.folder, self.settings)
        known = {"port": self.sshd.port, "host": self.sshd.host_key, "account": ACCOUNT, "folder": self.folder}
        self.apply((USERS + self.access).format(**known, **keys, down=free_port()))
        self.gateway.start()

    def close(self) -> None:
        """End everything and remove the folder."""
        self.end_children()
        self.gateway.stop()
        self.sshd.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def apply(self, text: str) -> None:
        """Apply a directory file."""
        path = self.folder / "access.toml"
        path.write_text(text)
        done = self.gateway.pamctl("apply", str(path))
        assert done.code == 0, done

    # The admin.

    def pamctl(self, *words: str, stdin: bytes = b"") -> Any:
        """Run a verb that must succeed; return what stands under ``data``."""
        done = self.gateway.pamctl(*words, "--json", stdin=stdin)
        assert done.code == 0, done
        return json.loads(done.out)["data"]

    def live(self, count: int = 1) -> list[dict[str, Any]]:
        """Wait until so many sessions are live or locked; return them, the newest first."""

        def found() -> list[dict[str, Any]]:
            rows = [row for row in self.pamctl("sessions") if row["state"] in ("live", "locked")]
            return rows if len(rows) == count else []

        return list(until(found, f"{count} live sessions"))

    def newest(self) -> dict[str, Any]:
        """Return the session that began last, once it has ended: all that it told before its end is told."""

        def found() -> dict[str, Any] | None:
            last = max(self.pamctl("sessions"), key=lambda row: str(row["id"]), default={"ended": None})
            return last if last["ended"] else None

        return dict(until(found, "the newest session has ended"))

    def sealed(self) -> str:
        """Return the newest session's id, once its recording is sealed."""
        session = str(self.newest()["id"])
        self.told("recording.sealed", session=session)
        return session

    def fence(self) -> str:
        """Run a session of its own to its seal: what others told before is told. Return its id."""
        assert self.ssh(self.to_web("bob"), "true", key="bob").code == 0
        return self.sealed()

    def events(self, *words: str) -> list[dict[str, Any]]:
        """Return the audit log as it is now; facts come slightly after what they tell, so most want told()."""
        done = self.gateway.pamctl("events", *words)
        assert done.code == 0, done
        return [json.loads(line) for line in done.out.splitlines()]

    def told(self, kind: str, least: int = 1, **known: object) -> list[dict[str, Any]]:
        """Wait for at least so many facts of a kind in which these fields stand; return all of them, in order."""

        def found() -> list[dict[str, Any]]:
            rows = [row for row in self.events("--kind", kind) if known.items() <= row.items()]
            return rows if len(rows) >= least else []

        return list(until(found, f"{least} {kind} with {known}"))

    # The clients.

    def options(self, key: str = "alice", config: str = "none", port: str = "-p") -> list[str]:
        """Return the options every OpenSSH client gets."""
        pairs = {
            "UserKnownHostsFile": str(self.folder / "known_hosts"), "StrictHostKeyChecking": "accept-new",
            "IdentityFile": str(self.folder / key), "IdentitiesOnly": "yes", "IdentityAgent": "none",
            "LogLevel": "ERROR", "NumberOfPasswordPrompts": "1",
        }  # fmt: skip
        flags = [each for name, value in pairs.items() for each in ("-o", f"{name}={value}")]
        return ["-F", config, port, str(self.gateway.port), *flags]

    def argv(self, login: str, *command: str, key: str = "alice", config: str = "none") -> list[str]:
        """Return a command line of ssh; options go before the command and begin with a dash."""
        cut = next((n for n, word in enumerate(command) if word == "--"), None)
        flags, words = ((), command) if cut is None else (command[:cut], command[cut + 1 :])
        return ["ssh", *flags, *self.options(key, config), "-l", login, "127.0.0.1", *words]

    def ssh(
        self, login: str, *command: str, stdin: bytes = b"", key: str = "alice", config: str = "none",
        seconds: float = PATIENCE, **environment: str,
    ) -> Outcome:  # fmt: skip
        """Run ssh to its end: ``ssh("alice=root=web1", "-v", "--", "true")``."""
        return run(self.argv(login, *command, key=key, config=config), stdin, seconds, **environment)

    def start(self, login: str, *command: str, key: str = "alice") -> subprocess.Popen[bytes]:
        """Start ssh; the test's end ends it."""
        return self.spawn(self.argv(login, *command, key=key))

    def spawn(self, argv: Sequence[str], **streams: Any) -> subprocess.Popen[bytes]:
        """Start a program; the test's end ends it."""
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **streams}
        child = subprocess.Popen(argv, env=clean(), **pipes)
        self._children.append(child)
        return child

    def end_children(self) -> None:
        """End what the last test started and left."""
        children, self._children = self._children, []
        for child in children:
            stop(child, signal.SIGKILL)

    def to_web(self, user: str = "alice", target: str = "web1") -> str:
        """Return the login name of a session on the target's account."""
        return f"{user}={ACCOUNT}={target}"


class PlaceCase(SynchronousTestCase):
    """A test with a place: ``access`` and ``settings`` go to its directory and its pam.toml."""

    access: ClassVar[str] = GRANT
    settings: ClassVar[str] = ""
    alone: ClassVar[bool] = False
    """Whether each test needs a place of its own."""
    _open: ClassVar[dict[tuple[str, ...], Place]] = {}

    def setUp(self) -> None:
        self.place = self._place()
        before = len(self.place.gateway.words())
        self.addCleanup(self._look_at_log, before)
        self.addCleanup(self.place.end_children)

    def _place(self) -> Place:
        key = (type(self).__module__, self.access, self.settings)
        if key not in self._open or self.alone:
            close_all()
            made = self._open[key] = Place(self.access, self.settings)
            made.open()
        return self._open[key]

    def _look_at_log(self, before: int) -> None:
        words = self.place.gateway.words()[before:]
        sys.stdout.write(words)
        if "Traceback" in words or "Unhandled" in words:
            self.fail(f"the gateway's log has a traceback:\n{words}")

    @classmethod
    def tearDownClass(cls) -> None:
        """End the place with its class; trial knows no such moment and ends it with the process."""
        close_all()

    def assert_said(self, outcome: Outcome, code: int, *words: str) -> None:
        """Check a refusal: its code, one line with the words on stderr, nothing on stdout."""
        self.assertEqual((outcome.code, outcome.out), (code, b""), outcome)
        self.assertEqual(len(outcome.said), 1, outcome)
        for word in words:
            self.assertIn(word, outcome.said[0])


def close_all() -> None:
    """End every place."""
    for key in tuple(PlaceCase._open):
        PlaceCase._open.pop(key).close()


atexit.register(close_all)


def all_files(folder: Path) -> Iterator[Path]:
    """Yield every regular file below a folder."""
    return (path for path in sorted(folder.rglob("*")) if path.is_file() and not path.is_symlink())


def cast_of(place: Place, session: str) -> list[tuple[float, str, str]]:
    """Export one channel's recording; return its events."""
    done = place.gateway.pamctl("export", session, "--cast")
    assert done.code == 0, done
    lines: list[Mapping[str, Any] | list[Any]] = [json.loads(line) for line in done.out.splitlines()]
    return [(float(line[0]), str(line[1]), str(line[2])) for line in lines[1:] if isinstance(line, list)]
