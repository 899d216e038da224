"""The directory over a journal: what is told is what is true."""

from __future__ import annotations

import json
from pathlib import Path

from twisted.internet.defer import Deferred, succeed
from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from gateway.directory.directory import LARGEST_BODY, Directory, facts_of
from gateway.directory.passwords import hash_password
from gateway.directory.pubkeys import fingerprint
from gateway.domain.facts import Entry, Fact
from gateway.domain.secret import Secret
from gateway.interfaces import DirectoryError, IDirectory, IFold
from gateway.journal.memory import MemoryJournal
from tests.directory.making import SMALL, Made, key_line, result_of

EXAMPLE = Path(__file__).resolve().parents[2] / "etc" / "access.toml"
HASH = hash_password(Secret(b"hunter2"))


class DirectoryTests(SynchronousTestCase):
    """Plans made true."""

    def setUp(self) -> None:
        self.made = Made()
        self.directory = self.made.directory

    def state(self, directory: Directory) -> dict[str, object]:
        """Return all tables."""
        snapshot = directory.snapshot()
        return {table: dict(getattr(snapshot, table)) for table in
                ("user", "target", "credential", "audited", "transfer", "inspector", "grant")}

    def replayed(self) -> None:
        """Fail unless another directory folds to the same state."""
        self.assertEqual(self.state(self.made.again()), self.state(self.directory))

    def test_it_is_a_directory_and_a_fold(self) -> None:
        """It provides both interfaces."""
        verifyObject(IDirectory, self.directory)
        verifyObject(IFold, self.directory)

    def test_the_example_is_applied_dumped_and_folded_again(self) -> None:
        """etc/access.toml is what the manual says it is."""
        text = EXAMPLE.read_text()
        self.assertGreater(self.made.apply(text), 10)
        self.assertEqual(self.made.apply(text), 0)
        self.assertEqual(self.made.apply(self.directory.dump(), prune=True), 0)
        self.replayed()

    def test_a_commit_is_seen_by_who_and_why(self) -> None:
        """The fact names them and what changed."""
        self.made.apply(SMALL)
        [body] = self.made.bodies("directory.changed")
        self.assertEqual((body["by"], body["reason"]), ("bob", "why"))
        told = {(each["table"], each["name"], each["kind"]) for each in body["changes"]}
        self.assertIn(("user", "alice", "add"), told)
        self.assertEqual(json.loads(body["changes"][0]["entry"])["name"], body["changes"][0]["name"])

    def test_a_plan_of_an_older_state_is_refused(self) -> None:
        """What the admin saw is what becomes true, or nothing."""
        plan = self.directory.plan(SMALL)
        self.made.apply('[[user]]\nname = "carol"')
        self.assertRaises(DirectoryError, result_of, self.directory.commit(plan, by="bob"))
        self.assertEqual(list(self.directory.snapshot().user), ["carol"])

    def test_what_can_not_be_told_is_not_true(self) -> None:
        """A full disk changes nothing, and the next commit goes on."""
        self.made.journal.failure = OSError("full")
        self.assertRaises(OSError, self.made.apply, SMALL)
        self.assertEqual(dict(self.directory.snapshot().user), {})
        self.made.journal.failure = None
        self.made.apply(SMALL)
        self.replayed()

    def test_a_large_plan_is_split_and_appears_at_once(self) -> None:
        """No fact is larger than its bound, and a half-told plan is not seen."""
        users = "".join(f'[[user]]\nname = "u{n}"\nfull_name = "{"x" * 900}"\n' for n in range(600))
        plan = self.directory.plan(users)
        facts = list(facts_of(plan, "token", "bob", ""))
        self.assertGreater(len(facts), 1)
        self.assertTrue(all(len(json.dumps(fact.body)) < 2 * LARGEST_BODY for fact in facts))
        half = Directory(MemoryJournal())
        for seq, fact in enumerate(facts, 1):
            self.assertEqual(len(half.snapshot().user), 0)
            half.apply(Entry("gw1#0.1", seq, fact.kind, 0.0, 4, fact.body))
        self.assertEqual(half.snapshot().user, plan.after.user)
        self.made.apply(users)
        self.replayed()

    def test_the_same_entry_twice_changes_nothing(self) -> None:
        """Also an old one that comes again after newer ones."""
        self.made.apply('[[user]]\nname = "a"')
        result_of(self.directory.change("user", "a", None, by="bob"))
        for entry in list(self.made.journal.entries()):
            self.directory.apply(entry)
        self.assertEqual(dict(self.directory.snapshot().user), {})
        self.directory.apply(Entry("gw2#0.1", 1, "directory.changed", 0.0, 4, None))

    def test_a_change_while_a_large_one_is_prepared_refuses_the_large_one(self) -> None:
        """A fact of another door may come between; then nothing of the plan is told."""

        def in_thread(work: object) -> Deferred[object]:
            result_of(self.made.journal.tell(Fact("user.password_set", {"user": "alice", "hash": HASH})))
            return succeed(work())  # type: ignore[operator]

        self.made.apply(SMALL)
        slow = Directory(self.made.journal, in_thread)
        self.made.journal.attach(slow)
        plan = slow.plan('[[user]]\nname = "carol"')
        self.assertRaises(DirectoryError, result_of, slow.commit(plan, by="x"))
        self.assertNotIn("carol", slow.snapshot().user)

    def test_single_changes_wait_for_each_other(self) -> None:
        """Two at once both become true, for the second is worked out after the first."""
        waiting: list[Deferred[object]] = []

        def in_thread(work: object) -> Deferred[object]:
            later: Deferred[object] = Deferred()
            waiting.append(later)
            return later.addCallback(lambda _: work())  # type: ignore[operator]

        slow = Directory(self.made.journal, in_thread)
        self.made.journal.attach(slow)
        one = slow.change("user", "a", {"roles": ["admin"]}, by="x")
        other = slow.change("user", "b", {"roles": ["admin"]}, by="x")
        while waiting:
            waiting.pop(0).callback(None)
        result_of(one)
        result_of(other)
        self.assertEqual(set(slow.snapshot().user), {"a", "b"})

    def test_a_wrong_change_fails_and_the_next_goes_on(self) -> None:
        """The order of changes does not get stuck."""
        self.assertRaises(DirectoryError, result_of, self.directory.change("user", "a=b", {}, by="x"))
        result_of(self.directory.change("user", "a", {}, by="x"))
        self.assertEqual(list(self.directory.snapshot().user), ["a"])


class PasswordFactTests(SynchronousTestCase):
    """Password hashes travel in facts of their own."""

    def test_a_hash_is_in_no_other_fact_and_survives_replay_and_changes(self) -> None:
        """directory.changed never carries one."""
        made = Made()
        made.apply(f'[[user]]\nname = "alice"\npassword = "{HASH}"')
        made.apply('[[user]]\nname = "alice"\ngroups = ["ops"]')
        self.assertEqual(made.directory.snapshot().user["alice"].password, HASH)
        self.assertEqual(made.again().snapshot().user, made.directory.snapshot().user)
        self.assertNotIn("scrypt", str(made.bodies("directory.changed")))
        self.assertEqual([body["hash"] for body in made.bodies("user.password_set")], [HASH])

    def test_a_removed_user_takes_his_password_with_him(self) -> None:
        """Who comes later under the same name does not get it."""
        made = Made()
        made.apply(f'[[user]]\nname = "alice"\npassword = "{HASH}"')
        result_of(made.directory.change("user", "alice", None, by="x"))
        made.apply('[[user]]\nname = "alice"')
        self.assertIsNone(made.directory.snapshot().user["alice"].password)
        self.assertIsNone(made.again().snapshot().user["alice"].password)


class ActivationTests(SynchronousTestCase):
    """Only an order switches an account on again."""

    def test_an_account_stays_off_until_it_is_activated(self) -> None:
        """Whatever is applied, removed and added meanwhile."""
        made = Made()
        made.apply('[[user]]\nname = "alice"\nactive = false')
        made.apply('[[user]]\nname = "alice"\nactive = true')
        result_of(made.directory.change("user", "alice", None, by="x"))
        made.apply('[[user]]\nname = "alice"\nactive = true')
        self.assertFalse(made.directory.snapshot().user["alice"].active)
        self.assertFalse(made.again().snapshot().user["alice"].active)
        result_of(made.journal.tell(Fact("user.activated", {"user": "alice", "orders": []})))
        result_of(made.journal.tell(Fact("user.activated", {"orders": []})))
        self.assertTrue(made.directory.snapshot().user["alice"].active)
        self.assertTrue(made.again().snapshot().user["alice"].active)
        self.assertEqual(made.apply('[[user]]\nname = "alice"\nactive = true'), 0)


class HostKeyTests(SynchronousTestCase):
    """Keys that a target showed wait for an admin."""

    def setUp(self) -> None:
        self.made = Made()
        self.made.apply(SMALL)
        self.directory = self.made.directory

    def show(self, *seeds: int, target: str = "web1") -> None:
        """Let a target show keys."""
        for seed in seeds:
            result_of(self.made.journal.tell(Fact("target.key_queued", {"target": target, "key": key_line(seed)})))

    def test_a_queued_key_is_trusted_by_its_line_or_fingerprint(self) -> None:
        """Then it is pinned and waits no more."""
        self.show(1, 1, 2)
        self.assertEqual(self.directory.queued_keys("web1"), (key_line(1), key_line(2)))
        result_of(self.directory.trust("web1", key_line(1, "web1"), by="bob"))
        self.assertEqual(self.directory.queued_keys("web1"), (key_line(2),))
        result_of(self.directory.trust("web1", fingerprint(key_line(2)), by="bob"))
        self.assertEqual(self.directory.snapshot().target["web1"].host_keys, (key_line(1, "web1"), key_line(2)))
        self.assertEqual(self.directory.queued_keys("web1"), ())
        self.assertEqual(self.made.again().queued_keys("web1"), ())
        self.show(2)
        self.assertEqual(self.directory.queued_keys("web1"), ())

    def test_the_queue_is_bounded_and_ends_with_its_target(self) -> None:
        """A hostile target fills no memory; unknown targets have no queue."""
        self.show(1, 2, 3, 4, 5, 6)
        self.show(1, target="nowhere")
        self.assertEqual(self.directory.queued_keys("web1"), tuple(key_line(seed) for seed in (3, 4, 5, 6)))
        self.assertEqual(self.directory.queued_keys("nowhere"), ())
        result_of(self.directory.change("target", "web1", None, by="bob"))
        self.assertEqual(self.directory.queued_keys("web1"), ())

    def test_what_is_no_key_or_was_not_shown_is_not_trusted(self) -> None:
        """In words that say what to do."""
        for target, key, words in (("db1", key_line(1), "no target 'db1'"), ("web1", "SHA256:x", "has shown no key"),
                                   ("web1", "ssh-ed25519 AAAA", "host key of web1")):  # fmt: skip
            with self.assertRaises(DirectoryError) as refused:
                result_of(self.directory.trust(target, key, by="bob"))
            self.assertIn(words, str(refused.exception))


class GapTests(SynchronousTestCase):
    """What can not be enforced yet is said."""

    def test_each_gap_names_who_asks_for_it(self) -> None:
        """And there is none where nobody does."""
        made = Made()
        made.apply(SMALL)
        self.assertEqual(made.directory.gaps(), ())
        made.apply(
            '[[credential]]\nname = "web-root"\nelevation = { method = "agent" }\n[inspector.size]\n'
            '[[audited]]\nname = "r"\nmatch = { command = "rm" }\naction = "review"\n'
            '[[transfer]]\nname = "t"\ninspectors = ["size"]\n'
            '[[grant]]\nname = "ops-web"\napproval = 1\npresent = 1\nelevate = true\nrisk = { lock = 5 }\n'
        )
        told = "\n".join(made.directory.gaps())
        for words in ("(credential web-root)", "(transfer t)", "present"):  # fmt: skip
            self.assertIn(words, told)
        made.apply("".join(f'[[grant]]\nname = "u{n}"\ntargets = ["web1"]\npresent = 1\n' for n in range(9)))
        self.assertIn("and 5 more", "\n".join(made.directory.gaps()))
