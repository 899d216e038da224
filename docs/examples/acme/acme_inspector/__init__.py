"""An inspector that denies files in which a word stands."""

import attrs
from twisted.plugin import IPlugin
from zope.interface import implementer

from gateway.domain.evaluation import Decision, Verdict
from gateway.interfaces import IFileInspector, IFileInspectorFactory, IInspection, InspectorError


@implementer(IPlugin, IFileInspectorFactory)
class Factory:
    name = "acme"
    schema = {"word": str}  # each key of the table, and what takes its value

    def configure(self, section):
        if not section.get("word"):
            raise InspectorError("word: say which word may stand in no file")
        return Words(section["word"].encode())


@implementer(IFileInspector)
@attrs.frozen
class Words:
    word: bytes

    def wants(self, transfer):
        return True

    def begin(self, transfer):
        return Reading(self.word)


@implementer(IInspection)
@attrs.define
class Reading:
    word: bytes
    found: bool = False
    tail: bytes = b""

    def data(self, offset, chunk):
        seen = self.tail + chunk  # the word may be cut by the end of a chunk
        self.found = self.found or self.word in seen
        self.tail = seen[-len(self.word):]

    def finish(self, spooled):
        if not self.found:
            return Verdict(Decision.ALLOW)
        return Verdict(Decision.DENY, code="word", reason="a word stands in it that may not", score=5)

    def abort(self, reason):
        self.found = False
