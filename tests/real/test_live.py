"""Silent watching: a viewer has the operator's screen, cell by cell, and the operator has no trace of it."""

from __future__ import annotations

import json
import shutil
import sys

from gateway.domain.screen import Screen
from gateway.domain.screen.view import GRAMMAR
from tests.real.harness import ROOT, PlaceCase, until
from tests.real.terminals import Terminal

WIDE = (
    "printf 'k\\303\\266nnen \\346\\227\\245\\346\\234\\254\\350\\252\\236 "
    "\\033[1;33;44mtwo\\033[m e\\314\\201 \\342\\224\\202\\n'"
)


def screen_of(terminal: Terminal, columns: int, rows: int) -> Screen:
    """Return what a terminal of that size shows."""
    screen = Screen(columns, rows)
    screen.feed(bytes(terminal.seen))
    return screen


class LiveCase(PlaceCase):
    """An operator on a terminal, and those who watch him."""

    def operator(self, columns: int = 80, rows: int = 24) -> Terminal:
        terminal = Terminal.shell(self.place, self.place.to_web(), columns=columns, rows=rows)
        self.addCleanup(terminal.leave)
        terminal.type("export TERM=xterm-256color PS1='$ '; clear\r")
        terminal.quiet(0.3)
        return terminal

    def viewer(self, identity: str, columns: int = 80, rows: int = 24, verb: str = "watch") -> Terminal:
        terminal = Terminal.open(self.place, "carol", verb, identity, key="carol", columns=columns, rows=rows)
        self.addCleanup(terminal.leave)
        terminal.expect("\x1b[?1049h")
        return terminal

    def assert_same(self, operator: Terminal, viewer: Terminal, columns: int = 80, rows: int = 24) -> None:
        """Compare cell by cell what both show, as soon as they do."""

        def alike() -> bool:
            operator.quiet(0.05)
            viewer.quiet(0.05)
            return cells(operator) == cells(viewer)

        def cells(terminal: Terminal) -> object:
            screen = screen_of(terminal, columns, rows)
            return [[screen.cell(x, y) for x in range(columns)] for y in range(rows)], screen.cursor

        try:
            until(alike, "the viewer sees the operator's screen", 10)
        except AssertionError:
            self.assertEqual(screen_of(viewer, columns, rows).text(), screen_of(operator, columns, rows).text())
            raise

    def assert_grammar(self, viewer: Terminal) -> None:
        """Check that nothing was sent but the few words that may be."""
        text = viewer.seen.decode()
        start = text.index("\x1b[?1049h")
        self.assertIsNotNone(GRAMMAR.fullmatch(text[start:].split("\x1b[?1049l")[0]), repr(text[-2000:]))


class WatchTests(LiveCase):
    """Following a session."""

    def test_a_late_joiner_sees_what_the_operator_sees(self) -> None:
        """Coloured, wide and marked text, vim and less, from the first picture on; nothing tells the operator."""
        operator = self.operator()
        identity = self.place.live()[0]["id"]
        operator.type(f"{WIDE}\r")
        operator.quiet(0.3)
        viewer = self.viewer(identity)
        self.assert_same(operator, viewer)
        steps = ["ls -la --color /etc | tail -40\r", "\x1b[A", "\x03", "less /etc/services\r", "   ", "q"]
        if shutil.which("vim"):
            steps += ["vim -u NONE /etc/passwd\r", "jjjdd5p", "iwide 日本語 text\x1b", ":set number\r", ":q!\r"]
        for step in steps:
            operator.type(step)
            operator.quiet(0.2)
            self.assert_same(operator, viewer)
        seen = bytes(operator.seen)
        for trace in (b"carol", b"Carol", b"watch"):
            self.assertNotIn(trace, seen)
        self.assert_grammar(viewer)
        self.assertEqual(self.place.pamctl("sessions", "--live")[0]["watchers"], 1)
        viewer.type("\x1dq")
        self.assertEqual(viewer.ended(), 0)
        facts = until(lambda: self.place.events("--kind", "live.watch_ended", "--session", identity), "told")
        begun = self.place.events("--kind", "live.watch_started", "--session", identity)
        self.assertEqual([(each["by"], each["door"], each["from"]) for each in begun], [("carol", "ssh", "127.0.0.1")])
        self.assertEqual(len(facts), 1)
        self.assertGreater(facts[0]["duration"], 0)
        done = self.place.ssh("alice", "sessions", "--json")
        self.assertNotIn(b"carol", done.out)
        self.assertIsNone(json.loads(done.out)["data"][0]["watchers"])

    def test_hostile_output_never_reaches_the_viewer(self) -> None:
        """Titles, clipboard, queries and device control stay in the session."""
        operator = self.operator()
        identity = self.place.live()[0]["id"]
        viewer = self.viewer(identity)
        hostile = "\\033]0;evil\\007\\033]52;c;ZXZpbA==\\007\\033P+q544e\\033\\\\\\033[6n\\033[c"
        operator.type(f"printf '{hostile}'; echo fi$((1+1))n\r")
        viewer.expect("fi2n")
        self.assert_grammar(viewer)
        self.assertNotIn(b"evil\x07", bytes(viewer.seen))

    def test_sizes_may_differ_and_change(self) -> None:
        """A larger terminal has room around, a smaller one follows the cursor, and the operator's may change."""
        operator = self.operator(60, 15)
        identity = self.place.live()[0]["id"]
        operator.type("seq 100\r")
        operator.quiet(0.3)
        large, small = self.viewer(identity, 100, 40), self.viewer(identity, 20, 5)
        for viewer, size in ((large, (100, 40)), (small, (20, 5))):
            viewer.quiet(0.3)
            self.assertIn("100", [line.strip() for line in screen_of(viewer, *size).text()])
            self.assert_grammar(viewer)
        operator.resize(100, 40)
        operator.quiet(0.3)
        operator.type("clear; seq 10\r")
        large.quiet(0.5)
        self.assertEqual(screen_of(large, 100, 40).text()[0], "1")

    def test_keys_do_nothing_without_their_prefix(self) -> None:
        """What an admin types never goes to the session; behind Ctrl-] he marks, locks, releases and interrupts."""
        operator = self.operator()
        identity = self.place.live()[0]["id"]
        viewer = self.viewer(identity)
        viewer.type("rm -rf x\rkul?")
        viewer.quiet(0.3)
        self.assertNotIn(b"rm -rf", bytes(operator.seen))
        viewer.type("\x1dm")
        viewer.expect("mark:")
        viewer.type("look here\r")
        viewer.expect("marked: look here")
        viewer.type("\x1dl")
        viewer.expect("reason:")
        viewer.type("a talk\r")
        viewer.expect("locked S-")
        operator.expect("LOCKED by Carol Admin (carol)")
        viewer.type("\x1du")
        viewer.expect("Type yes:")
        viewer.type("yes\r")
        viewer.expect("reason:")
        viewer.type("done\r")
        viewer.expect("unlocked L-")
        operator.type("echo a$((1+1))live\r")
        operator.expect("a2live")
        viewer.type("\x1dk")
        viewer.expect("Type yes:")
        viewer.type("no\r")
        viewer.expect("nothing was done")
        viewer.type("\x1dkyes\renough\r")
        self.assertEqual(viewer.ended(), 0)
        self.assertIn(b"is over (interrupted)", bytes(viewer.seen))
        self.assertEqual(operator.ended(), 255)
        kinds = {each["kind"] for each in self.place.pamctl("session", "show", identity)["admin_actions"]}
        self.assertLessEqual({"live.watch_started", "session.marked", "session.locked", "session.interrupted"}, kinds)
        marks = [each for each in self.place.events("--kind", "session.marked") if each["reason"] == "look here"]
        self.assertEqual(len(marks), 1)

    def test_a_viewer_that_never_reads_costs_nothing(self) -> None:
        """The operator goes on; when the viewer reads again he has the present screen, not the backlog."""
        operator = self.operator()
        identity = self.place.live()[0]["id"]
        viewer = self.viewer(identity)
        before = self.place.gateway.memory()
        operator.type("for i in $(seq 20000); do echo line $i of many; done; echo fin$((1+1))ished\r")
        operator.expect("fin2ished")
        self.assertLess(self.place.gateway.memory() - before, 30_000_000)
        self.assert_same(operator, viewer)
        self.assertLess(len(viewer.seen), 2_000_000)

    def test_a_session_over_and_ids_that_do_not_fit_are_said(self) -> None:
        """Unknown, over, without a terminal: words and a code."""
        operator = self.operator()
        identity = self.place.live()[0]["id"]
        self.assertEqual(self.place.ssh("carol", "watch", identity, key="carol").code, 64)
        operator.type("exit\r")
        operator.ended()
        until(lambda: self.place.newest()["id"] == identity, "it is over")
        done = self.place.ssh("carol", "snapshot", identity, key="carol")
        self.assert_said(done, 1, "has ended", "play")
        self.assert_said(self.place.ssh("carol", "snapshot", "S-ZZZZZZ", key="carol"), 1, "there is no session")
        self.assertEqual(self.place.ssh("carol", "snapshot", "S", key="carol").code, 64)
        self.assertEqual(self.place.ssh("alice", "snapshot", identity).code, 77)

    def test_a_snapshot_is_a_preview_too(self) -> None:
        """Text, colours, JSON; one pair of facts each."""
        operator = self.operator()
        identity = self.place.live()[0]["id"]
        operator.type("clear; printf '\\033[31mred\\033[m\\n'\r")
        operator.quiet(0.5)
        done = self.place.ssh("carol", "snapshot", identity, key="carol")
        self.assertEqual((done.code, done.out.splitlines()[0]), (0, b"red"))
        done = self.place.ssh("carol", "snapshot", identity, "--ansi", key="carol")
        self.assertEqual(done.out.splitlines()[0], b"\x1b[0;31mred\x1b[m")
        seen = self.place.pamctl("snapshot", identity)
        self.assertEqual((seen["text"][0], seen["columns"], seen["rows"]), ("red", 80, 24))
        self.place.told("live.watch_ended", 3, session=identity)
        facts = self.place.events("--kind", "live.*", "--session", identity)
        self.assertEqual([each["kind"] for each in facts], ["live.watch_started", "live.watch_ended"] * 3)

    def test_a_command_without_a_terminal_is_watched_too(self) -> None:
        """The end of its output, then what comes."""
        child = self.place.start(self.place.to_web(), "echo first; read x; echo second; read x")
        assert child.stdout is not None and child.stdin is not None
        self.assertEqual(child.stdout.readline(), b"first\n")
        identity = self.place.live()[0]["id"]
        viewer = self.viewer(identity)
        viewer.expect("first")
        child.stdin.write(b"\n")
        child.stdin.flush()
        viewer.expect("second")
        child.stdin.write(b"\n")
        child.stdin.flush()
        self.assertEqual(viewer.ended(), 0)

    def test_pamctl_watches_in_its_own_terminal(self) -> None:
        """The same, over the node's socket; the terminal is given back."""
        operator = self.operator()
        identity = self.place.live()[0]["id"]
        operator.type("echo for$((1+1))pamctl\r")
        operator.expect("for2pamctl")
        program = f"import sys; sys.path.insert(0, {str(ROOT)!r}); from gateway.node import pamctl; pamctl()"
        argv = [sys.executable, "-c", program, "--config", str(self.place.gateway.config), "watch", identity]
        viewer = Terminal.of(self.place.spawn, argv)
        self.addCleanup(viewer.leave)
        viewer.expect("for2pamctl")
        operator.type("echo mo$((1+1))re\r")
        viewer.expect("mo2re")
        viewer.resize(90, 30)
        viewer.type("\x1d?")
        viewer.expect("leave")
        viewer.type("\x1dq")
        self.assertEqual(viewer.ended(), 0)
        doors = {each["door"] for each in self.place.events("--kind", "live.watch_started", "--session", identity)}
        self.assertEqual(doors, {"pamctl"})


class AnnouncedTests(LiveCase):
    """Where it is announced, the operator is told."""

    settings = "[live]\nannounce = true\n"

    def test_the_operator_is_told(self) -> None:
        """Who watches, and that he does not any more."""
        operator = self.operator()
        viewer = self.viewer(self.place.live()[0]["id"])
        operator.expect("Carol Admin (carol) is watching this session")
        viewer.type("\x1dq")
        operator.expect("is not watching any more")
        self.assertEqual(viewer.ended(), 0)
