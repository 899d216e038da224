"""One-time codes: right, once, in time, and not by guessing."""

from __future__ import annotations

import base64
from urllib.parse import parse_qs, urlsplit

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from gateway.domain.secret import Secret
from gateway.interfaces import IFold, ISecondFactors
from gateway.journal.memory import MemoryJournal
from gateway.vault.codes import BARRED_FOR, MOST_WRONG, STEP, SecondFactors, address_of, code_at
from gateway.vault.seal import NodeKey
from gateway.vault.vault import Vault
from tests.directory.making import result_of

RFC = Secret(b"12345678901234567890")
"""The seed of RFC 4226 appendix D and RFC 6238 appendix B."""


class CodeTests(SynchronousTestCase):
    """The published vectors."""

    def test_the_vectors_of_rfc_4226(self) -> None:
        """Counters 0 to 9."""
        wanted = "755224 287082 359152 969429 338314 254676 287922 162583 399871 520489".split()
        self.assertEqual([code_at(RFC, count).reveal().decode() for count in range(10)], wanted)

    def test_the_vectors_of_rfc_6238(self) -> None:
        """Eight digits, HMAC-SHA-1."""
        times = {59: "94287082", 1111111109: "07081804", 1111111111: "14050471", 1234567890: "89005924",
                 2000000000: "69279037", 20000000000: "65353130"}  # fmt: skip
        for seconds, wanted in times.items():
            self.assertEqual(code_at(RFC, seconds // STEP, 8).reveal().decode(), wanted)

    @given(st.binary(min_size=1, max_size=40), st.integers(0, 1 << 40))
    def test_every_code_has_six_digits(self, seed: bytes, counter: int) -> None:
        """Whatever the seed and the counter."""
        self.assertRegex(code_at(Secret(seed), counter).reveal(), rb"\A[0-9]{6}\Z")

    def test_the_address_carries_the_seed_and_strange_names(self) -> None:
        """As authenticators read it."""
        parts = urlsplit(address_of(RFC, "al ice/é", "gw 1"))
        self.assertEqual((parts.scheme, parts.netloc), ("otpauth", "totp"))
        words = parse_qs(parts.query)
        self.assertEqual(base64.b32decode(words["secret"][0]), RFC.reveal())
        self.assertEqual(words["issuer"], ["Ostiary gw 1"])
        self.assertEqual(parts.path, "/Ostiary%20gw%201:al%20ice%2F%C3%A9")


class FactorsTests(SynchronousTestCase):
    """Enrolment and checks over a journal."""

    def setUp(self) -> None:
        self.now, self.journal, self.node_key = 1.7e9, MemoryJournal(), NodeKey.fresh()
        self.factors = self.another()

    def another(self) -> SecondFactors:
        """Return the second factors folded from the same journal."""
        vault = Vault(self.node_key, self.journal, lambda: self.now)
        factors = SecondFactors(vault, self.journal, lambda: self.now, "gw1")
        for fold in (vault, factors):
            self.journal.attach(fold)
        return factors

    def enrol(self, **how: bool) -> Secret:
        """Enrol alice; return the seed as her authenticator got it."""
        address = result_of(self.factors.enrol("alice", by="alice", **how))
        return Secret(base64.b32decode(parse_qs(urlsplit(address).query)["secret"][0]))

    def check(self, code: Secret, factors: SecondFactors | None = None) -> bool:
        """Check a code of alice."""
        return bool(result_of((factors or self.factors).check("alice", code)))

    def shown(self, seed: Secret, steps: int = 0) -> Secret:
        """Return what an authenticator shows, whose clock is wrong by some steps."""
        return code_at(seed, int(self.now // STEP) + steps)

    def test_they_provide_their_interfaces(self) -> None:
        """Both."""
        verifyObject(ISecondFactors, self.factors)
        verifyObject(IFold, self.factors)

    def test_a_code_is_good_once(self) -> None:
        """Also on another node of the journal, and after a restart."""
        seed = self.enrol()
        self.assertTrue(self.check(self.shown(seed)))
        self.assertFalse(self.check(self.shown(seed)))
        self.assertFalse(self.check(self.shown(seed), self.another()))
        self.assertFalse(self.check(self.shown(seed, -1)), "an earlier step is spent with a later one")
        self.now += STEP
        self.assertTrue(self.check(self.shown(seed)))

    def test_a_clock_may_be_wrong_by_one_step(self) -> None:
        """Not by two, either way."""
        seed = self.enrol()
        for steps, right in ((-2, False), (2, False), (-1, True), (1, True)):
            self.assertIs(self.check(self.shown(seed, steps)), right, str(steps))

    def test_who_has_no_authenticator_has_no_code(self) -> None:
        """Nor who had one."""
        self.assertFalse(self.factors.enrolled("alice"))
        self.assertFalse(self.check(Secret(b"000000")))
        seed = self.enrol()
        self.assertTrue(self.factors.enrolled("alice"))
        result_of(self.factors.drop("alice", by="root"))
        self.assertFalse(self.factors.enrolled("alice") or self.check(self.shown(seed)))

    def test_who_guesses_is_stopped_for_a_while(self) -> None:
        """The right code does not help him meanwhile; a right one in time begins the count anew."""
        seed = self.enrol()
        for _ in range(2):
            self.now += STEP
            for _ in range(MOST_WRONG - 1):
                self.assertFalse(self.check(Secret(b"nothing")))
            self.assertTrue(self.check(self.shown(seed)))
        for _ in range(MOST_WRONG):
            self.check(Secret(b""))
        self.now += STEP
        self.assertFalse(self.check(self.shown(seed)))
        told = [entry.body for entry in self.journal.entries(kinds=["auth.guessed"])]
        self.assertEqual(told, [{"user": "alice", "wrong": MOST_WRONG, "seconds": BARRED_FOR}])
        self.now += BARRED_FOR
        self.assertTrue(self.check(self.shown(seed)))

    def test_an_enrolment_to_be_tried_counts_when_a_code_of_it_was_seen(self) -> None:
        """Until then the earlier one stays; the code that confirms is spent."""
        old = self.enrol()
        new = self.enrol(tried=True)
        confirm = self.factors.confirm
        self.assertFalse(result_of(confirm("alice", Secret(b"123"), by="alice")))
        self.assertTrue(self.check(self.shown(old, -1)))
        self.assertTrue(result_of(confirm("alice", self.shown(new), by="alice")))
        self.assertFalse(self.check(self.shown(new)))
        self.now += STEP
        self.assertFalse(self.check(self.shown(old)))
        self.assertTrue(self.check(self.shown(new)))
        self.assertFalse(result_of(confirm("alice", self.shown(new), by="alice")))

    def test_no_fact_shows_a_seed_or_a_code(self) -> None:
        """What is told is sealed, or a number of a step."""
        seed = self.enrol()
        self.check(self.shown(seed))
        told = repr([entry.body for entry in self.journal.entries()])
        for text in (seed.reveal().hex(), base64.b32encode(seed.reveal()).decode(), self.shown(seed).reveal().decode()):
            self.assertNotIn(text, told)
