"""export and verify."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from gateway.domain.facts import Fact
from gateway.interfaces import ArchiveError
from tests.admin.node import LOCAL, ONE, TWO, MemoryNode


def node(one: str = "OK", two: str = "OK") -> MemoryNode:
    """Return a node with two recordings."""
    made = MemoryNode()
    made.archive.results = {ONE: one, TWO: two}
    return made


class ExportTests(SynchronousTestCase):
    """A recording leaves the archive."""

    def test_a_recording_is_told_of_before_it_leaves(self) -> None:
        """By whom, in which form, which channel."""
        made = node()
        said = made.say(f"export {ONE}/1 --cast", "ann")
        self.assertTrue(said.out.startswith('{"version": 2'))
        body = list(made.journal.entries(kinds=["recording.viewed"]))[-1].body or {}
        self.assertEqual((body["session"], body["by"], body["form"], body["channel"]), (ONE, "ann", "cast", 1))

    def test_a_recording_that_can_not_be_told_of_does_not_leave(self) -> None:
        """A full disk keeps it here."""
        made = node()
        made.journal.failure = OSError(28, "No space left on device")
        said = made.say(f"export {ONE} --cast")
        self.assertEqual((said.code, said.out), (75, ""))

    def test_what_is_not_there_is_said(self) -> None:
        """A form, a recording, a channel."""
        self.assertEqual(node().say(f"export {ONE}").code, 64)
        self.assertEqual(node().say("export S-9 --cast").code, 1)
        self.assertEqual(node().say(f"export {ONE}/7 --cast").code, 1)
        self.assertEqual(node().say(f"export {ONE}/x --cast").code, 64)

    def test_a_recording_that_can_not_be_read_is_said_in_the_archives_words(self) -> None:
        """As one that was not recorded for this node."""
        made = node()
        made.archive.unreadable = ArchiveError("this node has no key that opens the recording")
        said = made.say(f"export {ONE} --cast --json")
        self.assertEqual((said.code, said.error["kind"]), (1, "recording"))

    def test_json_holds_the_whole_cast(self) -> None:
        """As text."""
        data = node().say(f"export {ONE} --cast --json").data
        self.assertEqual((data["id"], data["cast"].count("\n")), (ONE, 2))


class VerifyTests(SynchronousTestCase):
    """The tamper check and its exit code."""

    def test_the_worst_result_is_the_exit_code(self) -> None:
        """BAD before UNSEALED before OK."""
        for one, two, code in (("OK", "OK", 0), ("OK", "UNSEALED", 2), ("BAD", "UNSEALED", 1)):
            said = node(one, two).say("verify --all --json")
            self.assertEqual((said.code, [row["result"] for row in said.data]), (code, [one, two]))

    def test_one_recording_is_found_by_its_prefix(self) -> None:
        """Exactly one thing is verified."""
        self.assertIn("OK", node().say(f"verify {ONE[:11]}").out)
        self.assertEqual(node().say("verify").code, 64)
        self.assertEqual(node().say(f"verify {ONE} --all").code, 64)
        self.assertEqual(MemoryNode().say("verify --all").out, "there are no recordings\n")

    def test_a_deletion_that_the_journal_does_not_know_of_is_bad(self) -> None:
        """Alone and among all; each is counted for the monitoring. One that it knows of is not."""
        made, noted = node(), list[int]()
        made.disproved = lambda: noted.append(1)
        made.archive.deleted = {ONE}
        for words in (f"verify {ONE}", "verify --all"):
            said = made.say(f"{words} --json")
            self.assertEqual(said.code, 1, words)
            self.assertIn("the journal knows of no deletion", str(said.data))
        self.assertEqual(len(noted), 2)
        made.journal.tell(Fact("recording.deleted", {"session": ONE}))
        self.assertEqual(made.say(f"verify {ONE}").code, 0)
        self.assertEqual(len(noted), 2)

    def test_the_journal_is_verified_too(self) -> None:
        """By the same shape."""
        self.assertEqual(node().say("verify --journal --json").data[0]["result"], "OK")

    def test_a_file_is_verified_on_the_node_only(self) -> None:
        """Nobody reads the node's disk from afar."""
        made = node()
        self.assertEqual(made.say("verify /tmp/x.pamrec").code, 77)
        self.assertEqual(made.say("verify /tmp/x.pamrec", LOCAL).code, 0)
        made.archive.failure = FileNotFoundError(2, "No such file or directory")
        said = made.say("verify /tmp/x.pamrec", LOCAL)
        self.assertEqual((said.code, said.err), (1, "ostiary: /tmp/x.pamrec: No such file or directory\n"))
