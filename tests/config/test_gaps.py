"""What is configured and not done yet is said."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from gateway.config import Config, gaps, parse


class GapTests(SynchronousTestCase):
    """A setting without effect has a sentence."""

    def test_defaults_promise_nothing_that_is_missing(self) -> None:
        """So a first start is not full of excuses."""
        self.assertEqual(gaps(Config()), ())

    def test_a_limit_that_another_reaches_first_is_named(self) -> None:
        """One address can not have more than all together; a smaller total alone is no mistake."""
        config = parse('[ssh]\nmax_startups = "5:30:10"\nper_source_max_startups = 11\n')
        self.assertEqual([words.split(":")[0] for words in gaps(config)], ["[ssh] per_source_max_startups"])
        self.assertEqual(gaps(parse('[ssh]\nmax_startups = "5:30:10"\n')), ())

    def test_each_setting_without_effect_is_named(self) -> None:
        """By its place in the file."""
        config = parse(
            '[cluster]\nredis = "redis://r"\nmode = "strict"\nlisten = ""\n'
        )  # fmt: skip
        places = [words.split(":")[0] for words in gaps(config)]
        self.assertEqual(
            places,
            ["[cluster] redis", "[cluster] mode", "[cluster] listen"],
        )
