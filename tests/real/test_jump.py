"""ProxyJump that ends inside the gateway: the preferred way, with plain ssh, sftp, scp and rsync."""

from __future__ import annotations

import os

from tests.real.harness import ACCOUNT, Outcome, PlaceCase, cast_of, free_port, run, until
from tests.real.terminals import Terminal


class JumpTests(PlaceCase):
    """``ssh -J alice@gw ACCOUNT@web1``: one login, then as with any host."""

    def proxy(self) -> list[str]:
        """Return options that make every OpenSSH client jump, as a ``Host *`` block with ProxyJump would."""
        outer = " ".join(["ssh", "-W", "%h:%p", *self.place.options(), "alice@127.0.0.1"])
        known = self.place.folder / "known_inner"
        return [
            "-F", "none", "-o", f"ProxyCommand={outer}", "-o", f"UserKnownHostsFile={known}", "-o", "LogLevel=ERROR",
            "-o", "StrictHostKeyChecking=accept-new", "-o", "IdentityFile=none", "-o", "IdentityAgent=none",
            "-o", "PasswordAuthentication=no",
        ]  # fmt: skip

    def ssh(self, where: str, *words: str, stdin: bytes = b"") -> Outcome:
        return run(["ssh", *self.proxy(), where, *words], stdin)

    def where(self, target: str = "web1") -> str:
        return f"{ACCOUNT}@{target}"

    def test_a_command_runs_and_is_recorded(self) -> None:
        """Bytes, code, the session's row with operator, account and target, and the recording."""
        sent = os.urandom(500_000)
        done = self.ssh(self.where(), "cat; exit 5", stdin=sent)
        self.assertEqual((done.code, done.out), (5, sent))
        self.assertEqual(self.ssh(self.where(), "echo seen").out, b"seen\n")
        self.place.sealed()
        row = self.place.newest()
        self.assertEqual((row["operator"], row["account"], row["target"]), ("alice", ACCOUNT, "web1"))
        shown = "".join(text for _, code, text in cast_of(self.place, row["id"]) if code == "o")
        self.assertEqual(shown, "seen\n")

    def test_the_targets_address_will_do_as_its_name(self) -> None:
        """``ssh -J gw ACCOUNT@127.0.0.1 -p PORT`` is looked up among the targets."""
        argv = ["ssh", *self.proxy(), "-p", str(self.place.sshd.port), f"{ACCOUNT}@127.0.0.1", "echo here"]
        self.assertEqual(run(argv).out, b"here\n")

    def test_sftp_scp_and_rsync(self) -> None:
        """Files up and down through the jump."""
        local, up, down = (self.place.folder / name for name in ("jump-local", "jump-up", "jump-down"))
        local.write_bytes(os.urandom(1_000_000))
        batch = f"put {local} {up}\nget {up} {down}\n".encode()
        self.assertEqual(run(["sftp", "-q", "-b", "-", *self.proxy(), self.where()], batch).code, 0)
        self.assertEqual(down.read_bytes(), local.read_bytes())
        self.assertEqual(run(["scp", "-q", *self.proxy(), str(local), f"{self.where()}:{up}2"]).code, 0)
        wrapper = self.place.folder / "inner-ssh"
        wrapper.write_text("#!/bin/sh\nexec ssh " + " ".join(f"'{each}'" for each in self.proxy()) + ' "$@"\n')
        wrapper.chmod(0o700)
        done = run(["rsync", "-a", "-e", str(wrapper), str(local), f"{self.where()}:{up}3"])
        self.assertEqual(done.code, 0, done)
        for number in (2, 3):
            self.assertEqual((self.place.folder / f"jump-up{number}").read_bytes(), local.read_bytes())

    def test_a_terminal_and_a_lock_through_the_jump(self) -> None:
        """The inner session is frozen like any other, and goes on after the release."""
        terminal = Terminal.of(self.place.spawn, ["ssh", "-tt", *self.proxy(), self.where()])
        self.addCleanup(terminal.leave)
        terminal.expect(", recorded")
        terminal.type("echo rea$((40+2))dy\r")
        terminal.expect("rea42dy")
        self.place.pamctl("lock", "alice", "--reason", "a look")
        terminal.expect("LOCKED")
        self.assertNotEqual(self.ssh(self.where(), "true").code, 0)
        self.place.pamctl("unlock", "alice")
        until(lambda: self.place.live()[0]["state"] == "live", "the session is released")
        terminal.type("echo on$((1+1))ward; exit 3\r")
        terminal.expect("on2ward")
        self.assertEqual(terminal.ended(), 3)

    def test_what_is_not_allowed_is_refused(self) -> None:
        """Another account is 77 with the line; an unregistered address is not dialled at all."""
        done = self.ssh("daemon@web1", "true")
        self.assert_said(done, 77, "not allowed")
        done = run(["ssh", *self.proxy(), "-p", str(free_port()), f"{ACCOUNT}@127.0.0.1", "true"])
        self.assertEqual((done.code, done.out), (255, b""))

    def test_each_inner_login_is_a_session_of_its_own(self) -> None:
        """Two inner logins over one outer connection: two sessions, killed one by one."""
        control = str(self.place.folder / "outer")
        outer = self.place.start("alice", "-M", "-N", "-S", control, "--")
        ask = self.place.argv("alice", "-S", control, "-O", "check", "--")
        until(lambda: run(ask).code == 0, "the outer connection is there")
        through = " ".join(["ssh", "-S", control, "-W", "%h:%p", *self.place.options(), "alice@127.0.0.1"])
        options = [f"ProxyCommand={through}" if each.startswith("ProxyCommand=") else each for each in self.proxy()]
        first, second = (self.place.spawn(["ssh", *options, self.where(), "echo up; cat"]) for _ in range(2))
        for child in (first, second):
            assert child.stdout is not None
            self.assertEqual(child.stdout.readline(), b"up\n")
        rows = self.place.live(2)
        self.place.pamctl("kill", rows[0]["id"])
        self.assertEqual([row["id"] for row in self.place.live(1)], [rows[1]["id"]])
        until(lambda: first.poll() is not None or second.poll() is not None, "one of them ends")
        left = second if first.poll() is not None else first
        self.assertEqual(left.communicate(b"still\n", 30)[0], b"still\n")
        outer.kill()
