"""What is configured and not done yet is said."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from gateway.config import Config, gaps, parse


class GapTests(SynchronousTestCase):
    """A setting without effect has a sentence."""

    def test_defaults_promise_nothing_that_is_missing(self) -> None:
        """So a first start is not full of excuses."""
        self.assertEqual(gaps(Config()), ())

    def test_each_setting_without_effect_is_named(self) -> None:
        """By its place in the file."""
        config = parse(
            '[admin]\nlisten = []\n[metrics]\nlisten = []\n'
            '[cluster]\nredis = "redis://r"\nmode = "strict"\nlisten = ""\n'
        )  # fmt: skip
        places = [words.split(":")[0] for words in gaps(config)]
        self.assertEqual(
            places,
            ["[cluster] redis", "[cluster] mode", "[cluster] listen", "[admin] listen",
             "[metrics] listen"],
        )  # fmt: skip
