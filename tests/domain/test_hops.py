"""The way to a target behind others."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from gateway.domain.entries import Credential, Target
from gateway.domain.hops import MOST_HOPS, Hop, NoWay, hops_to, read_jump
from gateway.domain.snapshot import Snapshot


def world(jumps: dict[str, str], *accounts: str) -> Snapshot:
    """Return targets with their jumps, and credentials by ``account=target``."""
    credentials = [Credential(each, each.partition("=")[2], each.partition("=")[0]) for each in accounts]
    return Snapshot(
        target={name: Target(name, "10.0.0.1:22", jump=jump) for name, jump in jumps.items()},
        credential={each.name: each for each in credentials},
    )


class HopsTests(SynchronousTestCase):
    """Hosts and credentials, nearest first."""

    def refused(self, snapshot: Snapshot, words: str) -> None:
        """Find no way to ``a``."""
        self.assertIn(words, str(self.assertRaises(NoWay, hops_to, snapshot, snapshot.target["a"])))

    def test_a_target_that_is_reached_directly_has_none(self) -> None:
        """Nothing is on the way."""
        snapshot = world({"a": ""})
        self.assertEqual(hops_to(snapshot, snapshot.target["a"]), ())

    def test_the_nearest_comes_first_with_its_only_account(self) -> None:
        """Or with the one that is named."""
        snapshot = world({"a": "b", "b": "x=c", "c": ""}, "u=b", "x=c", "y=c")
        inner = Hop(snapshot.target["b"], snapshot.credential["u=b"])
        outer = Hop(snapshot.target["c"], snapshot.credential["x=c"])
        self.assertEqual(hops_to(snapshot, snapshot.target["a"]), (outer, inner))

    def test_a_way_that_is_not_clear_is_none(self) -> None:
        """Nowhere, in a circle, with no credential, with several accounts, or too long."""
        self.refused(world({"a": "b"}), "no target 'b'")
        self.refused(world({"a": "b", "b": "a"}, "u=a", "u=b"), "leads back to a")
        self.refused(world({"a": "b", "b": "c", "c": "b"}, "u=b", "u=c"), "leads back to b")
        self.refused(world({"a": "b", "b": ""}), "no credential for any account@b")
        self.refused(world({"a": "z=b", "b": ""}, "u=b"), "no credential for z@b")
        self.refused(world({"a": "b", "b": ""}, "v=b", "u=b"), 'jump = "u=b"')
        tied = world({"a": "b", "b": ""}).changed(
            credential={name: Credential(name, "?", "u") for name in ("one", "two")}
        )
        self.refused(tied, "several credentials")
        names = "abcdefg"[: MOST_HOPS + 2]
        long = world(dict(zip(names, [*names[1:], ""], strict=True)), *(f"u={name}" for name in names))
        self.refused(long, "more than 4 hops")

    def test_a_jump_is_a_target_or_an_account_on_one(self) -> None:
        """The separator is that of login names."""
        self.assertEqual(read_jump("web1"), ("", "web1"))
        self.assertEqual(read_jump("u@x=web1"), ("u@x", "web1"))
