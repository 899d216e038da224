"""Locks over real terminals and channels: what the operator sees, what is refused, and that everything is restored."""

from __future__ import annotations

import os
import socket

from gateway.domain.screen import Screen
from tests.real.harness import GRANT, PATIENCE, PlaceCase, until
from tests.real.terminals import Terminal

SLOW = """
[[target]]
name = "web-slow"
address = "127.0.0.1:{slow}"
host_keys = ["{host}"]
"""


def shown(terminal: Terminal, columns: int = 80, rows: int = 24) -> Screen:
    """Return what the terminal shows."""
    screen = Screen(columns, rows)
    screen.feed(bytes(terminal.seen))
    return screen


class NoticeTests(PlaceCase):
    """The notice over a terminal."""

    settings = '[lock]\ncontact = "Call the desk, 555-0100."\n'

    def order(self, *words: str) -> None:
        done = self.place.ssh("carol", *words, key="carol")
        self.assertEqual(done.code, 0, done)

    def test_a_full_screen_program_is_drawn_over_and_restored_exactly(self) -> None:
        """Name, time, reason and contact above; what is typed never arrives; the screen comes back as it was."""
        operator = Terminal.shell(self.place, self.place.to_web())
        self.addCleanup(operator.leave)
        operator.type("export TERM=xterm-256color; less /etc/services\r")
        until(lambda: operator.quiet(0.1) == b"" and shown(operator).alternate, "less is there")
        before = shown(operator).dump()
        reason = "'a look \x1b]0;x\x07 at it'"
        self.order("lock", "alice", "--reason", reason)
        self.addCleanup(self.place.ssh, "carol", "unlock", "alice", key="carol")
        until(lambda: operator.quiet(0.1) == b"" and "LOCKED" in shown(operator).text()[0], "the notice")
        top = " ".join(shown(operator).text()[:3])
        for words in ("LOCKED by Carol Admin (carol) at ", "Reason: a look ]0;x at it.", "Call the desk, 555-0100."):
            self.assertIn(words, top)
        operator.type("qecho never\r")
        operator.quiet(0.2)
        self.order("unlock", "alice")
        until(lambda: operator.quiet(0.1) == b"" and "LOCKED" not in shown(operator).text()[0], "the screen")
        self.assertEqual(shown(operator).dump(), before)
        operator.type("qecho ba$((1+1))ck\r")
        operator.expect("ba2ck")
        self.assertNotIn(b"never", bytes(operator.seen))
        identity = self.place.live()[0]["id"]
        operator.type("exit\r")
        operator.ended()
        until(lambda: self.place.newest()["id"] == identity, "it is over")
        self.assertEqual(self.place.gateway.pamctl("verify", identity).code, 0)

    def test_every_scope_freezes_and_releases(self) -> None:
        """One session, a target, a group, everybody; with --only new sessions begin, and wait."""
        child = self.place.start(self.place.to_web(), "cat")
        assert child.stdin is not None and child.stdout is not None
        identity = self.place.live()[0]["id"]
        for number, scope in enumerate((("--session", identity), ("--target", "web*"), ("--group", "ops"), ("--all",))):
            self.order("lock", *scope, "--reason", "why")
            [row] = self.place.pamctl("locks")
            self.assertEqual((row["by"], row["reason"], row["sessions"]), ("carol", "why", [identity]))
            self.assertEqual(self.place.ssh(self.place.to_web(), "true").code, 75)
            child.stdin.write(b"%d\n" % number)
            child.stdin.flush()
            os.set_blocking(child.stdout.fileno(), False)
            self.assertIsNone(child.stdout.read())
            os.set_blocking(child.stdout.fileno(), True)
            self.order("unlock", *scope)
            self.assertEqual(child.stdout.readline(), b"%d\n" % number)
        self.order("lock", "alice", "--only")
        waiting = self.place.start(self.place.to_web(), "echo through")
        self.place.live(2)
        self.assertIsNone(waiting.poll())
        self.order("unlock", "alice")
        assert waiting.stdout is not None
        self.assertEqual((waiting.stdout.readline(), waiting.wait(PATIENCE)), (b"through\n", 0))

    def test_sftp_and_jump_are_frozen_too(self) -> None:
        """A transfer over ProxyJump stands still and is completed; one line on stderr says why."""
        child = self.place.start(self.place.to_web(), "-s", "--", "sftp")
        assert child.stdin is not None and child.stdout is not None and child.stderr is not None
        child.stdin.write(b"\0\0\0\5\1\0\0\0\3")
        child.stdin.flush()
        self.assertEqual(child.stdout.read(5)[4:], b"\2")
        self.order("lock", "alice", "--reason", "why")
        self.assertIn(b"ostiary: LOCKED by Carol Admin (carol) at ", child.stderr.readline())
        self.order("unlock", "alice")
        self.assertIn(b"unlocked by", child.stderr.readline())


class OnTheWayTests(PlaceCase):
    """A lock that lands while a session is on its way to its target."""

    access = GRANT

    def test_a_dial_in_progress_ends_refused(self) -> None:
        """75 and the words, though the lock is released before the target answers."""
        with socket.socket() as silent:
            silent.bind(("127.0.0.1", 0))
            silent.listen(8)
            text = SLOW.format(slow=silent.getsockname()[1], host=self.place.sshd.host_key)
            path = self.place.folder / "slow.toml"
            path.write_text(text)
            self.assertEqual(self.place.gateway.pamctl("apply", str(path)).code, 0)
            child = self.place.start(self.place.to_web(target="web-slow"), "true")
            until(lambda: [r for r in self.place.pamctl("sessions", "--live") if r["state"] == "waiting"], "it dials")
            done = self.place.ssh("carol", "lock", "alice", "--reason", "why", key="carol")
            self.assertEqual(done.code, 0, done)
            self.addCleanup(self.place.gateway.pamctl, "unlock", "alice")
            out, err = child.communicate(timeout=PATIENCE)
        self.assertEqual((child.returncode, out), (75, b""), err)
        self.assertIn(b"ostiary: alice is locked by Carol Admin (carol) since ", err)
        until(lambda: self.place.newest()["reason"] == "locked", "told")
