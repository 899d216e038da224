"""Tests of the inspectors that ask others (clamd, ICAP, a program), with others that misbehave."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from twisted.internet import process
from twisted.internet.defer import Deferred
from twisted.internet.protocol import Factory, Protocol
from twisted.trial.unittest import SynchronousTestCase, TestCase

from gateway.domain.entries import Inspector
from gateway.domain.evaluation import Decision, Evaluate, Given
from gateway.inspectors.clamd import ClamdFactory
from gateway.inspectors.command import CommandFactory, verdict
from gateway.inspectors.icap import IcapFactory
from gateway.inspectors.icap_wire import read_answer
from gateway.inspectors.places import place
from gateway.inspectors.room.bubble import Bubble
from gateway.interfaces import InspectorError
from gateway.runtime.evaluate import evaluator
from tests.inspectors.files import REACTOR, configured, in_thread, kept, transfer
from tests.runtime.test_evaluate import Shelf

OPTIONS = b"ICAP/1.0 200 OK\r\nPreview: 4\r\nAllow: 204\r\nOptions-TTL: 60\r\n\r\n"


class Saying(Protocol):
    """A server that says something to whatever comes, or hangs up."""

    script: Any = None

    def dataReceived(self, data: bytes) -> None:
        """Say the next thing."""
        said = self.script(data)
        if said is None:
            self.transport.loseConnection()
        elif said:
            self.transport.write(said)


class ScanCase(TestCase):
    """A misbehaving server, asked as a session asks."""

    timeout = 30

    async def asked(self, factory: Any, script: Any, content: bytes = b"content", **section: Any) -> Given:
        """Return what an inspector answers when a server says this."""
        serving = Factory.forProtocol(type("Server", (Saying,), {"script": staticmethod(script)}))
        port = REACTOR.listenTCP(0, serving, interface="127.0.0.1")
        try:
            address = f"tcp:127.0.0.1:{port.getHost().port}"
            return await self.given(configured(factory, {"address": address, **section}), content)
        finally:
            await port.stopListening()

    async def given(self, inspector: Any, content: bytes = b"content") -> Given:
        """Return what an inspector answers within two seconds."""
        entry = Inspector("scan", "scan", '{"timeout": "2s"}')
        made = evaluator([entry], Shelf({"scan": inspector}), REACTOR, in_thread)
        answers = await made.evaluate(Evaluate(transfer(), ("scan",), kept(content)))
        return answers.given[0]

    async def errors(self, factory: Any, scripts: dict[str, Any], **section: Any) -> None:
        """Check that each script has the named error."""
        for error, several in scripts.items():
            for script in several:
                found = await self.asked(factory, script, bytes(3_000_000), **section)
                self.assertEqual((found.verdict, found.error), (None, error))


class BadClamdTests(ScanCase):
    """Servers that are no clamd."""

    async def test_whatever_is_no_answer_is_a_failure(self) -> None:
        """Garbage, a flood, an end, silence."""
        await self.errors(ClamdFactory(REACTOR), {
            "failed": (lambda data: b"stream: perhaps\0", lambda data: b"x" * 100_000, lambda data: None,
                       lambda data: b"stream: OK\0more\0", lambda data: b"stream: a ERROR\0"),
            "timed out": (lambda data: b"",),
        })  # fmt: skip


class BadIcapTests(ScanCase):
    """Servers that are no ICAP server, or no friendly one."""

    def script(self, answer: bytes | None) -> Any:
        """Answer OPTIONS well, and then this."""
        return lambda data: OPTIONS if data.startswith(b"OPTIONS") else answer

    async def test_whatever_is_no_answer_is_a_failure(self) -> None:
        """To OPTIONS, and to the file."""
        await self.errors(IcapFactory(REACTOR, in_thread), {
            "failed": (
                lambda data: b"HTTP/1.1 200 OK\r\n\r\n", lambda data: None, self.script(None),
                self.script(b"ICAP/1.0 500 Oh\r\n\r\n"), self.script(b"x" * 100_000),
                self.script(b"ICAP/1.0 404 no\r\n\r\n"),
            ),
            "timed out": (lambda data: b"", self.script(b""), self.script(b"ICAP/1.0 2")),
        }, service="scan")  # fmt: skip

    async def test_a_server_that_would_change_the_file_denies(self) -> None:
        """Named or not."""
        for fields, reason in ((b"", "the scanner would change the file"),
                               (b"X-Infection-Found: Type=0; Threat=Bad;\r\n", "infected: Bad")):  # fmt: skip
            answer = b"ICAP/1.0 200 OK\r\n" + fields + b"\r\n"
            found = await self.asked(IcapFactory(REACTOR, in_thread), self.script(answer), service="scan")
            self.assertEqual(found.verdict and (found.verdict.decision, found.verdict.reason), (Decision.DENY, reason))

    async def test_an_answer_in_pieces_is_one_answer(self) -> None:
        """The rest of a file goes after 100 Continue only."""
        said: list[bytes] = []

        def script(data: bytes) -> bytes:
            said.append(data)
            whole = b"".join(said)
            if whole.startswith(b"OPTIONS"):
                said.clear()
                return OPTIONS
            if whole.endswith(b"0\r\n\r\n") and b"content\r\n" not in whole and b"ent\r\n" not in whole:
                return b"ICAP/1.0 100 Continue\r\n\r\n"
            return b"ICAP/1.0 204 No\r\n\r\n" if whole.endswith(b"ent\r\n0\r\n\r\n") else b""

        found = await self.asked(IcapFactory(REACTOR, in_thread), script, service="scan")
        self.assertEqual(found.verdict and found.verdict.decision, Decision.ALLOW)


class WireTests(SynchronousTestCase):
    """Heads of ICAP answers, and addresses."""

    @given(st.binary(max_size=200) | st.binary(max_size=100).map(lambda rest: b"ICAP/1.0 204 No\r\n" + rest))
    def test_any_head_is_read_or_refused(self, head: bytes) -> None:
        """Nothing else is raised."""
        try:
            answer = read_answer(head)
        except InspectorError:
            return
        self.assertTrue(100 <= answer.status <= 599)
        self.assertIsInstance(answer.threat, str)

    def test_folded_fields_and_names_of_threats_are_read(self) -> None:
        """As c-icap and others write them."""
        head = b"ICAP/1.0 200 OK\r\nX-Violations-Found: 1\r\n\t-\r\n\tEvil\r\nPreview: 7"
        self.assertEqual((read_answer(head).threat, read_answer(head).number("preview")), ("1 - Evil", 7))

    def test_an_address_is_a_path_or_host_and_port(self) -> None:
        """Nothing else."""
        self.assertEqual(place("unix:/run/c").path, "/run/c")
        self.assertEqual((place("tcp:[::1]:9").host, place("tcp:a.b:9").authority), ("::1", "a.b:9"))
        for text in ("", "tcp:a", "tcp:a:0", "tcp:a:99999", "unix:c", "http://a:9", "tcp:a b:9"):
            self.assertRaises(InspectorError, place, text)


class CommandTests(ScanCase):
    """Programs of the administrator's."""

    async def tearDown(self) -> None:
        """Wait until every program is gone: one that was killed takes a moment."""
        def pending() -> bool:
            pipes = any(isinstance(each, process.ProcessReader) for each in REACTOR.getReaders())
            return pipes or bool(process.reapProcessHandlers)

        while pending():
            waiting: Deferred[None] = Deferred()
            REACTOR.callLater(0.02, waiting.callback, None)
            await waiting

    def factory(self, usable: bool | None = None) -> CommandFactory:
        """Return the factory; ``usable`` False: as if there were no bubblewrap."""
        bubble = Bubble(REACTOR)
        bubble._usable = usable
        return CommandFactory(REACTOR, in_thread, bubble)

    async def judged(self, script: str, content: bytes = b"content", usable: bool | None = None) -> Given:
        """Have a shell script judge a file."""
        inspector = configured(self.factory(usable), {"argv": ["/bin/sh", "-c", script], "unconfined": True})
        return await self.given(inspector, content)

    async def test_the_exit_code_decides(self) -> None:
        """And the first line is the reason."""
        for code, decision in ((0, Decision.ALLOW), (1, Decision.DENY), (2, Decision.QUARANTINE)):
            found = await self.judged(f"echo because; echo more; exit {code}")
            said = found.verdict and (found.verdict.decision, found.verdict.reason, found.verdict.detail)
            self.assertEqual(said, (decision, "because", "more"))

    async def test_everything_else_is_a_failure(self) -> None:
        """Another code, a signal, too much output; and one that hangs is out of time."""
        for script in ("exit 3", "kill -9 $$", "exec 2>&1; yes"):
            self.assertEqual((await self.judged(script)).error, "failed")
        self.assertEqual((await self.judged("sleep 30")).error, "timed out")

    async def test_the_file_is_a_descriptor_and_its_name_is_on_stdin(self) -> None:
        """No name is an argument."""
        found = await self.judged('test "$(cat <&3)" = content && grep -q \'"path": "/home/root/file"\' && echo $#')
        self.assertEqual(found.verdict and (found.verdict.decision, found.verdict.reason), (Decision.ALLOW, "0"))

    async def test_it_has_no_network_and_does_not_see_what_is_private(self) -> None:
        """Confined by bubblewrap, or at least without network where the gateway is root."""
        secret = Path(tempfile.mkdtemp()) / "key"
        secret.write_text("a key")
        secret.chmod(0o600)
        script = f"cat {secret} && exit 1; test $(grep -c : /proc/net/dev) = 1 || exit 1"
        for usable in (None, False) if os.geteuid() == 0 else (None,):
            found = await self.judged(script, usable=usable)
            self.assertEqual(found.verdict and found.verdict.decision, Decision.ALLOW)

    async def test_where_it_can_not_be_confined_it_is_not_run(self) -> None:
        """Unless an administrator says so."""
        inspector = configured(self.factory(False), {"argv": ["/bin/true"]})
        self.patch(os, "geteuid", lambda: 1000)
        with self.assertRaises(InspectorError):
            await Deferred.fromCoroutine(inspector.confined())

    def test_bad_settings_are_said(self) -> None:
        """No program, no whole path, one that is not there."""
        for argv in ([], ["sh"], ["/nonexistent/check"], "sh"):
            self.assertRaises(InspectorError, configured, self.factory(), {"argv": argv})

    @given(st.none() | st.integers(), st.binary(max_size=99), st.binary(max_size=99))
    def test_any_end_is_a_verdict_or_a_failure(self, code: int | None, out: bytes, err: bytes) -> None:
        """Nothing else is raised."""
        try:
            found = verdict(code, out, err)
        except InspectorError:
            return
        self.assertIn(found.decision, Decision)
