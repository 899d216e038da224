"""A recording, played, searched and exported: what the operator saw is what an auditor sees."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path

from gateway.domain.screen import Screen
from gateway.domain.screen.view import GRAMMAR
from tests.real.harness import ROOT, Outcome, PlaceCase, run, until
from tests.real.terminals import Terminal


def shown(terminal: Terminal, columns: int = 80, rows: int = 25) -> Screen:
    """Return what a terminal of that size shows."""
    screen = Screen(columns, rows)
    screen.feed(bytes(terminal.seen))
    return screen


class PlaybackCase(PlaceCase):
    """One session that is over."""

    def recorded(self) -> str:
        """Record a session with wide text and a full-screen program; return its id."""
        operator = Terminal.shell(self.place, self.place.to_web())
        operator.type("export TERM=xterm-256color PS1='$ '; clear\r")
        operator.quiet(0.3)
        operator.type("echo walr$((1+1))us \u65e5\u672c\u8a9e\r")
        operator.expect("walr2us")
        operator.quiet(0.3)
        operator.type("less /etc/services\r")
        until(lambda: operator.quiet(0.1) == b"" and shown(operator, 80, 24).alternate, "less")
        self.in_less = shown(operator, 80, 24)
        operator.type("q")
        operator.quiet(0.3)
        operator.type("echo las$((1+1))t\r")
        operator.expect("las2t")
        operator.quiet(0.2)
        self.last = shown(operator, 80, 24)
        operator.type("exit\r")
        operator.ended()
        row = self.place.newest()
        until(lambda: self.place.events("--kind", "recording.sealed", "--session", row["id"]), "sealed")
        return str(row["id"])

    def player(self, *words: str) -> Terminal:
        terminal = Terminal.open(self.place, "carol", "play", *words, key="carol", columns=80, rows=25)
        self.addCleanup(terminal.leave)
        terminal.expect("\x1b[?1049h")
        return terminal


class ExportTests(PlaybackCase):
    """In files."""

    def exported(self, *words: str) -> bytes:
        done = self.place.ssh("carol", "export", *words, key="carol")
        self.assertEqual(done.code, 0, done)
        return done.out

    def browse(self, path: Path) -> str:
        """Return the page as Chromium has it once its scripts have settled."""
        profile = f"--user-data-dir={path.parent / 'chromium'}"
        argv = ["chromium", "--headless", "--no-sandbox", "--disable-gpu", profile, "--virtual-time-budget=8000",
                "--dump-dom", f"file://{path}"]  # fmt: skip
        return run(argv, seconds=60).out.decode("utf-8", "replace")

    def test_a_page_verifies_and_plays_itself(self) -> None:
        """In a browser, from a file: OK, the player is there; and BAD as soon as a byte of it was changed."""
        identity = self.recorded()
        written = self.exported(identity, "--html")
        folder = self.place.folder / "pages"
        folder.mkdir(exist_ok=True)
        good, bad = folder / "good.html", folder / "bad.html"
        good.write_bytes(written)
        document = self.browse(good)
        self.assertIn('<p id="verdict" class="ok" role="status">', document)
        self.assertIn("every byte of 1 tracks is as signed by ed25519:", document)
        self.assertIn("ap-player", document)
        start = written.index(b'"stored": "') + 2000
        flipped = b"A" if written[start : start + 1] != b"A" else b"B"
        bad.write_bytes(written[:start] + flipped + written[start + 1 :])
        self.assertIn('<p id="verdict" class="bad"', self.browse(bad))
        for forbidden in (b"http://", b"https://"):
            self.assertNotIn(b"src=" + forbidden, written)

    def test_text_is_what_was_shown(self) -> None:
        """A line a line, with its time; the cast is there too; one form at a time."""
        identity = self.recorded()
        lines = self.exported(identity, "--text").decode().splitlines()
        self.assertTrue(any(line.endswith("walr2us \u65e5\u672c\u8a9e") for line in lines), lines)
        self.assertRegex(lines[0], r"^ +\d+\.\d{3}  ")
        self.assertEqual(json.loads(self.exported(identity, "--cast").splitlines()[0])["version"], 2)
        self.assertEqual(self.place.ssh("carol", "export", identity, key="carol").code, 64)
        self.assertEqual(self.place.ssh("carol", "export", identity, "--cast", "--text", key="carol").code, 64)

    def test_files_are_verified_anywhere_by_the_public_key(self) -> None:
        """Without a store: 0; 1 when altered; 64 without a key that is one."""
        identity = self.recorded()
        key = self.place.pamctl("verify", "--public-key")["public_key"]
        [directory] = (self.place.gateway.state / "recordings").glob(f"*/*/{identity}")
        copy = self.place.folder / "elsewhere" / identity
        shutil.copytree(directory, copy)
        program = "from gateway.node import pamctl; pamctl()"

        def verify(*words: str) -> Outcome:
            return run([sys.executable, "-c", program, "verify", *words], PYTHONPATH=str(ROOT), HOME="/nowhere")

        done = verify(str(copy), "--key", key)
        self.assertEqual((done.code, b"  OK  every stored byte" in done.out), (0, True), done)
        track = copy / "001.pamrec"
        stored = track.read_bytes()
        track.write_bytes(stored[:-5] + bytes([stored[-5] ^ 1]) + stored[-4:])
        done = verify(str(copy), f"--key={key}", "--json")
        self.assertEqual((done.code, json.loads(done.out)["data"][0]["result"]), (1, "BAD"))
        self.assertEqual(verify(str(copy), "--key", "00").code, 64)
        self.assertEqual(verify(str(copy), "--key", "ab" * 32).code, 1)

    def test_words_on_a_screen_are_found(self) -> None:
        """As soon as the recording is sealed, with the time to play from; also after a restart; it is told."""
        identity = self.recorded()

        def found() -> list[dict[str, object]]:
            return [hit for hit in self.place.pamctl("search", "walr2us") if hit["id"] == identity]

        [hit] = until(found, "it is indexed")[:1]
        self.assertEqual((hit["operator"], hit["target"]), ("alice", "web1"))
        self.assertIn("[walr2us]", str(hit["snippet"]))
        self.assertEqual(self.place.pamctl("search", '"\u65e5\u672c"')[0]["id"], identity)
        index = b"".join(path.read_bytes() for path in (self.place.gateway.state / "search").iterdir())
        self.assertNotIn(b"walr2us", index)
        shutil.rmtree(self.place.gateway.state / "search")
        self.place.gateway.restart()
        until(found, "it is indexed anew")
        self.assertEqual(self.place.events("--kind", "recording.searched")[-1]["text"], "walr2us")


class PlayTests(PlaybackCase):
    """In a terminal."""

    def test_the_player_shows_what_the_operator_saw(self) -> None:
        """To the end, then back by places; nothing but the grammar; leaving gives the terminal back; it is told."""
        identity = self.recorded()
        player = self.player(identity, "--speed", "64", "--idle", "0.2")
        until(lambda: player.quiet(0.1) == b"" and "  end  " in shown(player).text()[24], "the end")
        text = shown(player).text()
        self.assertIn("las2t", "".join(text))
        self.assertEqual([line for line in text[:24] if "las2t" in line],
                         [line for line in self.last.text() if "las2t" in line])  # fmt: skip
        player.type("p")
        until(lambda: player.quiet(0.1) == b"" and "there is no previous" in shown(player).text()[24], "no place")
        player.type("0 ")
        player.quiet(0.2)
        self.assertIn("t=0.", shown(player).text()[24])
        player.type("\x1b[C++-?")
        player.quiet(0.2)
        player.type("q")
        self.assertEqual(player.ended(), 0)
        text_seen = player.seen.decode()
        start = text_seen.index("\x1b[?1049h")
        self.assertIsNotNone(GRAMMAR.fullmatch(text_seen[start:].split("\x1b[?1049l")[0]))
        told = [each for each in self.place.events("--kind", "recording.viewed") if each["form"] == "play"]
        self.assertEqual(told[-1]["by"], "carol")

    def test_what_can_not_be_played_is_said(self) -> None:
        """Without a terminal, an unknown id, a channel that was not recorded."""
        identity = self.recorded()
        self.assertEqual(self.place.ssh("carol", "play", identity, key="carol").code, 64)
        terminal = Terminal.open(self.place, "carol", "play", "S-ZZZ", key="carol")
        terminal.expect("there is no recording")
        self.assertEqual(terminal.ended(), 1)
        terminal = Terminal.open(self.place, "carol", "play", f"{identity}/9", key="carol")
        terminal.expect("has no channel 9")
        self.assertEqual(terminal.ended(), 1)
        self.assertEqual(json.loads(self.place.ssh("alice", "play", identity, "--json").out)["error"]["code"], 77)
