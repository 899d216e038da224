"""The protocol of scp: one message after another, and nothing of a file before it may pass."""

from __future__ import annotations

import hashlib

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from gateway.domain.entries import TransferRule
from gateway.domain.evaluation import Decision, Verdict
from gateway.domain.lane import EndSession, Refuse
from tests.domain.scp.talk import DOWN, RULE, UP, Talk

BAD = Verdict(Decision.DENY, reason="it is infected")
WATCH = TransferRule("watching", inspectors=("clamd",), mode="observe")


class PassingTests(SynchronousTestCase):
    """Files that nobody decides about."""

    def test_an_upload_passes_as_it_comes(self) -> None:
        """Each answer goes back, and one fact is told."""
        talk = Talk("scp -t /x/a")
        self.assertEqual(talk.say(DOWN, b"\0"), b"")
        self.assertEqual(talk.heard[DOWN], b"\0")
        talk.say(UP, b"T1 0 1 0\n")
        self.assertEqual(talk.heard[UP], b"T1 0 1 0\n")
        talk.say(DOWN, b"\0")
        talk.say(UP, b"C0644 5 a\n")
        talk.say(DOWN, b"\0")
        talk.say(UP, b"hel")
        talk.say(UP, b"lo\0")
        talk.say(DOWN, b"\0")
        self.assertEqual(talk.heard[UP], b"T1 0 1 0\nC0644 5 a\nhello\0")
        told = talk.fact("file.transferred")
        self.assertEqual((told["path"], told["bytes"], told["whole"]), ("/x/a", 5, True))
        self.assertEqual(told["sha256"], hashlib.sha256(b"hello").hexdigest())

    def test_folders_are_entered_and_left(self) -> None:
        """Where the sink takes them."""
        talk = Talk("scp -r -f /x/d")
        talk.say(UP, b"\0")
        for line in (b"D0755 0 d\n", b"D0755 0 e\n", b"C0644 0 a\n", b"\0", b"E\n", b"E\n"):
            talk.say(DOWN, line)
            talk.say(UP, b"\0" if line[:1] != b"\0" else b"")
            if line == b"\0":
                talk.say(UP, b"\0")
        self.assertEqual(talk.fact("file.transferred")["path"], "/x/d/e/a")

    def test_what_a_side_refuses_is_told(self) -> None:
        """The sink a file or a folder, the source a file it could not read."""
        talk = Talk("scp -rt /x")
        talk.say(DOWN, b"\0")
        talk.say(UP, b"C0644 5 a\n")
        talk.say(DOWN, b"\1scp: /x: Permission denied\n")
        talk.say(UP, b"D0755 0 d\n")
        talk.say(DOWN, b"\1no\n")
        talk.say(UP, b"\1scp: b: No such file\n")
        talk.say(UP, b"C0644 1 c\n")
        talk.say(DOWN, b"\0")
        talk.say(UP, b"x\1read error\n")
        talk.say(DOWN, b"\0")
        self.assertEqual([fact.body["outcome"] for fact in talk.facts], ["failed", "failed"])
        self.assertEqual(talk.facts[1].body["path"], "/x")

    def test_what_is_no_message_ends_the_channel(self) -> None:
        """Nothing of it goes on."""
        for line in (b"X\n", b"C0644 5\n", b"C0644 5 a/b\n", b"D755 x y\n", b"T1\n", b"C0644 5 " + b"a" * 9000):
            talk = Talk("scp -t /x")
            talk.say(DOWN, b"\0")
            talk.say(UP, line)
            self.assertTrue([each for each in talk.effects if isinstance(each, Refuse)], line)
            self.assertEqual((talk.heard[UP], talk.say(UP, b"C0644 5 a\n")), (b"", b""))

    @settings(max_examples=60)
    @given(st.lists(st.integers(1, 12), max_size=10))
    def test_cut_anywhere_it_is_the_same(self, cuts: list[int]) -> None:
        """What the source may say without waiting."""
        talk = Talk("scp -t /x")
        talk.say(DOWN, b"\0")
        stream = b"C0644 12 name\n"
        for cut in [*cuts, 99]:
            talk.say(UP, stream[:cut])
            stream = stream[cut:]
        talk.say(DOWN, b"\0")
        stream = b"hello, world\0"
        for cut in [*cuts, 99]:
            talk.say(UP, stream[:cut])
            stream = stream[cut:]
        talk.say(DOWN, b"\0")
        self.assertEqual(talk.heard[UP], b"C0644 12 name\nhello, world\0")
        self.assertEqual(talk.fact("file.transferred")["bytes"], 12)

    def test_who_only_observes_gets_a_copy(self) -> None:
        """And reports what would have been; without room it says nothing."""
        for room, reports in ((9, 1), (2, 0)):
            talk = Talk("scp -t /x", (WATCH,))
            talk.depot.verdict, talk.depot.room = BAD, room
            talk.say(DOWN, b"\0")
            talk.say(UP, b"C0644 5 a\n")
            talk.say(DOWN, b"\0")
            talk.say(UP, b"virus\0")
            talk.say(DOWN, b"\0")
            self.assertEqual((len(talk.depot.observed), len(talk.facts)), (reports, 1 - reports))
            self.assertTrue(talk.depot.files[0].released)
            self.assertEqual(talk.heard[UP], b"C0644 5 a\nvirus\0")


class DecidedTests(SynchronousTestCase):
    """Files that rules decide about."""

    def upload(self, verdict: Verdict | None = None, rule: TransferRule = RULE, content: bytes = b"hello") -> Talk:
        """Send a file as far as the gate answers by itself."""
        talk = Talk("scp -t /x", (rule,))
        talk.depot.verdict = verdict or talk.depot.verdict
        talk.say(DOWN, b"\0")
        self.assertEqual(talk.say(UP, b"C0644 %d a\n" % len(content)), b"\0")
        self.assertEqual(talk.heard[UP], b"")
        talk.say(UP, content + b"\0")
        return talk

    def test_an_upload_that_passes_goes_on_when_it_was_evaluated(self) -> None:
        """The sink's last answer is the source's."""
        talk = self.upload()
        self.assertEqual(talk.heard[UP], b"C0644 5 a\n")
        talk.say(DOWN, b"\0")
        self.assertEqual((talk.heard[UP], talk.heard[DOWN]), (b"C0644 5 a\nhello\0", b"\0\0"))
        talk.say(DOWN, b"\0")
        self.assertEqual(talk.heard[DOWN], b"\0\0\0")
        told = talk.fact("file.transferred")
        self.assertEqual((told["outcome"], told["placed"], told["type"]), ("transferred", "in_place", "text"))
        self.assertEqual([each.transfer.path for each in talk.depot.considered], ["/x", "/x/a"])

    def test_a_denied_upload_never_reaches_the_target(self) -> None:
        """The source's scp says why, and so does one line; the next file may come."""
        talk = self.upload(BAD)
        self.assertEqual(talk.heard[UP], b"")
        self.assertEqual(talk.heard[DOWN], b"\0\0\1scp: /x: it is infected\n")
        self.assertEqual(talk.said, ["upload of /x denied: it is infected (rule no-malware)"])
        self.assertEqual(talk.fact("file.denied")["bytes"], 5)
        self.assertEqual(talk.say(UP, b"C0644 1 b\n"), b"\0")

    def test_a_name_may_be_denied_before_a_byte(self) -> None:
        """And what a denial wants besides is done."""
        talk = Talk("scp -t /x", (TransferRule("strict", inspectors=("path",), action="interrupt"),))
        talk.depot.naming = BAD
        talk.say(DOWN, b"\0")
        self.assertEqual(talk.say(UP, b"C0644 1 b\n"), b"\1scp: /x: it is infected\n")
        self.assertTrue([each for each in talk.effects if isinstance(each, EndSession)])

    def test_what_the_sink_refuses_is_the_sources_answer(self) -> None:
        """At the file's name, or at its end."""
        for answers in ((b"\1no\n",), (b"\0", b"\1disk full\n")):
            talk = self.upload()
            for answer in answers:
                talk.say(DOWN, answer)
            self.assertEqual(talk.heard[DOWN], b"\0\0" + answers[-1])
            self.assertEqual(talk.fact("file.transferred")["outcome"], "failed")

    def test_what_can_not_be_kept_or_broke_off_fails(self) -> None:
        """Nothing of it reaches the target."""
        talk = Talk("scp -t /x", (RULE,))
        talk.depot.room, talk.depot.lags = 3, True
        talk.say(DOWN, b"\0")
        talk.say(UP, b"C0644 5 a\n")
        for chunk in (b"he", b"ll", b"o\0"):
            talk.say(UP, chunk)
        self.assertIn("no room", talk.said[0])
        talk.depot.room = 99
        talk.say(UP, b"C0644 5 a\n")
        talk.say(UP, b"hello\1\n")
        self.assertEqual(talk.said[1], "upload of /x failed: it broke off")
        self.assertEqual(talk.heard[UP], b"")
        self.assertTrue(all(kept.released for kept in talk.depot.files))

    def test_a_download_goes_on_when_it_was_evaluated(self) -> None:
        """The operator's scp gets it whole; the target, which leaves then, hears only after that that it was taken."""
        talk = Talk("scp -f /x/a", (RULE,))
        talk.say(UP, b"\0")
        self.assertEqual(talk.say(DOWN, b"C0644 5 a\n"), b"\0")
        talk.say(DOWN, b"hello\0")
        self.assertEqual((talk.heard[UP], talk.heard[DOWN]), (b"\0\0", b"C0644 5 a\n"))
        talk.say(UP, b"\0")
        self.assertEqual((talk.heard[UP], talk.heard[DOWN]), (b"\0\0", b"C0644 5 a\nhello\0"))
        talk.say(UP, b"\0")
        self.assertEqual((talk.heard[UP], talk.heard[DOWN]), (b"\0\0\0", b"C0644 5 a\nhello\0"))
        self.assertEqual(talk.fact("file.transferred")["direction"], "download")

    def test_a_denied_download_gives_no_byte(self) -> None:
        """The operator's scp hears why and goes on, by content or by name."""
        talk = Talk("scp -f /x/a", (RULE,))
        talk.depot.verdict = BAD
        talk.say(UP, b"\0")
        talk.say(DOWN, b"C0644 5 a\n")
        talk.say(DOWN, b"virus\0")
        self.assertEqual(talk.heard[DOWN], b"\1scp: /x/a: it is infected\n")
        self.assertEqual(talk.heard[UP], b"\0\0\0")
        talk.depot.naming = BAD
        self.assertEqual(talk.say(DOWN, b"C0644 5 a\n"), b"\1scp: /x/a: it is infected\n")

    def test_what_the_gateway_lost_ends_the_channel(self) -> None:
        """Half a file is none."""
        talk = self.upload()
        talk.depot.lost = True
        talk.say(DOWN, b"\0")
        self.assertTrue([each for each in talk.effects if isinstance(each, Refuse)])
