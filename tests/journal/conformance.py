"""What every journal does, over a store or in memory: mixed into a trial TestCase."""

from __future__ import annotations

from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from twisted.internet.defer import Deferred, gatherResults
from zope.interface.verify import verifyObject

from gateway.domain.facts import Entry, Fact
from gateway.interfaces import IJournal
from gateway.journal.chain import GENESIS, Head, Row, check_envelope, check_row
from tests.journal.listening import Remembering, Wall

LIST = Fact("command.executed", {"session": "s1", "command": "ls"})


class JournalConformance:
    """Ask for a journal with :meth:`make_journal`, whose clock is :attr:`wall`, and use it."""

    def setUp(self) -> None:
        self.wall = Wall()
        self.journal = self.make_journal()

    def make_journal(self) -> Any:
        """Return an open, empty journal."""
        raise NotImplementedError

    def public(self) -> Ed25519PublicKey:
        """Return the key by which the journal's envelopes verify."""
        opened = next(self.journal.entries(kinds=["journal.opened"]))
        return Ed25519PublicKey.from_public_bytes(bytes.fromhex(opened.body["public"]))

    def test_it_is_a_journal(self) -> None:
        """It provides the whole interface."""
        verifyObject(IJournal, self.journal)

    def test_it_begins_by_saying_so(self) -> None:
        """The first row of an incarnation carries the public key."""
        [first] = self.journal.entries()
        self.assertEqual((first.seq, first.kind, first.origin), (1, "journal.opened", self.journal.origin))
        self.assertRegex(self.journal.origin, r"\A[a-z0-9]+#0\.[0-9a-f]{4}\Z")

    async def test_what_was_told_is_the_next_entry(self) -> None:
        """An entry has its number, its kind's severity, the wall's time and its body."""
        entry = await self.journal.tell(LIST)
        expected = Entry(self.journal.origin, 2, LIST.kind, self.wall.now, 1, LIST.body)
        self.assertEqual(entry, expected)
        self.assertEqual(list(self.journal.entries(since=1)), [expected])

    async def test_a_graver_severity_is_kept(self) -> None:
        """The teller may overrule the catalogue."""
        entry = await self.journal.tell(Fact("auth.failed", {}, severity=9))
        self.assertEqual(entry.severity, 9)

    async def test_facts_of_one_turn_keep_their_order(self) -> None:
        """Nothing overtakes."""
        told = [self.journal.tell(Fact("risk.threshold", {"n": number})) for number in range(600)]
        entries = await gatherResults(told)
        self.assertEqual([entry.seq for entry in entries], list(range(2, 602)))
        self.assertEqual([entry.body["n"] for entry in entries], list(range(600)))

    async def test_several_facts_are_told_together(self) -> None:
        """They follow each other."""
        entries = await self.journal.tell_all([LIST, Fact("auth.failed"), LIST])
        self.assertEqual([entry.seq for entry in entries], [2, 3, 4])
        self.assertEqual(self.journal.head()[0], 4)

    async def test_nothing_told_is_nothing_done(self) -> None:
        """An empty batch leaves the head where it is."""
        before = self.journal.head()
        self.assertEqual(list(await self.journal.tell_all([])), [])
        self.assertEqual(self.journal.head(), before)

    async def test_a_body_that_is_no_json_spoils_its_own_batch_only(self) -> None:
        """What was told with it is not there, what was told around it is."""
        before = self.journal.tell(LIST)
        spoilt = self.journal.tell_all([LIST, Fact("auth.failed", {"raw": b"\x00"})])
        after = self.journal.tell(LIST)
        await self.assertFailure(spoilt, ValueError)
        self.assertEqual([(await before).seq, (await after).seq], [2, 3])

    async def test_hostile_text_and_numbers_are_told(self) -> None:
        """What an operator or target sent never keeps a fact from being told."""
        hostile = {
            "session": "s\udc80",
            "argv": ["\x00\udcff", "\ud800"],
            "size": 2**64 - 1,
            "r": float("inf"),
        }
        entry = await self.journal.tell(Fact("file.denied", hostile))
        expected = {
            "session": "s\\x80",
            "argv": ["\x00\\xff", "�"],
            "size": "18446744073709551615",
            "r": "inf",
        }
        self.assertEqual(entry.body, expected)
        self.assertEqual(list(self.journal.entries(since=1)), [entry])

    async def test_a_wall_clock_may_jump(self) -> None:
        """The numbers give the order, whatever the clock says."""
        for self.wall.now in (2e9, -5.5, 0.0):
            await self.journal.tell(LIST)
        entries = list(self.journal.entries(since=1))
        self.assertEqual([entry.time for entry in entries], [2e9, -5.5, 0.0])
        self.assertEqual([entry.seq for entry in entries], [2, 3, 4])

    async def test_a_fold_gets_what_was_and_what_will_be(self) -> None:
        """Replay, then currency, each entry once and in order."""
        await self.journal.tell(LIST)
        fold = Remembering()
        self.journal.attach(fold)
        await self.journal.tell_all([LIST, LIST])
        self.assertEqual(fold.seen, list(self.journal.entries()))

    async def test_a_fold_attached_between_telling_and_commit_misses_nothing(self) -> None:
        """It sees the entry once."""
        told = self.journal.tell(LIST)
        fold = Remembering()
        self.journal.attach(fold)
        await told
        self.assertEqual(fold.seen, list(self.journal.entries()))

    async def test_a_fold_has_seen_it_when_the_teller_hears(self) -> None:
        """Whoever waits for a fact finds it in force."""
        fold = Remembering()
        self.journal.attach(fold)
        seen: list[bool] = []
        told: Deferred[Entry] = self.journal.tell(LIST)
        told.addCallback(lambda entry: seen.append(entry in fold.seen))
        await told
        self.assertEqual(seen, [True])

    async def test_a_fold_that_fails_fails_the_teller_and_nobody_else(self) -> None:
        """The fact is there, the next fold has it, and the teller does not acknowledge it."""
        broken, sound = Remembering(unbearable="auth.failed"), Remembering()
        self.journal.attach(broken)
        self.journal.attach(sound)
        await self.assertFailure(self.journal.tell(Fact("auth.failed")), LookupError)
        await self.journal.tell(LIST)
        self.assertEqual(sound.ids, [entry.id for entry in self.journal.entries()])

    async def test_a_watcher_follows_until_it_ceases(self) -> None:
        """It sees what is committed from now on; ceasing twice is ceasing."""
        await self.journal.tell(LIST)
        seen: list[int] = []
        cease = self.journal.follow(lambda entry: seen.append(entry.seq))
        await self.journal.tell(LIST)
        cease()
        cease()
        await self.journal.tell(LIST)
        self.assertEqual(seen, [3])

    async def test_a_watcher_may_tell(self) -> None:
        """What is told while entries are shown comes after them."""
        answers: list[Deferred[Entry]] = []

        def answer(entry: Entry) -> None:
            if entry.kind == "command.executed":
                answers.append(self.journal.tell(Fact("risk.threshold")))

        self.journal.follow(answer)
        fold = Remembering()
        self.journal.attach(fold)
        await self.journal.tell_all([LIST, LIST])
        await gatherResults(answers)
        self.assertEqual([entry.seq for entry in fold.seen], [1, 2, 3, 4, 5])

    async def test_a_watcher_that_fails_disturbs_nobody(self) -> None:
        """It is logged; the teller and the other watchers go on."""
        seen: list[int] = []
        self.journal.follow(lambda entry: seen[99])
        self.journal.follow(lambda entry: seen.append(entry.seq))
        await self.journal.tell(LIST)
        self.assertEqual(seen, [2])
        self.assertEqual(len(self.flushLoggedErrors(IndexError)), 1)

    async def test_entries_are_chosen(self) -> None:
        """By number, kind, session and count."""
        other = Fact("command.executed", {"session": "s2"})
        await self.journal.tell_all([LIST, Fact("auth.failed"), other, LIST])
        chosen = {
            "since": [entry.seq for entry in self.journal.entries(since=3)],
            "beyond": [entry.seq for entry in self.journal.entries(since=99)],
            "kinds": [entry.seq for entry in self.journal.entries(kinds=["auth.failed", "journal.opened"])],
            "session": [entry.seq for entry in self.journal.entries(session="s1")],
            "limit": [entry.seq for entry in self.journal.entries(limit=2)],
            "none": [entry.seq for entry in self.journal.entries(limit=0)],
            "all": [entry.seq for entry in self.journal.entries(2, ["command.executed"], "s1", 5)],
        }
        expected = {"since": [4, 5], "beyond": [], "kinds": [1, 3], "session": [2, 5], "limit": [1, 2]}
        self.assertEqual(chosen, expected | {"none": [], "all": [5]})

    async def test_the_envelopes_make_a_chain(self) -> None:
        """Without any body, numbers, links and signatures verify up to the head."""
        await self.journal.tell_all([LIST] * 5)
        head, public = Head(self.journal.origin, 0, GENESIS), self.public()
        for entry in self.journal.entries():
            envelope = self.journal.envelope(entry)
            check_envelope(envelope, public)
            head = check_row(Row(envelope, None), head, public)
        self.assertEqual((head.seq, head.hash), self.journal.head())

    async def test_an_entry_of_elsewhere_has_no_envelope_here(self) -> None:
        """It is not made up."""
        entry = await self.journal.tell(LIST)
        for stranger in (Entry("other#0.0000", 1, "auth.failed", 0.0, 1, {}), _moved(entry, 9)):
            with self.assertRaises(KeyError):
                self.journal.envelope(stranger)

    async def test_pruned_bodies_leave_their_rows(self) -> None:
        """Only the chosen kinds before the time; the head stays."""
        await self.journal.tell_all([LIST, Fact("auth.failed", {"user": "alice"})])
        self.wall.now += 60
        await self.journal.tell(LIST)
        head = self.journal.head()
        self.assertEqual(await self.journal.prune(self.wall.now, ["command.executed"]), 1)
        self.assertEqual(await self.journal.prune(self.wall.now, ["command.executed"]), 0)
        bodies = [entry.body for entry in self.journal.entries(since=1)]
        self.assertEqual(bodies, [None, {"user": "alice"}, LIST.body])
        self.assertEqual(self.journal.head(), head)
        self.assertEqual([entry.seq for entry in self.journal.entries(session="s1")], [4])

    async def test_what_is_in_force_is_not_pruned(self) -> None:
        """A kind that folds rest on is refused in words, and no kinds is no work."""
        with self.assertRaisesRegex(ValueError, "user.locked"):
            self.journal.prune(self.wall.now, ["auth.failed", "user.locked"])
        self.assertEqual(await self.journal.prune(self.wall.now + 60, []), 0)

    async def test_a_closed_journal_says_so(self) -> None:
        """What was told before is there; what is told after fails; closing twice is closing."""
        told = self.journal.tell(LIST)
        await gatherResults([self.journal.close(), self.journal.close()])
        self.assertEqual((await told).seq, 2)
        await self.assertFailure(self.journal.tell(LIST), OSError)
        await self.journal.close()


def _moved(entry: Entry, seq: int) -> Entry:
    return Entry(entry.origin, seq, entry.kind, entry.time, entry.severity, entry.body)
