"""Somebody on the way who turns single bits round: never is a wrong byte given out, and nothing else is harmed."""

from __future__ import annotations

import os
import random
import sys

import pytest

from tests.real.harness import PlaceCase, run
from tests.real.relays import Flip, Relay, nothing

SEED = int(os.environ.get("OSTIARY_SEED") or random.SystemRandom().randrange(1 << 32))
IN_CLEAR = 6_000
"""Bytes of either direction within which all of the key exchange is; its padding is nobody's secret and no harm."""
LATEST, SENT = 300_000, 1_000_000
"""So much follows the last change that whoever was told a longer packet gets it, and sees that it is wrong."""


class TamperingTests(PlaceCase):
    """ssh through a relay, with all that it sends coming back."""

    def changed(self, chance: random.Random) -> None:
        """Run one session with one bit changed, as often at its beginning as anywhere else."""
        up, at = chance.random() < 0.5, int(LATEST ** chance.uniform(0.3, 1.0))
        flip = Flip(up, at, chance.randrange(8))
        relay = Relay(self.place.gateway.port, nothing, alter=flip)
        sent = chance.randbytes(SENT)
        argv = self.place.argv(self.place.to_web(), "cat")
        argv[argv.index("-p") + 1] = str(relay.port)
        try:
            done = run([*argv[:1], "-o", "HostKeyAlias=gateway", *argv[1:]], sent, 60)
        finally:
            relay.close()
        where = f"OSTIARY_SEED={SEED}: {'up' if up else 'down'} {at} bit {flip.mask}"
        self.assertTrue(flip.done, where)
        self.assertTrue(sent.startswith(done.out), f"{where}: a wrong byte was given out")
        harmless = at < IN_CLEAR and (done.code, done.out) == (0, sent)
        self.assertTrue(done.code == 255 or harmless, f"{where}: {done.code} {done.err}")

    def changes(self, count: int) -> None:
        """Do it again and again; afterwards all is as before."""
        sys.stdout.write(f"OSTIARY_SEED={SEED}\n")
        chance = random.Random(SEED)
        for _ in range(count):
            self.changed(chance)
        self.assertEqual(self.place.ssh(self.place.to_web(), "echo well").out, b"well\n")
        self.place.sealed()

    def test_a_bit_that_was_turned_round_ends_the_connection(self) -> None:
        """Some of them."""
        self.changes(8)

    @pytest.mark.soak
    def test_many_bits_that_were_turned_round(self) -> None:
        """Two hundred."""
        self.changes(200)
