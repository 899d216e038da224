"""A recording, played, searched and exported: what the operator saw is what an auditor sees."""

from __future__ import annotations

import json

from gateway.domain.screen import Screen
from gateway.domain.screen.view import GRAMMAR
from tests.real.harness import PlaceCase, until
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
