"""Immediate orders: lock, unlock, kill, deactivate reach running sessions of every kind, and are kept."""

from __future__ import annotations

import os
import signal

from tests.real.harness import PATIENCE, Outcome, PlaceCase, run, until
from tests.real.terminals import Terminal

TICKS = "i=0; while [ $i -lt 300 ]; do i=$((i+1)); echo $i; sleep 0.01; done"


class OrderCase(PlaceCase):
    """Orders are given as people give them: over ssh, with a reason."""

    def order(self, *words: str) -> Outcome:
        """Give an order as Carol, over ssh."""
        return self.place.ssh("carol", *words, key="carol")

    def locked(self, *words: str) -> None:
        done = self.order("lock", *(words or ("alice",)), "--reason", "'a look at it'")
        self.assertEqual(done.code, 0, done)
        self.addCleanup(self.order, "unlock", *(words[:2] or ("alice",)))

    def unlocked(self) -> None:
        done = self.order("unlock", "alice")
        self.assertEqual(done.code, 0, done)


class LockTests(OrderCase):
    """A lock freezes everything and loses nothing."""

    def test_a_locked_exec_stands_still_and_goes_on_exactly(self) -> None:
        """Output stops within the lock, and after it the whole of it has arrived in order, code and all."""
        child = self.place.start(self.place.to_web(), TICKS)
        assert child.stdout is not None
        os.set_blocking(child.stdout.fileno(), False)
        seen = bytearray()

        def more(wanted: int) -> bool:
            seen.extend(child.stdout.read() or b"")  # type: ignore[union-attr]
            return len(seen) >= wanted

        until(lambda: more(20), "the first output")
        self.locked()
        more(0)
        before = len(seen)
        state = self.place.live()[0]["state"]
        self.place.pamctl("locks")
        more(0)
        self.assertEqual((len(seen), state), (before, "locked"))
        self.assertLess(len(seen.split()), 300)
        self.unlocked()
        os.set_blocking(child.stdout.fileno(), True)
        seen.extend(child.stdout.read())
        self.assertEqual(child.wait(PATIENCE), 0)
        self.assertEqual(seen.split(), [str(n).encode() for n in range(1, 301)])

    def test_a_locked_upload_is_held_and_completed(self) -> None:
        """The file at the target stops growing, and is whole in the end."""
        source, goal = self.place.folder / "source", self.place.folder / "goal"
        source.write_bytes(os.urandom(6_000_000))
        goal.unlink(missing_ok=True)
        options = self.place.options(port="-P")
        child = self.place.spawn(
            ["scp", "-q", "-l", "30000", *options, str(source), f"{self.place.to_web()}@127.0.0.1:{goal}"]
        )
        until(lambda: goal.exists() and goal.stat().st_size > 200_000, "the file grows")
        self.locked()
        self.place.pamctl("locks")
        frozen = goal.stat().st_size
        self.place.pamctl("locks")
        self.place.pamctl("sessions")
        self.assertEqual(goal.stat().st_size, frozen)
        self.assertLess(frozen, 6_000_000)
        self.unlocked()
        self.assertEqual(child.wait(PATIENCE), 0)
        self.assertEqual(goal.read_bytes(), source.read_bytes())

    def test_typed_keys_never_arrive(self) -> None:
        """The operator reads who locked him and why; what he types meanwhile is never delivered."""
        terminal = Terminal.shell(self.place, self.place.to_web())
        self.addCleanup(terminal.leave)
        never = self.place.folder / "never"
        self.locked()
        terminal.expect("LOCKED by Carol Admin (carol)")
        terminal.expect("a look at it")
        terminal.type(f"touch {never}\r")
        self.place.pamctl("locks")
        self.unlocked()
        terminal.type("echo on$((1+1))ward\r")
        terminal.expect("on2ward")
        self.assertFalse(never.exists())
        identity = self.place.live()[0]["id"]
        self.place.told("session.unlocked", session=identity)
        actions = self.place.pamctl("session", "show", identity)["admin_actions"]
        self.assertEqual([each["kind"] for each in actions], ["session.locked", "session.unlocked"])
        self.assertEqual({each["by"] for each in actions}, {"carol"})

    def test_stdin_of_a_locked_exec_is_held(self) -> None:
        """What is piped in during the lock arrives after it, in order."""
        child = self.place.start(self.place.to_web(), "cat")
        assert child.stdin is not None and child.stdout is not None
        child.stdin.write(b"before\n")
        child.stdin.flush()
        self.assertEqual(child.stdout.readline(), b"before\n")
        self.locked()
        child.stdin.write(b"during\n")
        child.stdin.flush()
        os.set_blocking(child.stdout.fileno(), False)
        self.place.pamctl("locks")
        self.assertIsNone(child.stdout.read())
        os.set_blocking(child.stdout.fileno(), True)
        self.unlocked()
        out, _ = child.communicate(b"after\n", PATIENCE)
        self.assertEqual(out, b"during\nafter\n")

    def test_new_sessions_are_refused_and_say_who_and_since(self) -> None:
        """75, on every kind of channel; the other operator is not concerned; after the release all is well."""
        self.locked()
        for words in (("true",), ("-s", "--", "sftp"), ("-T", "--")):
            done = self.place.ssh(self.place.to_web(), *words)
            self.assert_said(done, 75, "alice is locked by Carol Admin (carol) since", "a look at it")
            self.assertRegex(done.said[0], r"since \d\d:\d\d: new sessions are refused")
        self.assertEqual(self.place.ssh(self.place.to_web("bob"), "true", key="bob").code, 0)
        self.unlocked()
        self.assertEqual(self.place.ssh(self.place.to_web(), "true").code, 0)

    def test_a_lock_survives_restarts_of_the_gateway(self) -> None:
        """Also when it was killed."""
        self.locked()
        for how in (signal.SIGTERM, signal.SIGKILL):
            self.place.gateway.restart(how)
            self.assert_said(self.place.ssh(self.place.to_web(), "true"), 75, "locked by Carol Admin")
        self.assertEqual([row["subject"] for row in self.place.pamctl("locks")], ["alice"])
        self.unlocked()
        self.assertEqual(self.place.ssh(self.place.to_web(), "true").code, 0)

    def test_a_lock_with_an_end_ends_by_itself(self) -> None:
        """``--ttl 1s``: the frozen command goes on without anybody's doing."""
        child = self.place.start(self.place.to_web(), "cat")
        assert child.stdin is not None and child.stdout is not None
        self.place.live()
        self.assertEqual(self.order("lock", "alice", "--ttl", "1s").code, 0)
        child.stdin.write(b"through\n")
        child.stdin.flush()
        self.assertEqual(child.stdout.readline(), b"through\n")
        until(lambda: not self.place.pamctl("locks"), "the lock is over")

    def test_nobody_orders_for_himself(self) -> None:
        """An admin can not lock, unlock or activate himself; locked by another, his verbs are refused."""
        self.assertEqual(self.order("lock", "carol").code, 77)
        self.assertEqual(self.order("user", "deactivate", "carol").code, 77)
        self.place.pamctl("lock", "carol")
        self.addCleanup(self.place.pamctl, "unlock", "carol")
        for words in (("unlock", "carol"), ("sessions",), ("user", "activate", "carol")):
            self.assertIn(self.order(*words).code, (75, 77), words)
        self.assertEqual(len(self.place.pamctl("locks")), 1)


class KillTests(OrderCase):
    """An interruption needs nobody's consent."""

    def test_a_kill_is_like_a_lost_network(self) -> None:
        """Then ssh says 255 without a word of ours, what ran on the target is gone, the fact has actor and times."""
        mark = str(200_000 + os.getpid())
        child = self.place.start(self.place.to_web(), "-tt", "--", f"echo up; sleep {mark}")
        assert child.stdout is not None
        self.assertEqual(child.stdout.readline(), b"up\r\n")
        identity = self.place.live()[0]["id"]
        self.assertEqual(self.order("kill", identity, "--reason", "enough").code, 0)
        out, err = child.communicate(timeout=PATIENCE)
        self.assertEqual((child.returncode, out), (255, b""))
        self.assertNotIn(b"ostiary", err)
        until(lambda: run(["pgrep", "-x", "-f", f"sleep {mark}"]).code == 1, "sleep is gone")
        fact = self.place.told("session.interrupted", session=identity)[0]
        self.assertEqual((fact["by"], fact["reason"]), ("carol", "enough"))
        self.assertLess(fact["effective_at"] - fact["requested_at"], 0.1)

    def test_a_gateway_that_is_stopped_says_so(self) -> None:
        """Sessions get 75 and a line, and their recordings are sealed before the process ends."""
        child = self.place.start(self.place.to_web(), "echo up; cat")
        assert child.stdout is not None
        self.assertEqual(child.stdout.readline(), b"up\n")
        identity = self.place.live()[0]["id"]
        self.place.gateway.restart()
        _, err = child.communicate(timeout=PATIENCE)
        self.assertEqual((child.returncode, err.count(b"ostiary: ")), (75, 1), err)
        self.assertEqual(self.place.gateway.pamctl("verify", identity).code, 0)

    def test_deactivation_ends_and_bars(self) -> None:
        """All of his sessions end, he can not log in, also after a restart, until an admin activates him."""
        child = self.place.start(self.place.to_web("bob"), "echo up; cat", key="bob")
        assert child.stdout is not None
        self.assertEqual(child.stdout.readline(), b"up\n")
        self.assertEqual(self.order("user", "deactivate", "bob", "--reason", "left").code, 0)
        self.addCleanup(self.order, "user", "activate", "bob")
        _, err = child.communicate(timeout=PATIENCE)
        self.assertEqual(child.returncode, 79, err)
        self.assertIn(b"deactivated", err)
        self.assertEqual(self.place.ssh(self.place.to_web("bob"), "true", key="bob").code, 255)
        self.place.gateway.restart()
        self.assertEqual(self.place.ssh(self.place.to_web("bob"), "true", key="bob").code, 255)
        self.assertEqual(self.order("user", "activate", "bob").code, 0)
        self.assertEqual(self.place.ssh(self.place.to_web("bob"), "true", key="bob").code, 0)


class NoticeTests(OrderCase):
    """With a notice the operator reads one line."""

    settings = '[interrupt]\nnotice = "generic"\n'

    def test_a_kill_with_a_notice_gives_79(self) -> None:
        """The line on stderr, code 79, on an exec and on a terminal."""
        child = self.place.start(self.place.to_web(), "echo up; cat")
        assert child.stdout is not None
        self.assertEqual(child.stdout.readline(), b"up\n")
        terminal = Terminal.shell(self.place, self.place.to_web())
        self.assertEqual(self.order("kill", "--user", "alice").code, 0)
        out, err = child.communicate(timeout=PATIENCE)
        self.assertEqual((child.returncode, out, err), (79, b"", b"ostiary: an administrator ended this session\n"))
        terminal.expect("ostiary: an administrator ended this session")
        self.assertEqual(terminal.ended(), 79)
