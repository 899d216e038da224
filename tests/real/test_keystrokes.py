"""The audited line is the line that the shell says it ran, whatever was typed."""

from __future__ import annotations

import random
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context

from twisted.trial.unittest import SynchronousTestCase

from tests.real.keystrokes import Played, play

SCRIPTS = 100
AT_ONCE = 4


class KeystrokeTests(SynchronousTestCase):
    """A hundred scripts in each shell; a busy machine may cost a line or two."""

    def audit(self, shell: str) -> None:
        seed = random.SystemRandom().randrange(10**9)
        with ProcessPoolExecutor(AT_ONCE, get_context("spawn")) as pool:
            played: list[Played] = list(pool.map(partial(play, shell), range(seed, seed + SCRIPTS)))
        lines = sum(len(each.truth) for each in played)
        wrong = [each for each in played if each.wrong]
        told = "\n".join(f"seed {each.seed}: {each.audited}\n  shell: {each.truth}" for each in wrong)
        print(f"{shell}: scripts from seed {seed}, {lines} lines, {sum(each.wrong for each in wrong)} wrong")
        self.assertGreater(lines, 4 * SCRIPTS, told)
        self.assertLessEqual(sum(each.wrong for each in wrong), lines // 50, told)

    def test_bash_ran_what_was_audited(self) -> None:
        """By its history."""
        self.audit("bash")

    def test_zsh_ran_what_was_audited(self) -> None:
        """By its preexec."""
        self.audit("zsh")
