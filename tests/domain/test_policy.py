"""Frozen policies: the union of rights, the strictest of restrictions, one digest for equal settings."""

from __future__ import annotations

from typing import Any

import attrs
import rfc8785
from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from gateway.domain.entries import (
    AuditedRule,
    Credential,
    Elevation,
    GrantRule,
    Inspector,
    Recorded,
    RiskThresholds,
    Target,
    TransferRule,
)
from gateway.domain.hops import Hop
from gateway.domain.policy import (
    INPUT_LEVELS,
    FrozenPolicy,
    Restrictions,
    SessionSettings,
    unite,
    united_env,
    united_rights,
)

score = st.none() | st.integers(1, 100)
limit = st.integers(0, 3).map(lambda number: number * 600)
grants = st.builds(
    GrantRule,
    name=st.sampled_from("abcdef"),
    rights=st.lists(st.sampled_from(("shell", "exec", "sftp")), unique=True).map(tuple),
    env=st.lists(st.sampled_from(("A", "B")), unique=True).map(tuple),
    allow_only=st.booleans(),
    second_factor=st.sampled_from(("none", "required")),
    approval=st.integers(0, 3),
    present=st.integers(0, 3),
    reason=st.sampled_from(("none", "required")),
    ticket=st.sampled_from(("", r"^CHG\d+$", r"^INC")),
    risk=st.builds(RiskThresholds, warn=score, lock=score, interrupt=score),
    record=st.builds(
        Recorded, output=st.booleans(), input=st.sampled_from(INPUT_LEVELS), maximum=limit, exec_hash=st.booleans()
    ),
    idle_timeout=limit,
    max_duration=limit,
    hours=st.sampled_from(("", "09:00-17:00", "Mon 08:00-12:00")),
    until=st.none() | st.floats(1, 1e9),
    mode=st.sampled_from(("enforce", "observe")),
)


def looser(one: Restrictions, other: Restrictions) -> list[str]:
    """Name every restriction in which one is looser than the other."""

    def shorter(before: float | None, after: float | None) -> bool:
        return bool(before) and (not after or after > before)  # type: ignore[operator]

    judged = {
        "allow_only": one.allow_only < other.allow_only,
        "second_factor": (one.second_factor == "none") > (other.second_factor == "none"),
        "approval": one.approval < other.approval,
        "present": one.present < other.present,
        "reason": (one.reason == "none") > (other.reason == "none"),
        "tickets": not set(one.tickets) >= set(other.tickets),
        "hours": not set(one.hours) >= set(other.hours),
        "until": shorter(other.until, one.until),
        "idle_timeout": shorter(other.idle_timeout, one.idle_timeout),
        "max_duration": shorter(other.max_duration, one.max_duration),
        "enforce": one.enforce < other.enforce,
        "output": one.record.output < other.record.output,
        "input": INPUT_LEVELS.index(one.record.input) < INPUT_LEVELS.index(other.record.input),
        "maximum": shorter(other.record.maximum, one.record.maximum),
        "exec_hash": one.record.exec_hash < other.record.exec_hash,
        **{
            name: shorter(getattr(other.risk, name), getattr(one.risk, name))
            for name in ("warn", "lock", "interrupt")
        },
    }  # fmt: skip
    return [name for name, is_looser in judged.items() if is_looser]


class UniteTests(SynchronousTestCase):
    """How grants that apply together become one."""

    @given(st.lists(grants, min_size=1, max_size=4), grants)
    @settings(max_examples=150)
    def test_one_more_grant_takes_no_right_and_loosens_nothing(self, held: list[GrantRule], more: GrantRule) -> None:
        """Rights only grow, every restriction only tightens."""
        self.assertLessEqual(set(united_rights(held)), set(united_rights([*held, more])))
        self.assertLessEqual(set(united_env(held)), set(united_env([*held, more])))
        self.assertEqual(looser(unite([*held, more]), unite(held)), [])

    @given(st.lists(grants, min_size=1, max_size=4))
    @settings(max_examples=100)
    def test_order_and_repetition_of_grants_change_nothing(self, held: list[GrantRule]) -> None:
        """So that equal settings have one digest."""
        self.assertEqual(unite(held), unite([*reversed(held), held[0]]))
        self.assertEqual(united_rights(held), united_rights([*reversed(held), held[0]]))

    def test_zero_means_no_limit_and_never_the_shortest(self) -> None:
        """A grant without a limit does not lift that of another."""
        held = [GrantRule("a"), GrantRule("b", idle_timeout=60, risk=RiskThresholds(warn=5))]
        self.assertEqual(unite(held).idle_timeout, 60)
        self.assertEqual(unite(held).risk, RiskThresholds(warn=5))


def policy(**fields: Any) -> FrozenPolicy:
    """Make a policy with a bit of everything."""
    held = {
        "operator": "alice", "groups": ("ops",), "account": "root", "grants": ("g",), "rights": ("exec", "shell"),
        "target": Target("web1", "10.0.0.1:22", labels=(("env", "prod"), ("tür", "1"))),
        "credential": Credential("c", "web1", "root", elevation=Elevation("otp", "store")),
        "hops": (Hop(Target("bastion", "10.0.0.2:22"), Credential("b", "bastion", "hop")),),
        "elevate": False, "env": ("A",), "restrictions": Restrictions(until=1.5), "settings": SessionSettings(),
        "audited": (AuditedRule("r", command="rm", options=("r|R",)), AuditedRule("é", regex="^a")),
        "transfers": (TransferRule("t", inspectors=("size",)),),
        "inspectors": (Inspector("size", "size", '{"max":"1MiB","count":2}'),),
    }  # fmt: skip
    return FrozenPolicy(**{**held, **fields})


class FrozenPolicyTests(SynchronousTestCase):
    """The document and its digest."""

    def test_the_canonical_form_is_rfc_8785_of_the_document(self) -> None:
        """Putting it together from known parts gives the same bytes as serialising the whole."""
        for each in (policy(), policy(audited=(), transfers=(), inspectors=())):
            self.assertEqual(each.canonical, rfc8785.dumps(each.document()))

    def test_the_document_speaks_of_labels_and_settings_as_objects(self) -> None:
        """It is what a person reads with ``policy show``."""
        document = policy().document()
        self.assertEqual(document["target"]["labels"], {"env": "prod", "tür": "1"})
        self.assertEqual(document["inspectors"][0]["settings"], {"max": "1MiB", "count": 2})
        self.assertEqual(document["schema"], "policy/1")
        self.assertEqual(document["audited"][0]["options"], ["r|R"])

    def test_equal_settings_have_equal_digests_and_each_difference_another(self) -> None:
        """The digest names the settings, nothing else."""
        self.assertEqual(policy().digest, policy().digest)
        changes: list[dict[str, Any]] = [
            {"operator": "bob"}, {"rights": ("exec",)}, {"elevate": True}, {"env": ()}, {"audited": ()},
            {"transfers": ()}, {"restrictions": Restrictions()}, {"settings": SessionSettings(live_announce=True)},
            {"audited": (AuditedRule("r", command="rm", score=1), AuditedRule("é", regex="^a"))},
        ]  # fmt: skip
        digests = {policy(**change).digest for change in [{}, *changes]}
        self.assertEqual(len(digests), len(changes) + 1)

    def test_only_the_rights_it_names_are_allowed(self) -> None:
        """What the policy does not say is not permitted."""
        self.assertTrue(policy().allows("shell"))
        self.assertFalse(policy().allows("forward:loopback"))
        self.assertEqual(attrs.evolve(policy(), rights=()).rights, ())
