"""Finite fields: two known groups, strict values, and only where they are asked for."""

from __future__ import annotations

import sys
import time

from twisted.trial.unittest import SynchronousTestCase

from gateway.wire.algorithms import EXCHANGES, NIST_EXCHANGES
from gateway.wire.fields import natural
from gateway.wire.finite import FINITE_METHODS, GROUP_14, GROUP_16
from gateway.wire.kex import METHODS
from gateway.wire.violation import Violation


class FiniteTests(SynchronousTestCase):
    """Between our own two ends; sshd's is met in tests/real."""

    def test_both_ends_know_the_same_secret_and_each_time_another(self) -> None:
        """In the form that the exchange hash takes."""
        for method in FINITE_METHODS.values():
            seen = set()
            for _ in range(3):
                opening = method.open()
                answer = method.answer(opening.public)
                self.assertEqual(opening.finish(answer.public), answer.secret)
                seen.add(answer.secret)
            self.assertEqual(len(seen), 3)

    def test_nobody_is_offered_them_unasked(self) -> None:
        """They stand in no list that operators or other targets see."""
        self.assertFalse(set(FINITE_METHODS) & {*METHODS, *EXCHANGES, *NIST_EXCHANGES})

    def test_the_groups_are_those_of_the_rfc(self) -> None:
        """Safe primes of 2048 and 4096 bits: Fermat would notice a wrong digit, in the prime and in its half."""
        for prime, bits in ((GROUP_14, 2048), (GROUP_16, 4096)):
            self.assertEqual(prime.bit_length(), bits)
            for number in (prime, prime // 2):
                self.assertEqual(pow(3, number - 1, number), 1)

    def test_values_that_give_the_secret_away_are_refused(self) -> None:
        """0, 1, the prime and its neighbours, negative ones, and numbers in other than their only form."""
        for method, prime in zip(FINITE_METHODS.values(), (GROUP_16, GROUP_14, GROUP_14), strict=True):
            numbers = (0, 1, prime - 1, prime, prime + 1, 1 << 4200)
            wrong = [natural(number)[4:] for number in numbers]
            wrong += [b"", b"\0\0\2", b"\0" + method.open().public, b"\x80" + bytes(255)]
            for public in wrong:
                self.assertRaises(Violation, method.open().finish, public)

    def test_an_exchange_does_not_keep_the_reactor(self) -> None:
        """No group is proved sound, which takes seconds; the best of a few, for the machine is shared."""
        for method in FINITE_METHODS.values():
            best = 1.0
            for _ in range(5):
                began = time.process_time()
                opening = method.open()
                opening.finish(method.answer(opening.public).public)
                best = min(best, time.process_time() - began)
            self.assertLess(best, 0.05)

    def test_a_package_without_them_is_an_end_in_words(self) -> None:
        """It is announced that they will go."""
        self.patch(sys, "modules", {**sys.modules, "cryptography.hazmat.primitives.asymmetric.dh": None})
        failed = self.assertRaises(Violation, FINITE_METHODS[b"diffie-hellman-group14-sha256"].open)
        self.assertIn("no finite-field key exchange any more", str(failed.text))
