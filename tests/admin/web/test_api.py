"""The verbs by HTTP."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase

from gateway.admin.refusal import Refusal
from gateway.admin.verbs import VERBS
from gateway.admin.web.api import words_of
from gateway.admin.web.openapi import NOT_HERE, document, fields, reads
from gateway.admin.web.reply import Reply
from gateway.domain.facts import Fact
from tests.admin.node import ONE, TWO, session
from tests.admin.web.browsing import Browser, body

JSON = {"content-type": "application/json"}


@st.composite
def requests(draw: st.DrawFn) -> dict[str, Any]:
    """Draw what a program may send as JSON."""
    keys = st.sampled_from(["id", "user", "session", "reason", "all", "ttl", "stdin", "stdin_base64", "nothing"])
    values = st.none() | st.booleans() | st.integers() | st.text(max_size=8) | st.lists(st.text(max_size=3), max_size=2)
    return draw(st.dictionaries(keys, values | st.dictionaries(keys, values, max_size=1), max_size=4))


class Pipe:
    """A reader who takes what he is given."""

    def __init__(self) -> None:
        self.taken = b""

    async def send(self, chunk: bytes) -> None:
        self.taken += chunk

    def offer(self, chunk: bytes) -> bool:
        self.taken += chunk
        return True


class ApiTests(SynchronousTestCase):
    """One admin's token, one auditor's."""

    def setUp(self) -> None:
        self.browser = Browser()
        self.served = self.browser.served
        self.served.node.roster.rows = [session(ONE), session(TWO, "root")]
        self.token = self.served.token()
        self.browser.headers = {"authorization": f"Bearer {self.token}"}

    def post(self, path: str, **given: Any) -> Reply:
        return self.browser.ask("POST", f"/api/v1/{path}", json.dumps(given).encode(), **JSON)

    def get(self, path: str, **headers: str) -> Reply:
        return self.browser.get(f"/api/v1/{path}", **headers)

    def test_a_verb_answers_as_over_ssh(self) -> None:
        """The same JSON, by GET and by POST, with fields for options."""
        reply = self.get("sessions?user=alice")
        self.assertEqual([row["id"] for row in body(reply)["data"]], [ONE])
        self.assertEqual(dict(reply.headers)["Ostiary-Exit"], "0")
        self.assertEqual(body(self.post("sessions", user="alice")), body(reply))
        self.assertEqual(body(reply), json.loads(self.served.node.say("sessions --user alice --json").out))

    def test_what_changes_is_posted_and_told_by_its_door(self) -> None:
        """A GET of it is refused."""
        self.assertEqual(self.get("lock?user=alice").code, 405)
        reply = self.post("lock", user="alice", ttl="30m", reason="why")
        self.assertEqual(reply.code, 200)
        self.assertEqual(self.served.node.orders.given[0][3:9], ("root", "Ruth Admin", "why", 1800.0, False, "api"))

    def test_refusals_keep_their_words_and_exit_codes(self) -> None:
        """As HTTP statuses besides."""
        for path, fields_, status, code in (
            ("session/show", {"id": "S-9"}, 404, "1"), ("lock", {}, 400, "64"), ("lock", {"user": "root"}, 403, "77"),
            ("locks", {"colour": "red"}, 400, "64"), ("nothing/here", {}, 404, "1"), ("user/show", {}, 400, "64"),
        ):  # fmt: skip
            reply = self.post(path, **fields_)
            self.assertEqual((reply.code, dict(reply.headers).get("Ostiary-Exit")), (status, code), path)
            self.assertTrue(body(reply)["error"]["message"])
        self.served.node.journal.failure = OSError(28, "No space left on device")
        self.assertEqual(self.post("user/add", name="zoe").code, 503)

    def test_without_a_good_token_there_is_nothing(self) -> None:
        """None, a forged one, one of another scheme, an ended one; each costs, and a cookie is not looked at."""
        other = Browser(self.served)
        other.log_in()
        ending = self.served.token(ttl=60.0)
        self.served.clock.advance(61)
        wrong = self.token[:-1] + ("A" if self.token[-1] != "A" else "B")
        for authorization in ("", f"Bearer {wrong}", f"Basic {self.token}", f"Bearer {ending}", "Bearer ", "Bearer é"):
            reply = other.get("/api/v1/sessions", authorization=authorization)
            self.assertEqual(reply.code, 401, authorization)
            self.assertIn("Bearer", dict(reply.headers)["WWW-Authenticate"])
        self.assertIn("auth.failed", self.served.node.kinds())
        for _ in range(10):
            other.get("/api/v1/sessions", authorization="Bearer guess")
        self.assertEqual(other.get("/api/v1/sessions", authorization="Bearer guess").code, 429)

    def test_a_token_is_good_from_its_networks_alone(self) -> None:
        """Elsewhere it is none."""
        token = self.served.token(origin=("10.0.0.0/8",))
        self.assertEqual(self.get("status", authorization=f"Bearer {token}").code, 200)
        elsewhere = Browser(self.served, source="192.0.2.1")
        self.assertEqual(elsewhere.get("/api/v1/status", authorization=f"Bearer {token}").code, 401)

    def test_a_token_is_worth_what_its_owner_is_worth_now(self) -> None:
        """Locked, switched off, without the role: nothing; with fewer roles: no more than those."""
        auditor = self.served.token("root", "auditor")
        self.assertEqual(self.get("sessions", authorization=f"Bearer {auditor}").code, 403)
        self.served.barred.add("root")
        self.assertEqual(self.get("sessions").code, 403)
        self.served.barred.clear()
        self.served.lost["root"] = frozenset({"admin"})
        self.assertEqual(self.get("sessions").code, 403)

    def test_a_token_that_was_taken_back_is_worth_nothing(self) -> None:
        """At once; whoever follows with it is cut."""
        reply = self.get("events", accept="text/event-stream")
        assert reply.stream is not None
        pipe = Pipe()
        flowing = Deferred.fromCoroutine(reply.stream(pipe))
        self.assertIn(b'data: {"id"', pipe.taken)
        identity = body(self.get("token/list"))["data"][0]["id"]
        self.assertEqual(self.post("token/rm", id=identity).code, 200)
        self.successResultOf(flowing)
        self.assertEqual(self.get("sessions").code, 401)
        self.assertEqual(self.served.api.streams, 0)

    def test_events_are_followed(self) -> None:
        """As server-sent events, each on its line; when the reader leaves, nothing runs on."""
        reply = self.get("events?kind=token.*", accept="text/event-stream")
        assert reply.stream is not None
        pipe = Pipe()
        flowing = Deferred.fromCoroutine(reply.stream(pipe))
        before = pipe.taken.count(b"data: ")
        self.served.token("ann", "auditor")
        self.assertEqual(pipe.taken.count(b"data: "), before + 1)
        self.assertTrue(pipe.taken.endswith(b"\n\n"))
        self.assertEqual(self.served.api.streams, 1)
        flowing.addErrback(lambda _: None)
        flowing.cancel()
        self.assertEqual(self.served.api.streams, 0)

    def test_lists_come_in_the_form_that_is_accepted(self) -> None:
        """NDJSON and CSV; a refusal is JSON whatever was accepted."""
        rows = self.get("sessions", accept="application/x-ndjson").body.splitlines()
        self.assertEqual(len(rows), 2)
        self.assertTrue(self.get("sessions", accept="text/csv").body.startswith(b"id,operator"))
        refused = self.get("sessions?risk=high", accept="text/csv")
        self.assertEqual((refused.code, body(refused)["error"]["code"]), (400, 64))
        self.assertEqual(self.get("whoami", accept="text/event-stream").code, 400)

    def test_what_is_read_on_stdin_comes_in_the_body(self) -> None:
        """As text, or in base64."""
        text = '[[user]]\nname = "zoe"\n'
        self.assertEqual(self.post("apply", file="-", stdin=text, reason="new").code, 200)
        self.assertIn("zoe", self.served.node.directory.snapshot().user)
        self.assertEqual(self.post("user/passwd", name="zoe", stdin_base64="c2VjcmV0Cg==").code, 200)
        self.assertEqual(self.post("user/passwd", name="zoe", stdin_base64="%%%").code, 400)

    def test_the_body_is_one_json_object(self) -> None:
        """Anything else is said to be none."""
        for content in (b"[]", b"{", b"\xff", b"[" * 100_000):
            self.assertEqual(self.browser.ask("POST", "/api/v1/status", content, **JSON).code, 400)
        self.assertEqual(self.browser.ask("POST", "/api/v1/status", b"a=b", **{"content-type": "text/plain"}).code, 400)

    def test_tokens_do_not_make_tokens_and_web_logins_are_not_confirmed_here(self) -> None:
        """Both want the person."""
        self.assertEqual(self.post("token/add", name="more").code, 403)
        self.assertEqual(self.post("web-login").code, 403)

    def test_a_token_is_told_of_once_an_hour(self) -> None:
        """Not with every request."""
        for _ in range(3):
            self.get("status")
        self.assertEqual(self.served.node.kinds().count("auth.succeeded"), 1)
        self.served.clock.advance(3601)
        self.get("status")
        self.assertEqual(self.served.node.kinds().count("auth.succeeded"), 2)
        self.served.node.journal.tell(Fact("user.locked", {"user": "x"}))

    @settings(max_examples=150)
    @given(st.sampled_from(sorted(VERBS)), requests())
    def test_any_object_is_words_or_refused(self, name: str, given_: dict[str, Any]) -> None:
        """No value becomes an option or another argument."""
        try:
            words, _ = words_of(VERBS[name], given_)
        except Refusal:
            return
        options = words[: words.index("--")]
        names = {option.name for option in VERBS[name].all_options}
        self.assertTrue(all(option.partition("=")[0] in names for option in options))


class LiveTests(SynchronousTestCase):
    """A session's screen by a token."""

    def setUp(self) -> None:
        self.browser = Browser()
        self.served = self.browser.served
        self.served.node.roster.rows = [session(ONE)]

    def get(self, *roles: str, user: str = "root") -> Reply:
        token = self.served.token(user, *roles)
        return self.browser.get(f"/api/v1/live/{ONE[:10]}", authorization=f"Bearer {token}")

    def test_it_begins_with_the_present_screen_and_ends_with_the_token(self) -> None:
        """What changes follows; who looks is told by his door."""
        live = self.served.node.live
        live.feed("before")
        reply = self.get()
        assert reply.stream is not None
        pipe = Pipe()
        flowing = Deferred.fromCoroutine(reply.stream(pipe))
        first = json.loads(pipe.taken.partition(b"data: ")[2].partition(b"\n")[0])
        self.assertEqual((first["cols"], first["rows"]), (20, 4))
        self.assertIn("before", first["init"])
        live.feed("after")
        self.assertIn(b"after", pipe.taken.rpartition(b"event: screen")[2])
        self.assertEqual((live.asked[0]["by"], live.asked[0]["door"], live.asked[0]["session"]), ("root", "api", ONE))
        identity = self.served.tokens.of("root")[0].id
        Deferred.fromCoroutine(self.served.tokens.remove(identity, {"by": "root"}))
        self.successResultOf(flowing)
        self.assertEqual((live.stage.watchers, self.served.api.streams), (0, 0))

    def test_it_is_for_whom_watching_is_permitted(self) -> None:
        """Others are refused, and told of."""
        self.served.node.directory.change("user", "ann", {"roles": ["approver"]}, by="test")
        self.assertEqual(self.get("approver", user="ann").code, 403)
        self.assertIn("verb.refused", self.served.node.kinds())


class DocumentTests(SynchronousTestCase):
    """What OpenAPI says of it."""

    def test_every_verb_is_described_by_its_own_arguments(self) -> None:
        """But those of other doors; what changes has no GET."""
        told = document(VERBS, "0.1")
        paths = told["paths"]
        self.assertEqual(len(paths), len(VERBS) - len(NOT_HERE & set(VERBS)) + 1)
        for name, verb in VERBS.items():
            if name in NOT_HERE:
                continue
            path = paths[f"/{name.replace(' ', '/')}"]
            self.assertEqual("get" in path, reads(verb), name)
            schema = path["post"]["requestBody"]["content"]["application/json"]["schema"]
            self.assertEqual(set(schema["properties"]), {*fields(verb), "stdin", "stdin_base64"})
        operations = [operation["operationId"] for path in paths.values() for operation in path.values()]
        self.assertEqual(len(operations), len(set(operations)))

    def test_it_is_served_to_anybody_and_every_reference_in_it_leads_somewhere(self) -> None:
        """It says no more than the manual."""
        text = Browser().get("/api/v1/openapi.json").body.decode()
        told = json.loads(text)
        for name in ("Answer", "Error"):
            self.assertIn(f"#/components/schemas/{name}", text)
            self.assertIn(name, told["components"]["schemas"])
