"""A session's story: what ``session show`` tells of it."""

from __future__ import annotations

from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from gateway.domain.facts import Entry
from gateway.runtime.story import story


def told(kind: str, at: float, **body: Any) -> Entry:
    """Return a fact of the session."""
    return Entry("gw1#0.1", 1, kind, 1000.0 + at, 1, {"session": "S-1", **body})


class StoryTests(SynchronousTestCase):
    """Each fact stands in its list, with its place in the recording."""

    def test_files_and_elevations_stand_in_lists_of_their_own(self) -> None:
        """By the kind of the fact, which says how it ended."""
        found = story([
            told("session.started", 0.0, policy_text="{}", reason="a look"),
            told("file.denied", 1.5, path="/x", direction="upload"),
            told("elevation.answered", 2.0, argv=["sudo", "id"], method="password", proof="strong"),
            told("elevation.failed", 3.0, reason="wrong"),
        ])  # fmt: skip
        files = [(row["outcome"], row["t"], row["path"]) for row in found["transfers"]]
        self.assertEqual(files, [("denied", 1.5, "/x")])
        raised = [(row["outcome"], row["t"]) for row in found["elevations"]]
        self.assertEqual(raised, [("answered", 2.0), ("failed", 3.0)])
        self.assertEqual(found["elevations"][0]["argv"], ["sudo", "id"])
        self.assertEqual((found["purpose"], found["commands"], found["channels"]), ({"reason": "a look"}, [], []))

    def test_what_has_no_body_any_more_tells_nothing(self) -> None:
        """It was pruned, or stays at home."""
        found = story([Entry("gw1#0.1", 1, "file.denied", 1.0, 1, None)])
        self.assertEqual((found["transfers"], found["blind_s"]), ([], 0.0))
