"""Plans: what apply would change, and why it will not."""

from __future__ import annotations

import attrs
from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from gateway.directory import toml
from gateway.directory.passwords import hash_password
from gateway.directory.plan import Present, plan_entry, plan_texts
from gateway.domain.entries import Inspector, User
from gateway.domain.secret import Secret
from gateway.domain.snapshot import Snapshot
from gateway.interfaces import DirectoryError
from tests.directory.making import SMALL, key_line, planned, problems, snapshot_of

HASH = hash_password(Secret(b"hunter2"))


class PlanTests(SynchronousTestCase):
    """The difference that a text makes."""

    def test_an_absent_key_keeps_the_stored_value(self) -> None:
        """A file that names one key of an entry changes that key alone."""
        before = snapshot_of(SMALL)
        plan = planned('[[grant]]\nname = "ops-web"\nrights = ["sftp"]', before)
        self.assertEqual(plan.after.grant["ops-web"], attrs.evolve(before.grant["ops-web"], rights=("sftp",)))
        self.assertEqual(plan.lines(), ("~ grant ops-web", '    rights: ["shell", "exec"] -> ["sftp"]'))

    def test_the_same_text_again_changes_nothing(self) -> None:
        """Apply is idempotent."""
        self.assertEqual(planned(SMALL, snapshot_of(SMALL)).changes, ())

    def test_what_is_set_elsewhere_stays_unless_the_file_names_it(self) -> None:
        """Passwords, keys added by their owner and trusted host keys."""
        before = snapshot_of(SMALL)
        alice = attrs.evolve(before.user["alice"], password=HASH, keys=(key_line(1),))
        web1 = attrs.evolve(before.target["web1"], host_keys=(key_line(2),))
        before = before.changed(user={**before.user, "alice": alice}, target={"web1": web1})
        self.assertEqual(planned(SMALL, before, prune=True).changes, ())
        named = planned(f'[[user]]\nname = "alice"\nkeys = ["{key_line(3)}"]', before)
        self.assertEqual(named.after.user["alice"].keys, (key_line(3),))
        self.assertEqual(named.after.user["alice"].password, HASH)

    def test_removal_needs_prune(self) -> None:
        """Without it nothing that the file does not name is touched."""
        before = snapshot_of(SMALL)
        less = SMALL.replace('[[user]]\nname = "bob"\nroles = ["admin"]\n', "")
        self.assertEqual(planned(less, before).changes, ())
        pruned = planned(less, before, prune=True)
        self.assertEqual([(change.kind, change.name) for change in pruned.changes], [("remove", "bob")])
        self.assertIn("no active admin is left", pruned.notes[0])
        self.assertEqual(len(planned("", before, prune=True).changes), 5)

    def test_a_password_is_never_shown(self) -> None:
        """Neither when it is set, nor when it changes, nor in a repr."""
        text = f'[[user]]\nname = "carol"\npassword = "{HASH}"'
        plan = planned(text)
        other = planned(text.replace(HASH, hash_password(Secret(b"other"))), plan.after)
        self.assertEqual(other.lines(), ("~ user carol", "    password: (hidden) -> (hidden)"))
        for shown in (repr(plan), repr(other), str(plan.lines())):
            self.assertNotIn("scrypt", shown)

    def test_nothing_here_switches_an_account_on_again(self) -> None:
        """Not by naming it active, and not by removing and adding it."""
        off = '[[user]]\nname = "alice"\nactive = false'
        before = planned(off, snapshot_of(SMALL)).after
        for start in (before, Snapshot()):
            plan = planned('[[user]]\nname = "alice"\nactive = true', start, off=("alice",))
            self.assertFalse(plan.after.user["alice"].active)
            self.assertIn("user activate alice", plan.notes[0])

    def test_several_files_are_one_text(self) -> None:
        """A reference may cross files; the same entry twice is named with both places."""
        files = {"a.toml": '[[grant]]\nname = "g"\nusers = ["alice"]', "b.toml": '[[user]]\nname = "alice"'}
        self.assertEqual(len(plan_texts(Present(Snapshot()), files).changes), 2)
        files["c.toml"] = '\n[[user]]\nname = "alice"'
        with self.assertRaises(DirectoryError) as refused:
            plan_texts(Present(Snapshot()), files)
        self.assertRegex(str(refused.exception), r"c\.toml:3:1: user alice: stands here twice, first at b\.toml:1:\d")

    def test_all_problems_are_told_at_once_with_their_places(self) -> None:
        """Line, column and the nearest key."""
        text = (
            '[[user]]\nname = "a"\nrols = []\n[[usr]]\nname = "b"\n[[target]]\nname = "t"\naddress = "x:0"\n'
            '[[audited]]\nname = "r"\nmatch = { command = "rm", optoins = [] }\n[inspector.size]\nmax = 5\n[[user]]\n'
        )
        told = problems(text)
        for line in ("a.toml:3:1: unknown key 'rols' in user; did you mean 'roles'?", "a.toml:4:3: unknown table 'usr'",
                     "a.toml:8:1: address:", "a.toml:11:27: match: unknown key 'optoins'; did you mean 'options'?",
                     "a.toml:13:1: inspector 'size': max:", "a.toml:14:3: this user has no name"):  # fmt: skip
            self.assertTrue(any(each.startswith(line) for each in told), (line, told))
        self.assertEqual(len(told), 6)

    def test_what_is_not_toml_is_told_with_its_place(self) -> None:
        """Also what is nested to death, and a number too long to be one."""
        [told] = problems("[[user]\n")
        self.assertTrue(told.startswith("a.toml:1:7: is not TOML: Expected ']]'"), told)
        self.assertIn("not TOML", problems('a = "')[0])
        self.assertEqual(problems("a = " + "[" * 100_000), ["a.toml: is nested too deeply"])
        self.assertEqual(len(problems("a = " + "9" * 10_000)), 1)

    def test_a_text_without_end_is_refused_and_problems_are_bounded(self) -> None:
        """Neither a gigabyte nor a million lines of complaint."""
        self.patch(toml, "LONGEST", 100)
        self.assertEqual(problems("#" * 101), ["a.toml: has more than 100 characters"])
        self.patch(toml, "LONGEST", 10**6)
        self.assertEqual(len(problems("[[user]]\n" * 500)), toml.MOST_PROBLEMS)

    def test_tables_of_the_wrong_form_are_told(self) -> None:
        """How to write them is said."""
        for text, words in (
            ("[user]\na = 1", "write [[user]]"), ("user = [1]", "write [[user]]"), ("grant = 5", "write [[grant]]"),
            ("[[inspector]]\na = 1", "write [inspector.NAME]"), ("inspector.size = 1", "[inspector.size]"),
            ("x = 1", "unknown table 'x'"),
        ):  # fmt: skip
            self.assertIn(words, problems(text)[0])

    def test_a_new_entry_needs_its_required_keys(self) -> None:
        """A stored one does not: the keys are kept."""
        self.assertEqual(problems('[[target]]\nname = "x"'), ["a.toml:1:3: target x: is new and lacks address"])
        self.assertEqual(problems('[[audited]]\nname = "x"'), ["a.toml:1:3: audited x: is new and lacks match"])
        self.assertEqual(problems('[[target]]\nname = "web1"\nlegacy = ["ssh-rsa"]', snapshot_of(SMALL)), [])

    @given(st.text(max_size=80) | st.text('[]{}=".\nuser name grant target', max_size=80))
    def test_any_text_is_planned_or_refused(self, text: str) -> None:
        """Nothing but DirectoryError is raised."""
        try:
            planned(text)
        except DirectoryError as refused:
            self.assertTrue(refused.problems)


class InspectorTests(SynchronousTestCase):
    """Inspectors keep settings of their own."""

    def test_settings_are_merged_by_key_and_checked_by_kind(self) -> None:
        """An absent key keeps its stored value here too."""
        first = planned('[inspector.size]\nmax = "1MiB"\ncount = 5').after
        second = planned('[inspector.size]\nmax = "2MiB"', first).after
        self.assertEqual(second.inspector["size"], Inspector("size", "size", '{"count":5,"max":"2MiB"}'))
        self.assertIn("did you mean 'max'", problems('[inspector.big]\nkind = "size"\nmxa = 1')[0])
        stored = planned('[inspector.big]\nkind = "size"\nmax = "1B"').after
        self.assertIn("unknown key 'mxa'", problems("[inspector.big]\nmxa = 1", stored)[0])

    def test_a_plugin_s_settings_are_its_own(self) -> None:
        """Only the keys of every inspector are checked, and what is no JSON is refused."""
        plan = planned('[inspector.acme]\nkind = "acme"\nx = { y = [1, true] }\ntimeout = "5s"')
        self.assertEqual(plan.after.inspector["acme"].settings, '{"timeout":"5s","x":{"y":[1,true]}}')
        self.assertIn("timeout", problems('[inspector.acme]\ntimeout = 5')[0])
        self.assertEqual(len(problems("[inspector.acme]\nx = 2027-01-01")), 1)
        self.assertEqual(len(problems("[inspector.acme]\nx = nan")), 1)
        self.assertEqual(len(problems('[inspector."a b"]\nx = 1')), 1)
        self.assertIn("whole path", problems('[inspector.hash]\ndeny = ["file:list"]')[0])


class ReferenceTests(SynchronousTestCase):
    """A directory must hold together."""

    def test_a_name_that_refers_to_nothing_is_told_at_its_key(self) -> None:
        """Groups and accounts are free text, globs may match nothing yet."""
        base = SMALL.replace('rights = ["shell", "exec"]', "")
        for text, words in (
            ('users = ["carol"]', "there is no user 'carol'"), ('targets = ["db1"]', "there is no target 'db1'"),
            ('audited = ["r"]', "there is no audited rule 'r'"), ('transfers = ["t"]', "there is no transfer rule 't'"),
            ("risk = { warn = 5, lock = 4 }", "must not fall"),
        ):  # fmt: skip
            told = problems(f"{base.replace('targets', '# ') if 'targets' in text else base}{text}\n")
            self.assertEqual(len(told), 1, text)
            self.assertIn(words, told[0])
            self.assertIn("a.toml:", told[0])
        self.assertEqual(problems(base + 'audited = ["r*"]\n'), [])

    def test_each_table_has_its_own_conditions(self) -> None:
        """What can not be meant is refused."""
        for text, words in (
            ('[[credential]]\nname = "c"\ntarget = "db1"\naccount = "a"', "there is no target 'db1'"),
            ('[[credential]]\nname = "c"\ntarget = "*"\naccount = "a"\nkind = "certificate"\nsecret = "env:X"', "CA"),
            ('[[target]]\nname = "a"\naddress = "a"\njump = "b"', "no target 'b' to jump through"),
            ('[[target]]\nname = "a"\naddress = "a"\njump = "a"', "leads back"),
            ('[[transfer]]\nname = "t"\ninspectors = ["size"]', "there is no inspector 'size'"),
            ('[[transfer]]\nname = "t"\ninspectors = []', "names no inspector"),
            ('[[transfer]]\nname = "t"\ninspectors = []\nusers = ["x"]', "there is no user 'x'"),
            ('[[audited]]\nname = "r"\nmatch = { command = "rm" }\nattempts = 3', "go together"),
            ('[[audited]]\nname = "r"\nmatch = { command = "rm" }\nthen = "deny"', "go together"),
            ('[[audited]]\nname = "r"\nmatch = { command = "rm" }\nservices = true', "deactivate alone"),
            ('[[audited]]\nname = "r"\nmatch = {}', "either command or regex"),
            ('[[audited]]\nname = "r"\nmatch = { regex = "" }', "every command"),
            ('[[audited]]\nname = "r"\nmatch = { regex = "a", options = ["b"] }', "stands alone"),
            ('[[user]]\nname = "s"\nkind = "service"\nroles = ["admin"]', "only be an operator"),
            ('[[user]]\nname = "s"\nkind = "service"\nsecond_factor = "totp"', "no second factor"),
            (f'[[user]]\nname = "s"\nkind = "service"\npassword = "{HASH}"', "keys or certificates only"),
            ('[[credential]]\nname = "c"\ntarget = "*"\naccount = "a"\nelevation = { method = "otp" }', "a secret"),
        ):  # fmt: skip
            told = problems(text)
            self.assertTrue(any(words in each for each in told), (text, told))
            self.assertTrue(told[0].startswith("a.toml:"), told)

    def test_credentials_that_are_equally_near_are_refused(self) -> None:
        """Exact ones, and globs where a target exists that both match."""
        more = '[[credential]]\nname = "two"\ntarget = "{}"\naccount = "root"\n'
        self.assertIn("as near to root@web1", problems(SMALL + more.format("web?"))[0])
        self.assertEqual(problems(SMALL + more.format("web9*")), [])
        self.assertEqual(problems(SMALL + more.format("webx*").replace("webx*", "web[x]")), [])
        self.assertEqual(problems(SMALL + more.format("web1")), [])
        twice = SMALL + more.format("web1") + more.format("web1").replace("two", "three")
        self.assertIn("as near to root@web1 as credential two", problems(twice)[0])

    def test_an_entry_that_others_name_is_not_removed(self) -> None:
        """What names it is said."""
        before = snapshot_of(SMALL.replace('"web*"', '"web1"'))
        with self.assertRaises(DirectoryError) as refused:
            plan_entry(Present(before), "target", "web1", None)
        self.assertIn("credential web-root: target: there is no target 'web1'", str(refused.exception))


class EntryTests(SynchronousTestCase):
    """Single changes go the same way."""

    def test_one_entry_is_changed_by_its_keys(self) -> None:
        """Only those given, as in a file."""
        plan = plan_entry(Present(snapshot_of(SMALL)), "user", "alice", {"groups": ["dba"]})
        self.assertEqual(plan.after.user["alice"], User("alice", roles=("operator",), groups=("dba",)))
        sized = plan_entry(Present(Snapshot()), "inspector", "size", {"max": "1B"})
        self.assertEqual(sized.after.inspector["size"].kind, "size")

    def test_wrong_changes_are_refused_in_words(self) -> None:
        """Unknown tables, names and keys, bad values."""
        present = Present(snapshot_of(SMALL))
        for table, name, given_values, words in (
            ("usr", "a", {}, "did you mean 'user'"), ("user", "nobody", None, "there is no user 'nobody'"),
            ("user", "alice", {"rols": []}, "did you mean 'roles'"), ("user", "a=b", {}, "not an operator's"),
            ("target", "new", {}, "lacks address"), ("user", "alice", {"groups": "ops"}, "must be a list"),
            ("inspector", "size", {"max": 1}, "is not like"), ("inspector", "a b", {}, "is not a name"),
        ):  # fmt: skip
            with self.assertRaises(DirectoryError) as refused:
                plan_entry(present, table, name, given_values)
            self.assertIn(words, str(refused.exception))
