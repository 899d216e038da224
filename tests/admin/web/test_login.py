"""The three ways in, and who does not get in."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from gateway.admin.refusal import Refusal
from gateway.admin.web.entries import CODE_LIFE, LINK_LIFE
from gateway.admin.web.login import place_in
from tests.admin.web.browsing import Browser, Served, location


class PasswordTests(SynchronousTestCase):
    """By name and password."""

    def test_who_is_right_gets_a_cookie_and_the_first_page(self) -> None:
        """Which scripts can not read and other sites do not make the browser send; a fact says who and whence."""
        browser = Browser()
        reply = browser.log_in()
        self.assertEqual((reply.code, location(reply)), (303, "/"))
        cookie = next(value for name, value in reply.headers if name == "Set-Cookie" and "ostiary=" in value)
        for word in ("HttpOnly", "SameSite=Strict", "Path=/"):
            self.assertIn(word, cookie)
        self.assertEqual(browser.get("/").code, 200)
        told = [entry.body for entry in browser.served.node.journal.entries() if entry.kind == "auth.succeeded"]
        self.assertEqual((told[0]["user"], told[0]["method"], told[0]["source"]), ("root", "password", "10.1.2.3"))

    def test_over_tls_the_cookie_is_bound_to_the_host(self) -> None:
        """And never sent in clear."""
        browser = Browser(Served(secure=True))
        reply = browser.log_in()
        cookie = next(value for name, value in reply.headers if name == "Set-Cookie" and "__Host-ostiary=" in value)
        self.assertIn("; Secure", cookie)

    def test_who_is_wrong_is_told_the_same_whatever_was_wrong(self) -> None:
        """An unknown name, a wrong password: one answer, one fact, no cookie."""
        browser = Browser()
        bodies = set()
        for name, password in (("root", "wrong"), ("nobody", "wrong")):
            reply = browser.log_in(name, password)
            self.assertEqual(reply.code, 403)
            bodies.add(reply.body.replace(name.encode(), b""))
        self.assertEqual(len(bodies), 1)
        self.assertNotIn("ostiary", browser.cookies)
        self.assertEqual(browser.served.node.kinds().count("auth.failed"), 2)

    def test_an_operator_is_told_that_the_console_is_not_for_him(self) -> None:
        """He has proven who he is, so he may know."""
        browser = Browser()
        reply = browser.log_in("alice")
        self.assertEqual(reply.code, 403)
        self.assertIn(b"for admins and auditors", reply.body)
        self.assertEqual(browser.served.visits.all(), ())

    def test_guessing_is_slowed_down_by_address(self) -> None:
        """Even the right password waits then; another address does not."""
        served = Served()
        browser = Browser(served)
        for _ in range(10):
            browser.log_in(password="wrong")
        self.assertEqual(browser.log_in().code, 429)
        self.assertEqual(Browser(served, source="10.9.9.9").log_in().code, 303)
        served.clock.advance(60)
        self.assertEqual(browser.log_in().code, 303)

    def test_a_form_of_another_browser_logs_nobody_in(self) -> None:
        """So no other site can log somebody in as somebody else."""
        served = Served()
        forms = Browser(served).forms("/login")
        reply = Browser(served).post("/login", name="root", password="correct horse", forms=forms, to="/")
        self.assertEqual(reply.code, 403)

    def test_behind_the_login_lies_the_page_that_was_asked_for_and_no_other_site(self) -> None:
        """An address that leaves us is the first page."""
        browser = Browser()
        self.assertEqual(location(browser.get("/users/alice")), "/login?to=/users/alice")
        for path in ("//evil", "https://evil", "/\\evil", "/login", "javascript:x", ""):
            self.assertEqual(place_in(path), "/")
        self.assertEqual(place_in("/s/S-1"), "/s/S-1")


class LinkTests(SynchronousTestCase):
    """By a link from ssh."""

    def setUp(self) -> None:
        self.served = Served()
        self.path = f"/login/link/{self.served.entries.link('root')}"

    def test_a_link_is_good_once(self) -> None:
        """Looking at it lets nobody in; the button does, and a second time there is nothing."""
        browser = Browser(self.served)
        forms = browser.forms(self.path)
        self.assertEqual(browser.get("/").code, 303)
        self.assertEqual(browser.post(self.path, forms=forms).code, 303)
        self.assertEqual(browser.get("/").code, 200)
        other = Browser(self.served)
        self.assertEqual(other.get(self.path).code, 403)

    def test_a_link_belongs_to_the_first_browser_that_opens_it(self) -> None:
        """Who finds it later in a history or a chat gets nothing."""
        first, second = Browser(self.served), Browser(self.served)
        forms = first.forms(self.path)
        self.assertEqual(second.get(self.path).code, 403)
        self.assertEqual(second.post(self.path, forms=forms).code, 403)
        self.assertEqual(first.post(self.path, forms=forms).code, 303)

    def test_a_link_ends_after_a_minute(self) -> None:
        """Opened or not."""
        browser = Browser(self.served)
        forms = browser.forms(self.path)
        self.served.clock.advance(LINK_LIFE + 1)
        self.assertEqual(browser.post(self.path, forms=forms).code, 403)

    def test_who_is_locked_meanwhile_does_not_get_in(self) -> None:
        """The link was made when he still could."""
        browser = Browser(self.served)
        forms = browser.forms(self.path)
        self.served.barred.add("root")
        self.assertEqual(browser.post(self.path, forms=forms).code, 403)


class CodeTests(SynchronousTestCase):
    """By a code that is confirmed over ssh."""

    def setUp(self) -> None:
        self.served = Served()
        self.browser = Browser(self.served)
        self.forms = self.browser.forms("/login/ssh")
        self.code = next(iter(self.served.entries._waiting.values())).code

    def test_a_confirmed_code_lets_that_browser_in_once(self) -> None:
        """Not before, not another, not twice."""
        reply = self.browser.post("/login/ssh", forms=self.forms)
        self.assertIn(b"Nobody has confirmed", reply.body)
        self.assertIn(b'"confirmed": false', self.browser.get("/login/ssh/state").body)
        self.served.entries.confirm(self.code.lower().replace("-", " "), "root")
        self.assertIn(b'"confirmed": true', self.browser.get("/login/ssh/state").body)
        self.assertIn(b'"confirmed": false', Browser(self.served).get("/login/ssh/state").body)
        self.assertEqual(self.browser.post("/login/ssh", forms=self.forms).code, 303)
        self.assertEqual(self.browser.get("/").code, 200)

    def test_a_code_ends_and_can_not_be_confirmed_twice(self) -> None:
        """Nor by somebody else afterwards."""
        self.served.entries.confirm(self.code, "root")
        with self.assertRaises(Refusal):
            self.served.entries.confirm(self.code, "ann")
        self.served.clock.advance(CODE_LIFE + 1)
        with self.assertRaises(Refusal):
            self.served.entries.waiting(self.code)

    def test_the_page_shows_the_command_to_type(self) -> None:
        """With a terminal, for a yes is asked."""
        page = self.browser.get("/login/ssh").body.decode()
        self.assertIn(f"ssh -t -p 2222 YOU@gw web-login {self.code}", page)
