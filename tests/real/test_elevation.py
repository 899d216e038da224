"""Elevation with the real sudo: the operator is root and never sees, nor gets, the password."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
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
        self.addCleanup(self.place.end_children)
        self.account.make()
        self.sshd = Sshd(self.place.folder, sftp_server="internal-sftp" if self.internal else "")
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

    def test_a_wrong_password_is_tried_once(self) -> None:
        """One failure, told and said; the operator has his terminal back, and nothing more is answered."""
        self.put("Canary-not-it-at-all")
        terminal = self.shell()
        terminal.type("sudo id -u\r")
        terminal.expect("was not accepted")
        terminal.type("echo b$((1+1))ck\r")
        terminal.expect("b2ck")
        self.place.told("elevation.failed", reason="wrong", account=self.account.name)
        terminal.type("sudo -k; sudo id -u\r")
        terminal.quiet(0.5)
        terminal.type("\x03")
        self.assertEqual(len(self.place.told("elevation.answered", account=self.account.name)), 1)
        self.assert_unseen(terminal, "Canary-not-it-at-all")

    def test_what_is_typed_ahead_and_meanwhile_arrives(self) -> None:
        """A whole script typed at once: the prompt is answered, the rest runs in order."""
        terminal = self.shell()
        terminal.type("sudo id -u\r")
        terminal.expect("[sudo]")
        terminal.type("echo a$((1+1))a\r")
        terminal.expect("a2a")
        self.assertIn(b"\r\n0\r\n", bytes(terminal.seen))
        terminal.type("sudo -k; sudo -i\recho typed-ahead\r")
        terminal.expect("root@", 15)
        self.assertNotIn(self.account.password.encode(), bytes(terminal.seen))

    def test_two_in_a_row_are_two_answers(self) -> None:
        """Each sudo is proven and answered for itself."""
        terminal = self.shell()
        terminal.type("sudo -k id -u; sudo -k id -u; echo d$((1+1))ne\r")
        self.assertEqual(terminal.expect("d2ne").count("\r\n0\r\n"), 2)
        self.assertEqual(len(self.place.told("elevation.answered", 2, account=self.account.name)), 2)

    def test_ctrl_c_at_the_prompt_gives_the_terminal_back(self) -> None:
        """Nothing is answered; the shell is there."""
        self.put("\x01")
        terminal = self.shell()
        terminal.type("sudo id -u\r")
        terminal.expect("can not be typed")
        terminal.type("\x03")
        terminal.quiet(0.5)
        terminal.type("echo b$((1+1))ck\r")
        terminal.expect("b2ck")

    def test_a_command_on_a_terminal_of_its_own_is_answered(self) -> None:
        """``ssh -t target sudo id``: sudo leads its own session."""
        terminal = Terminal.open(self.place, f"alice={self.account.name}=sudo1", "sudo", "id", "-u")
        terminal.expect("\r\n0\r\n")
        self.place.told("elevation.answered", proof="strong", account=self.account.name)

    def test_an_echoed_password_is_masked(self) -> None:
        """What the target shows of it is masked on the screen, in the stream and in the recording."""
        self.account.write("show", f"#!/bin/sh\nprintf %s {self.account.password[:9]}\nsleep 0.02\n"
                           f"echo {self.account.password[9:]}\n")  # fmt: skip
        terminal = self.shell()
        terminal.type("sudo id -u; ./show; echo d$((1+1))ne\r")
        self.assertIn("********", terminal.expect("d2ne"))
        terminal.type("exit\r")
        self.place.sealed()
        self.assertNotIn(self.account.password.encode(), bytes(terminal.seen))

    def test_a_grant_that_does_not_elevate_passes_the_prompt_on(self) -> None:
        """The operator types what he knows; it is masked in the recording."""
        self.place.pamctl("grant", "add", "sudo1", "--elevate", "false")
        terminal = self.shell()
        terminal.type("sudo id -u\r")
        terminal.expect("[sudo]")
        terminal.quiet(0.5)
        terminal.type(f"{self.account.password}\r")
        terminal.expect("\r\n0\r\n")
        self.assertEqual([row for row in self.place.events("--kind", "elevation.answered")
                          if row.get("account") == self.account.name], [])  # fmt: skip
        terminal.type("exit\r")
        self.place.sealed()
        self.assert_unseen(terminal, self.account.password)


class CertainTests(ElevationCase):
    """A target whose SFTP is sshd's own, as its administrator says."""

    elevation = ', require = "certain", internal_sftp = true'
    internal = True

    def test_the_proof_is_certain(self) -> None:
        """No start-up file has a say."""
        terminal = self.shell()
        terminal.type("sudo id -u\r")
        terminal.expect("\r\n0\r\n")
        self.place.told("elevation.answered", proof="certain", account=self.account.name)


class RequiredTests(ElevationCase):
    """The same is required of a target that can not give it."""

    elevation = ', require = "certain", internal_sftp = true'

    def test_less_is_not_enough(self) -> None:
        """An external server is no sshd's own, whatever is said."""
        terminal = self.shell()
        terminal.type("sudo id -u\r")
        terminal.expect("certain is required")
        self.place.told("elevation.refused", reason="level", account=self.account.name)
        terminal.type("\x03")


class RuledTests(ElevationCase):
    """An audited rule applies: what is typed is read before it is released."""

    access = GRANT + '[[audited]]\nname = "mkfs"\nmatch = {{ command = "mkfs" }}\naction = "deny"\n'

    def test_sudo_is_answered_and_what_is_prohibited_is_not_run(self) -> None:
        """Both gates on one terminal; the one's prompt is not the other's line."""
        terminal = self.shell()
        terminal.type("sudo id -u\r")
        terminal.expect("\r\n0\r\n")
        terminal.type("sudo mkfs\r")
        terminal.expect("ostiary: ")
        self.place.told("command.denied", account=self.account.name)
        terminal.type("sudo id -g\r")
        terminal.expect("\r\n0\r\n")
        self.assertNotIn(self.account.password.encode(), bytes(terminal.seen))


class DoasTests(ElevationCase):
    """The same for doas, which names the host in its prompt."""

    elevation = ', program = "doas"'

    def setUp(self) -> None:
        super().setUp()
        if shutil.which("doas") is None:
            raise SkipTest("doas is not installed")
        rules = Path("/etc/doas.conf")
        before = rules.read_bytes() if rules.exists() else None
        self.addCleanup(lambda: rules.unlink() if before is None else rules.write_bytes(before))
        rules.write_text(f"permit {self.account.name}\n")

    def test_doas_is_answered(self) -> None:
        """By the account's own password."""
        terminal = self.shell()
        terminal.type("doas id -u\r")
        terminal.expect("\r\n0\r\n")
        self.place.told("elevation.answered", program="doas", account=self.account.name)


class SuTests(ElevationCase):
    """su may read from elsewhere than its terminal: there is no strong proof of it."""

    elevation = ', program = "su"'

    def test_su_is_not_answered_where_a_proof_is_required(self) -> None:
        """The operator reads why."""
        terminal = self.shell()
        terminal.type("su -\r")
        terminal.expect("may read what it asks for from elsewhere")
        terminal.type("\x03")
