"""Uploads that are decided about: nothing at the path before all of it was evaluated."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from gateway.domain.entries import TransferRule
from gateway.domain.evaluation import Decision, Verdict
from gateway.domain.lane import EndSession, GiveOrder, OrderKind
from gateway.domain.sftp import codec
from gateway.domain.sftp.codec import Attributes, long, number, string
from tests.domain.sftp.server import FOLDER, REGULAR, Node
from tests.domain.sftp.talk import FULL, RULE, Talk

BAD = Verdict(Decision.DENY, "EICAR", "it is infected")
BOTH = codec.FOR_READING | codec.FOR_WRITING


class UploadTests(SynchronousTestCase):
    """From OPEN to the answer to CLOSE."""

    def setUp(self) -> None:
        self.talk = Talk((RULE,)).begin()
        self.server, self.depot = self.talk.server, self.talk.depot

    def test_a_file_that_passes_is_there_when_close_is_answered(self) -> None:
        """Not before, and with one fact."""
        handle = self.talk.open(b"/a")
        self.talk.write(handle, 0, b"hello")
        self.assertNotIn(b"/a", self.server.nodes)
        self.assertEqual(self.talk.close(handle).code, codec.OK)
        self.assertEqual(self.server.nodes[b"/a"].content, b"hello")
        told = self.talk.fact("file.transferred")
        self.assertEqual(
            (told["direction"], told["path"], told["bytes"], told["whole"], told["verdicts"], told["type"]),
            ("upload", "/a", 5, True, ["clamd:allow"], "text"),
        )
        self.assertTrue(self.depot.files[0].released)

    def test_a_denied_file_never_exists_and_the_reason_is_said(self) -> None:
        """By the status, by a line, by a fact; what was there stays."""
        self.server.nodes[b"/a"] = Node(b"old")
        self.depot.verdict = BAD
        for path in (b"/a", b"/b"):
            answer = self.talk.put(path, b"virus")
            self.assertEqual((answer.code, answer.text), (codec.DENIED, "it is infected"))
        self.assertEqual((self.server.nodes[b"/a"].content, self.server.names), (b"old", []))
        self.assertEqual(self.talk.said[1], "upload of /b denied: it is infected (rule no-malware)")
        denied = [fact.body for fact in self.talk.facts if fact.kind == "file.denied"]
        self.assertEqual((len(denied), denied[0]["rule"], denied[0]["bytes"]), (2, "no-malware", 5))

    def test_a_quarantined_file_has_one_fact_with_its_id(self) -> None:
        """Where it could not be kept, it is only denied."""
        self.depot.verdict = Verdict(Decision.QUARANTINE)
        self.talk.put(b"/a", b"virus")
        self.assertEqual(self.talk.fact("file.quarantined")["quarantine"], "Q-1")
        self.depot.quarantine = ""
        self.talk.put(b"/a", b"virus")
        self.assertEqual(self.talk.fact("file.denied")["outcome"], "denied")

    def test_actions_beyond_denying_are_done(self) -> None:
        """After the operator has his answer."""
        actions = (("interrupt", [EndSession]), ("deactivate", [GiveOrder, EndSession]), ("lock", [GiveOrder]))
        for action, kinds in actions:
            talk = Talk((TransferRule("strict", inspectors=("clamd",), action=action),)).begin()
            talk.depot.verdict = BAD
            self.assertEqual(talk.put(b"/a", b"virus").code, codec.DENIED)
            done = [each for each in talk.effects if isinstance(each, EndSession | GiveOrder)]
            self.assertEqual([type(each) for each in done], kinds)
            if action == "lock":
                self.assertEqual(done, [GiveOrder(OrderKind.LOCK, "strict")])

    def test_a_name_may_be_denied_before_a_byte(self) -> None:
        """OPEN is refused."""
        self.depot.naming = Verdict(Decision.DENY, reason="keys stay here")
        self.assertEqual(self.talk.open(b"/x.key").text, "keys stay here")
        self.assertEqual(self.talk.fact("file.denied")["bytes"], 0)

    def test_what_could_not_be_opened_is_not(self) -> None:
        """In the words the target would have."""
        self.server.nodes[b"/a"], self.server.nodes[b"/d"] = Node(b"x"), Node(mode=FOLDER | 0o755)
        for path, flags, code in (
            (b"/none", codec.FOR_WRITING, codec.NO_SUCH_FILE), (b"/no/such", FULL, codec.NO_SUCH_FILE),
            (b"/a", FULL | codec.EXCLUSIVE, codec.FAILURE), (b"/d", FULL, codec.FAILURE),
        ):  # fmt: skip
            self.assertEqual(self.talk.open(path, flags).code, code, path)
        self.server.fails[codec.STAT] = codec.EOF
        self.assertEqual(self.talk.open(b"/b").code, codec.EOF)
        self.assertEqual({fact.body["outcome"] for fact in self.talk.facts}, {"failed"})

    def test_resuming_evaluates_the_whole_result(self) -> None:
        """What was there is fetched first; without the right to read it there is no way."""
        self.server.nodes[b"/a"] = Node(b"0123456789")
        handle = self.talk.open(b"/a", codec.FOR_WRITING)
        self.talk.write(handle, 10, b"more")
        self.talk.write(handle, 0, b"X")
        self.assertEqual(self.talk.close(handle).code, codec.OK)
        question, content = self.depot.evaluated[0]
        self.assertEqual((content, question.transfer.resumed), (b"X123456789more", True))
        self.assertEqual(self.server.nodes[b"/a"].content, b"X123456789more")
        self.server.fails[codec.OPEN] = codec.DENIED
        refused = self.talk.open(b"/a", codec.FOR_WRITING)
        self.assertEqual(refused.text, "it can not be evaluated whole: told to fail")
        self.assertTrue(self.depot.files[-1].released)

    def test_what_is_no_regular_file_has_nothing_to_fetch(self) -> None:
        """A device is written in place."""
        self.server.nodes[b"/null"] = Node(mode=0o020666)
        self.assertEqual(self.talk.put(b"/null", b"x", codec.FOR_WRITING).code, codec.OK)
        self.assertEqual(self.talk.fact("file.transferred")["placed"], "in_place")

    def test_writes_in_any_order_are_evaluated_as_one_file(self) -> None:
        """The last first."""
        handle = self.talk.open(b"/a")
        for at, chunk in ((6, b"last"), (0, b"first ")):
            self.talk.write(handle, at, chunk)
        self.talk.close(handle)
        self.assertEqual(self.server.nodes[b"/a"].content, b"first last")

    def test_what_the_target_refuses_is_passed_on(self) -> None:
        """As the answer to CLOSE, and told."""
        self.server.fails[codec.WRITE] = codec.FAILURE
        answer = self.talk.put(b"/a", b"x")
        self.assertEqual((answer.code, answer.text), (codec.FAILURE, "disk full"))
        told = self.talk.fact("file.transferred")
        self.assertEqual((told["outcome"], told["reason"], told["whole"]), ("failed", "disk full", False))
        self.assertEqual(sorted(self.server.nodes), [b"/"])

    def test_a_file_whose_room_is_gone_at_once_is_refused_at_open(self) -> None:
        """The spool is full."""
        self.depot.full = True
        self.assertEqual(self.talk.open(b"/a").text, "no room")

    def test_a_failure_while_it_settles_is_a_failure(self) -> None:
        """The disk refused what was handed over."""
        handle = self.talk.open(b"/a")
        self.talk.hold = True
        self.talk.close(handle)
        self.depot.files[-1].failed = "no room"
        self.talk.answer()
        self.assertEqual(self.talk.replies()[-1].text, "no room")  # type: ignore[union-attr]


class AttributeTests(SynchronousTestCase):
    """What is said of a file that is not there yet."""

    def setUp(self) -> None:
        self.talk = Talk((RULE,)).begin()

    def test_the_gateway_speaks_for_a_file_that_is_kept(self) -> None:
        """Its size, its mode; by handle and by path."""
        handle = self.talk.open(b"/a", mode=0o660)
        self.talk.write(handle, 0, b"hello")
        for answer in (self.talk.ask(codec.FSTAT, string(handle)), self.talk.paths(codec.LSTAT, b"/a"),
                       self.talk.paths(codec.STAT, b"/a")):  # fmt: skip
            self.assertEqual((answer.attributes.size, answer.attributes.mode), (5, REGULAR | 0o640))
        self.talk.ask(codec.FSETSTAT, string(handle) + Attributes(2, mode=0o600, times=(5, 6)).sent())
        self.talk.ask(codec.SETSTAT, string(b"/a") + Attributes(times=(7, 8)).sent())
        answer = self.talk.ask(codec.FSTAT, string(handle))
        self.assertEqual((answer.attributes.size, answer.attributes.mode), (2, REGULAR | 0o600))
        self.talk.close(handle)
        node = self.talk.server.nodes[b"/a"]
        self.assertEqual((node.content, node.mode, node.times), (b"he", REGULAR | 0o600, (7, 8)))

    def test_a_file_without_a_mode_gets_the_usual_one(self) -> None:
        """As the target would have made it; one that was there keeps its own."""
        handle = self.talk.open(b"/a")
        self.assertEqual(self.talk.ask(codec.FSTAT, string(handle)).attributes.mode, REGULAR | 0o644)
        self.talk.close(handle)
        self.talk.server.nodes[b"/b"] = Node(b"x", mode=REGULAR | 0o711)
        handle = self.talk.open(b"/b", codec.FOR_WRITING)
        self.assertEqual(self.talk.ask(codec.FSTAT, string(handle)).attributes.mode, REGULAR | 0o711)


class CopyTests(SynchronousTestCase):
    """copy-data: no bytes pass, so none may slip through."""

    def copy(self, talk: Talk, source: bytes, goal: bytes, *numbers: int) -> object:
        offset, count, to = numbers or (0, 0, 0)
        fields = string(source) + long(offset) + long(count) + string(goal) + long(to)
        return talk.extended(codec.COPY, fields).code

    def test_only_what_was_evaluated_is_copied(self) -> None:
        """Into a file that will be; whole or a part."""
        talk = Talk((RULE,)).begin()
        talk.server.nodes[b"/a"] = Node(b"0123456789")
        source, goal = talk.open(b"/a", codec.FOR_READING), talk.open(b"/b")
        self.assertEqual(self.copy(talk, source, goal), codec.OK)
        self.assertEqual(self.copy(talk, source, goal, 2, 3, 10), codec.OK)
        self.assertEqual(self.copy(talk, goal, source), codec.UNSUPPORTED)
        self.assertEqual(self.copy(talk, b"never", goal), codec.UNSUPPORTED)
        talk.close(goal)
        self.assertEqual(talk.server.nodes[b"/b"].content, b"0123456789234")

    def test_a_source_that_was_not_evaluated_is_none(self) -> None:
        """Only uploads are decided about."""
        talk = Talk((TransferRule("up", "upload", ("clamd",)),)).begin()
        talk.server.nodes[b"/a"] = Node(b"x")
        self.assertEqual(self.copy(talk, talk.open(b"/a", codec.FOR_READING), talk.open(b"/b")), codec.UNSUPPORTED)

    def test_a_copy_has_room_or_fails(self) -> None:
        """And ends where its source can not be read any more."""
        talk = Talk((RULE,)).begin()
        talk.server.nodes[b"/a"] = Node(b"0123456789")
        source, goal = talk.open(b"/a", codec.FOR_READING), talk.open(b"/b")
        talk.depot.files[1].room = 3
        self.assertEqual(self.copy(talk, source, goal), codec.FAILURE)
        other = talk.open(b"/c")
        talk.depot.lost = True
        self.assertEqual(self.copy(talk, source, other), codec.FAILURE)

    def test_where_nobody_decides_the_target_copies(self) -> None:
        """Between handles that are open."""
        talk = Talk().begin()
        talk.server.nodes[b"/a"] = Node(b"x")
        source, goal = talk.open(b"/a", codec.FOR_READING), talk.open(b"/b")
        self.assertEqual(self.copy(talk, source, goal), codec.OK)
        self.assertEqual(self.copy(talk, source, b"never"), codec.FAILURE)
        self.assertEqual(number(1), bytes((0, 0, 0, 1)))
