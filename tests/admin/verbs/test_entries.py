"""add, list, show and rm of each table."""

from __future__ import annotations

import attrs
from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from gateway.admin.verbs.entries import COLUMNS, KEYS, MANY, label, setting, truth, words_list
from gateway.directory.schema import TABLES
from gateway.domain.entries import ENTRY_OF_TABLE
from tests.admin.node import HASH, KEY, MemoryNode


class EntryTests(SynchronousTestCase):
    """Single changes, by the TOML's own keys."""

    def test_an_entry_is_added_changed_shown_and_removed(self) -> None:
        """Only the keys given are changed."""
        node = MemoryNode()
        said = node.say(["user", "add", "bob", "--full-name", "Bob Lee", "--roles", "operator", "--groups", "ops,db"])
        self.assertEqual((said.code, said.out), (0, "added user bob\n"))
        self.assertEqual(node.say("user add bob --roles operator,auditor").out, "changed user bob\n")
        bob = node.directory.snapshot().user["bob"]
        self.assertEqual((bob.full_name, bob.roles, bob.groups), ("Bob Lee", ("operator", "auditor"), ("ops", "db")))
        self.assertIn("groups          ops, db\n", node.say("user show bob").out)
        self.assertEqual(node.say("user rm bob").out, "removed user bob\n")
        self.assertEqual(node.say("user show bob").code, 1)

    def test_a_target_is_added_by_name_and_address(self) -> None:
        """Labels and keys may be repeated."""
        node = MemoryNode()
        line = [
            "target",
            "add",
            "db1",
            "10.0.0.5:22",
            "--labels",
            "env=prod",
            "--labels",
            "tier=db",
            "--host-keys",
            KEY,
        ]
        self.assertEqual(node.say(line).code, 0)
        target = node.directory.snapshot().target["db1"]
        self.assertEqual((target.address, dict(target.labels)), ("10.0.0.5:22", {"env": "prod", "tier": "db"}))
        self.assertEqual(node.say("target show db1 --json").data["labels"], {"env": "prod", "tier": "db"})

    def test_the_other_tables_are_written_with_the_same_keys(self) -> None:
        """What has no option of its own is set as TOML."""
        node = MemoryNode()
        for line in (
            ["credential", "add", "c", "--target", "web*", "--account", "root", "--kind", "password"],
            ["audited", "add", "rm", "--action", "deny", "--score", "40", "--set", 'match = { command = "rm" }'],
            ["inspector", "add", "size", "--set", 'max = "1MiB"'],
            ["transfer", "add", "t", "--inspectors", "size", "--direction", "upload"],
            ["grant", "add", "g", "--users", "alice", "--targets", "web1", "--accounts", "deploy", "--rights", "shell",
             "--allow-only", "no", "--set", 'record = { input = "full" }', "--idle-timeout", "10m"],
        ):  # fmt: skip
            said = node.say(line)
            self.assertEqual((said.code, said.err), (0, ""), line)
        snapshot = node.directory.snapshot()
        self.assertEqual(snapshot.audited["rm"].command, "rm")
        self.assertEqual((snapshot.grant["g"].record.input, snapshot.grant["g"].idle_timeout), ("full", 600))
        for table in ENTRY_OF_TABLE:
            self.assertEqual(node.say(f"{table} list").code, 0)
            self.assertEqual(node.say(f"{table} list --json").code, 0)

    def test_no_password_is_ever_shown(self) -> None:
        """Only whether there is one."""
        node = MemoryNode()
        node.directory.change("user", "alice", {"password": HASH}, by="test")
        for line in ("user show alice", "user list --json", "user list --csv", "user show alice --json", "dump"):
            self.assertNotIn("scrypt", node.say(line).out, line)
        self.assertEqual(node.say("user show alice --json").data["password"], "set")

    def test_nobody_changes_his_own_standing(self) -> None:
        """Nor makes a grant for himself."""
        node = MemoryNode()
        for line in (
            "user add root --roles admin,operator",
            "user rm root",
            "grant add mine --users root --targets web1 --accounts deploy --rights shell",
        ):
            self.assertEqual(node.say(line).code, 77, line)
        self.assertEqual(node.say("user add root --full-name Ruth").code, 0)

    def test_a_value_of_the_wrong_kind_is_refused(self) -> None:
        """By the option, or by the directory."""
        node = MemoryNode()
        for line, code in (
            (["audited", "add", "x", "--score", "many"], 64),
            (["user", "add", "x", "--active", "perhaps"], 64),
            (["target", "add", "x", "--labels", "env"], 64),
            (["inspector", "add", "x", "--set", "nonsense"], 64),
            (["user", "add", "x", "--roles", "king"], 78),
            (["user", "add", "a=b"], 78),
            (["user", "add", "--", "-x"], 64),
        ):
            self.assertEqual(node.say(line).code, code, line)

    def test_an_empty_table_says_how_to_begin(self) -> None:
        """In one line."""
        self.assertEqual(MemoryNode().say("audited list").out, "nothing there yet: `audited add NAME …`\n")

    def test_every_option_is_a_key_of_the_directory(self) -> None:
        """And every column a field of an entry."""
        for table, keys in KEYS.items():
            known = TABLES.get(table, {"kind": None})
            self.assertTrue(set(keys) <= set(known), table)
            fields = {field.name for field in attrs.fields(ENTRY_OF_TABLE[table])}
            self.assertTrue(set(COLUMNS[table]) <= fields, table)
            self.assertTrue(MANY & set(keys.values()) <= MANY)

    @settings(max_examples=150, deadline=None)
    @given(st.text(max_size=30))
    def test_every_reader_is_total(self, text: str) -> None:
        """A value, or a ValueError in words."""
        self.assertIsInstance(words_list(text), list)
        for read in (truth, label, setting):
            try:
                read(text)
            except ValueError as failure:
                self.assertTrue(str(failure))
