"""What goes before every page."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from gateway.admin.web.visits import IDLE, LIFE
from gateway.domain.facts import Fact
from tests.admin.node import ONE, session
from tests.admin.web.browsing import Browser, location


class ConsoleTests(SynchronousTestCase):
    """One admin in one browser."""

    def setUp(self) -> None:
        self.browser = Browser()
        self.browser.log_in()
        self.served = self.browser.served
        self.served.node.roster.rows = [session(ONE)]

    def test_every_page_needs_a_login(self) -> None:
        """Looking leads to the login, posting changes nothing."""
        stranger = Browser(self.served)
        for path in ("/", "/sessions", f"/s/{ONE}", "/users", "/events", "/account"):
            self.assertEqual(stranger.get(path).code, 303, path)
        self.assertEqual(stranger.post(f"/s/{ONE}/order", order="kill", sure="yes").code, 403)
        self.assertEqual(stranger.get("/stream/wall").code, 403)
        self.assertEqual(self.served.node.orders.given, [])

    def test_forged_and_old_cookies_are_nobody(self) -> None:
        """Another word, a cut one, an empty one, one that has ended."""
        word = self.browser.cookies["ostiary"]
        for forged in ("", word[:-1], word + "A", "x" * 5000, "é"):
            stranger = Browser(self.served, cookies={"ostiary": forged})
            self.assertEqual(stranger.get("/").code, 303, forged[:10])
        self.browser.post("/logout", forms=self.browser.forms())
        self.assertEqual(Browser(self.served, cookies={"ostiary": word}).get("/").code, 303)

    def test_a_visit_ends_by_idleness_and_by_age(self) -> None:
        """A page keeps it alive, and no page keeps it for ever."""
        self.served.clock.advance(IDLE - 1)
        self.assertEqual(self.browser.get("/").code, 200)
        self.served.clock.advance(IDLE + 1)
        self.assertEqual(self.browser.get("/").code, 303)
        self.browser.log_in()
        for _ in range(int(LIFE / IDLE) + 1):
            self.browser.get("/")
            self.served.clock.advance(IDLE - 1)
        self.assertEqual(self.browser.get("/").code, 303)

    def test_a_lock_ends_the_visit_and_its_streams_at_once(self) -> None:
        """In the turn in which it is told; a lost role does so too."""
        cut: list[str] = []
        self.served.visits.all()[0].streams.add(lambda: cut.append("cut"))
        self.served.barred.add("root")
        self.served.node.journal.tell(Fact("user.locked", {"user": "root"}))
        self.assertEqual((cut, self.served.visits.all()), (["cut"], ()))
        self.served.barred.clear()
        self.browser.log_in()
        self.served.lost["root"] = frozenset({"admin"})
        self.served.node.journal.tell(Fact("user.locked", {"user": "somebody"}))
        self.assertEqual(self.served.visits.all(), ())

    def test_who_lost_a_role_without_a_word_is_found_by_the_next_page(self) -> None:
        """Nothing is shown to him."""
        self.served.lost["root"] = frozenset({"admin"})
        self.assertEqual(self.browser.get("/").code, 403)
        self.assertEqual(self.served.visits.all(), ())

    def test_a_form_without_the_visits_own_word_changes_nothing(self) -> None:
        """Nor with that of another visit."""
        other = Browser(self.served)
        other.log_in()
        for forms in ("", "guess", other.forms()):
            reply = self.browser.post(f"/s/{ONE}/order", order="lock", scope="session", forms=forms)
            self.assertEqual(reply.code, 403)
        self.assertEqual(self.served.node.orders.given, [])

    def test_what_another_site_makes_a_browser_post_changes_nothing(self) -> None:
        """By its origin, or by what the browser says of where it comes from."""
        forms = self.browser.forms()
        for headers in ({"origin": "https://evil.example"}, {"sec-fetch-site": "cross-site"}, {"origin": "null"},
                        {"sec-fetch-site": "same-site"}):  # fmt: skip
            self.browser.headers = headers
            reply = self.browser.post(f"/s/{ONE}/order", order="lock", scope="session", forms=forms)
            self.assertEqual(reply.code, 403, headers)
        self.assertEqual(self.served.node.orders.given, [])

    def test_what_is_not_there_and_what_means_nothing_is_said(self) -> None:
        """A page for a person, with the way back."""
        self.assertEqual(self.browser.get("/nowhere").code, 404)
        self.assertEqual(self.browser.get("/s/S-9").code, 404)
        self.assertEqual(self.browser.ask("DELETE", "/locks").code, 400)
        self.assertIn(b"To the live wall", self.browser.get("/nowhere").body)

    def test_files_are_kept_for_ever_by_their_hash(self) -> None:
        """And under another hash, or another name, there is none."""
        page = self.browser.get("/").body.decode()
        path = next(part for part in page.split('"') if part.startswith("/static/") and part.endswith(".css"))
        reply = Browser(self.served).get(path)
        self.assertEqual(reply.code, 200)
        self.assertIn("immutable", dict(reply.headers)["Cache-Control"])
        for wrong in (path.replace("/static/", "/static/0"), "/static/x/../console.py", "/static/"):
            self.assertEqual(Browser(self.served).get(wrong).code, 404)

    def test_too_many_requests_are_slowed_down(self) -> None:
        """Of one person, whatever he asks."""
        codes = {self.browser.get("/verify").code for _ in range(320)}
        self.assertEqual(codes, {200, 429})

    def test_a_note_is_shown_once(self) -> None:
        """On the page that the browser is sent to."""
        forms = self.browser.forms()
        reply = self.browser.post(f"/s/{ONE}/order", order="lock", scope="session", reason="why", forms=forms)
        self.assertEqual(location(reply), f"/s/{ONE}")
        self.assertIn(b"locked session", self.browser.get(location(reply)).body)
        self.assertNotIn(b"locked session", self.browser.get("/").body)
