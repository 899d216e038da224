"""Elevation with the real sudo: the operator is root and never sees, nor gets, the password."""

from __future__ import annotations

import os
import shutil
from typing import ClassVar

from twisted.trial.unittest import SkipTest

from tests.real.accounts import Account
from tests.real.harness import GRANT, PlaceCase, Sshd, all_files
from tests.real.terminals import Terminal

RULES = """
[[target]]
name = "sudo1"
address = "127.0.0.1:{port}"
host_keys = ["{host}"]
[[credential]]
name = "sudo1"
target = "sudo1"
account = "{account}"
kind = "key"
secret = "file:{folder}/credential"
elevation = {{ method = "password", secret = "store"{settings} }}
[[grant]]
name = "sudo1"
users = ["alice"]
targets = ["sudo1"]
accounts = ["{account}"]
rights = ["shell", "exec", "sftp"]
elevate = true
"""


class ElevationCase(PlaceCase):
    """An account with sudo, on a target of its own; the credential's password for sudo is in the vault."""

    access = GRANT
    elevation: ClassVar[str] = ""
    internal: ClassVar[bool] = False

    def setUp(self) -> None:
        if os.geteuid() != 0 or shutil.which("sudo") is None:
            raise SkipTest("making a temporary user that may use sudo needs root and sudo")
        super().setUp()
        self.account = Account()
        self.addCleanup(self.account.remove)
        self.account.make()
        extra = "Subsystem sftp internal-sftp" if self.internal else ""
        self.sshd = Sshd(self.place.folder, extra=extra)
        self.sshd.start()
        self.addCleanup(self.sshd.stop)
        known = {"port": self.sshd.port, "host": self.sshd.host_key, "account": self.account.name,
                 "folder": self.place.folder, "settings": self.elevation}  # fmt: skip
        path = self.place.folder / "elevation.toml"
        path.write_text(RULES.format(**known))
        done = self.place.gateway.pamctl("apply", str(path))
        self.assertEqual(done.code, 0, done)
        self.put(self.account.password)

    def put(self, password: str) -> None:
        self.place.pamctl("credential", "put", "sudo1", "--elevation", stdin=password.encode() + b"\n")

    def shell(self) -> Terminal:
        """Start a login shell whose prompt is known."""
        terminal = Terminal.shell(self.place, f"alice={self.account.name}=sudo1")
        return terminal

    def assert_unseen(self, terminal: Terminal, password: str) -> None:
        """Check that the password is on no screen, in no file of the account, in no state and in no log."""
        self.assertNotIn(password.encode(), bytes(terminal.seen))
        for folder in (self.account.home, self.place.gateway.state):
            held = [path for path in all_files(folder) if password.encode() in path.read_bytes()]
            self.assertEqual(held, [])
        self.assertNotIn(password, self.place.gateway.words())


class SudoTests(ElevationCase):
    """The untouched target: sudo of Debian, an external sftp-server."""

    def test_sudo_is_answered_and_nothing_shows_it(self) -> None:
        """The command runs as root; the proof is strong; the password stands nowhere."""
        terminal = self.shell()
        terminal.type("sudo id -u; echo d$((1+1))ne\r")
        shown = terminal.expect("d2ne")
        self.assertIn("\r\n0\r\n", shown)
        (told,) = self.place.told("elevation.answered", account=self.account.name)
        self.assertEqual((told["proof"], told["argv"], told["program"]), ("strong", ["sudo", "id", "-u"], "sudo"))
        terminal.type("exit\r")
        self.place.sealed()
        self.assert_unseen(terminal, self.account.password)
