"""The inspectors that ask scanners, with a real clamd and a real c-icap."""

from __future__ import annotations

import io
import os
import zipfile
from typing import Any, ClassVar

from twisted.internet.defer import Deferred, gatherResults
from twisted.trial.unittest import TestCase

from gateway.domain.entries import Inspector
from gateway.domain.evaluation import Decision, Evaluate, Given
from gateway.inspectors.clamd import ClamdFactory
from gateway.inspectors.icap import IcapFactory
from gateway.runtime.evaluate import evaluator
from tests.inspectors.files import REACTOR, configured, in_thread, kept, transfer
from tests.real.scanners import MARKER, THREAT, Scanners
from tests.runtime.test_evaluate import Shelf

MIB = 1024**2


def zipped(content: bytes) -> bytes:
    """Return a zip with one file."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("inside", content)
    return out.getvalue()


class ScannerCase(TestCase):
    """Scanners for all tests of a class."""

    timeout = 100
    icap: ClassVar[bool] = False
    scanners: ClassVar[Scanners]

    @classmethod
    def setUpClass(cls) -> None:
        """Start them."""
        cls.scanners = Scanners()
        cls.scanners.start(cls.icap)

    @classmethod
    def tearDownClass(cls) -> None:
        """End them."""
        cls.scanners.stop()

    def inspector(self) -> Any:
        """Return the inspector to ask."""
        raise NotImplementedError

    async def given(self, content: bytes, inspector: Any = None, **known: Any) -> Given:
        """Have a file evaluated as a session has."""
        entry = Inspector("scan", "scan", '{"timeout": "20s"}')
        made = evaluator([entry], Shelf({"scan": inspector or self.inspector()}), REACTOR, in_thread)
        question = Evaluate(transfer(**known), ("scan",), kept(content))
        answers = await made.evaluate(question)
        return answers.given[0]

    async def decision(self, content: bytes, **known: Any) -> str:
        """Return the decision, with the threat that was found; or the error."""
        found = await self.given(content, **known)
        if found.verdict is None:
            return found.error
        return f"{found.verdict.decision.value} {found.verdict.detail}".strip()


class ClamdTests(ScannerCase):
    """clamd over its UNIX socket and over TCP."""

    def inspector(self) -> Any:
        """Ask over the UNIX socket."""
        return configured(ClamdFactory(REACTOR), {"address": self.scanners.socket})

    async def test_clean_files_pass_and_infected_ones_do_not(self) -> None:
        """Of any size, also none; with the marker at any place, also in a zip."""
        for content, decision in (
            (b"", "allow"), (b"clean", "allow"), (os.urandom(3 * MIB), "allow"), (MARKER, f"deny {THREAT}.UNOFFICIAL"),
            (b"x" * (512 * 1024 - 9) + MARKER, f"deny {THREAT}.UNOFFICIAL"),
            (zipped(b"x" * 99 + MARKER), f"deny {THREAT}.UNOFFICIAL"),
        ):  # fmt: skip
            self.assertEqual((len(content), await self.decision(content)), (len(content), decision))

    async def test_it_is_asked_over_tcp_too(self) -> None:
        """The same answers."""
        over_tcp = configured(ClamdFactory(REACTOR), {"address": f"tcp:127.0.0.1:{self.scanners.port}"})
        found = await self.given(MARKER, over_tcp)
        self.assertEqual(found.verdict and found.verdict.decision, Decision.DENY)

    async def test_a_file_that_is_larger_than_clamd_takes_is_a_failure(self) -> None:
        """It says so while the bytes still come; nothing hangs."""
        self.assertEqual(await self.decision(bytes(30 * MIB)), "failed")

    async def test_many_at_once(self) -> None:
        """Each gets its own answer."""
        contents = [MARKER if number % 3 == 0 else b"clean %d" % number for number in range(24)]
        said = await gatherResults([Deferred.fromCoroutine(self.decision(content)) for content in contents])
        self.assertEqual([each.startswith("deny") for each in said], [content == MARKER for content in contents])

    async def test_a_clamd_that_is_not_there_is_a_failure(self) -> None:
        """At once."""
        nowhere = configured(ClamdFactory(REACTOR), {"address": "unix:/nonexistent/clamd.ctl"})
        found = await self.given(b"x", nowhere)
        self.assertEqual((found.verdict, found.error), (None, "failed"))


class IcapTests(ScannerCase):
    """c-icap with its virus scanner, which asks the same clamd."""

    icap = True

    def inspector(self, preview: bool = True, service: str = "avscan") -> Any:
        """Ask the scanner."""
        address = f"tcp:127.0.0.1:{self.scanners.icap_port}"
        section = {"address": address, "service": service, "preview": preview}
        return configured(IcapFactory(REACTOR, in_thread), section)

    async def test_clean_files_pass_and_infected_ones_do_not(self) -> None:
        """Both directions, with and without a preview, shorter and longer than it."""
        for direction in ("upload", "download"):
            for preview in (True, False):
                for content, decision in (
                    (b"clean", Decision.ALLOW), (b"clean " * MIB, Decision.ALLOW), (MARKER, Decision.DENY),
                    (b"x" * 5000 + MARKER, Decision.DENY), (b"x" * 2 * MIB + MARKER, Decision.DENY),
                ):  # fmt: skip
                    found = await self.given(content, self.inspector(preview), direction=direction)
                    said = found.verdict and found.verdict.decision
                    self.assertEqual((direction, preview, len(content), said, found.error),
                                     (direction, preview, len(content), decision, ""))  # fmt: skip

    async def test_the_threat_is_named(self) -> None:
        """To the operator, and to admins."""
        found = await self.given(MARKER)
        self.assertIn(THREAT, found.verdict.reason if found.verdict else "")

    async def test_names_can_not_end_the_head(self) -> None:
        """Newlines, blanks and bytes that are not UTF-8."""
        found = await self.given(b"clean", path="/a\r\nX-Evil: 1\r\n\r\n\udcff ?#", target="web1")
        self.assertEqual(found.verdict and found.verdict.decision, Decision.ALLOW)

    async def test_a_service_that_is_not_there_is_a_failure(self) -> None:
        """And so is a server that is not."""
        found = await self.given(b"x", self.inspector(service="nothing"))
        self.assertEqual((found.verdict, found.error), (None, "failed"))
