"""The verbs search and play: what they ask for, what they tell, what they refuse."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from gateway.admin.verbs.playing import at_time, speed
from tests.admin.channel import Channel
from tests.admin.node import ONE, TWO, MemoryNode, session


def hit(identity: str, snippet: str, **more: str) -> dict[str, object]:
    """Return a hit."""
    return {"id": identity, "channel": 1, "t": 14.25, "snippet": snippet, "operator": "alice", "target": "web1", **more}


class SearchTests(SynchronousTestCase):
    """Full text."""

    def setUp(self) -> None:
        self.node = MemoryNode()
        self.node.search.hits = [hit(ONE, "restarted [nginx]"), hit(TWO, "[nginx] \x1b]0;x\x07", operator="bob")]

    def test_hits_are_shown_with_their_time_and_told(self) -> None:
        """A line each, cleaned; the words and the sessions are in the fact."""
        said = self.node.say("search nginx")
        self.assertIn(f"{ONE}  t=14.2  alice", said.out)
        self.assertNotIn("\x1b", said.out)
        [entry] = list(self.node.journal.entries(kinds=["recording.searched"]))
        assert entry.body is not None
        self.assertEqual((entry.body["text"], entry.body["sessions"], entry.body["by"]), ("nginx", [ONE, TWO], "root"))
        self.assertEqual(self.node.say("search nginx --user bob --json").data[0]["id"], TWO)
        self.assertEqual(self.node.say("search nginx --target db* --since 2d --json").data, [])
        self.assertIn("--limit", self.node.say("search nginx --limit 1").err)
        self.assertEqual(self.node.say("search absent").out, "nothing was found\n")

    def test_what_can_not_be_searched_is_refused(self) -> None:
        """Nothing, no word, a number that is none; operators."""
        for words in ("search", "search --limit 0 x", "search ...", "search x --limit x", "search x --since soon"):
            self.assertEqual(self.node.say(words).code, 64, words)
        self.assertEqual(self.node.say("search nginx", "alice").code, 77)


class PlayTests(SynchronousTestCase):
    """The player, from the verb."""

    def test_a_recording_is_played_and_told(self) -> None:
        """In the caller's terminal; q leaves it as it was."""
        node = MemoryNode()
        node.archive.results[ONE] = "OK"
        node.roster.rows = [session(ONE)]
        channel = Channel(node).run(f"play {ONE} --speed 4 --idle 0 --from 0:01", (40, 10))
        self.assertIn("t=0.1 of 0.1  end", channel.out.decode())
        channel.program.received(b"q")
        self.assertEqual(channel.codes, [0])
        [entry] = list(node.journal.entries(kinds=["recording.viewed"]))
        assert entry.body is not None
        self.assertEqual((entry.body["form"], entry.body["by"], entry.body["session"]), ("play", "root", ONE))
        self.assertEqual(Channel(node).run(f"play {ONE}/3", (40, 10)).codes, [1])
        self.assertEqual(Channel(node).run(f"play {ONE}").codes, [64])
        node.archive.results[ONE] = "deleted"
        gone = Channel(node).run(f"play {ONE}/3", (80, 10))
        self.assertEqual((gone.codes, "was deleted" in gone.out.decode()), ([1], True))

    def test_times_and_speeds(self) -> None:
        """As people write them."""
        self.assertEqual([at_time(each) for each in ("83.5", "1:23", "1:02:03", "5s")], [83.5, 83.0, 3723.0, 5.0])
        self.assertEqual([speed(each) for each in ("2", "x4", "0.5")], [2.0, 4.0, 0.5])
        for read, wrong in ((at_time, "1:2:3:4"), (at_time, "x"), (speed, "0"), (speed, "fast"), (speed, "65")):
            self.assertRaises(ValueError, read, wrong)
