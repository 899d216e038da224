"""Recordings: what was typed and seen is there, nothing else is, and nobody can change it unseen."""

from __future__ import annotations

import json
import signal
import sqlite3
import subprocess
from pathlib import Path

from tests.real.harness import PATIENCE, PlaceCase, all_files, cast_of, until
from tests.real.terminals import Terminal

HIDDEN = "stty -echo; printf 'Pass''word: '; read x; stty echo; echo; echo length ${#x}"
CANARY = "Hidden-9f27-Canary"


class RecordingCase(PlaceCase):
    """Sessions on a terminal, and what is kept of them."""

    def shell(self) -> Terminal:
        terminal = Terminal.shell(self.place, self.place.to_web())
        self.addCleanup(terminal.leave)
        return terminal

    def folder_of(self, session: str) -> Path:
        return next(path for path in (self.place.gateway.state / "recordings").rglob(session) if path.is_dir())

    def result(self, session: str) -> tuple[int, str]:
        done = self.place.gateway.pamctl("verify", session, "--json")
        return done.code, json.loads(done.out)["data"][0]["result"]

    def texts(self, session: str, code: str) -> str:
        return "".join(text for _, each, text in cast_of(self.place, session) if each == code)


class ContentTests(RecordingCase):
    """Typed and seen, in order, with times."""

    def test_what_was_typed_and_seen_is_exported(self) -> None:
        """Input, output, size and exit are there; output is exactly what the terminal showed."""
        terminal = self.shell()
        terminal.type("echo ty''ped; printf 'r\\303\\266t\\n'\r")
        terminal.expect("röt")
        terminal.resize(120, 33)
        terminal.type("exit 3\r")
        self.assertEqual(terminal.ended(), 3)
        session = self.place.sealed()
        self.assertEqual(self.texts(session, "o"), bytes(terminal.seen).decode())
        self.assertIn("echo ty''ped; printf", self.texts(session, "i"))
        self.assertIn("120x33", self.texts(session, "r"))
        times = [t for t, _, _ in cast_of(self.place, session)]
        self.assertEqual(times, sorted(times))
        self.assertEqual(self.result(session), (0, "OK"))

    def test_an_execs_output_is_recorded(self) -> None:
        """Both streams, and the command in the facts."""
        self.place.ssh(self.place.to_web(), "echo out; echo err >&2")
        session = self.place.sealed()
        self.assertEqual(sorted(self.texts(session, "o").split()), ["err", "out"])
        channel = self.place.pamctl("session", "show", session)["channels"][0]
        self.assertEqual((channel["command"], channel["exit"]), ("echo out; echo err >&2", "0"))

    def test_a_refusal_line_is_recorded_like_all_he_saw(self) -> None:
        """A lock's notice stands in the recording, because the operator saw it."""
        terminal = self.shell()
        self.place.pamctl("lock", "alice", "--reason", "a look")
        terminal.expect("LOCKED")
        self.place.pamctl("unlock", "alice")
        until(lambda: self.place.live()[0]["state"] == "live", "the session is released")
        terminal.type("exit\r")
        terminal.ended()
        self.assertEqual(self.texts(self.place.sealed(), "o"), bytes(terminal.seen).decode())

    def test_a_hidden_password_is_nowhere(self) -> None:
        """Typed while the echo is off, it is in no export and in no file of the state directory."""
        terminal = self.shell()
        terminal.type(f"{HIDDEN}\r")
        terminal.expect("Password: ")
        terminal.type(f"{CANARY}\r")
        terminal.expect(f"length {len(CANARY)}")
        terminal.type("echo se''en; exit\r")
        terminal.ended()
        session = self.place.sealed()
        self.assertIn("echo se''en", self.texts(session, "i"))
        self.assertNotIn(CANARY.encode(), self.place.gateway.pamctl("export", session, "--cast").out)
        self.assertNotIn(CANARY, self.place.gateway.words())
        held = [path for path in all_files(self.place.gateway.state) if CANARY.encode() in path.read_bytes()]
        self.assertEqual(held, [])
        self.assertNotIn(CANARY.encode(), self.place.gateway.pamctl("events").out)

    def test_recordings_are_sealed_against_readers_of_the_disk(self) -> None:
        """What was shown stands nowhere in clear below the recordings, and only their owner may read there."""
        self.place.ssh(self.place.to_web(), "echo Visible-$((41+1))-Canary")
        session = self.place.sealed()
        self.assertIn("Visible-42-Canary", self.texts(session, "o"))
        for path in all_files(self.place.gateway.state):
            self.assertNotIn(b"Visible-42-Canary", path.read_bytes(), path)
            self.assertEqual(path.stat().st_mode & 0o077, 0, path)


class TamperTests(RecordingCase):
    """One flipped byte is found."""

    def test_one_flipped_byte_in_any_file_is_found(self) -> None:
        """At the beginning, in the middle and at the end of every stored file: BAD, and code 1."""
        self.place.ssh(self.place.to_web(), "seq 1 2000")
        session = self.place.sealed()
        files = list(all_files(self.folder_of(session)))
        self.assertGreaterEqual(len(files), 2)
        for path in files:
            kept = path.read_bytes()
            for place in {0, len(kept) // 3, len(kept) // 2, len(kept) - 1}:
                path.write_bytes(kept[:place] + bytes([kept[place] ^ 1]) + kept[place + 1 :])
                self.assertEqual(self.result(session), (1, "BAD"), (path.name, place))
            path.write_bytes(kept[:-1])
            self.assertEqual(self.result(session)[0], 1, path.name)
            path.write_bytes(kept)
        self.assertEqual(self.result(session), (0, "OK"))

    def test_a_removed_track_is_found(self) -> None:
        """A file that is gone is no OK."""
        self.place.ssh(self.place.to_web(), "seq 1 20")
        session = self.place.sealed()
        track = next(path for path in all_files(self.folder_of(session)) if path.suffix == ".pamrec")
        kept = track.read_bytes()
        track.unlink()
        self.assertEqual(self.result(session)[0], 1)
        track.write_bytes(kept)
        self.assertEqual(self.result(session), (0, "OK"))

    def test_the_journal_verifies_and_a_changed_fact_is_found(self) -> None:
        """OK as it stands; a reason rewritten in the store is BAD, and the gateway refuses to start on it."""
        self.place.pamctl("lock", "bob", "--reason", "original words")
        self.place.pamctl("unlock", "bob")
        done = self.place.gateway.pamctl("verify", "--journal", "--json")
        self.assertEqual((done.code, json.loads(done.out)["data"][0]["result"]), (0, "OK"), done)
        self.place.gateway.stop()
        path = self.place.gateway.state / "journal.sqlite"
        kept = {each: each.read_bytes() for each in path.parent.glob("journal.sqlite*")}
        self._rewrite(path)
        done = self.place.gateway.pamctl("verify", "--journal", "--json")
        self.assertNotEqual(done.code, 0, done)
        for each in path.parent.glob("journal.sqlite*"):
            each.unlink()
        for each, stored in kept.items():
            each.write_bytes(stored)
            each.chmod(0o600)
        self.place.gateway.start()
        self.assertEqual(self.place.ssh(self.place.to_web(), "true").code, 0)

    def _rewrite(self, path: Path) -> None:
        with sqlite3.connect(path) as store:
            tables = [row[0] for row in store.execute("select name from sqlite_master where type = 'table'")]
            changed = 0
            for table in tables:
                columns = [row[1] for row in store.execute(f"pragma table_info({table})")]
                if "body" in columns:
                    for number, body in store.execute(f"select rowid, body from {table}").fetchall():
                        raw = body.encode() if isinstance(body, str) else bytes(body or b"")
                        if b"original words" in raw:
                            fresh = raw.replace(b"original words", b"different word")
                            store.execute(f"update {table} set body = ? where rowid = ?", (fresh, number))
                            changed += 1
        store.close()
        self.assertGreater(changed, 0)


class CrashTests(RecordingCase):
    """The process is killed in the middle of a session."""

    alone = True

    def test_nothing_that_was_seen_is_lost(self) -> None:
        """Kill -9 under a running flood and a terminal: all that the clients got is in the recordings, UNSEALED."""
        terminal = self.shell()
        terminal.type("echo be''fore\r")
        terminal.expect("before")
        argv = self.place.argv(self.place.to_web(), "seq 1 100000000")
        argv.insert(1, "-tt")  # on a terminal: the output of commands is recorded to a certain size only
        flood = self.place.spawn(argv, stderr=subprocess.DEVNULL)
        assert flood.stdout is not None
        got = flood.stdout.read(3_000_000)
        rows = self.place.live(2)
        gateway = self.place.gateway
        assert gateway.process is not None
        gateway.process.send_signal(signal.SIGKILL)
        got += flood.stdout.read()
        terminal.ended()
        self.assertNotEqual(flood.wait(PATIENCE), 0)
        gateway.stop()
        gateway.start()
        recorded = {row["id"]: self.texts(row["id"], "o") for row in rows}
        shown = next(text for text in recorded.values() if "before" in text)
        listed = next(text for text in recorded.values() if "before" not in text)
        seen = bytes(terminal.seen).decode()
        self.assertTrue(shown.startswith(seen.partition("Connection to 127.0.0.1 closed")[0]), (shown, seen))
        self.assertTrue(listed.startswith(got.decode()), (len(listed), len(got)))
        for row in rows:
            self.assertEqual(self.result(row["id"]), (2, "UNSEALED"))
            now = self.place.pamctl("session", "show", row["id"])
            self.assertEqual((now["state"], now["reason"]), ("ended", "node_died"))
        self.assertEqual(gateway.pamctl("verify", "--journal").code, 0)
        self.assertEqual(self.place.pamctl("sessions", "--live"), [])
