"""What the pages show, and that nothing of a session or a name is ever more than text."""

from __future__ import annotations

import json
import re

from twisted.trial.unittest import SynchronousTestCase

from gateway.admin.web.pages.sessions import MOST, timeline
from gateway.admin.web.pages.words import line
from gateway.domain.facts import Fact
from tests.admin.node import KEY, LOCAL, ONE, TWO, session
from tests.admin.web.browsing import Browser, location

EVIL = "<script>alert(1)</script>\x1b[31m\u202e'\"&"
PATHS = ("/", "/sessions", f"/s/{ONE}", f"/s/{TWO}", "/search?q=a", "/locks", "/requests", "/users", "/users/alice",
         "/targets", "/targets/web1", "/rules", "/rules?line=rm+-rf+%2F", "/nodes", "/events", "/verify",
         "/account")  # fmt: skip


class PageTests(SynchronousTestCase):
    """One admin, one auditor, sessions with bad words in them."""

    def setUp(self) -> None:
        self.browser = Browser()
        self.node = self.browser.served.node
        self.node.roster.rows = [session(ONE), session(TWO, state="ended", ended="2026-11-18T07:00:00.000Z")]
        self.browser.log_in()

    def test_the_kind_of_an_event_stands_on_one_line(self) -> None:
        """A name broken in its middle can neither be read nor searched for."""
        self.assertIn('<td class="id" data-label="Kind">', self.browser.get("/events").body.decode())

    def evil(self) -> None:
        """Let everything that people and sessions name be bad."""
        self.node.roster.rows = [
            session(each, operator="alice", account=EVIL, target=EVIL, reason=EVIL, source=EVIL, commands=[
                {"time": "2026-11-18T06:00:05.000Z", "command": EVIL, "rule": EVIL, "known_by": "exec", "score": 3},
            ], transfers=[{"time": "2026-11-18T06:00:06.000Z", "path": EVIL, "direction": "upload", "bytes": 3,
                           "outcome": EVIL}],
                    channels=[{"id": 1, "kind": "exec", "command": EVIL, "bytes_in": 1, "bytes_out": 2, "exit": EVIL}],
                    admin_actions=[{"time": "2026-11-18T06:00:07.000Z", "kind": "session.locked", "by": EVIL,
                                    "reason": EVIL}])
            for each in (ONE, TWO)
        ]  # fmt: skip
        self.node.directory.change("user", "alice", {"full_name": "<b>x</b>"}, by="test")
        self.node.journal.tell(Fact("session.marked", {"session": ONE, "by": EVIL, "reason": EVIL, "label": EVIL}))
        self.node.orders.lock("user", "alice", by=EVIL, by_name=EVIL, reason=EVIL, ttl=None, only=False, door="web")

    def test_every_page_is_whole_for_an_admin_and_for_an_auditor(self) -> None:
        """And says its own name; an auditor has no button that changes a session."""
        auditor = Browser(self.browser.served)
        auditor.log_in("ann")
        for browser in (self.browser, auditor):
            for path in PATHS:
                reply = browser.get(path)
                self.assertEqual(reply.code, 200, (path, reply.body[-600:]))
                self.assertRegex(reply.body.decode(), r"<title>[^<]+ · Ostiary</title>")
                self.assertLess(len(reply.body), 300_000)
        for path in (f"/s/{ONE}", "/locks", "/users/alice"):
            self.assertNotIn(b'value="kill"', auditor.get(path).body)
            self.assertNotIn(b">Lock</button>", auditor.get(path).body)

    def test_nothing_that_others_name_is_more_than_text(self) -> None:
        """No tag, no quote that ends an attribute, no control, nothing that turns the direction of text."""
        self.evil()
        for path in PATHS:
            page = self.browser.get(path).body.decode()
            self.assertNotIn("<script>alert", page, path)
            self.assertNotIn("<b>x</b>", page, path)
            self.assertNotRegex(page, "[\x00-\x09\x0b-\x1f\x7f\u202a-\u202e\u2066-\u2069]", path)
            for attribute in re.findall(r'="[^"]*"', page):
                self.assertNotIn("<", attribute, path)

    def test_no_page_has_a_script_or_style_of_its_own(self) -> None:
        """The policy that forbids them would break it."""
        for path in PATHS:
            page = self.browser.get(path).body.decode()
            self.assertNotRegex(page, r"<style|\sstyle=|\son[a-z]+=|javascript:", path)
            for tag in re.findall(r"<script[^>]*>", page):
                self.assertIn('src="/static/', tag)

    def test_orders_are_given_with_reason_and_confirmation(self) -> None:
        """An interruption wants a typed yes; a lock is on the operator unless the session is meant."""
        forms = self.browser.forms()
        place = f"/s/{ONE}/order"
        self.assertEqual(self.browser.post(place, order="kill", sure="no", forms=forms).code, 400)
        self.browser.post(place, order="lock", scope="user", reason="call me", forms=forms)
        self.browser.post(place, order="lock", scope="session", forms=forms)
        self.browser.post(place, order="kill", sure="Yes", reason="theft", forms=forms)
        given = [(each[0], each[1], each[2]) for each in self.node.orders.given]
        self.assertEqual(given, [("lock", "user", "alice"), ("lock", "session", ONE), ("interrupt", "session", ONE)])
        self.assertEqual(self.node.orders.given[0][8], "web")
        self.assertEqual(self.browser.post(place, order="dance", forms=forms).code, 400)
        self.browser.post(place, order="mark", reason="look here", forms=forms)
        self.assertEqual(self.node.orders.given[-1][:2], ("mark", ONE))

    def test_an_unlock_releases_every_lock_that_concerns_the_session(self) -> None:
        """Whatever its scope; where there is none it says so."""
        forms, place = self.browser.forms(), f"/s/{ONE}/order"
        self.assertEqual(self.browser.post(place, order="unlock", forms=forms).code, 400)
        self.node.say(["lock", "--session", ONE], LOCAL)
        self.node.orders.in_force[0] |= {"session": ONE}
        self.node.say(["lock", "alice"], LOCAL)
        self.node.orders.in_force[1] |= {"user": "alice"}
        self.assertEqual(self.browser.post(place, order="unlock", forms=forms).code, 303)
        self.assertEqual(self.node.orders.in_force, [])

    def test_locks_are_set_and_released_on_their_page(self) -> None:
        """Each scope; everybody wants a typed yes."""
        forms = self.browser.forms()
        for scope, subject in (("user", "alice"), ("session", ONE), ("target", "web*"), ("group", "ops")):
            reply = self.browser.post("/locks", scope=scope, subject=subject, ttl="30m", forms=forms)
            self.assertEqual(location(reply), "/locks", (scope, reply.body[-400:]))
        self.assertEqual(self.browser.post("/locks", scope="all", forms=forms).code, 400)
        self.assertEqual(self.browser.post("/locks", scope="", forms=forms).code, 400)
        self.assertEqual(len(self.node.orders.in_force), 4)
        for scope, subject in (("user", "alice"), ("session", ONE), ("target", "web*"), ("group", "ops")):
            self.browser.post("/locks/release", scope=scope, subject=subject, reason="done", forms=forms)
        self.assertEqual(self.node.orders.in_force, [])

    def test_a_grave_act_wants_a_login_of_the_last_hour(self) -> None:
        """To cut, to release, to switch an account: but a lock can always be set."""
        forms, place = self.browser.forms(), f"/s/{ONE}/order"
        for _ in range(5):
            self.browser.served.clock.advance(800)
            self.browser.get("/")
        for path, fields in ((place, {"order": "kill", "sure": "yes"}), (place, {"order": "unlock"}),
                             ("/users/alice", {"doing": "deactivate", "sure": "yes"}),
                             ("/targets/web1", {"fingerprint": "SHA256:x"}), ("/requests", {"answer": "approve"}),
                             ("/locks/release", {"scope": "user", "subject": "alice"})):  # fmt: skip
            reply = self.browser.post(path, forms=forms, **fields)
            self.assertEqual((reply.code, b"log out and in again" in reply.body), (403, True), path)
        self.assertEqual(self.node.orders.given, [])
        self.assertEqual(self.browser.post(place, order="lock", forms=forms).code, 303)

    def test_a_name_that_looks_like_an_option_is_a_name(self) -> None:
        """Nothing that a form says becomes one."""
        self.assertEqual(line("lock", "--all", reason="--all"), ["lock", "--reason=--all", "--", "--all"])
        forms = self.browser.forms()
        self.assertEqual(self.browser.post("/locks", scope="user", subject="--all", forms=forms).code, 404)
        self.assertEqual(self.node.orders.given, [])

    def test_an_account_is_switched_off_and_on(self) -> None:
        """Off wants a typed yes."""
        forms = self.browser.forms()
        self.assertEqual(self.browser.post("/users/alice", doing="deactivate", forms=forms).code, 400)
        self.assertEqual(self.browser.post("/users/alice", doing="deactivate", sure="yes", forms=forms).code, 303)
        self.assertEqual(self.node.orders.off, {"alice"})
        self.assertIn(b"switched off", self.browser.get("/users").body)
        self.browser.post("/users/alice", doing="activate", forms=forms)
        self.assertEqual(self.node.orders.off, set())
        self.assertEqual(self.browser.post("/users/alice", doing="", forms=forms).code, 400)

    def test_what_waits_for_an_approver_is_answered(self) -> None:
        """One way or the other, with a reason."""
        forms = self.browser.forms()
        self.assertIn(b"Q-0000000A", self.browser.get("/requests").body)
        self.browser.post("/requests", id="Q-0000000A", answer="approve", reason="fine", forms=forms)
        self.browser.post("/requests", id="Q-0000000A", answer="deny", reason="no", forms=forms)
        self.assertEqual(self.node.approvals.given, [("approve", "root", "fine"), ("deny", "root", "no")])
        self.assertEqual(self.browser.post("/requests", id="Q-0000000A", answer="", forms=forms).code, 400)

    def test_the_page_says_whether_the_operator_is_told_of_viewers(self) -> None:
        """By the session's own frozen policy."""
        for announced, words in ((False, b"no trace of it"), (True, b"he is told that you do")):
            text = json.dumps({"settings": {"live_announce": announced}})
            self.node.roster.rows = [session(ONE, policy_text=text)]
            self.assertIn(words, self.browser.get(f"/s/{ONE}").body)

    def test_looking_again_by_itself_keeps_no_visit_from_being_idle(self) -> None:
        """A page that renews its timeline, a stream that is opened anew."""
        for path, headers in ((f"/s/{ONE}", {"x-follows": "1"}), (f"/s/{ONE}/live", {})):
            before = self.browser.served.visits.all()[0].seen
            self.browser.served.clock.advance(1)
            self.assertEqual(self.browser.get(path, **headers).code, 200)
            self.assertEqual(self.browser.served.visits.all()[0].seen, before)

    def test_a_search_shows_where_and_opens_there(self) -> None:
        """And is told of."""
        page = self.browser.get("/search?q=nginx&user=alice")
        self.assertEqual(page.code, 200)
        self.assertIn("recording.searched", self.node.kinds())

    def test_a_host_key_that_waits_is_shown_and_trusted(self) -> None:
        """With its fingerprint, after which it waits no more."""
        shown = KEY.replace("AAAAI", "AAAAIB", 1)[: len(KEY)]
        told = {"target": "web1", "key": shown, "fingerprint": "", "session": ""}
        self.node.journal.tell(Fact("target.key_queued", told))
        page = self.browser.get("/targets/web1").body.decode()
        found = re.search(r'name="fingerprint" value="(SHA256:[^"]+)"', page)
        if found is not None:
            reply = self.browser.post("/targets/web1", fingerprint=found[1], forms=self.browser.forms())
            self.assertEqual(reply.code, 303)

    def test_a_recording_is_given_to_the_player_and_told(self) -> None:
        """Of one channel; a session without a recording says so in words."""
        self.node.archive.results[ONE] = "OK"
        reply = self.browser.get(f"/s/{ONE}/cast?channel=1")
        self.assertTrue(reply.body.startswith(b'{"version": 2'))
        self.assertIn("recording.viewed", self.node.kinds())
        self.assertEqual(self.browser.get(f"/s/{TWO}/cast").code, 404)

    def test_a_tamper_check_says_what_it_found(self) -> None:
        """One recording, all, and the journal."""
        self.node.archive.results |= {ONE: "OK", TWO: "BAD"}
        forms = self.browser.forms()
        self.assertIn(b"OK</span>", self.browser.post("/verify", what="one", id=ONE, forms=forms).body)
        self.assertIn(b"BAD</span>", self.browser.post("/verify", what="all", forms=forms).body)
        self.assertEqual(self.browser.post("/verify", what="one", id="S-9", forms=forms).code, 404)

    def test_the_timeline_is_in_order_and_in_seconds_of_the_recording(self) -> None:
        """What carries no such second is put by its time."""
        row = {**session(ONE), "commands": [{"time": "2026-11-18T06:00:10.000Z", "text": "b"}],
               "transfers": [{"time": "", "t": 3.5, "path": "a"}], "elevations": [], "admin_actions": []}  # fmt: skip
        told = [(step["kind"], step["t"]) for step in timeline(row)]
        self.assertEqual(told, [("transfers", 3.5), ("commands", 10.0)])

    def test_three_hundred_sessions_are_shown_page_by_page(self) -> None:
        """And the filter stands in every link."""
        ids = [f"S-{number:013d}" for number in range(300)]
        self.node.roster.rows = [session(each, risk=number) for number, each in enumerate(ids)]
        page = self.browser.get("/sessions?user=alice&page=2").body.decode()
        self.assertEqual(page.count('data-label="Session"'), 100)
        self.assertIn("/sessions?user=alice&amp;page=3", page)
        wall = self.browser.get("/").body
        self.assertLess(wall.index(ids[299].encode()), wall.index(ids[298].encode()))
        self.assertEqual(wall.count(b'<li class="tile'), MOST)
        self.assertIn(b"240 more", wall)
        self.assertLess(len(wall), 300_000)

    def test_a_visit_of_ones_own_elsewhere_is_ended(self) -> None:
        """And nobody else's."""
        other, auditor = Browser(self.browser.served), Browser(self.browser.served)
        other.log_in()
        auditor.log_in("ann")
        visits = {visit.name + str(number): visit.key.hex()[:16]
                  for number, visit in enumerate(self.browser.served.visits.all())}  # fmt: skip
        forms = self.browser.forms()
        self.assertEqual(self.browser.post("/account/visit", visit=visits["ann2"], forms=forms).code, 403)
        self.assertEqual(self.browser.post("/account/visit", visit=visits["root1"], forms=forms).code, 303)
        self.assertEqual(other.get("/").code, 303)
