"""Dumping: what is written is read back to no difference."""

from __future__ import annotations

import json
import tomllib
from typing import Any

import attrs
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from gateway.directory.document import document, entry_of
from gateway.directory.schema import TABLES, entry_fields
from gateway.directory.values import duration, moment, size
from gateway.directory.write import dump, duration_text, moment_text, size_text, toml_key, toml_text, values
from gateway.domain.entries import (
    ENTRY_OF_TABLE,
    AuditedRule,
    Credential,
    Elevation,
    GrantRule,
    Inspector,
    Recorded,
    RiskThresholds,
    Target,
    TransferRule,
    User,
)
from gateway.domain.snapshot import Snapshot
from tests.directory.making import key_line, planned

names = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._@+-]{0,10}", fullmatch=True)
accounts = st.from_regex(r"[A-Za-z0-9._@\\+$-]{1,8}", fullmatch=True)
words = st.text(st.characters(exclude_categories=("C", "Z")), max_size=8)
modes = st.sampled_from(("enforce", "observe"))
references = st.sampled_from(("store", "file:/etc/é \"x\"", "env:PASSWORD"))
labels = st.dictionaries(st.from_regex(r"[a-z]{1,4}", fullmatch=True), words, max_size=2).map(
    lambda pairs: tuple(sorted(pairs.items()))
)


def some(strategy: st.SearchStrategy[Any]) -> st.SearchStrategy[tuple[Any, ...]]:
    """Draw a short tuple without doubles."""
    return st.lists(strategy, max_size=3, unique=True).map(tuple)


scope = {"groups": some(accounts), "accounts": some(accounts), "users": st.just(("*",)), "mode": modes}
actions = st.sampled_from(("allow", "warn", "review", "deny", "lock", "interrupt", "deactivate"))
scores = st.none() | st.integers(1, 9)
ENTRIES: dict[str, st.SearchStrategy[Any]] = {
    "user": st.builds(
        User, name=accounts, full_name=words, roles=some(st.sampled_from(("operator", "admin", "auditor"))),
        groups=some(accounts), keys=some(st.integers(0, 5).map(key_line)), active=st.booleans(),
        second_factor=st.sampled_from(("none", "totp")), origin=some(st.just("10.0.0.0/8")),
    ),
    "target": st.builds(
        Target, name=st.from_regex(r"[a-z0-9][a-z0-9.-]{0,8}", fullmatch=True), labels=labels,
        address=st.sampled_from(("10.0.0.1:22", "[::1]:2222")), host_keys=some(st.integers(0, 5).map(key_line)),
        host_ca=some(st.integers(6, 9).map(key_line)), legacy=some(st.just("ssh-rsa")),
    ),
    "credential": st.builds(
        Credential, name=names, target=st.just("*"), account=accounts, kind=st.sampled_from(("key", "password")),
        secret=references, elevation=st.sampled_from((Elevation(), Elevation("agent"), Elevation("otp", "store"))),
    ),
    "audited": st.builds(
        AuditedRule, name=names, command=names, options=some(words), arguments=some(words),
        score=st.integers(0, 99), action=actions, **scope,
    ) | st.builds(AuditedRule, name=names, regex=st.just(r"^a\d \"b\" 'c'"), attempts=st.just(3), then=actions),
    "inspector": st.builds(
        Inspector, name=st.just("acme"), kind=st.just("acme"),
        settings=st.dictionaries(words, words | st.integers() | st.lists(st.booleans() | words, max_size=2) | st.floats(
            allow_nan=False, allow_infinity=False), max_size=3).map(
                lambda each: json.dumps(each, sort_keys=True, ensure_ascii=False, separators=(",", ":"))),
    ),
    "transfer": st.builds(
        TransferRule, name=names, direction=st.sampled_from(("upload", "both")), inspectors=st.just(("acme",)), **scope
    ),
    "grant": st.builds(
        GrantRule, name=names, groups=some(accounts), targets=some(st.sampled_from(("*", "web*"))), labels=labels,
        accounts=some(accounts), rights=some(st.sampled_from(("shell", "forward:db:1", "forward:[::1]:22"))),
        audited=st.none() | st.just(("*",)) | st.just(()), transfers=st.none() | st.just(()), elevate=st.booleans(),
        env=some(st.sampled_from(("A", "B*"))), second_factor=st.sampled_from(("none", "required")),
        approval=st.integers(0, 2), ticket=st.sampled_from(("", r"^CHG\d+$")), idle_timeout=st.integers(0, 10**7),
        max_duration=st.integers(0, 10**7), hours=st.sampled_from(("", "Mon 07:00-08:00")), mode=modes,
        until=st.none() | st.integers(0, 10**10).map(float), origin=some(st.just("::1/128")),
        record=st.builds(Recorded, output=st.booleans(), input=st.sampled_from(("off", "full")),
                         maximum=st.integers(0, 2**40), exec_hash=st.booleans()),
        risk=st.builds(RiskThresholds, warn=scores),
    ),
}  # fmt: skip


def tables() -> st.SearchStrategy[Snapshot]:
    """Draw directories that hold together."""
    drawn = {table: st.lists(entry, max_size=2, unique_by=lambda each: each.name) for table, entry in ENTRIES.items()}
    drawn["inspector"] = ENTRIES["inspector"].map(lambda entry: [entry])
    drawn["credential"] = st.lists(ENTRIES["credential"], max_size=1)
    return st.fixed_dictionaries(drawn).map(
        lambda found: Snapshot(**{table: {each.name: each for each in entries} for table, entries in found.items()})
    )


class DumpTests(SynchronousTestCase):
    """The whole directory as TOML."""

    @given(tables())
    @settings(max_examples=80, suppress_health_check=[HealthCheck.too_slow], deadline=None)
    def test_a_dump_reads_back_to_the_same_directory(self, snapshot: Snapshot) -> None:
        """To no difference over itself, and to the same over nothing."""
        text = dump(snapshot)
        self.assertEqual(planned(text, snapshot, prune=True).changes, ())
        restored = planned(text).after
        for table in ENTRIES:
            self.assertEqual(dict(getattr(restored, table)), dict(getattr(snapshot, table)))

    @given(tables())
    @settings(max_examples=50, suppress_health_check=[HealthCheck.too_slow], deadline=None)
    def test_an_entry_is_read_back_from_its_document(self, snapshot: Snapshot) -> None:
        """What goes into a fact comes out of it, through JSON."""
        for table in ENTRIES:
            for entry in getattr(snapshot, table).values():
                self.assertEqual(entry_of(table, json.loads(json.dumps(document(entry)))), entry)

    def test_a_document_of_a_newer_version_is_read_as_far_as_it_is_known(self) -> None:
        """An unknown key is ignored, a password never taken."""
        body = {"name": "alice", "colour": "red", "password": "x", "groups": ["a"]}
        self.assertEqual(entry_of("user", body), User("alice", groups=("a",)))
        nested = {"name": "g", "risk": {"warn": 5, "cry": 1}}
        self.assertEqual(entry_of("grant", nested).risk, RiskThresholds(warn=5))

    def test_no_dump_and_no_document_has_a_password(self) -> None:
        """A comment says that there is one."""
        alice = User("alice", password="$scrypt$x")
        text = dump(Snapshot(user={"alice": alice}))
        self.assertIn("# a password is set", text)
        self.assertNotIn("scrypt", text + str(document(alice)) + str(values("user", alice)))

    @given(st.text(st.characters(exclude_categories=("Cs",)), max_size=20))
    def test_every_text_and_key_can_be_written(self, text: str) -> None:
        """TOML reads back exactly what was written."""
        self.assertEqual(tomllib.loads(f"{toml_key(text)} = {toml_text(text)}"), {text: text})

    @given(st.integers(0, 10**12))
    def test_measures_are_written_exactly(self, amount: int) -> None:
        """In the largest unit that divides them."""
        self.assertEqual(duration(json.loads(duration_text(amount))), amount)
        self.assertEqual(size(json.loads(size_text(amount))), amount)
        when = float(amount % 10**11)
        self.assertEqual(moment(tomllib.loads(f"a = {moment_text(when)}")["a"]), when)

    def test_measures_are_written_as_people_write_them(self) -> None:
        """Not everything in seconds and bytes."""
        self.assertEqual([duration_text(each) for each in (0, 90, 1800, 86400)], ['"0s"', '"90s"', '"30m"', '"1d"'])
        self.assertEqual([size_text(each) for each in (0, 1000, 2 << 30)], ['"0B"', '"1000B"', '"2GiB"'])
        self.assertEqual(moment_text(None), '""')

    def test_every_field_of_every_entry_has_a_key(self) -> None:
        """A new field can not be forgotten in the dump."""
        for table, keys in TABLES.items():
            fields = {field for key in keys for field in entry_fields(table, key)}
            self.assertEqual(fields, set(attrs.fields_dict(ENTRY_OF_TABLE[table])))
