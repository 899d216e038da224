"""Grants: made by freeze alone, from what applies at one moment."""

from __future__ import annotations

from typing import Any

import attrs
from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from gateway.domain.entries import (
    AuditedRule,
    Credential,
    GrantRule,
    Inspector,
    Names,
    Target,
    TransferRule,
    User,
)
from gateway.domain.grant import (
    MOST_POLICIES,
    Grant,
    Question,
    Refused,
    Window,
    freeze,
    names_target,
    obstacles,
    within,
)
from gateway.domain.policy import FrozenPolicy, SessionSettings
from gateway.domain.snapshot import Snapshot

ALICE = User("alice", groups=("ops",))
WEB1 = Target("web1", "10.0.0.1:22", labels=(("env", "prod"), ("tier", "1")))
OPS = GrantRule("ops", groups=("ops",), targets=("web*",), accounts=("root",), rights=("shell",))
ROOT = Credential("root", "web1", "root")


def snapshot(*grants: GrantRule, **tables: Any) -> Snapshot:
    """Make a directory with one user, target and credential."""
    held = {
        "user": {"alice": ALICE}, "target": {"web1": WEB1}, "credential": {"root": ROOT},
        "grant": {grant.name: grant for grant in grants or (OPS,)},
    }  # fmt: skip
    return Snapshot(**{**held, **tables})


def ask(**fields: Any) -> Question:
    """Ask for alice as root on web1."""
    asked = {"user": ALICE, "target": "web1", "account": "root", "source": "10.1.2.3", "now": 1000.0}
    return Question(**{**asked, **fields})


def named(*rules: Any) -> dict[str, Any]:
    """Return entries by name."""
    return {rule.name: rule for rule in rules}


class FreezeTests(SynchronousTestCase):
    """What freezes, and what is refused."""

    def granted(self, directory: Snapshot, **fields: Any) -> Grant:
        """Freeze, or fail the test."""
        found = freeze(directory, ask(**fields))
        assert isinstance(found, Grant), found
        return found

    def refused(self, directory: Snapshot, **fields: Any) -> Refused:
        """Be refused, or fail the test."""
        found = freeze(directory, ask(**fields))
        assert isinstance(found, Refused), found
        return found

    def test_a_matching_grant_freezes(self) -> None:
        """The policy names where it came from, and the grant what it is for."""
        grant = self.granted(snapshot())
        self.assertEqual((grant.target, grant.account, grant.ends), (WEB1, "root", None))
        self.assertEqual(grant.policy.grants, ("ops",))
        self.assertEqual(grant.policy.credential, ROOT)

    def test_nobody_makes_a_grant_by_hand(self) -> None:
        """Holding one is the proof, so making one is refused."""
        policy: FrozenPolicy = self.granted(snapshot()).policy
        self.assertRaises(TypeError, Grant, ALICE, "10.0.0.1", policy, 0.0, None, object())

    def test_each_refusal_has_its_reason(self) -> None:
        """A stable word for machines, words for the admin."""
        service = attrs.evolve(ALICE, origin=("192.0.2.0/24",))
        tied = named(ROOT, Credential("again", "web1", "root"))
        for reason, directory, fields in (
            ("inactive", snapshot(), {"user": attrs.evolve(ALICE, active=False)}),
            ("no_target", snapshot(), {"target": "web9"}),
            ("origin", snapshot(), {"user": service}),
            ("no_grant", snapshot(), {"account": "dba"}),
            ("no_grant", snapshot(), {"user": User("eve")}),
            ("no_credential", snapshot(credential={}), {}),
            ("no_credential", snapshot(credential=tied), {}),
            ("no_way", snapshot(target=named(attrs.evolve(WEB1, jump="web9"))), {}),
        ):
            self.assertEqual(self.refused(directory, **fields).reason, reason)
        self.assertEqual(self.refused(snapshot(), user=User("eve")).detail, "no grant names this user")
        self.granted(snapshot(), user=service, source="192.0.2.7")

    def test_a_transfer_rule_without_its_inspector_is_a_refusal(self) -> None:
        """A rule that can not be weighed must not be passed over."""
        rule = TransferRule("scan", inspectors=("clamd",))
        self.assertEqual(self.refused(snapshot(transfer=named(rule))).reason, "no_inspector")
        scanner = Inspector("clamd", "clamd")
        held = snapshot(transfer=named(rule), inspector=named(scanner))
        self.assertEqual(self.granted(held).policy.inspectors, (scanner,))
        resolved = attrs.evolve(scanner, settings='{"a":1}')
        self.assertEqual(self.granted(held, inspectors={"clamd": resolved}).policy.inspectors, (resolved,))

    def test_the_earliest_end_of_all_is_the_end(self) -> None:
        """Hours, until and max_duration become one absolute end."""
        limited = attrs.evolve(OPS, name="b", until=5000.0, max_duration=600)
        self.assertEqual(self.granted(snapshot(OPS, limited)).ends, 1600.0)
        closing = {"ops": Window(open=True, closes=1200.0)}
        self.assertEqual(self.granted(snapshot(OPS, limited), windows=closing).ends, 1200.0)
        self.assertEqual(self.granted(snapshot(attrs.evolve(OPS, until=5000.0))).ends, 5000.0)

    def test_what_keeps_a_grant_from_applying_is_said(self) -> None:
        """One grant after the other, each with its own words."""
        held = snapshot(
            attrs.evolve(OPS, name="a", targets=("db*",)),
            attrs.evolve(OPS, name="b", accounts=("dba",)),
            attrs.evolve(OPS, name="c", origin=("192.0.2.0/24",)),
            attrs.evolve(OPS, name="d", hours="Mon 08:00-09:00"),
            attrs.evolve(OPS, name="e", until=1000.0),
            attrs.evolve(OPS, name="f"),
        )
        words = obstacles(held, ask(windows={"d": Window(open=False)}), WEB1)
        self.assertEqual(words, [
            "grant a: does not name target web1", "grant b: does not name account root",
            "grant c: is not for origin 10.1.2.3", "grant d: is closed at this hour (Mon 08:00-09:00)",
            "grant e: has expired",
        ])  # fmt: skip

    def test_a_grant_names_targets_by_name_glob_or_labels(self) -> None:
        """All labels of the grant must be the target's; no labels name nothing."""
        for fields, expected in (
            ({"targets": ("web1",)}, True), ({"targets": ("w*",)}, True), ({"targets": ()}, False),
            ({"targets": (), "labels": (("env", "prod"),)}, True),
            ({"targets": (), "labels": (("env", "prod"), ("tier", "2"))}, False),
        ):  # fmt: skip
            self.assertEqual(names_target(attrs.evolve(OPS, **fields), WEB1), expected, fields)


class ScopeTests(SynchronousTestCase):
    """Rules are scoped twice: by their own keys and by the grants that name them."""

    def rules(self, rule: AuditedRule, *selections: Names | None) -> list[str]:
        """Freeze with one rule and grants that select, and name the rules frozen."""
        grants = [attrs.evolve(OPS, name=f"g{n}", audited=names) for n, names in enumerate(selections or (None,))]
        frozen = freeze(snapshot(*grants, audited=named(rule)), ask())
        assert isinstance(frozen, Grant)
        return [each.name for each in frozen.policy.audited]

    def test_a_rule_applies_where_all_its_own_keys_match(self) -> None:
        """Users and groups are one question, targets and accounts others."""
        for fields, expected in (
            ({}, True), ({"users": ("ali*",)}, True), ({"groups": ("ops",)}, True),
            ({"users": ("bob",), "groups": ("ops",)}, True),
            ({"users": ("bob",)}, False), ({"groups": ("dba",)}, False),
            ({"targets": ("web*",)}, True), ({"targets": ("db*",)}, False),
            ({"accounts": ("root",)}, True), ({"accounts": ("dba",)}, False),
        ):  # fmt: skip
            self.assertEqual(bool(self.rules(AuditedRule("r", command="rm", **fields))), expected, fields)

    def test_a_rule_applies_where_one_of_the_grants_selects_it(self) -> None:
        """Omitted selects all in scope, an empty list none; deny wins by union."""
        rule = AuditedRule("r1", command="rm")
        self.assertEqual(self.rules(rule, None), ["r1"])
        self.assertEqual(self.rules(rule, ()), [])
        self.assertEqual(self.rules(rule, ("x",), ("r*",)), ["r1"])
        self.assertEqual(self.rules(rule, (), None), ["r1"])

    @given(st.lists(st.tuples(st.booleans(), st.none() | st.just(("r1",)) | st.just(())), min_size=1, max_size=4))
    def test_one_more_grant_never_drops_a_rule(self, drawn: list[tuple[bool, Names | None]]) -> None:
        """The policy of fewer grants has no rule that the policy of more lacks."""
        rule = AuditedRule("r1", command="rm")
        selections = [names for _, names in drawn]
        self.assertLessEqual(set(self.rules(rule, *selections[:1])), set(self.rules(rule, *selections)))

    @given(st.permutations(["a", "b", "c"]))
    def test_equal_settings_have_one_digest_whatever_their_order(self, order: list[str]) -> None:
        """The order of the file is not a setting; neither are start and source."""
        grants = {"a": attrs.evolve(OPS, name="a", env=("A",)), "b": attrs.evolve(OPS, name="b"),
                  "c": attrs.evolve(OPS, name="c", idle_timeout=60)}  # fmt: skip
        one = freeze(snapshot(*grants.values()), ask())
        other = freeze(snapshot(*(grants[name] for name in order)), ask(now=7.0, source="::1"))
        assert isinstance(one, Grant) and isinstance(other, Grant)
        self.assertEqual(one.policy.digest, other.policy.digest)


class RememberedTests(SynchronousTestCase):
    """A policy that was worked out before."""

    def policy(self, directory: Snapshot, **fields: Any) -> FrozenPolicy:
        """Freeze, and return the policy."""
        found = freeze(directory, ask(**fields))
        assert isinstance(found, Grant), found
        return found.policy

    def test_the_same_question_to_the_same_directory_gives_the_same_policy(self) -> None:
        """Whenever and from wherever it is asked; another directory begins anew."""
        directory = snapshot()
        first = self.policy(directory)
        self.assertIs(self.policy(directory, now=2000.0, source="::1"), first)
        self.assertIsNot(self.policy(snapshot()), first)
        self.assertIsNot(self.policy(directory.changed(grant=named(attrs.evolve(OPS, rights=())))), first)

    def test_whatever_a_policy_says_makes_another_one(self) -> None:
        """His name, his groups, the account, the grants that apply now, what inspectors hold, the node's settings."""
        night = attrs.evolve(OPS, name="night", hours="mon-fri", rights=("exec",))
        directory = snapshot(
            attrs.evolve(OPS, accounts=("*",)), night,
            credential={"root": ROOT, "web": Credential("web", "web1", "web")},
        )  # fmt: skip
        asked: list[dict[str, Any]] = [
            {}, {"account": "web"}, {"windows": {"night": Window(False)}}, {"user": attrs.evolve(ALICE, name="al")},
            {"user": attrs.evolve(ALICE, groups=("ops", "x"))}, {"settings": SessionSettings(live_announce=True)},
            {"inspectors": {"av": Inspector("av")}}, {"inspectors": {"av": Inspector("av", "x")}},
        ]  # fmt: skip
        found = [self.policy(directory, **fields) for fields in asked]
        self.assertEqual(len({id(policy) for policy in found}), len(asked))
        self.assertEqual([self.policy(directory, **fields) for fields in asked], found)

    def test_what_is_remembered_is_bounded(self) -> None:
        """A snapshot that lives long does not grow with its users."""
        directory = snapshot()
        first = self.policy(directory)
        for number in range(MOST_POLICIES):
            self.policy(directory, user=attrs.evolve(ALICE, name=f"user{number}"))
        self.assertLessEqual(len(directory.policies), MOST_POLICIES)
        self.assertIsNot(self.policy(directory), first)


class OriginTests(SynchronousTestCase):
    """Where an operator comes from."""

    def test_an_ipv4_mapped_address_counts_as_ipv4(self) -> None:
        """A dual-stack listener does not change who may come; junk comes from nowhere."""
        for source, networks, expected in (
            ("10.1.2.3", ("10.0.0.0/8",), True), ("::ffff:10.1.2.3", ("10.0.0.0/8",), True),
            ("2001:db8::1", ("10.0.0.0/8", "2001:db8::/32"), True), ("11.0.0.1", ("10.0.0.0/8",), False),
            ("junk", ("0.0.0.0/0",), False), ("", ("::/0",), False), ("10.0.0.1", (), False),
        ):  # fmt: skip
            self.assertEqual(within(source, networks), expected, source)
