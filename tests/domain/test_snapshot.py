"""Snapshots: indexes that say the same as looking at everything."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from gateway.domain.entries import Credential, GrantRule, Target, User
from gateway.domain.snapshot import (
    TABLES_OF_INDEX,
    Snapshot,
    is_glob,
    literal_prefix,
    matches,
    matches_any,
)

NAMES = ("web1", "web2", "web10", "db1", "a", "ab")
patterns = st.sampled_from((*NAMES, "web*", "*", "web?", "*1", "[wd]*", "", "w", "web", "nothing"))
label_pairs = st.sampled_from((("env", "prod"), ("env", "test"), ("tier", "1")))


def of(*entries: object) -> Snapshot:
    """Make a snapshot of entries."""
    tables: dict[str, dict[str, object]] = {"user": {}, "target": {}, "credential": {}, "grant": {}}
    table_of = {User: "user", Target: "target", Credential: "credential", GrantRule: "grant"}
    for entry in entries:
        tables[table_of[type(entry)]][entry.name] = entry  # type: ignore[index, attr-defined]
    return Snapshot(**tables)  # type: ignore[arg-type]


class GlobTests(SynchronousTestCase):
    """Globs over names."""

    def test_a_glob_matches_the_whole_name_and_case_counts(self) -> None:
        """As shells do it, without paths."""
        for pattern, name, expected in (
            ("web*", "web1", True), ("web?", "web10", False), ("[wd]*", "db1", True), ("*1", "web1\n", False),
            ("WEB*", "web1", False), ("web1", "web1", True), ("web1", "web10", False), ("[", "[", True),
        ):  # fmt: skip
            self.assertEqual(matches(pattern, name), expected, (pattern, name))
        self.assertTrue(matches_any(("x", "w*"), "web1"))
        self.assertFalse(matches_any((), "web1"))

    def test_a_literal_prefix_ends_at_the_first_wildcard(self) -> None:
        """It is what makes one glob nearer than another."""
        self.assertEqual([literal_prefix(each) for each in ("web*", "*", "web1", "we[b]")], [3, 0, 4, 2])
        self.assertEqual([is_glob(each) for each in ("web*", "w?b", "[w]", "web1")], [True, True, True, False])


class SnapshotTests(SynchronousTestCase):
    """What a snapshot answers."""

    def test_a_snapshot_does_not_follow_what_it_was_made_of(self) -> None:
        """A later change of the dictionary does not reach it, and it can not be written to."""
        users = {"alice": User("alice")}
        snapshot = Snapshot(user=users)
        users["bob"] = User("bob")
        self.assertEqual(list(snapshot.user), ["alice"])
        self.assertRaises(TypeError, _write, snapshot)

    def test_grants_come_by_name_and_by_group_each_once(self) -> None:
        """A user is found as himself and in his groups."""
        grants = (GrantRule("b", users=("alice",), groups=("ops",)), GrantRule("a", groups=("dba",)), GrantRule("c"))
        snapshot = of(*grants)
        found = snapshot.grants_of(User("alice", groups=("ops", "dba")))
        self.assertEqual([grant.name for grant in found], ["a", "b"])
        self.assertEqual(snapshot.grants_of(User("carol")), ())

    def test_the_nearest_credential_goes_first_and_ties_are_all_told(self) -> None:
        """An exact target before a glob, a longer literal prefix before a shorter."""
        exact = Credential("exact", "web1", "root")
        near, far, tied = (
            Credential("near", "web*", "root"), Credential("far", "*", "root"), Credential("tied", "web?", "root")
        )  # fmt: skip
        snapshot = of(exact, near, far, Credential("other", "web1", "deploy"))
        self.assertEqual(snapshot.credentials_for("web1", "root"), (exact,))
        self.assertEqual(snapshot.credentials_for("web2", "root"), (near,))
        self.assertEqual(snapshot.credentials_for("db1", "root"), (far,))
        self.assertEqual(snapshot.credentials_for("db1", "nobody"), ())
        self.assertEqual(of(near, tied).credentials_for("web2", "root"), (near, tied))

    def test_accounts_are_those_with_a_credential(self) -> None:
        """By the target's name and by globs."""
        snapshot = of(Credential("a", "web1", "root"), Credential("b", "w*", "deploy"), Credential("c", "db*", "dba"))
        self.assertEqual(snapshot.accounts_at("web1"), {"root", "deploy"})
        self.assertEqual(snapshot.accounts_at("mail"), frozenset())

    @given(st.lists(patterns, max_size=3), st.lists(label_pairs, max_size=2, unique=True),
           st.lists(st.tuples(st.sampled_from(NAMES), st.lists(label_pairs, max_size=2)), max_size=6))
    def test_the_index_of_targets_says_what_looking_at_each_says(
        self, globs: list[str], labels: list[tuple[str, str]], named: list[tuple[str, list[tuple[str, str]]]]
    ) -> None:
        """Bisecting by prefix and intersecting by label find neither more nor less."""
        targets = {name: Target(name, "h:22", labels=tuple(sorted(set(pairs)))) for name, pairs in named}
        grant = GrantRule("g", targets=tuple(globs), labels=tuple(sorted(labels)))
        snapshot = of(grant, *targets.values())
        expected = [
            name for name, target in sorted(targets.items())
            if matches_any(grant.targets, name) or (labels and set(labels) <= set(target.labels))
        ]  # fmt: skip
        self.assertEqual(list(snapshot.targets_of(grant)), expected)

    def test_a_change_shares_the_tables_and_indexes_it_does_not_touch(self) -> None:
        """A single change of a large directory copies one table."""
        before = of(Target("web1", "h:22"), GrantRule("g", users=("alice",), targets=("web1",))).indexed()
        after = before.changed(user={"alice": User("alice")})
        self.assertIs(after.target, before.target)
        for index in TABLES_OF_INDEX:
            self.assertIs(after.__dict__[index], before.__dict__[index])
        moved = before.changed(target={"db1": Target("db1", "h:22")})
        self.assertNotIn("_targets_by_grant", moved.__dict__)
        self.assertEqual(moved.targets_of(moved.grant["g"]), ())
        self.assertEqual(before.changed(grant={}).grants_of(User("alice")), ())

    def test_what_was_made_of_a_snapshot_is_not_its_successors(self) -> None:
        """A change makes every policy anew."""
        before = of(User("alice"))
        before.policies["asked"] = "answered"
        self.assertEqual(before.changed(user={}).policies, {})


def _write(snapshot: Snapshot) -> None:
    snapshot.user["eve"] = User("eve")  # type: ignore[index]
