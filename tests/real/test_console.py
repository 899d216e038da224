"""The console in a real Chromium, over real sessions: every page looked at, every order given, nothing leaked."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, ClassVar

from tests.real.browser import NARROW, WIDE, Browser
from tests.real.harness import GRANT, PlaceCase, until
from tests.real.terminals import Terminal

AXE = Path(__file__).parent / "vendor" / "axe-core-4.14.1.min.js"
PASSWORD = "a horse that is correct"
WORST = "Eve <b>Bold</b> 日本語"
ACCESS = GRANT + f"""
[[audited]]
name = "destructive-rm"
match = {{{{ command = "rm", options = ["r|R|recursive", "f|force"], arguments = ["*"] }}}}
score = 40
action = "deny"
[[user]]
name = "eve.with.a.rather.long.name@example.com"
full_name = "{WORST}"
roles = ["auditor"]
"""
KILOBYTES = 300


class ConsoleCase(PlaceCase):
    """One gateway and one browser for all tests, logged in as carol."""

    access = ACCESS
    _browser: ClassVar[Browser | None] = None

    def setUp(self) -> None:
        super().setUp()
        if ConsoleCase._browser is None:
            ConsoleCase._browser = Browser(f"http://127.0.0.1:{self.place.gateway.web}")
        self.browser = ConsoleCase._browser
        self.log_in()

    @classmethod
    def tearDownClass(cls) -> None:
        """End the browser before the gateway."""
        browser, ConsoleCase._browser = ConsoleCase._browser, None
        if browser is not None:
            browser.close()
        super().tearDownClass()

    def log_in(self) -> None:
        """Log in by a link from a real ssh, where nobody is logged in."""
        self.browser.open("/")
        if "/login" in self.browser.driver.current_url:
            self.browser.open(self.link())
            self.browser.press("form button")
        self.assertIn("Live", self.browser.driver.title)
        self.browser.complaints()

    def link(self) -> str:
        """Return a one-use link, as the verb prints it."""
        return self.place.ssh("carol", "web-login", key="carol").out.decode().split()[0]

    def shell(self, login: str = "alice") -> tuple[Terminal, str]:
        """Start a shell; return its terminal and its session's id."""
        terminal = Terminal.shell(self.place, self.place.to_web(login), key=login)
        return terminal, next(row["id"] for row in self.place.live() if row["operator"] == login)

    def events(self, kind: str, session: str) -> list[dict[str, Any]]:
        """Return one session's events of a kind."""
        return self.place.events("--kind", kind, "--session", session)

    def screen(self) -> list[str]:
        """Return the lines that the player shows."""
        said = self.browser.driver.execute_script(
            "return [...document.querySelectorAll('.ap-line')].map(line => line.textContent)"
        )
        return [line.replace("\u00a0", " ").rstrip() for line in said]


class LoginTests(ConsoleCase):
    """The ways in."""

    def test_a_code_that_is_confirmed_over_ssh_lets_the_browser_in_by_itself(self) -> None:
        """After a typed yes to the address and agent that are shown; the page needs no further click."""
        self.browser.press(".who button")
        self.browser.open("/login/ssh")
        code = self.browser.text(".code")
        terminal = Terminal.open(self.place, "carol", "web-login", code, key="carol")
        shown = terminal.expect("Type yes")
        self.assertIn("127.0.0.1", shown)
        self.assertIn("Chrome", shown)
        terminal.type("yes\r")
        terminal.expect("logged in now")
        until(lambda: self.browser.driver.title.startswith("Live"), "the browser is let in")

    def test_a_lock_of_the_admin_ends_his_visit_at_once(self) -> None:
        """The open wall is told so, and the next page is the login."""
        self.browser.open("/")
        until(lambda: self.browser.text("#stream") == "live", "the wall is live")
        self.place.pamctl("lock", "carol", "--reason", "test")
        until(lambda: "/login" in self.browser.driver.current_url, "the browser is at the login")
        self.place.pamctl("unlock", "carol")

    def test_a_password_works_and_a_wrong_one_does_not(self) -> None:
        """In a browser without scripts, too."""
        self.place.pamctl("user", "passwd", "carol", stdin=f"{PASSWORD}\n".encode())
        plain = Browser(self.browser.home, scripts=False)
        try:
            for password, title in (("wrong", "Log in"), (PASSWORD, "Live")):
                plain.open("/login")
                plain.fill(name="carol", password=password)
                plain.press("form button")
                self.assertTrue(plain.driver.title.startswith(title), plain.driver.title)
            for path in ("/sessions", "/locks", "/users/alice", "/rules?line=rm+-rf+/", "/events", "/verify"):
                self.assertNotIn("That did not work", plain.open(path) + plain.text())
        finally:
            plain.close()


class PageTests(ConsoleCase):
    """How the pages look and weigh."""

    def test_every_page_is_sound_wide_and_narrow_in_light_and_dark(self) -> None:
        """For axe-core and for the policy; nothing is wider than the screen; light enough and quick."""
        _, session = self.shell()
        self.place.ssh(self.place.to_web("bob"), "rm -rf /tmp/nothing; echo <b>hi</b>", key="bob")
        ended = self.place.newest()["id"]
        axe = AXE.read_text()
        paths = ["/", "/sessions", f"/s/{session}", f"/s/{ended}", f"/s/{ended}/policy", "/search?q=hi", "/locks",
                 "/users", "/users/alice", "/targets", "/targets/web1", "/rules?line=rm+-rf+/+|+cat", "/nodes",
                 "/events", "/verify", "/account", "/nowhere"]  # fmt: skip
        for path in paths:
            self.browser.open(path)
            for size, dark in ((WIDE, False), (NARROW, True)):
                self.browser.size(*size)
                self.browser.dark(dark)
                wide = self.browser.driver.execute_script("return document.scrollingElement.scrollWidth")
                self.assertLessEqual(wide, size[0], path)
                self.assertEqual(self.browser.checked(axe), [], f"{path} at {size[0]}")
            self.browser.size(*WIDE)
            self.assertEqual([each for each in self.browser.complaints() if "nowhere" not in each], [], path)

    def test_a_page_is_light_and_painted_within_a_second(self) -> None:
        """Without the player; everything that it loads counts."""
        self.shell()
        self.browser.command("Network.clearBrowserCache")
        for path in ("/", "/sessions", "/events", "/rules"):
            self.browser.open(path)
            until(lambda: self.paint() > 0, "it is painted")
            self.assertLess(self.paint(), 1000, path)
            size = self.browser.driver.execute_script(
                "return performance.getEntriesByType('resource').concat(performance.getEntriesByType('navigation'))"
                ".reduce((sum, each) => sum + each.decodedBodySize, 0)"
            )
            self.assertLess(size, KILOBYTES * 1000, path)

    def paint(self) -> float:
        """Return the milliseconds until the first paint."""
        found = self.browser.driver.execute_script(
            "return performance.getEntriesByName('first-contentful-paint').map(each => each.startTime)"
        )
        return float(found[0]) if found else 0.0


class LiveTests(ConsoleCase):
    """What is seen while it happens."""

    def test_a_session_in_a_full_screen_editor_is_seen_as_the_operator_sees_it(self) -> None:
        """Cell by cell, also by who comes late; the wall has its miniature; each is told, the operator has no trace."""
        terminal, session = self.shell()
        japan = "\\346\\227\\245\\346\\234\\254"
        for line in ("s='\\033[2J\\033[5;9H\\033[1;31mred\\033[m '", f"j='{japan} <b>x</b>'"):
            terminal.type(f"{line}; echo o$((1+1))k\r")
            terminal.expect("o2k")
        terminal.type('printf "$s$j"; sleep 60\r')
        terminal.quiet(0.5)
        before = bytes(terminal.seen)
        self.browser.open("/")
        picture = self.browser.one(".tile img")
        until(lambda: "red" in (picture.get_attribute("src") or ""), "the tile shows it")
        self.browser.open(f"/s/{session}")
        until(lambda: any("red 日本 <b>x</b>" in line for line in self.screen()), "the player shows it")
        shown = self.place.pamctl("snapshot", session)["text"]
        self.assertEqual([line.rstrip() for line in shown], self.screen()[: len(shown)])
        self.assertIn("red 日本", self.text(f"/s/{session}/screen.txt"))
        self.browser.open("/locks")
        until(lambda: len(self.events("live.watch_ended", session)) >= 4, "every look is over and told")
        started = self.events("live.watch_started", session)
        self.assertEqual({each["by"] for each in started if each["door"] == "web"}, {"carol"})
        self.assertEqual({each["door"] for each in started}, {"web", "pamctl"})
        self.assertEqual(bytes(terminal.seen), before)

    def text(self, path: str) -> str:
        """Return a plain text that is served to this visit."""
        script = "const done = arguments[1]; fetch(arguments[0]).then(a => a.text()).then(done)"
        return str(self.browser.driver.execute_async_script(script, path))

    def test_a_session_is_locked_released_and_interrupted_from_its_page(self) -> None:
        """By key and by button, with a reason; the operator sees who and why, and then nothing any more."""
        terminal, session = self.shell("bob")
        self.browser.open(f"/s/{session}")
        self.browser.fill(reason="call the desk")
        self.browser.press("button[value=lock]")
        terminal.expect("Carol Admin")
        terminal.expect("call the desk")
        self.assertIn("locked", self.browser.text("#state"))
        self.browser.press("button[value=unlock]")
        until(lambda: self.place.pamctl("sessions", "--live")[0]["state"] == "live", "it is released")
        self.browser.press("button[value=kill]")
        self.assertIn("typed yes", self.browser.text())
        self.browser.open(f"/s/{session}")
        self.browser.fill(sure="yes", reason="theft")
        self.browser.press("button[value=kill]")
        self.assertEqual(terminal.ended(), 255)
        told = until(lambda: self.events("session.interrupted", session), "it is told")[0]
        self.assertEqual((told["by"], told["reason"], told["door"]), ("carol", "theft", "web"))

    def test_a_new_session_appears_on_an_open_wall_by_itself(self) -> None:
        """And goes when it ends."""
        self.browser.open("/")
        until(lambda: self.browser.text("#stream") == "live", "the wall is live")
        terminal, session = self.shell()
        self.browser.one(f'.tile[data-id="{session}"] img')
        terminal.type("exit\r")
        until(lambda: session not in self.browser.driver.page_source, "the tile is gone")


class PlaybackTests(ConsoleCase):
    """What is seen afterwards."""

    def test_a_recording_is_played_and_sought_by_its_commands(self) -> None:
        """A denied command is a marker and a line of the timeline; viewing is an event."""
        self.place.ssh(self.place.to_web(), "rm -rf /tmp/nothing")
        self.place.ssh(self.place.to_web(), "echo first; sleep 1.2; echo second")
        ended = self.place.newest()["id"]
        until(lambda: self.place.pamctl("verify", ended)[0]["result"] == "OK", "it is sealed")
        self.browser.open(f"/s/{ended}")
        self.browser.one(".ap-player")
        self.browser.one("[data-seek]").click()
        until(lambda: {"first", "second"} <= set(self.screen()), "it was played to its end")
        self.assertTrue(self.events("recording.viewed", ended))
        denied = next(row["id"] for row in self.place.pamctl("sessions") if row["risk"] == 40)
        self.browser.open(f"/s/{denied}")
        self.assertIn("destructive-rm", self.browser.text(".timeline"))
        self.browser.open(f"/verify?id={denied}")
        self.browser.press("button[value=one]")
        self.assertRegex(self.browser.text(), r"OK|UNSEALED")

    def test_what_people_are_called_is_text(self) -> None:
        """On every page that names them."""
        self.browser.open("/users")
        self.assertIn(WORST, self.browser.text())
        self.assertEqual(self.browser.driver.execute_script("return document.querySelectorAll('main b').length"), 0)
        self.assertIsNone(re.search("<b>Bold", self.browser.driver.page_source))
