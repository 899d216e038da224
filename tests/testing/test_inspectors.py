"""Tests of gateway/testing.py: what ships for plugins' authors, tried on good, bad and our own inspectors."""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import attrs
from twisted.internet.defer import Deferred, succeed
from twisted.plugin import IPlugin
from twisted.trial.unittest import SynchronousTestCase, TestCase
from zope.interface import implementer

from gateway.domain.evaluation import Decision, Verdict
from gateway.inspectors.room.bubble import Bubble
from gateway.inspectors.room.room import Room
from gateway.inspectors.shipped import shipped
from gateway.interfaces import IFileInspectorFactory
from gateway.testing import MemoryInspector, MemoryQuarantine, conformance, inspect, spooled, transfer
from tests.inspectors.files import REACTOR, in_thread, zipped
from tests.inspectors.test_room import closed

EXAMPLE = Path(__file__).parents[2] / "docs" / "examples" / "acme"
MARKED = b"xx denied xx"


@implementer(IPlugin, IFileInspectorFactory)
@attrs.define
class Factory:
    """Configure an inspector that a test gives."""

    inspector: Any
    name: str = "scripted"
    schema: Mapping[str, str] = attrs.field(factory=dict)

    def configure(self, section: Mapping[str, Any]) -> Any:
        """Give it."""
        return self.inspector


def wrong(**methods: Any) -> Any:
    """Return an inspector with other methods."""
    return type("Wrong", (MemoryInspector,), {**methods, "begin": lambda self, moved: wrong(**methods)})()


WRONGS: dict[str, Any] = {
    "wants\\(\\) returns": wrong(wants=lambda self, moved: None),
    "no verdict": wrong(finish=lambda self, file: "allow"),
    "must pass": wrong(finish=lambda self, file: Verdict(Decision.DENY, "always")),
    "must be denied": wrong(finish=lambda self, file: Verdict(Decision.ALLOW)),
    "says why": wrong(finish=lambda self, file: Verdict(
        Decision.DENY if MARKED in Path(file.path).read_bytes() else Decision.ALLOW)),
    "data\\(\\) returns": wrong(data=lambda self, offset, chunk: b""),
    "held up the reactor": wrong(data=lambda self, offset, chunk: time.sleep(0.06)),
}  # fmt: skip


class ConformanceTests(SynchronousTestCase):
    """What the checks find."""

    def checked(self, factory: Any, section: Mapping[str, Any], **contents: bytes) -> Deferred[None]:
        """Run the checks."""
        contents = {"allows": b"clean", "denies": MARKED, **contents}
        return Deferred.fromCoroutine(conformance(factory, section, **contents))

    def test_a_good_inspector_passes(self) -> None:
        """The double that ships."""
        self.successResultOf(self.checked(Factory(MemoryInspector()), {}))

    def test_each_wrong_is_named(self) -> None:
        """In a sentence."""
        for words, inspector in WRONGS.items():
            failure = self.failureResultOf(self.checked(Factory(inspector), {}), AssertionError)
            self.assertRegex(str(failure.value), words)

    def test_a_wrong_factory_is_named(self) -> None:
        """No factory, a bad name, a bad schema, settings that it does not name, no inspector."""
        good = MemoryInspector()
        for factory, section in (
            (object(), {}), (Factory(good, "Bad Name"), {}), (Factory(good, schema={"a": 1}), {}),  # type: ignore[dict-item]
            (Factory(good), {"a": 1}), (Factory(object()), {}),
        ):  # fmt: skip
            self.failureResultOf(self.checked(factory, section), AssertionError)

    def test_the_examples_inspector_passes(self) -> None:
        """As it stands in the manual, in less than sixty lines."""
        sys.path.insert(0, str(EXAMPLE))
        self.addCleanup(sys.path.remove, str(EXAMPLE))
        import acme_inspector

        factory = acme_inspector.Factory()
        self.successResultOf(self.checked(factory, {"word": "denied"}))
        lines = sum(len(path.read_text().splitlines()) for path in EXAMPLE.rglob("*.py") if "build" not in path.parts)
        self.assertLess(lines, 60)


class DoubleTests(SynchronousTestCase):
    """The doubles."""

    def test_an_inspector_notes_what_it_is_told(self) -> None:
        """In order, with pieces as they were cut."""
        inspector = MemoryInspector()
        found = self.successResultOf(Deferred.fromCoroutine(inspect(inspector, b"abc", transfer("/x"), cuts=[1])))
        self.assertEqual(found.decision, Decision.ALLOW)
        told = [("wants", "/x"), ("begin", "/x"), ("data", 0, 1), ("data", 1, 2), ("finish", 3)]
        self.assertEqual(inspector.calls, told)

    def test_an_early_denial_ends_it(self) -> None:
        """And the inspection is told to forget."""
        early = wrong(data=lambda self, offset, chunk: succeed(Verdict(Decision.DENY, "early")))
        found = self.successResultOf(Deferred.fromCoroutine(inspect(early, b"abc")))
        self.assertEqual(found.code, "early")

    def test_a_quarantine_keeps_and_gives(self) -> None:
        """Until a file is removed."""
        held, file = MemoryQuarantine(), spooled(b"bad", self.mktemp_folder())
        name = self.successResultOf(held.keep(transfer(), file, [], "rule"))
        who = {"by": "root", "reason": "", "door": "ssh"}
        self.assertEqual(self.successResultOf(held.release(name, "", **who))["content"], b"bad")
        self.assertEqual(self.successResultOf(held.show(name))["rule"], "rule")
        self.successResultOf(held.remove(name, **who))
        self.assertEqual(self.successResultOf(held.items()), [])
        self.failureResultOf(held.show(name), KeyError)

    def mktemp_folder(self) -> str:
        """Return a new folder."""
        folder = self.mktemp()
        Path(folder).mkdir()
        return folder


class ShippedTests(TestCase):
    """Our own inspectors pass the checks that others must."""

    timeout = 100

    def setUp(self) -> None:
        """Make all of them."""
        self.room = Room(REACTOR, in_thread, Bubble(REACTOR))
        self.addCleanup(lambda: Deferred.fromCoroutine(closed(self.room)))
        self.kinds = shipped(REACTOR, in_thread, self.room)

    async def test_they_conform(self) -> None:
        """Those that need no server."""
        for kind, section, allows, denied in (
            ("size", {"max": "9B"}, b"123456789", b"1234567890"),
            ("hash", {"deny": [spooled(b"x").sha256]}, b"y", b"x"),
            ("type", {"deny": ["elf"]}, b"text", b"\x7fELF"),
            ("archive", {"max_entries": 1}, zipped(("a", b"")), zipped(("a", b""), ("b", b""))),
            ("yara", {"rules": 'rule bad { strings: $a = "bad" condition: $a }'}, b"good", b"bad"),
            ("command", {"argv": ["/bin/sh", "-c", "! grep -q bad <&3 || { echo bad; exit 1; }"], "unconfined": True},
             b"good", b"bad"),
        ):  # fmt: skip
            await conformance(self.kinds[kind], section, allows=allows, denies=denied)
